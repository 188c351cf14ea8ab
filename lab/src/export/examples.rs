//! Rows made up of all that a run's columns can hold, to check what is written with.

use super::columns::{Column, Rows, Table};

/// What a column holds in a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Number(f64),
    Text(String),
    /// Days since 1970, and how the day is written.
    Date(f64, &'static str),
    Missing,
}

const FEWEST: usize = 8;
const MOST: usize = 1_000;

/// Rows that the program takes, a cell for each of its columns. Every category, a new one and a missing value occur, where they
/// are allowed, as long as 1,000 rows have room for them.
pub(super) fn examples(rows: &Rows) -> Vec<Vec<Cell>> {
    let columns: Vec<Vec<Cell>> = match rows {
        Rows::Numbers(names) => vec![numbers([0.0, 1.0, -1.0, 0.5, 2.5]); names.len()],
        Rows::Images {
            height,
            width,
            largest,
        } => {
            let pixels = [0, *largest, 1, largest / 2, 0];
            vec![numbers(pixels.map(f64::from)); height * width]
        }
        Rows::Table(table) => {
            let columns = table.columns.iter();
            columns.map(|column| of_column(table, column)).collect()
        }
    };
    let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
    // Each column begins elsewhere, so that not all are at the mean together.
    let cell = |row: usize, column: usize| {
        let cells = &columns[column];
        cells[(row + column) % cells.len()].clone()
    };
    let row = |row| (0..columns.len()).map(|column| cell(row, column)).collect();
    (0..longest.clamp(FEWEST, MOST)).map(row).collect()
}

fn numbers<const N: usize>(numbers: [f64; N]) -> Vec<Cell> {
    numbers.map(Cell::Number).into()
}

fn of_column(table: &Table, column: &Column) -> Vec<Cell> {
    let (mut cells, takes_missing) = match column {
        Column::Numeric(column) => {
            let steps = [0.0, 1.0, -1.0, 2.5, -0.3, 40.0];
            let cells = numbers(steps.map(|step| column.mean + step * column.deviation));
            (cells, column.fill.is_some() || column.indicator)
        }
        Column::Categorical(column) => {
            let others = column.spellings.iter().map(|(text, _)| text);
            let texts = column.categories.iter().chain(others).cloned();
            let mut cells: Vec<Cell> = texts.map(Cell::Text).collect();
            if table.ignores_new_categories() {
                cells.push(Cell::Text(column.categories.concat() + "?"));
            }
            (cells, column.fill.is_some() || column.indicator)
        }
        Column::Date(column) => {
            let cells = DATES.map(|(days, text)| Cell::Date(days, text));
            (cells.into(), column.fill.is_some() || column.indicator)
        }
    };
    if takes_missing && !table.missing_values.is_empty() {
        cells.insert(0, Cell::Missing);
    }
    cells
}

/// Around leap days, ends of years and of a century, and a time of day.
const DATES: [(f64, &str); 8] = [
    (0.0, "1970-01-01"),
    (-1.0, "1969-12-31"),
    (11_016.0, "2000-02-29"),
    (11_017.0, "2000-03-01"),
    (-25_508.0, "1900-03-01"),
    (19_782.770_833_333_332, "2024-02-29 18:30"),
    (20_786.0, "2026-11-29"),
    (47_481.0, "2099-12-31"),
];

impl Cell {
    /// As a row from outside has it.
    pub(super) fn field(&self, rows: &Rows) -> String {
        match (self, rows) {
            (Cell::Number(number), Rows::Table(table)) => table.field(*number),
            (Cell::Number(number), _) => number.to_string(),
            (Cell::Text(text), _) => text.clone(),
            (Cell::Date(_, text), _) => (*text).to_owned(),
            (Cell::Missing, Rows::Table(table)) => {
                table.missing_values.first().cloned().unwrap_or_default()
            }
            (Cell::Missing, _) => String::new(),
        }
    }
}
