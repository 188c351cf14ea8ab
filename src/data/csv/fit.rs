//! What the preparation learns from the training rows.

use std::collections::BTreeMap;

use super::MOST_WORDS;
use super::columns::Columns;
use super::raw::RawTable;
use super::rows::{Row, holds_numbers, present};
use crate::config::{DataConfig, Missing};
use crate::data::prepare::{Column, ColumnKind, TablePreparation, finite, shown};
use crate::error::Result;

/// Learns the preparation of a table's inputs from its training rows, of which there is at least one.
pub(super) fn fit(
    table: &RawTable,
    columns: &Columns,
    train: &[Row],
    config: &DataConfig,
) -> Result<TablePreparation> {
    let missing_values = config.missing_values();
    let missing = config.missing.unwrap_or_default();
    let fit_column = |&column: &usize| {
        let name = &table.columns()[column];
        let cells: Vec<&str> = present(train, column, &missing_values)
            .map(|(_, cell)| cell)
            .collect();
        let fills = matches!(missing, Missing::Mean | Missing::Mode);
        if fills && cells.is_empty() {
            return Err(table.error(
                format!(
                    "column `{}` has no value in the training rows to fill in",
                    shown(name)
                ),
                "leave it out with `leave_out` in `[data]`",
            ));
        }
        let if_words = "if the column holds categories, name it in `categorical`";
        let numeric = !columns.categorical.contains(&column)
            && holds_numbers(train, column, &missing_values, if_words)?;
        let kind = if numeric {
            numeric_kind(
                table,
                name,
                &cells,
                train.len(),
                missing,
                config.standardize.unwrap_or(true),
            )?
        } else {
            categorical_kind(table, name, &cells, fills)?
        };
        Ok(Column {
            name: name.clone(),
            kind,
        })
    };
    Ok(TablePreparation {
        columns: columns
            .inputs
            .iter()
            .map(fit_column)
            .collect::<Result<_>>()?,
        other_columns: columns
            .others(table)
            .map(|column| table.columns()[column].clone())
            .collect(),
        missing_values,
        missing,
        new_category: config.new_category.unwrap_or_default(),
    })
}

/// `rows` are the training rows; those without a cell have the filled-in value in `mean` and `deviation`.
fn numeric_kind(
    table: &RawTable,
    name: &str,
    cells: &[&str],
    rows: usize,
    missing: Missing,
    standardize: bool,
) -> Result<ColumnKind> {
    let mut numbers: Vec<f64> = cells.iter().filter_map(|cell| finite(cell)).collect();
    let fill = match missing {
        Missing::Mean => Some(mean(&numbers)),
        Missing::Mode => Some(most_frequent_number(&numbers)),
        Missing::Error | Missing::Drop => None,
    };
    if let Some(fill) = fill {
        numbers.resize(rows, fill);
    }
    let (mean, deviation) = if standardize {
        mean_and_deviation(&numbers)
    } else {
        (0.0, 1.0)
    };
    let learned = [mean, deviation, fill.unwrap_or_default()];
    if learned.iter().any(|number| !number.is_finite()) {
        let problem = format!("the numbers of column `{}` are too large", shown(name));
        return Err(table.error(problem, "give them in a larger unit"));
    }
    Ok(ColumnKind::Numeric {
        mean,
        deviation,
        fill,
    })
}

fn categorical_kind(
    table: &RawTable,
    name: &str,
    cells: &[&str],
    fills: bool,
) -> Result<ColumnKind> {
    let counts = count(cells.iter().copied());
    if counts.len() > MOST_WORDS {
        return Err(table.error(
            format!(
                "column `{}` has {} categories, and each would be an input: at most {MOST_WORDS} are \
                 allowed",
                shown(name),
                counts.len()
            ),
            "leave it out with `leave_out` in `[data]` if it holds names or free text",
        ));
    }
    let mut most = None;
    for (category, count) in &counts {
        if most.is_none_or(|(_, most)| *count > most) {
            most = Some((*category, *count));
        }
    }
    Ok(ColumnKind::Categorical {
        categories: counts
            .keys()
            .map(|category| (*category).to_owned())
            .collect(),
        fill: most
            .filter(|_| fills)
            .map(|(category, _)| category.to_owned()),
    })
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
