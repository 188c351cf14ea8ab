//! Whether a column holds numbers or words: decided of the column as a whole, before any of its cells is an error.

use super::rows::Row;
use crate::data::cell::{Almost, Cell, shown};
use crate::error::Result;

/// Whether a column holds numbers rather than words. `cells` are those of the rows that decide it, and `if_words` is
/// the fix that turns a column of numbers into one of words.
///
/// # Errors
/// If nearly all cells are numbers, which makes the others likely mistakes, infinite ones among them; if nearly all would be
/// numbers but for commas, groups of digits, percent or currency signs.
pub(super) fn holds_numbers<'a>(
    cells: impl Iterator<Item = (Row<'a>, Cell)>,
    column: usize,
    if_words: &str,
) -> Result<bool> {
    let (mut present, mut numbers, mut almost) = (0_usize, 0_usize, 0_usize);
    let (mut word, mut not_finite) = (None, None);
    // Of those that are almost numbers the first one of each kind, and how many there are.
    let mut kinds: Vec<(Almost, Row<'a>, usize)> = Vec::new();
    for (row, cell) in cells {
        present += usize::from(cell != Cell::Missing);
        match cell {
            Cell::Missing => {}
            Cell::Number(_) => numbers += 1,
            Cell::NotFinite => not_finite = not_finite.or(Some(row)),
            Cell::Text => match Almost::of(row.text(column)) {
                Some(kind) => {
                    almost += 1;
                    match kinds.iter_mut().find(|(known, ..)| *known == kind) {
                        Some((.., count)) => *count += 1,
                        None => kinds.push((kind, row, 1)),
                    }
                }
                None => word = word.or(Some(row)),
            },
        }
    }
    let nearly_all = |count: usize| count > 0 && count >= present - present / 10;
    let as_missing = "if it stands for a missing value, list it in `missing_values` in `[data]`";
    let found = |row: Row| shown(row.text(column));
    // A column of `1,188` and `12,5` has decimal commas: what cannot be a group of three digits decides.
    let is_decimal =
        |kind: &Almost| matches!(kind, Almost::DecimalComma | Almost::ThousandsAndComma);
    let kinds_first = kinds
        .iter()
        .max_by_key(|(kind, _, count)| (is_decimal(kind), *count));
    match (kinds_first, word, not_finite) {
        (None, None, None) => Ok(true),
        (Some((kind, row, _)), ..) if nearly_all(numbers + almost) => {
            let (what, fix) = kind.words();
            let problem = format!(
                "expected a number, found `{}`, which {what}, as {almost} of {present} values are no plain numbers",
                found(*row)
            );
            Err(row.error(column, problem, format!("{fix}; {if_words}")))
        }
        (_, Some(row), _) if nearly_all(numbers) => {
            let problem = format!(
                "expected a number as in nearly all rows, found `{}`",
                found(row)
            );
            Err(row.error(
                column,
                problem,
                format!("correct it; {as_missing}; {if_words}"),
            ))
        }
        // Among words, `inf` and `nan` are words too.
        (None, None, Some(row)) if numbers > 0 => {
            let problem = format!("expected a finite number, found `{}`", found(row));
            Err(row.error(
                column,
                problem,
                format!("correct it; {as_missing}; {if_words}"),
            ))
        }
        (_, _, Some(row)) if nearly_all(numbers) => {
            let problem = format!("expected a finite number, found `{}`", found(row));
            Err(row.error(
                column,
                problem,
                format!("correct it; {as_missing}; {if_words}"),
            ))
        }
        _ => Ok(false),
    }
}
