//! Tables in Parquet files, in builds with the feature `parquet`.

#[cfg(feature = "parquet")]
mod file;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::table::RawTable;
use super::{Dataset, Splits, TablePreprocessing, Task};
use crate::config::{ParquetConfig, SplitConfig, TableConfig};
use crate::error::Result;

/// Whether a file is one, by its first bytes.
#[must_use]
pub fn is_one(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *b"PAR1"
}

#[cfg(feature = "parquet")]
mod with {
    use std::cell::RefCell;

    use sha2::{Digest, Sha256};

    use super::file::ParquetFile;
    use super::*;
    use crate::data::hash::hex;
    use crate::data::table::{self, Files, Head};

    pub(in crate::data) fn load(
        file: &ParquetConfig,
        columns: &TableConfig,
        split: Option<&SplitConfig>,
        seed: u64,
    ) -> Result<Splits> {
        let hash = RefCell::new(Sha256::new());
        let open = |path: &Path, like: Option<&Head>| -> Result<Box<dyn Files>> {
            let hash = |bytes: &[u8]| hash.borrow_mut().update(bytes);
            Ok(Box::new(ParquetFile::open(path, like, hash)?))
        };
        let paths = (&*file.path, file.test_path.as_deref());
        let splits = table::load(paths, open, (&with_empty(columns), split), seed)?;
        Ok(Splits {
            hash: hex(hash.into_inner()),
            ..splits
        })
    }

    pub(in crate::data) fn load_more(
        path: &Path,
        (columns, preprocessing): (&TableConfig, &TablePreprocessing),
        task: &Task,
    ) -> Result<(Dataset, Vec<String>)> {
        let table = ParquetFile::open(path, None, |_| ())?;
        table::encode(&table, (&with_empty(columns), preprocessing), task)
    }

    /// Columns of which an empty cell, which no value is read as, is missing.
    fn with_empty(columns: &TableConfig) -> TableConfig {
        let mut columns = columns.clone();
        if !columns.is_missing("") {
            columns.missing_values.push(String::new());
        }
        columns
    }

    /// The rows of a file, some at a time, as text.
    ///
    /// # Errors
    /// [`Error::Read`](crate::Error::Read) and [`Error::Data`](crate::Error::Data) for a file that cannot be read, and those of `each`.
    pub fn each_part(path: &Path, mut each: impl FnMut(RawTable) -> Result<bool>) -> Result<()> {
        let file = ParquetFile::open(path, None, |_| ())?;
        let all = (0..file.head().columns().len()).collect();
        let mut pieces = file.pieces(&all)?;
        while let Some(piece) = pieces()? {
            if !each(piece()?)? {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(not(feature = "parquet"))]
mod with {
    use super::*;
    use crate::error::Error;

    fn missing(path: &Path) -> Error {
        Error::data(
            &path.display().to_string(),
            "",
            "this build of dropwise does not read Parquet",
            "build it with `--features parquet`; or write the table as CSV, such as with pandas: \
             pd.read_parquet(FILE).to_csv(\"table.csv\", index=False)",
        )
    }

    pub(in crate::data) fn load(
        file: &ParquetConfig,
        _: &TableConfig,
        _: Option<&SplitConfig>,
        _: u64,
    ) -> Result<Splits> {
        Err(missing(&file.path))
    }

    pub(in crate::data) fn load_more(
        path: &Path,
        _: (&TableConfig, &TablePreprocessing),
        _: &Task,
    ) -> Result<(Dataset, Vec<String>)> {
        Err(missing(path))
    }

    /// The rows of a file, some at a time, as text.
    ///
    /// # Errors
    /// Always: this build does not read Parquet.
    pub fn each_part(path: &Path, _: impl FnMut(RawTable) -> Result<bool>) -> Result<()> {
        Err(missing(path))
    }
}

pub use with::each_part;
pub(super) use with::{load, load_more};
