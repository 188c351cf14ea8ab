//! Values that may not be what they look like: marks of missing values among numbers, slips, zeros that a number loses.

use super::rows::Row;
use crate::data::cell::{Cell, shown};
use crate::data::preprocessing::ColumnKind;

/// So many times the interquartile range (or the median, if that is more) from the median, a number is hardly one of the others.
const FAR: f64 = 1_000.0;

/// Fewer numbers than this have no range to speak of.
const FEWEST: usize = 10;

/// What is odd about the cells of a column, a sentence each; the first `train` rows are those to train on.
pub(super) fn notes(
    rows: &[Row],
    cells: &[Cell],
    (train, column): (usize, usize),
    kind: &ColumnKind,
) -> Vec<String> {
    let name = shown(&rows[0].labeled.table.columns()[column]);
    let mut notes = Vec::new();
    let is_missing = |cell: &&Cell| **cell == Cell::Missing;
    let missing = cells[..train].iter().filter(is_missing).count();
    if 2 * missing > train {
        let percent = 100.0 * missing as f64 / train as f64;
        notes.push(format!(
            "`{name}` is missing in {percent:.0} % of the training rows"
        ));
    }
    let is_constant = match kind {
        ColumnKind::Numeric { constant, .. } => *constant && missing == 0,
        ColumnKind::Categorical { categories, .. } => categories.len() == 1 && missing == 0,
        ColumnKind::Date { .. } => false,
    };
    if is_constant {
        notes.push(format!(
            "`{name}` has one value in the training rows, `{}`, and says nothing; `leave_out` in `[data]` leaves it out",
            shown(rows[0].text(column))
        ));
    }
    if matches!(kind, ColumnKind::Numeric { .. }) {
        notes.extend(leading_zeros(rows, column).map(|words| format!("`{name}` {words}")));
        notes.extend(far_off(rows, cells, column));
    }
    notes
}

/// Numbers of a column that are far from all others, a sentence each.
pub(super) fn far_off(rows: &[Row], cells: &[Cell], column: usize) -> Vec<String> {
    let name = shown(&rows[0].labeled.table.columns()[column]);
    let numbers: Vec<f64> = cells.iter().filter_map(|cell| cell.number()).collect();
    let note = |(number, is_mark)| {
        let pairs = rows.iter().zip(cells);
        let has_it = pairs.filter(|(_, cell)| cell.number() == Some(number));
        let count = has_it.clone().count();
        // Rows are in the order of their parts.
        let (first, _) = has_it.min_by_key(|(row, _)| row.line())?;
        let (text, place) = (shown(first.text(column)), first.place());
        let times = match count {
            1 => "once,".to_owned(),
            many => format!("{many} times, first"),
        };
        let fix = match is_mark {
            true => format!(
                "if it stands for a missing value, add \"{text}\" to `missing_values` in `[data]`"
            ),
            false => "if it is a slip, correct it; `scaling = \"robust\"` in `[data]` bears it"
                .to_owned(),
        };
        Some(format!(
            "`{name}` has {text} ({times} {place}), far from its other values; {fix}"
        ))
    };
    outside(&numbers).into_iter().filter_map(note).collect()
}

/// Codes such as `02139`, all of one length, lose their zeros as numbers.
fn leading_zeros(rows: &[Row], column: usize) -> Option<String> {
    let has_zero = |text: &str| {
        text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let has_zero = rows.iter().filter(|row| has_zero(row.text(column)));
    let count = has_zero.clone().count();
    let first = has_zero.min_by_key(|row| row.line())?;
    Some(format!(
        "has {count} values with zeros in front, such as `{}` ({}), which numbers lose; if they are codes, name the column in \
         `categorical` in `[data]`",
        shown(first.text(column)),
        first.place()
    ))
}

/// Numbers far from all others, and whether each looks like a mark of a missing value, all nines.
fn outside(numbers: &[f64]) -> Vec<(f64, bool)> {
    let mut found = Vec::new();
    if numbers.len() < FEWEST {
        return found;
    }
    let ends = |other_than: Option<f64>| {
        let others = numbers.iter().filter(|number| Some(**number) != other_than);
        others.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), number| {
            (low.min(*number), high.max(*number))
        })
    };
    let (lowest, highest) = ends(None);
    for mark in [lowest, highest].into_iter().filter(|mark| is_nines(*mark)) {
        // The others without it, and how far it is from them.
        let (first, last) = ends(Some(mark));
        let gap = if mark == lowest {
            first - mark
        } else {
            mark - last
        };
        if gap.is_finite() && gap > last - first {
            found.push((mark, true));
        }
    }
    let mut numbers = numbers.to_vec();
    let mut quantile = |share: usize| {
        let place = share * (numbers.len() - 1) / 4;
        *numbers.select_nth_unstable_by(place, f64::total_cmp).1
    };
    let [quarter, median, three_quarters] = [quantile(1), quantile(2), quantile(3)];
    let scale = (three_quarters - quarter).max(median.abs());
    for slip in [lowest, highest] {
        let is_known = found.iter().any(|(number, _)| *number == slip);
        if scale > 0.0 && (slip - median).abs() > FAR * scale && !is_known {
            found.push((slip, false));
        }
    }
    found
}

/// 99, -999, 9999 and their like.
fn is_nines(number: f64) -> bool {
    let size = number.abs();
    (99.0..1e12).contains(&size)
        && size.fract() == 0.0
        && format!("{size}").bytes().all(|digit| digit == b'9')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_slips_are_found_and_wide_ranges_are_not() {
        let temperatures: Vec<f64> = (0..50).map(|k| f64::from(k % 30) - 5.0).collect();
        let with = |more: &[f64]| outside(&[&temperatures[..], more].concat());
        assert_eq!(with(&[]), []);
        assert_eq!(with(&[-999.0, -999.0]), [(-999.0, true)]);
        assert_eq!(with(&[9_999.0]), [(9_999.0, true)]);
        assert_eq!(with(&[1e30]), [(1e30, false)]);
        assert_eq!(with(&[99.0, 60.0]), []);
        assert_eq!(with(&[150.0]), []);
        let ones_and_a_slip: Vec<f64> = [vec![1.0; 40], vec![1e30]].concat();
        assert_eq!(outside(&ones_and_a_slip), [(1e30, false)]);
        let incomes: Vec<f64> = (0..500).map(|k| 1e4 * f64::from(k + 1).powf(1.5)).collect();
        assert_eq!(outside(&incomes), []);
        let counts: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(outside(&counts), []);
    }
}
