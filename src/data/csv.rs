//! Tables in text files: comma-separated values and their relatives.
//!
//! Bytes become records of text here, for training, prediction and `dropwise init` alike. Which columns are used and
//! what their cells mean is the business of a table whatever its format.

mod bytes;
mod files;
mod lines;
mod marks;
mod pieces;
mod reader;

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use encoding_rs::Encoding;

use super::hash::hex;
use super::table::{self, Files, Head, RawTable};
use super::{Load, Splits};
use crate::config::{CsvConfig, Delimiter, SplitConfig, TableConfig};
use crate::error::{Error, Result};
use files::{CsvFiles, FirstReading};

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
    let columns = reader.columns().to_vec();
    let head = Head::new(file, columns, "line", reader.first_line())?;
    let mut table = RawTable::new(&Arc::new(head));
    let mut record = Record::default();
    while reader.read(&mut record)? {
        table.push(record.line(), record.cells());
    }
    Ok(table)
}

pub(super) fn load(
    file: &CsvConfig,
    columns: (&TableConfig, Option<&SplitConfig>),
    (seed, how): (u64, &Load),
) -> Result<Splits> {
    let (format, first) = (Format::of(file), FirstReading::new(how.cells));
    let open = |path: &Path, like: Option<&Head>| -> Result<Box<dyn Files>> {
        Ok(Box::new(CsvFiles::open(path, format, like, &first)?))
    };
    let paths = (&*file.path, file.test_path.as_deref());
    let hash = || hex(first.hash.borrow().clone());
    table::load(paths, open, columns, (seed, how), hash)
}

/// The table that a path stands for, which is read so many times.
pub(super) fn open<'a>(
    format: Format,
    path: &Path,
    (how, readings): (&Load<'a>, usize),
) -> Result<Box<dyn Files + 'a>> {
    let first = FirstReading::new(how.cells);
    let open = move |path: &Path, like: Option<&Head>| -> Result<Box<dyn Files + 'a>> {
        Ok(Box::new(CsvFiles::open(path, format, like, &first)?))
    };
    table::open(path, None, open, (how.watch, readings))
}
