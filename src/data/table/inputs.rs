//! What the preprocessing learns from the training rows, and the inputs that all rows become.

use std::collections::BTreeMap;

use super::MOST_CATEGORIES;
use super::columns::Columns;
use super::numeric::holds_numbers;
use super::raw::RawTable;
use super::rows::Row;
use crate::config::{Missing, TableConfig};
use crate::data::cell::{Cell, NumberStyle, shown};
use crate::data::preprocessing::{Column, ColumnKind, TablePreprocessing};
use crate::error::{Error, Result};

/// Learns the preprocessing of a table's inputs from the first `train` of its rows, of which there is at least one, and
/// encodes all rows: see [`TablePreprocessing::encode`]. What cannot be encoded is an error only after all columns
/// are learned.
///
/// One column is in memory beside the table at a time; each of its cells is read once.
pub(super) fn fit(
    rows: &[Row],
    train: usize,
    columns: &Columns,
    config: &TableConfig,
) -> Result<(TablePreprocessing, Result<Vec<f64>>)> {
    let table = rows[0].labeled.table;
    let mut preprocessing = TablePreprocessing {
        columns: Vec::with_capacity(columns.inputs.len()),
        other_columns: columns
            .others(table)
            .map(|column| table.columns()[column].clone())
            .collect(),
        missing_values: config.missing_values.clone(),
        numbers: NumberStyle::of(config),
        missing: config.missing,
        new_category: config.new_category,
    };
    let width = columns.inputs.len();
    let mut codes = vec![0.0; rows.len() * width];
    let mut mistake: Option<(usize, Error)> = None;
    for (k, &column) in columns.inputs.iter().enumerate() {
        let cells: Vec<Cell> = rows
            .iter()
            .map(|row| preprocessing.cell(row.text(column)))
            .collect();
        let fitted = Column {
            name: table.columns()[column].clone(),
            kind: TrainingCells {
                table,
                column,
                rows: &rows[..train],
                cells: &cells[..train],
            }
            .kind(columns.categorical.contains(&column), config)?,
        };
        // The error is that of the first row with a mistake, whichever column it is in.
        let until = mistake.as_ref().map_or(rows.len(), |(row, _)| *row);
        for (n, (row, cell)) in rows[..until].iter().zip(&cells).enumerate() {
            match preprocessing.encode(&fitted, row.text(column), *cell) {
                Ok(code) => codes[n * width + k] = code,
                Err(error) => {
                    mistake = Some((n, error.at(row.file(), row.place())));
                    break;
                }
            }
        }
        preprocessing.columns.push(fitted);
    }
    let codes = match mistake {
        Some((_, error)) => Err(error),
        None => Ok(codes),
    };
    Ok((preprocessing, codes))
}

/// Encodes rows that nothing is learned from, as [`fit`] does.
pub(super) fn encode(
    rows: &[Row],
    columns: &Columns,
    preprocessing: &TablePreprocessing,
) -> Result<Vec<f64>> {
    let mut codes = Vec::with_capacity(rows.len() * columns.inputs.len());
    for row in rows {
        for (fitted, column) in preprocessing.columns.iter().zip(&columns.inputs) {
            let text = row.text(*column);
            let cell = preprocessing.cell(text);
            let code = preprocessing.encode(fitted, text, cell);
            codes.push(code.map_err(|error| error.at(row.file(), row.place()))?);
        }
    }
    Ok(codes)
}

/// The cells of one column in the training rows.
struct TrainingCells<'a> {
    table: &'a RawTable,
    column: usize,
    rows: &'a [Row<'a>],
    cells: &'a [Cell],
}

impl<'a> TrainingCells<'a> {
    /// What the column's cells become.
    fn kind(&self, categorical: bool, config: &TableConfig) -> Result<ColumnKind> {
        let missing = config.missing;
        let fills = matches!(missing, Missing::Mean | Missing::Mode);
        if fills && self.cells.iter().all(|cell| *cell == Cell::Missing) {
            let name = self.name();
            return Err(self.table.error(
                format!("column `{name}` has no value in the training rows to fill in"),
                "leave it out with `leave_out` in `[data]`",
            ));
        }
        let cells = self.rows.iter().copied().zip(self.cells.iter().copied());
        let if_words = "if the column holds categories, name it in `categorical`";
        if !categorical && holds_numbers(cells, self.column, if_words)? {
            self.numeric(missing, config.standardize)
        } else {
            self.categorical(fills)
        }
    }

    /// Rows without a cell have the filled-in value in mean and deviation.
    fn numeric(&self, missing: Missing, standardize: bool) -> Result<ColumnKind> {
        let mut numbers: Vec<f64> = self.cells.iter().filter_map(|cell| cell.number()).collect();
        let fill = match missing {
            Missing::Mean => Some(mean(&numbers)),
            Missing::Mode => Some(most_frequent_number(&numbers)),
            Missing::Error | Missing::Drop => None,
        };
        if let Some(fill) = fill {
            numbers.resize(self.rows.len(), fill);
        }
        let (mean, deviation) = if standardize {
            mean_and_deviation(&numbers)
        } else {
            (0.0, 1.0)
        };
        let learned = [mean, deviation, fill.unwrap_or_default()];
        if learned.iter().any(|number| !number.is_finite()) {
            let problem = format!("the numbers of column `{}` are too large", self.name());
            return Err(self.table.error(problem, "give them in a larger unit"));
        }
        Ok(ColumnKind::Numeric {
            mean,
            deviation,
            fill,
        })
    }

    fn categorical(&self, fills: bool) -> Result<ColumnKind> {
        let present = self.rows.iter().zip(self.cells);
        let counts = count(
            present
                .filter(|(_, cell)| **cell != Cell::Missing)
                .map(|(row, _)| row.text(self.column)),
        );
        if counts.len() > MOST_CATEGORIES {
            return Err(self.table.error(
                format!(
                    "column `{}` has {} categories, and each would be an input: at most {MOST_CATEGORIES} are \
                     allowed",
                    self.name(),
                    counts.len()
                ),
                "leave it out with `leave_out` in `[data]` if it holds names or free text",
            ));
        }
        // Of equals the first: `max_by_key` takes the last.
        let most_frequent = counts.iter().rev().max_by_key(|(_, count)| **count);
        Ok(ColumnKind::Categorical {
            fill: most_frequent
                .filter(|_| fills)
                .map(|(category, _)| (*category).to_owned()),
            categories: counts.into_keys().map(str::to_owned).collect(),
        })
    }

    fn name(&self) -> String {
        shown(&self.table.columns()[self.column])
    }
}

/// How often each text occurs, sorted by the text.
pub(super) fn count<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for text in texts {
        *counts.entry(text).or_insert(0) += 1;
    }
    counts
}

/// Mean and standard deviation (of the population); the deviation is 1 where all numbers are the same,
/// so that `(number - mean) / deviation` is exactly 0, and where there is none.
pub(super) fn mean_and_deviation(numbers: &[f64]) -> (f64, f64) {
    let Some(&first) = numbers.first() else {
        return (0.0, 1.0);
    };
    if numbers.iter().all(|number| *number == first) {
        return (first, 1.0);
    }
    let mean = mean(numbers);
    // Squares of differences that are as large as 1 neither overflow nor vanish.
    let largest = numbers
        .iter()
        .map(|number| (number - mean).abs())
        .fold(0.0, f64::max);
    let squares: f64 = numbers
        .iter()
        .map(|number| ((number - mean) / largest).powi(2))
        .sum();
    (mean, largest * (squares / numbers.len() as f64).sqrt())
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// The smallest of the most frequent numbers.
fn most_frequent_number(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let runs = sorted.chunk_by(|a, b| a == b);
    let longest = runs.rev().max_by_key(|run| run.len()); // of equals, `max_by_key` takes the last
    longest.map_or(f64::NAN, |run| run[0])
}
