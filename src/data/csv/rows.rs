//! Rows of one table or another, and whether their cells are numbers or words.

use super::raw::{RawTable, data_error};
use crate::data::prepare::{finite, shown};
use crate::error::{Error, Result};

/// A row of a table.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) table: &'a RawTable,
    pub(super) row: usize,
}

impl<'a> Row<'a> {
    pub(super) fn cell(self, column: usize) -> &'a str {
        self.table.cell(self.row, column)
    }

    pub(super) fn line(self) -> usize {
        self.table.line(self.row)
    }

    pub(super) fn error(
        self,
        column: usize,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> Error {
        let name = shown(&self.table.columns()[column]);
        let place = format!("line {}, column `{name}`", self.line());
        data_error(self.table.file(), place, problem, fix)
    }
}

/// The cells of a column that are not missing, each with its row.
pub(super) fn present<'a, 'b>(
    rows: &'b [Row<'a>],
    column: usize,
    missing: &'b [String],
) -> impl Iterator<Item = (Row<'a>, &'a str)> + 'b {
    rows.iter()
        .map(move |row| (*row, row.cell(column)))
        .filter(move |(_, cell)| !is_missing(cell, missing))
}

pub(super) fn is_missing(cell: &str, missing: &[String]) -> bool {
    missing.iter().any(|value| value == cell)
}

/// Whether a column holds numbers rather than words. `if_words` is the fix that turns a column of
/// numbers into one of words.
///
/// # Errors
/// If nearly all cells are numbers, which makes the others likely mistakes; if a cell is infinite or no
/// number; if cells are numbers but for a decimal comma.
pub(super) fn holds_numbers(
    rows: &[Row],
    column: usize,
    missing: &[String],
    if_words: &str,
) -> Result<bool> {
    let (mut cells, mut numbers, mut with_comma) = (0_usize, 0_usize, 0_usize);
    let (mut word, mut not_finite) = (None, None);
    for (row, cell) in present(rows, column, missing) {
        cells += 1;
        match cell.parse::<f64>() {
            Ok(number) if number.is_finite() => numbers += 1,
            Ok(_) => not_finite = not_finite.or(Some(row)),
            Err(_) => {
                with_comma += usize::from(finite(&cell.replacen(',', ".", 1)).is_some());
                word = word.or(Some(row));
            }
        }
    }
    let nearly_all = |count: usize| count >= cells - cells / 10;
    let as_missing = "if it stands for a missing value, list it in `missing_values` in `[data]`";
    match (word, not_finite) {
        (None, None) => Ok(true),
        (Some(row), None) if nearly_all(numbers) => Err(row.error(
            column,
            format!(
                "expected a number as in nearly all rows, found `{}`",
                shown(row.cell(column))
            ),
            format!("correct it; {as_missing}; {if_words}"),
        )),
        (Some(row), None) if nearly_all(numbers + with_comma) => Err(row.error(
            column,
            format!(
                "expected a number, found `{}`, which has a decimal comma",
                shown(row.cell(column))
            ),
            format!("write decimals with a point; {if_words}"),
        )),
        (_, Some(row)) => Err(row.error(
            column,
            format!(
                "expected a finite number, found `{}`",
                shown(row.cell(column))
            ),
            format!("correct it; {as_missing}; {if_words}"),
        )),
        (Some(_), None) => Ok(false),
    }
}
