//! Tables, whatever their format: the choice of columns, the split, and the preprocessing of rows.
//!
//! Everything that is learned from a table (which columns are numbers, their means and deviations, the
//! categories, the classes) is learned from its training rows alone. Whether the *target* is numbers or
//! words is the one thing that all rows decide, because it has to be known before they are split.
//!
//! A format is a file that makes a [`RawTable`] of bytes and hands it to [`load`]; see `csv.rs`.

mod columns;
mod encoded;
mod inputs;
mod numeric;
mod raw;
mod rows;
mod split;
mod suspects;
mod target;
mod times;
mod weights;

use super::cell::Cell;
use super::{Dataset, Preprocessing, Splits, TablePreprocessing, Task, twins};
use crate::config::{SplitConfig, TableConfig};
use crate::error::Result;
use columns::Columns;
use encoded::Encoded;
use rows::Labeled;

pub use raw::RawTable;

/// The most categories of a column, and the most classes: each is an input or an output of the network, and a column
/// of names is to be an error, not a full memory.
const MOST_CATEGORIES: usize = 1_000;

/// The rows of a table, prepared as a run's training rows were, and what is worth a word about them.
pub(super) fn encode(
    table: &RawTable,
    (config, preprocessing): (&TableConfig, &TablePreprocessing),
    task: &Task,
) -> Result<(Dataset, Vec<String>)> {
    let columns = Columns::named(table, config, preprocessing)?;
    let labeled = Labeled::new(table, columns.target, config);
    let (rows, dropped) = split::usable_rows(&labeled, &columns, config)?;
    let (codes, remarks) = inputs::encode(&rows, &columns, preprocessing)?;
    let targets = target::encode(&rows, columns.target, task, config)?;
    let data = Dataset::new(Encoded::new(
        preprocessing.clone(),
        task.clone(),
        codes,
        (targets, None),
        &rows,
    ));
    Ok((data, dropped.into_iter().chain(remarks).collect()))
}

/// Splits a table and learns its preprocessing. `tests` are test rows from a file of their own, with the columns of
/// `table`; `hash` is that of the files.
pub(super) fn load(
    table: RawTable,
    tests: Option<RawTable>,
    (config, split): (&TableConfig, Option<&SplitConfig>),
    seed: u64,
    hash: String,
) -> Result<Splits> {
    let columns = Columns::choose(&table, config, split)?;
    let label = |table| Labeled::new(table, columns.target, config);
    let (labeled, tests) = (label(&table), tests.as_ref().map(label));
    let mut split = split::split(&labeled, tests.as_ref(), &columns, (config, split), seed)?;

    let fitted = inputs::fit(&split.rows, split.train, &columns, config)?;
    let train = &split.rows[..split.train];
    let mut notes = std::mem::take(&mut split.notes);
    let task = target::task(train, columns.target, split.classes, config, &mut notes)?;
    let fitted = fitted?;
    let targets = target::encode(&split.rows, columns.target, &task, config)?;

    let weights = columns.weight;
    let weights = weights
        .map(|column| weights::read(&split.rows, split.train, column))
        .transpose()?;
    if !split.classes {
        let targets: Vec<Cell> = split.rows.iter().map(|row| row.target()).collect();
        notes.extend(suspects::far_off(&split.rows, &targets, columns.target));
    }
    notes.extend(columns.notes(&table));
    notes.extend(fitted.notes);
    notes.extend(twins_note(&split, &fitted.codes, &targets));
    let (preprocessing, codes) = (fitted.preprocessing, fitted.codes);
    let data = Dataset::new(Encoded::new(
        preprocessing.clone(),
        task,
        codes,
        (targets, weights),
        &split.rows,
    ));
    let part = |start: usize, len: usize| data.select(&Vec::from_iter(start..start + len));
    let test_start = split.train + split.validation.unwrap_or(0);
    Ok(Splits {
        train: part(0, split.train),
        validation: split.validation.map(|len| part(split.train, len)),
        test: split.test.map(|len| part(test_start, len)),
        preprocessing: Preprocessing::Table(preprocessing),
        hash,
        notes,
    })
}

/// # Shapes
/// - `codes`: `[rows, columns]`, row after row; `targets`: `[rows]`
fn twins_note(split: &split::RowSplit, codes: &[f64], targets: &[f64]) -> Option<String> {
    let width = codes.len() / targets.len().max(1);
    let row = |row: usize| -> Vec<u64> {
        let values = codes[row * width..][..width].iter().chain([&targets[row]]);
        values.map(|value| (value + 0.0).to_bits()).collect()
    };
    let rows = |start: usize, len: usize| (start..start + len).map(row);
    let test_start = split.train + split.validation.unwrap_or(0);
    let validation = split.validation.map(|len| rows(split.train, len));
    let test = split.test.map(|len| rows(test_start, len));
    twins::note(rows(0, split.train), validation, test)
}
