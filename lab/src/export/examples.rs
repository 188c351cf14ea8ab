//! Rows made up of all that a run's columns can hold, to check what is written with.

use super::columns::{Column, Rows, Table};

/// What a column holds in a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Number(f64),
    Text(String),
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
    let (mut cells, fills) = match column {
        Column::Numeric {
            mean,
            deviation,
            fill,
            ..
        } => {
            let steps = [0.0, 1.0, -1.0, 2.5, -0.3];
            (
                numbers(steps.map(|step| mean + step * deviation)),
                fill.is_some(),
            )
        }
        Column::Categorical {
            categories, fill, ..
        } => {
            let mut cells: Vec<Cell> = categories.iter().cloned().map(Cell::Text).collect();
            if table.ignores_new_categories() {
                cells.push(Cell::Text(categories.concat() + "?"));
            }
            (cells, fill.is_some())
        }
    };
    if fills && !table.missing_values.is_empty() {
        cells.insert(0, Cell::Missing);
    }
    cells
}

impl Cell {
    /// As a row from outside has it.
    pub(super) fn field(&self, rows: &Rows) -> String {
        match (self, rows) {
            (Cell::Number(number), Rows::Table(table)) => table.field(*number),
            (Cell::Number(number), _) => number.to_string(),
            (Cell::Text(text), _) => text.clone(),
            (Cell::Missing, Rows::Table(table)) => {
                table.missing_values.first().cloned().unwrap_or_default()
            }
            (Cell::Missing, _) => String::new(),
        }
    }
}
