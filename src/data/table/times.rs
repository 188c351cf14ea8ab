//! A column with the times of rows, in order.

use std::borrow::Cow;

use super::rows::Part;
use crate::data::cell::{parse_number, shown};
use crate::error::Result;

/// Each row's place among the times that there are, the earliest 0: numbers as they are, dates and times by their text, which
/// has the year first.
pub(super) fn numbers(rows: Part, column: usize) -> Result<Vec<u32>> {
    let texts: Vec<Cow<str>> = rows.iter().map(|row| row.text(column)).collect();
    let numbers: Option<Vec<f64>> = texts.iter().map(|text| parse_number(text)).collect();
    if let Some(numbers) = numbers {
        return Ok(places(&numbers, f64::total_cmp));
    }
    let mut zone = None;
    for (row, text) in rows.iter().zip(&texts) {
        let Some(own) = zone_of(text) else {
            return Err(row.error(
                column,
                format!(
                    "expected a time to split by, a number or a date such as 2024-01-31 or 2024-01-31 18:30, found `{}`",
                    shown(text)
                ),
                "write times with the year first, or leave rows without one out",
            ));
        };
        // Dates alone have none.
        if text.len() > DATE && *zone.get_or_insert(own) != own {
            return Err(row.error(
                column,
                format!(
                    "expected times of one zone, found `{own}` after `{}`",
                    zone.unwrap_or("")
                ),
                "write all times in one zone",
            ));
        }
    }
    // A space and a `T` are the same.
    let texts: Vec<String> = texts
        .iter()
        .map(|text| text.replace(['T', '/'], " ").replace('-', " "))
        .collect();
    Ok(places(&texts, String::cmp))
}

/// The length of a date.
const DATE: usize = "2024-01-31".len();

/// The zone of a time, empty where it has none; `None` if the text is no date.
fn zone_of(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let is_date = |(k, byte): (usize, &u8)| match k {
        4 | 7 => matches!(byte, b'-' | b'/'),
        _ => byte.is_ascii_digit(),
    };
    let dated = bytes.len() == 7 || bytes.len() >= DATE;
    if !dated || !bytes.iter().take(DATE).enumerate().all(is_date) {
        return None;
    }
    let time = text.get(DATE..).unwrap_or("");
    if time.is_empty() {
        return Some("");
    }
    let clock = time.strip_prefix(['T', ' '])?;
    let end = clock.find(|letter: char| !letter.is_ascii_digit() && letter != ':' && letter != '.');
    let (clock, zone) = clock.split_at(end.unwrap_or(clock.len()));
    let is_zone = zone.is_empty() || zone == "Z" || zone.starts_with(['+', '-']);
    (clock.len() >= 2 && is_zone).then_some(zone)
}

fn places<T>(values: &[T], compare: impl Fn(&T, &T) -> std::cmp::Ordering) -> Vec<u32> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| compare(&values[*a], &values[*b]));
    let mut places = vec![0; values.len()];
    let same = |a: &usize, b: &usize| compare(&values[*a], &values[*b]).is_eq();
    for (place, rows) in (0..).zip(order.chunk_by(same)) {
        rows.iter().for_each(|row| places[*row] = place);
    }
    places
}
