//! Tables in text files: parsing, the choice of columns, and the preparation of rows.
//!
//! Everything that is learned from a table (which columns are numbers, their means and deviations, the
//! categories, the classes) is learned from its training rows alone. Whether the *target* is numbers or
//! words is the one thing that all rows decide, because it has to be known before they are split.

mod columns;
mod fit;
mod raw;
mod rows;
mod target;

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::prepare::TablePreparation;
use super::split::split;
use super::{Dataset, Preparation, Source, Splits, Task};
use crate::config::{DataConfig, Missing, SplitConfig};
use crate::error::{Error, Result};
use columns::Columns;
use rows::{Row, is_missing};

pub use raw::{RawTable, parse};

/// The most categories of a column, and the most classes. Each is an input or an output of the network;
/// a column of names or of numbers in disguise is to be an error, not a full memory.
const MOST_WORDS: usize = 1_000;

pub(super) fn load(config: &DataConfig, seed: u64) -> Result<Splits> {
    let mut hash = Sha256::new();
    let table = read(config.path.as_ref(), config, &mut hash)?;
    let tests = match &config.test_path {
        Some(path) => Some(read(Some(path), config, &mut hash)?.in_order_of(&table)?),
        None => None,
    };
    let columns = Columns::choose(&table, config)?;
    let (parts, classes) = parts(&table, tests.as_ref(), &columns, config, seed)?;

    let preparation = fit::fit(&table, &columns, &parts.train, config)?;
    let task = target::task(&parts.train, columns.target, classes, config)?;
    let (data, sizes) = encode(parts, &columns, preparation.clone(), task)?;

    let test_start = sizes.train + sizes.validation.unwrap_or(0);
    let part = |start: usize, len: usize| data.select(&Vec::from_iter(start..start + len));
    Ok(Splits {
        train: part(0, sizes.train),
        validation: sizes.validation.map(|len| part(sizes.train, len)),
        test: sizes.test.map(|len| part(test_start, len)),
        preparation: Preparation::Table(preparation),
        hash: hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    })
}

fn read(path: Option<&PathBuf>, config: &DataConfig, hash: &mut Sha256) -> Result<RawTable> {
    let path = path.ok_or_else(|| Error::invalid("data.path", "the path of the table", "none"))?;
    let bytes = std::fs::read(path).map_err(|cause| Error::Read {
        path: path.clone(),
        cause,
    })?;
    hash.update(&bytes);
    let table = parse(&path.display().to_string(), &bytes, config)?;
    if table.rows() == 0 {
        let fix =
            "give a table with rows; if the first line is one, say `header = false` in `[data]`";
        return Err(table.error("the table has a header and no rows", fix));
    }
    Ok(table)
}

/// Rows of each part; none where a part was not asked for.
struct Parts<'a> {
    train: Vec<Row<'a>>,
    validation: Option<Vec<Row<'a>>>,
    test: Option<Vec<Row<'a>>>,
}

/// Splits the rows that can be used, and says whether the target holds classes.
fn parts<'a>(
    table: &'a RawTable,
    tests: Option<&'a RawTable>,
    columns: &Columns,
    config: &DataConfig,
    seed: u64,
) -> Result<(Parts<'a>, bool)> {
    let usable = usable_rows(table, columns, config)?;
    let classes = target::holds_classes(&usable, columns.target, config)?;
    let class_numbers = classes.then(|| target::class_numbers(&usable, columns.target));
    let mut parts = split_rows(table, &usable, class_numbers.as_deref(), config, seed)?;
    if let Some(tests) = tests {
        check_no_other_tests(config.split.as_ref())?;
        parts.test = Some(usable_rows(tests, columns, config)?);
    }
    Ok((parts, classes))
}

fn check_no_other_tests(split: Option<&SplitConfig>) -> Result<()> {
    let key = match split {
        Some(split) if split.test > 0.0 => "data.split.test",
        Some(split) if split.test_rows.is_some() => "data.split.test_rows",
        _ => return Ok(()),
    };
    Err(Error::invalid(
        key,
        "nothing, with a `test_path` that has the test rows",
        "a value",
    ))
}

/// All rows; with the policy `drop`, those without a missing value.
fn usable_rows<'a>(
    table: &'a RawTable,
    columns: &Columns,
    config: &DataConfig,
) -> Result<Vec<Row<'a>>> {
    let missing_values = config.missing_values();
    let drops = config.missing == Some(Missing::Drop);
    let mut usable = Vec::with_capacity(table.rows());
    for row in (0..table.rows()).map(|row| Row { table, row }) {
        let misses = |column: usize| is_missing(row.cell(column), &missing_values);
        if drops {
            if !misses(columns.target) && !columns.inputs.iter().any(|&column| misses(column)) {
                usable.push(row);
            }
        } else if misses(columns.target) {
            let fix = "give it, or set `missing` in `[data]` to `drop`, which leaves the row out";
            return Err(row.error(columns.target, "the target is missing", fix));
        } else {
            usable.push(row);
        }
    }
    if usable.is_empty() {
        return Err(table.error(
            "every row has a missing value, and `missing = \"drop\"` leaves them all out",
            "leave out the columns that miss values, or set `missing` to `mean` or `mode`",
        ));
    }
    Ok(usable)
}

/// Fractions are of the usable rows. Files of row numbers count all of the table's; a row they list that
/// is not usable is left out.
fn split_rows<'a>(
    table: &'a RawTable,
    usable: &[Row<'a>],
    classes: Option<&[usize]>,
    config: &DataConfig,
    seed: u64,
) -> Result<Parts<'a>> {
    let by_files = config.split.as_ref().is_some_and(|split| {
        [&split.train_rows, &split.validation_rows, &split.test_rows]
            .iter()
            .any(|path| path.is_some())
    });
    let parts = if by_files && usable.len() < table.rows() {
        let place = places(usable, table.rows());
        // The rows left out are a class of their own, so that they do not change the shares of the others.
        let all = classes.map(|classes| {
            let left_out = 1 + classes.iter().max().copied().unwrap_or(0);
            let class = |place: &Option<usize>| place.map_or(left_out, |k| classes[k]);
            place.iter().map(class).collect::<Vec<_>>()
        });
        let parts = split(config.split.as_ref(), seed, table.rows(), all.as_deref())?;
        let keep = |rows: Vec<usize>| rows.iter().filter_map(|&row| place[row]).collect();
        Parts::of(
            usable,
            keep(parts.train),
            parts.validation.map(keep),
            parts.test.map(keep),
        )
    } else {
        let parts = split(config.split.as_ref(), seed, usable.len(), classes)?;
        Parts::of(usable, parts.train, parts.validation, parts.test)
    };
    let sizes = [
        Some(&parts.train),
        parts.validation.as_ref(),
        parts.test.as_ref(),
    ];
    for (name, rows) in ["training", "validation", "test"].iter().zip(sizes) {
        if rows.is_some_and(Vec::is_empty) {
            return Err(table.error(
                format!("no {name} row is left"),
                "change `split` in `[data]`, or what leaves rows out",
            ));
        }
    }
    Ok(parts)
}

/// For each of a table's rows its place among the usable ones.
fn places(usable: &[Row], rows: usize) -> Vec<Option<usize>> {
    let mut places = vec![None; rows];
    for (place, row) in usable.iter().enumerate() {
        places[row.row] = Some(place);
    }
    places
}

impl<'a> Parts<'a> {
    fn of(
        rows: &[Row<'a>],
        train: Vec<usize>,
        validation: Option<Vec<usize>>,
        test: Option<Vec<usize>>,
    ) -> Self {
        let pick = |places: Vec<usize>| places.into_iter().map(|place| rows[place]).collect();
        Parts {
            train: pick(train),
            validation: validation.map(pick),
            test: test.map(pick),
        }
    }
}

/// The number of rows of each part, which stand one after the other.
struct Sizes {
    train: usize,
    validation: Option<usize>,
    test: Option<usize>,
}

fn encode(
    parts: Parts,
    columns: &Columns,
    preparation: TablePreparation,
    task: Task,
) -> Result<(Dataset, Sizes)> {
    let sizes = Sizes {
        train: parts.train.len(),
        validation: parts.validation.as_ref().map(Vec::len),
        test: parts.test.as_ref().map(Vec::len),
    };
    let mut rows = parts.train;
    rows.extend(parts.validation.unwrap_or_default());
    rows.extend(parts.test.unwrap_or_default());

    let width = columns.inputs.len();
    let mut codes = vec![0.0; rows.len() * width];
    for (row, into) in rows.iter().zip(codes.chunks_exact_mut(width)) {
        let fields: Vec<&str> = columns
            .inputs
            .iter()
            .map(|&column| row.cell(column))
            .collect();
        let encoded = preparation.encode(&fields, into);
        encoded.map_err(|refusal| refusal.at(row.table.file(), row.line()))?;
    }
    let targets = target::encode(&rows, columns.target, &task)?;
    let d_input = preparation.d_input();
    Ok((
        Dataset::new(Encoded {
            preparation,
            d_input,
            task,
            codes,
            targets,
        }),
        sizes,
    ))
}

/// A table in memory, a number a cell: categories become inputs, and classes targets, as a row is read.
struct Encoded {
    preparation: TablePreparation,
    d_input: usize,
    task: Task,
    /// `[rows, columns]`, row after row: see [`TablePreparation::encode`].
    codes: Vec<f64>,
    /// `[rows]`: the number of the class, counted from 0, or the number to be learned.
    targets: Vec<f64>,
}

impl Source for Encoded {
    fn rows(&self) -> usize {
        self.targets.len()
    }

    fn d_input(&self) -> usize {
        self.d_input
    }

    fn task(&self) -> &Task {
        &self.task
    }

    fn read_inputs(&self, row: usize, into: &mut [f64]) {
        let width = self.preparation.columns.len();
        self.preparation
            .expand(&self.codes[row * width..][..width], into);
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        match self.task {
            Task::Classification { .. } => {
                into.fill(0.0);
                into[self.targets[row] as usize] = 1.0;
            }
            Task::Binary { .. } | Task::Regression { .. } => into[0] = self.targets[row],
        }
    }
}
