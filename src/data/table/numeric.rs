//! Whether a column holds numbers or words: decided of the column as a whole, before any of its cells is an error.

use super::rows::Row;
use crate::data::cell::{Cell, parse_number, shown};
use crate::error::Result;

/// Whether a column holds numbers rather than words. `cells` are those of the rows that decide it, and `if_words` is
/// the fix that turns a column of numbers into one of words.
///
/// # Errors
/// If nearly all cells are numbers, which makes the others likely mistakes; if a cell is infinite or no
/// number; if cells are numbers but for a decimal comma.
pub(super) fn holds_numbers<'a>(
    cells: impl Iterator<Item = (Row<'a>, Cell)>,
    column: usize,
    if_words: &str,
) -> Result<bool> {
    let (mut present, mut numbers, mut with_comma) = (0_usize, 0_usize, 0_usize);
    let (mut word, mut not_finite) = (None, None);
    for (row, cell) in cells {
        present += usize::from(cell != Cell::Missing);
        match cell {
            Cell::Missing => {}
            Cell::Number(_) => numbers += 1,
            Cell::NotFinite => not_finite = not_finite.or(Some(row)),
            Cell::Text => {
                let with_point = row.text(column).replacen(',', ".", 1);
                with_comma += usize::from(parse_number(&with_point).is_some());
                word = word.or(Some(row));
            }
        }
    }
    let nearly_all = |count: usize| count >= present - present / 10;
    let as_missing = "if it stands for a missing value, list it in `missing_values` in `[data]`";
    let found = |row: Row| shown(row.text(column));
    match (word, not_finite) {
        (None, None) => Ok(true),
        (Some(row), None) if nearly_all(numbers) => Err(row.error(
            column,
            format!(
                "expected a number as in nearly all rows, found `{}`",
                found(row)
            ),
            format!("correct it; {as_missing}; {if_words}"),
        )),
        (Some(row), None) if nearly_all(numbers + with_comma) => Err(row.error(
            column,
            format!(
                "expected a number, found `{}`, which has a decimal comma",
                found(row)
            ),
            format!("write decimals with a point; {if_words}"),
        )),
        (_, Some(row)) => Err(row.error(
            column,
            format!("expected a finite number, found `{}`", found(row)),
            format!("correct it; {as_missing}; {if_words}"),
        )),
        (Some(_), None) => Ok(false),
    }
}
