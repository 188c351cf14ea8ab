//! Tables in Parquet files, in builds with the feature `parquet`.

#[cfg(feature = "parquet")]
mod file;

use std::fs::File;
use std::io::{BufRead, Read};
use std::path::Path;

use super::{Load, Splits};
use crate::config::{ParquetConfig, SplitConfig, TableConfig};
use crate::error::Result;

/// Whether a file is one, by its first bytes. A pipe is none, and nothing is taken out of it.
#[must_use]
pub fn is_one(path: &Path) -> bool {
    if !path.is_file() {
        return false;
    }
    let mut start = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *b"PAR1"
}

#[cfg(feature = "parquet")]
mod with {
    use std::cell::RefCell;
    use std::io::{self, BufReader};
    use std::sync::Arc;

    use sha2::{Digest, Sha256};

    use super::file::{ParquetFile, Part};
    use super::*;
    use crate::data::hash::hex;
    use crate::data::table::{self, Files, Head};

    pub(in crate::data) fn load(
        file: &ParquetConfig,
        (columns, split): (&TableConfig, Option<&SplitConfig>),
        seed: (u64, &Load),
    ) -> Result<Splits> {
        let hash = RefCell::new(Sha256::new());
        let open = |path: &Path, like: Option<&Head>| -> Result<Box<dyn Files>> {
            let hash = |bytes: &[u8]| hash.borrow_mut().update(bytes);
            Ok(Box::new(ParquetFile::open(path, like, hash)?))
        };
        let paths = (&*file.path, file.test_path.as_deref());
        let columns = (&with_empty(columns), split);
        table::load(paths, open, columns, seed, || hex(hash.borrow().clone()))
    }

    pub(in crate::data) fn open<'a>(
        path: &Path,
        (how, readings): (&Load<'a>, usize),
    ) -> Result<Box<dyn Files + 'a>> {
        let open = |path: &Path, like: Option<&Head>| -> Result<Box<dyn Files + 'a>> {
            Ok(Box::new(ParquetFile::open(path, like, |_| ())?))
        };
        table::open(path, None, open, (how.watch, readings))
    }

    /// The rows of a file as the text of a CSV file; see [`as_csv`](super::as_csv).
    pub(super) fn as_csv(path: &Path, most: usize) -> Result<(Box<dyn BufRead + Send>, f64)> {
        let file = ParquetFile::open(path, None, |_| ())?;
        let parts = file.parts();
        let step = parts.len().div_ceil(most).max(1);
        let chosen: Vec<Part> = parts.iter().copied().step_by(step).collect();
        let rows = |parts: &[Part]| parts.iter().map(|part| part.rows).sum::<usize>();
        let times = rows(&parts) as f64 / rows(&chosen).max(1) as f64;
        let names = file.head().columns().to_vec();
        let mut text = AsCsv {
            head: Arc::new(file.head().clone()),
            file,
            parts: chosen.into_iter(),
            text: Vec::new(),
            read: 0,
        };
        text.line(&names);
        Ok((Box::new(BufReader::new(text)), times))
    }

    /// Turns a file into text, some rows at a time.
    struct AsCsv {
        file: ParquetFile,
        head: Arc<Head>,
        parts: std::vec::IntoIter<Part>,
        text: Vec<u8>,
        /// How much of the text was taken.
        read: usize,
    }

    impl AsCsv {
        fn line(&mut self, cells: &[String]) {
            let is_quoted = |cell: &str| cell.contains([',', '"', '\n', '\r']) || cells.len() == 1;
            for (k, cell) in cells.iter().enumerate() {
                let comma = if k > 0 { "," } else { "" };
                let cell = match is_quoted(cell) {
                    true => format!("{comma}\"{}\"", cell.replace('"', "\"\"")),
                    false => format!("{comma}{cell}"),
                };
                self.text.extend_from_slice(cell.as_bytes());
            }
            self.text.push(b'\n');
        }
    }

    impl Read for AsCsv {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            while self.read == self.text.len() {
                let Some(part) = self.parts.next() else {
                    return Ok(0);
                };
                (self.read, self.text) = (0, Vec::new());
                let table = self.file.read(&self.head, part).map_err(io::Error::other)?;
                for row in 0..table.rows() {
                    let cell = |column| table.cell(row, column).to_owned();
                    self.line(&(0..table.columns().len()).map(cell).collect::<Vec<_>>());
                }
            }
            let read = (&self.text[self.read..]).read(into)?;
            self.read += read;
            Ok(read)
        }
    }
}

#[cfg(not(feature = "parquet"))]
mod with {
    use super::*;
    use crate::data::table::Files;
    use crate::error::Error;

    fn missing(path: &Path) -> Error {
        Error::data(
            path.display().to_string(),
            "",
            "this build of dropwise does not read Parquet",
            "build it with `--features parquet`; or write the table as CSV, such as with pandas: \
             pd.read_parquet(FILE).to_csv(\"table.csv\", index=False)",
        )
    }

    pub(in crate::data) fn load(
        file: &ParquetConfig,
        _: (&TableConfig, Option<&SplitConfig>),
        _: (u64, &Load),
    ) -> Result<Splits> {
        Err(missing(&file.path))
    }

    pub(in crate::data) fn open<'a>(
        path: &Path,
        _: (&Load<'a>, usize),
    ) -> Result<Box<dyn Files + 'a>> {
        Err(missing(path))
    }

    /// See [`as_csv`](super::as_csv).
    pub(super) fn as_csv(path: &Path, _: usize) -> Result<(Box<dyn BufRead + Send>, f64)> {
        Err(missing(path))
    }
}

pub(super) use with::{load, open};

/// Columns of which an empty cell, which no value is read as, is missing.
pub(super) fn with_empty(columns: &TableConfig) -> TableConfig {
    let mut columns = columns.clone();
    if !columns.is_missing("") {
        columns.missing_values.push(String::new());
    }
    columns
}

/// A file as the text of a CSV file, read as it is asked for: at most so many parts of it, from all over. Beside it, how many times as
/// many rows the file has.
///
/// # Errors
/// [`Error::Read`](crate::Error::Read) and [`Error::Data`](crate::Error::Data) for a file that cannot be read, or a build that does not
/// read Parquet.
pub fn as_csv(path: &Path, most: usize) -> Result<(Box<dyn BufRead + Send>, f64)> {
    with::as_csv(path, most)
}
