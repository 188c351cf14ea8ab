//! Columns that give the target away: they say it in other words, and are rarely known when there is something to predict.

use std::collections::HashMap;

use dropwise::data::{RawTable, parse_number_in};

use super::survey::{Holds, Survey};

/// The reason for columns that are the target once more.
pub(super) const EQUALS: &str = "has the values of the target, row by row";

/// Rows that are looked at.
const ROWS: usize = 2_000;

/// Fewer rows than this say nothing.
const FEWEST: usize = 20;

/// Columns that are tried in pairs.
const PAIRED: usize = 60;

/// Columns that give the column `target` away, and how; numbers are written in `style`.
pub(super) fn find(
    table: &RawTable,
    columns: &[Survey],
    target: usize,
    style: (char, Option<char>),
) -> Vec<(Vec<usize>, &'static str)> {
    let rows = table.rows().min(ROWS);
    if rows < FEWEST {
        return Vec::new();
    }
    let others =
        (0..columns.len()).filter(|column| *column != target && columns[*column].distinct > 1);
    let cells = |column: usize| (0..rows).map(move |row| table.cell(row, column));
    let mut found: Vec<(Vec<usize>, &'static str)> = Vec::new();
    for column in others.clone() {
        if cells(column).eq(cells(target)) {
            found.push((vec![column], EQUALS));
        } else if names_classes(
            &columns[column],
            &columns[target],
            cells(column).zip(cells(target)),
        ) {
            found.push((vec![column], "names the classes in another way"));
        }
    }
    let is_numeric =
        |column: &usize| !matches!(columns[*column].holds, Holds::Words | Holds::Dates(_));
    if !is_numeric(&target) || columns[target].distinct <= 10 {
        return found;
    }
    let numbers = |column: usize| -> Vec<Option<f64>> {
        let number = |cell| parse_number_in(cell, style.0, style.1);
        cells(column).map(number).collect()
    };
    let is_found = |column: &usize| found.iter().any(|(named, _)| named[..] == [*column]);
    let others = others.filter(|column| is_numeric(column) && !is_found(column));
    let others: Vec<(usize, Vec<Option<f64>>)> =
        others.map(|column| (column, numbers(column))).collect();
    let targets = numbers(target);
    let mut sums = Vec::new();
    for (k, (one, ones)) in others.iter().enumerate() {
        if follows(ones, &targets) {
            sums.push((
                vec![*one],
                "rises or falls with the target exactly, as a logarithm or another unit of it does",
            ));
            continue;
        }
        for (other, others) in others.iter().skip(k + 1).take(PAIRED) {
            if adds_up(ones, others, &targets) {
                sums.push((
                    vec![*one, *other],
                    "add up to the target, or it is their difference",
                ));
            }
        }
    }
    found.extend(sums);
    found
}

/// Whether each of a few values goes with one class, and each class with one value.
fn names_classes<'a>(
    column: &Survey,
    target: &Survey,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> bool {
    if column.distinct != target.distinct
        || target.distinct > 50
        || 5 * target.distinct > target.present
    {
        return false;
    }
    let mut classes = HashMap::new();
    let mut values = HashMap::new();
    for (value, class) in pairs {
        if *classes.entry(value).or_insert(class) != class
            || *values.entry(class).or_insert(value) != value
        {
            return false;
        }
    }
    true
}

/// The rows that have all numbers.
fn present<'a>(
    one: &'a [Option<f64>],
    targets: &'a [Option<f64>],
) -> impl Iterator<Item = (f64, f64)> + 'a {
    let pairs = one.iter().zip(targets);
    pairs.filter_map(|(one, target)| one.zip(*target))
}

/// Whether a larger number always goes with a larger target, or always with a smaller one, and the same with the same.
fn follows(one: &[Option<f64>], targets: &[Option<f64>]) -> bool {
    let mut pairs: Vec<(f64, f64)> = present(one, targets).collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let rises = |pair: &[(f64, f64)]| pair[0].1.total_cmp(&pair[1].1);
    let mut steps = pairs
        .windows(2)
        .filter(|pair| pair[0].0 < pair[1].0)
        .map(rises);
    let Some(first) = steps.next().filter(|step| step.is_ne()) else {
        return false;
    };
    let same = |pair: &[(f64, f64)]| pair[0].0 < pair[1].0 || pair[0].1 == pair[1].1;
    pairs.len() >= FEWEST && steps.all(|step| step == first) && pairs.windows(2).all(same)
}

fn adds_up(one: &[Option<f64>], other: &[Option<f64>], targets: &[Option<f64>]) -> bool {
    let rows = || {
        let numbers = one.iter().zip(other).zip(targets);
        numbers.filter_map(|((one, other), target)| Some(((*one)?, (*other)?, (*target)?)))
    };
    let is = |combined: fn(f64, f64) -> f64| {
        rows().all(|(one, other, target)| {
            let size = one.abs().max(other.abs()).max(target.abs());
            (combined(one, other) - target).abs() <= 1e-9 * size
        })
    };
    let combinations: [fn(f64, f64) -> f64; 3] = [|a, b| a + b, |a, b| a - b, |a, b| b - a];
    rows().count() >= FEWEST && combinations.into_iter().any(is)
}
