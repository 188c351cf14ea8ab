//! Tables in text files: comma-separated values and their relatives.
//!
//! Bytes become records of text here, for training, prediction and `dropwise init` alike. Which columns are used and
//! what their cells mean is the business of a table whatever its format.

mod bytes;
mod lines;
mod reader;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use encoding_rs::Encoding;
use sha2::{Digest, Sha256};

use super::hash::{Hashing, hex};
use super::table::{self, RawTable};
use super::{Dataset, Splits, TablePreprocessing, Task, split};
use crate::config::{CsvConfig, Delimiter, SplitConfig, TableConfig};
use crate::error::{Error, Result};

pub use bytes::unpacked;
pub use lines::Lines;
pub use reader::{Reader, Record};

/// How a text file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// What stands between the values of a line.
    pub delimiter: Delimiter,
    /// Whether the first line names the columns.
    pub header: bool,
    /// Lines at the start that are passed over.
    pub skip_lines: usize,
    /// What begins a line that is passed over.
    pub comment: Option<u8>,
    /// How letters are written as bytes; none for UTF-8.
    pub encoding: Option<&'static Encoding>,
}

impl Format {
    /// A layout with this delimiter, with or without a header.
    #[must_use]
    pub fn new(delimiter: Delimiter, header: bool) -> Self {
        Format {
            delimiter,
            header,
            skip_lines: 0,
            comment: None,
            encoding: None,
        }
    }

    /// The layout that a configuration says.
    #[must_use]
    pub fn of(config: &CsvConfig) -> Self {
        Format {
            skip_lines: config.skip_lines,
            comment: config
                .comment
                .and_then(|comment| u8::try_from(comment).ok()),
            encoding: config.known_encoding(),
            ..Format::new(config.delimiter, config.header)
        }
    }
}

impl Default for Format {
    /// Commas and a header.
    fn default() -> Self {
        Format::new(Delimiter::default(), true)
    }
}

/// Reads a whole table; `file` is only named in errors. [`Reader`] says what is read and what is an error.
///
/// ```
/// use dropwise::data::csv::{Format, parse};
///
/// let table = parse("pets.csv", &b"kind,weight\ncat,4.5\n\"dog\", 20\n"[..], Format::default())?;
/// assert_eq!(table.columns(), ["kind", "weight"]);
/// assert_eq!((table.rows(), table.cell(1, 0), table.cell(1, 1)), (2, "dog", "20"));
///
/// let ragged = parse("pets.csv", &b"kind,weight\ncat\n"[..], Format::default()).unwrap_err();
/// assert!(ragged.to_string().starts_with("pets.csv: line 2: expected 2 columns, found 1; "));
/// # Ok::<(), dropwise::Error>(())
/// ```
///
/// # Errors
/// Those of [`Reader`], and [`Error::Data`] for a file without a line and for two columns of one name.
pub fn parse(file: &str, source: impl BufRead, format: Format) -> Result<RawTable> {
    let mut reader = Reader::new(file, source, format)?;
    if reader.columns().is_empty() {
        let fix = "give the path of a table";
        return Err(Error::data(file, "", "the file is empty", fix));
    }
    let header = format!("line {}", reader.first_line());
    let mut table = RawTable::new(file, reader.columns().to_vec(), "line", &header)?;
    let mut record = Record::default();
    while reader.read(&mut record)? {
        table.push(record.line(), record.cells());
    }
    Ok(table)
}

pub(super) fn load(
    file: &CsvConfig,
    columns: &TableConfig,
    split: Option<&SplitConfig>,
    seed: u64,
) -> Result<Splits> {
    let format = Format::of(file);
    let mut hash = Sha256::new();
    let table = read(&file.path, format, &mut hash)?;
    let tests = match &file.test_path {
        Some(path) => {
            split::check_no_test_rows(split, "`test_path`")?;
            Some(read(path, format, &mut hash)?.in_order_of(&table)?)
        }
        None => None,
    };
    table::load(table, tests, (columns, split), seed, hex(hash))
}

/// See [`load_more`](crate::data::load_more).
pub(super) fn load_more(
    file: &CsvConfig,
    path: &Path,
    columns: (&TableConfig, &TablePreprocessing),
    task: &Task,
) -> Result<(Dataset, Vec<String>)> {
    let format = Format::of(file);
    let table = read(path, format, &mut Sha256::new())?;
    table::encode(&table, columns, task)
}

fn read(path: &Path, format: Format, hash: &mut Sha256) -> Result<RawTable> {
    let reader = File::open(path).map_err(|cause| Error::Read {
        path: path.to_owned(),
        cause,
    })?;
    let source = BufReader::with_capacity(1 << 16, Hashing { reader, hash });
    let table = parse(&path.display().to_string(), source, format)?;
    if table.rows() == 0 {
        let fix =
            "give a table with rows; if the first line is one, say `header = false` in `[data]`";
        return Err(table.error("the table has a header and no rows", fix));
    }
    Ok(table)
}
