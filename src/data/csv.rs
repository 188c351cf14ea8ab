//! Tables in text files: parsing, the choice of columns, and the preparation of rows.
//!
//! Everything that is learned from a table (which columns are numbers, their means and deviations, the
//! categories, the classes) is learned from its training rows alone. Whether the *target* is numbers or
//! words is the one thing that all rows decide, because it has to be known before they are split.

mod columns;
mod encoded;
mod fit;
mod parse;
mod parts;
mod raw;
mod rows;
mod target;

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::hash::hex;
use super::prepare::TablePreparation;
use super::{Dataset, Preparation, Splits, Task};
use crate::config::DataConfig;
use crate::error::{Error, Result};
use columns::Columns;
use encoded::Encoded;
use parts::Parts;

pub use parse::{column_names, parse};
pub use raw::RawTable;

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
    let (parts, classes) = parts::parts(&table, tests.as_ref(), &columns, config, seed)?;

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
        hash: hex(hash),
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
