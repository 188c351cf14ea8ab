//! A column that says what each row counts in the training loss.

use super::rows::{Part, Row};
use crate::data::cell::{parse_number, shown};
use crate::error::Result;

/// The weight of each row. Of the first `train` rows, those to train on, one at least is above 0.
pub(super) fn read(rows: Part, train: usize, column: usize) -> Result<Vec<f64>> {
    let weight = |row: Row| {
        let text = row.text(column);
        match parse_number(&text) {
            Some(weight) if weight >= 0.0 => Ok(weight),
            _ => Err(row.error(
                column,
                format!(
                    "expected a weight, a finite number of at least 0, found `{}`",
                    shown(&text)
                ),
                "correct it, or take `weight` out of `[data]`",
            )),
        }
    };
    let weights: Vec<f64> = rows.iter().map(weight).collect::<Result<_>>()?;
    if weights[..train].iter().all(|weight| *weight == 0.0) {
        let table = rows.head();
        return Err(table.error(
            format!(
                "the column `{}` has the weight 0 for every training row",
                shown(&table.columns()[column])
            ),
            "give rows that count, or take `weight` out of `[data]`",
        ));
    }
    Ok(weights)
}
