//! Rows of numbers: what a source of them has to offer, and the rows that a step takes.
//!
//! A [`Source`] gives the inputs and targets of one row at a time; a [`Dataset`] is some of a
//! source's rows in some order, and makes tensors of them. [`load`] reads what a configuration names
//! and splits it into [`Splits`].
//!
//! ```
//! use dropwise::{Backend, data};
//!
//! let rows = data::xor();
//! assert_eq!((rows.len(), rows.d_input(), rows.d_output()), (4, 3, 1));
//! let x = rows.inputs(&Backend::default().device()?);
//! assert_eq!(x.dims(), [4, 3]);
//! # Ok::<(), dropwise::Error>(())
//! ```

mod autoencoder;
mod cell;
#[doc(hidden)]
pub mod csv;
mod date;
mod digits;
mod hash;
#[doc(hidden)]
pub mod idx;
mod images;
mod memory;
#[doc(hidden)]
pub mod parquet;
mod part;
mod preprocessing;
mod remarks;
mod row_file;
mod spelling;
mod split;
mod table;
mod twins;
mod xor;

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::{DType, Element, Tensor, TensorCreationOptions, TensorData};

use crate::config::{DataConfig, DataSource, TableConfig};
use crate::error::{Error, Result};

#[doc(hidden)]
pub use cell::{Almost, parse_number, parse_number_in};
#[doc(hidden)]
pub use date::date_parts;
pub use digits::digits;
pub use part::Part;
pub use preprocessing::{Preprocessing, RowError, TablePreprocessing};
#[doc(hidden)]
pub use remarks::Remarks;
#[doc(hidden)]
pub use spelling::composed;
#[doc(hidden)]
pub use table::{ColumnText, RawTable, Reading};
pub use xor::xor;

pub use crate::task::{Target, Task};

/// Rows of inputs and targets, any one of which can be had at any time. The one thing to implement
/// for data of one's own: see `examples/custom_data.rs`.
pub trait Source: Send + Sync {
    /// The number of rows.
    fn rows(&self) -> usize;

    /// Inputs a row.
    fn d_input(&self) -> usize;

    /// What is to be learned; it says how many targets a row has and what they mean.
    fn task(&self) -> &Task;

    /// Writes the inputs of `row`, counted from 0, into a slice of [`d_input`](Self::d_input) numbers.
    fn read_inputs(&self, row: usize, into: &mut [f64]);

    /// Writes the inputs of several rows, one after the other, rounded to 32 bits, as most networks take them. A
    /// source that has them at hand can save the way through 64 bits; the numbers must be the same.
    fn read_inputs_f32(&self, rows: &[usize], into: &mut [f32]) {
        let mut wide = vec![0.0; self.d_input()];
        for (row, into) in rows.iter().zip(into.chunks_exact_mut(wide.len())) {
            self.read_inputs(*row, &mut wide);
            round(&wide, into);
        }
    }

    /// Writes the targets of `row` into a slice of [`Task::d_output`] numbers: for classes 1 at the
    /// right one and 0 elsewhere, for two classes 0 or 1, for a regression the number, standardized as
    /// the task says.
    fn read_targets(&self, row: usize, into: &mut [f64]);

    /// What `row` counts in the training loss beside the others, a finite number of at least 0; none where all rows count the
    /// same.
    fn weight(&self, _row: usize) -> Option<f64> {
        None
    }

    /// The line of its file that `row` begins on, counted from 1; none where there is no such thing.
    fn line(&self, _row: usize) -> Option<usize> {
        None
    }

    /// The name of that file; none where there is no such thing.
    #[doc(hidden)]
    fn file(&self, _row: usize) -> Option<&str> {
        None
    }

    /// Whether inputs are read from a file, as memory may not hold them all.
    #[doc(hidden)]
    fn is_on_disk(&self) -> bool {
        false
    }

    /// Takes notice that the inputs of these rows are wanted soon.
    #[doc(hidden)]
    fn read_ahead(&self, _rows: &[usize]) {}
}

/// Some rows of a source, in some order. Cheap to clone.
#[derive(Clone)]
pub struct Dataset {
    source: Arc<dyn Source>,
    rows: Selected,
}

/// Rows of a source, counted from 0.
#[derive(Clone)]
enum Selected {
    All,
    /// These, which stand together.
    Range(Range<usize>),
    Listed(Arc<[usize]>),
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, d_input) = (self.len(), self.d_input());
        write!(
            f,
            "Dataset of {rows} rows of {d_input} inputs: {}",
            self.task()
        )
    }
}

impl Dataset {
    /// All rows of a source.
    #[must_use]
    pub fn new(source: impl Source + 'static) -> Self {
        Dataset {
            source: Arc::new(source),
            rows: Selected::All,
        }
    }

    /// Rows of all of a source that stand together.
    fn range(&self, rows: Range<usize>) -> Self {
        Dataset {
            source: Arc::clone(&self.source),
            rows: Selected::Range(rows),
        }
    }

    /// These rows of this data set, counted from 0, in this order.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Dataset {
            source: Arc::clone(&self.source),
            rows: Selected::Listed(rows.iter().map(|&row| self.source_row(row)).collect()),
        }
    }

    /// As [`select`](Self::select), of a split.
    fn select_listed(&self, rows: &[u32]) -> Self {
        let rows: Vec<usize> = rows.iter().map(|row| *row as usize).collect();
        self.select(&rows)
    }

    fn source_row(&self, row: usize) -> usize {
        match &self.rows {
            Selected::All => row,
            Selected::Range(rows) => {
                assert!(row < rows.len(), "a row that there is");
                rows.start + row
            }
            Selected::Listed(rows) => rows[row],
        }
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.rows {
            Selected::All => self.source.rows(),
            Selected::Range(rows) => rows.len(),
            Selected::Listed(rows) => rows.len(),
        }
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Inputs a row.
    #[must_use]
    pub fn d_input(&self) -> usize {
        self.source.d_input()
    }

    /// Targets a row, which is the network's outputs.
    #[must_use]
    pub fn d_output(&self) -> usize {
        self.task().d_output()
    }

    /// What is to be learned.
    #[must_use]
    pub fn task(&self) -> &Task {
        self.source.task()
    }

    /// Whether inputs are read from a file, as memory may not hold them all.
    #[must_use]
    #[doc(hidden)]
    pub fn is_on_disk(&self) -> bool {
        self.source.is_on_disk()
    }

    /// Takes notice that the inputs of these rows are wanted soon.
    ///
    /// # Panics
    /// If there is no such row.
    pub(crate) fn read_ahead(&self, rows: impl Iterator<Item = usize>) {
        let rows: Vec<usize> = rows.map(|row| self.source_row(row)).collect();
        self.source.read_ahead(&rows);
    }

    /// All inputs as a tensor of shape `[rows, d_input]`.
    #[must_use]
    pub fn inputs(&self, options: impl Into<TensorCreationOptions>) -> Tensor<2> {
        let options = options.into();
        let data = if options.dtype == Some(DType::F64) {
            self.values(self.d_input(), |row, into: &mut [f64]| {
                self.source.read_inputs(row, into);
            })
        } else {
            let all: Vec<usize>;
            let rows = match &self.rows {
                Selected::Listed(rows) => &rows[..],
                Selected::All | Selected::Range(_) => {
                    all = (0..self.len()).map(|row| self.source_row(row)).collect();
                    &all
                }
            };
            let mut values = vec![0.0_f32; self.len() * self.d_input()];
            self.source.read_inputs_f32(rows, &mut values);
            TensorData::new(values, [self.len(), self.d_input()])
        };
        Tensor::from_data(data, options)
    }

    /// All targets as a tensor of shape `[rows, d_output]`.
    #[must_use]
    pub fn targets(&self, options: impl Into<TensorCreationOptions>) -> Tensor<2> {
        let (options, width) = (options.into(), self.d_output());
        let data = if options.dtype == Some(DType::F64) {
            self.values(width, |row, into: &mut [f64]| {
                self.source.read_targets(row, into);
            })
        } else {
            let mut wide = vec![0.0; width];
            self.values(width, |row, into: &mut [f32]| {
                self.source.read_targets(row, &mut wide);
                round(&wide, into);
            })
        };
        Tensor::from_data(data, options)
    }

    /// What `read` writes for each row, `width` numbers.
    fn values<E: Element>(
        &self,
        width: usize,
        mut read: impl FnMut(usize, &mut [E]),
    ) -> TensorData {
        let mut values = vec![E::default(); self.len() * width];
        for (row, into) in values.chunks_exact_mut(width).enumerate() {
            read(self.source_row(row), into);
        }
        TensorData::new(values, [self.len(), width])
    }

    /// The inputs of one row.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn input_row(&self, row: usize) -> Vec<f64> {
        let mut values = vec![0.0; self.d_input()];
        self.source.read_inputs(self.source_row(row), &mut values);
        values
    }

    /// What one row counts in the training loss: see [`Source::weight`].
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn weight(&self, row: usize) -> Option<f64> {
        self.source.weight(self.source_row(row))
    }

    /// The line of its file that a row begins on, counted from 1, where rows have lines.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn line(&self, row: usize) -> Option<usize> {
        self.source.line(self.source_row(row))
    }

    /// The name of that file.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    #[doc(hidden)]
    pub fn file(&self, row: usize) -> Option<&str> {
        self.source.file(self.source_row(row))
    }

    /// The targets of one row.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn target_row(&self, row: usize) -> Vec<f64> {
        let mut values = vec![0.0; self.d_output()];
        self.source.read_targets(self.source_row(row), &mut values);
        values
    }
}

fn round(wide: &[f64], into: &mut [f32]) {
    for (number, wide) in into.iter_mut().zip(wide) {
        *number = *wide as f32;
    }
}

/// What a configuration's data come to: rows to train on, perhaps rows to validate and to test on.
#[derive(Debug, Clone)]
pub struct Splits {
    /// The rows to train on.
    pub train: Dataset,
    /// The rows that decide when to stop and what to choose.
    pub validation: Option<Dataset>,
    /// The rows to be looked at once, at the end.
    pub test: Option<Dataset>,
    /// The rows that say how far predictions are off, for intervals that hold: nothing is learned from them or chosen by them.
    pub calibration: Option<Dataset>,
    /// How a row from outside becomes inputs; learned from the training rows.
    pub preprocessing: Preprocessing,
    /// SHA-256 over everything that was read, in hexadecimal.
    pub hash: String,
    /// What was done that nobody may expect, or may mislead: a sentence each.
    pub notes: Vec<String>,
}

/// The rows of another table with the columns of a run's, prepared as its training rows were: `preprocessing` and `task` are
/// what the run stored of them. Rows are left out where `missing = "drop"` says so. Beside them, what is worth a word: a sentence each.
///
/// # Errors
/// [`Error::InvalidValue`] if the configuration's data are no table, [`Error::Read`] if the file cannot be read, and
/// [`Error::Data`] if it is not such a table, such as for a class that the training rows do not have.
#[doc(hidden)]
pub fn load_more(
    config: &DataConfig,
    path: &Path,
    (preprocessing, task): (&Preprocessing, &Task),
    how: &Load,
) -> Result<(Dataset, Vec<String>)> {
    let table = more(config, path, preprocessing, (how, 2))?;
    table::encode(
        &*table.files,
        (&table.config, table.preprocessing),
        (task, how),
    )
}

/// As [`load_more`], of a table of any size: its rows are read once, and handed to `each`, so many at a time but for the last ones.
///
/// # Errors
/// Those of [`load_more`], and of `each`.
#[doc(hidden)]
pub fn each_more(
    config: &DataConfig,
    path: &Path,
    (preprocessing, task): (&Preprocessing, &Task),
    (how, rows): (&Load, usize),
    each: impl FnMut(&Dataset) -> Result<()>,
) -> Result<Vec<String>> {
    // Nothing is kept of what is read once.
    let how = Load { cells: 0, ..*how };
    let table = more(config, path, preprocessing, (&how, 1))?;
    let fitted = (&table.config, table.preprocessing);
    table::each_some(&*table.files, fitted, (task, rows), each)
}

/// Another table with the columns of a run's.
struct More<'a> {
    files: Box<dyn table::Files + 'a>,
    config: TableConfig,
    preprocessing: &'a TablePreprocessing,
}

fn more<'a>(
    config: &DataConfig,
    path: &Path,
    preprocessing: &'a Preprocessing,
    (how, readings): (&Load<'a>, usize),
) -> Result<More<'a>> {
    let (Some(columns), Preprocessing::Table(preprocessing), false) =
        (config.table(), preprocessing, config.autoencoder)
    else {
        return Err(Error::invalid(
            "the data of the run",
            "a table with a target column, whose rows another file can have",
            "another source",
        ));
    };
    let format = match &config.source {
        DataSource::Csv { file, .. } => csv::Format::of(file),
        _ => csv::Format::default(),
    };
    let (files, config) = match parquet::is_one(path) {
        true => (
            parquet::open(path, (how, readings))?,
            parquet::with_empty(columns),
        ),
        false => (csv::open(format, path, (how, readings))?, columns.clone()),
    };
    Ok(More {
        files,
        config,
        preprocessing,
    })
}

/// The text of a column of a run's table, whether the network looks at it or not: of each file, by its name, that of each line. The files
/// are those of the configuration, or those that `input` stands for.
///
/// # Errors
/// [`Error::InvalidValue`] if the configuration's data are no table or it has no such column, [`Error::Read`] if a file cannot be read,
/// and [`Error::Data`] if it is not such a table.
#[doc(hidden)]
pub fn column_text(config: &DataConfig, input: Option<&Path>, column: &str) -> Result<ColumnText> {
    let (own, tests, format) = match &config.source {
        DataSource::Csv { file, .. } => (&file.path, &file.test_path, csv::Format::of(file)),
        DataSource::Parquet { file, .. } => (&file.path, &file.test_path, csv::Format::default()),
        _ => {
            let expected = "a table, with columns";
            let found = "another source";
            return Err(Error::invalid("the data of the run", expected, found));
        }
    };
    let mut paths: Vec<&Path> = vec![own];
    paths.extend(tests.as_deref());
    if let Some(input) = input {
        paths = vec![input];
    }
    let (mut text, how) = (ColumnText::new(), Load::default());
    for path in paths {
        let is_parquet = match input {
            Some(path) => parquet::is_one(path),
            None => matches!(config.source, DataSource::Parquet { .. }),
        };
        let files = match is_parquet {
            true => parquet::open(path, (&how, 1))?,
            false => csv::open(format, path, (&how, 1))?,
        };
        table::column_text(&*files, column, &mut text)?;
    }
    Ok(text)
}

/// Reads what a configuration names and splits it. `seed` splits where the configuration has no seed
/// for that.
///
/// The test rows are chosen first, then the validation rows among the others; all parts come out in the
/// source's order. With `test_rows` alone the training rows are all others, with `train_rows` alone the
/// test rows are. A source with test files of its own takes neither `test` nor `test_rows`; with `train_rows`
/// the others are then left out. With `train` that number of training rows is kept, drawn last.
///
/// With `autoencoder = true` the targets of all parts are then their inputs, named as
/// [`Preprocessing::input_names`] has them; the split is the same.
///
/// # Errors
/// [`Error::Read`] if a file cannot be read, and [`Error::Data`] if it
/// is not what it has to be.
pub fn load(config: &DataConfig, seed: u64) -> Result<Splits> {
    load_as(config, seed, &Load::default())
}

/// How data are loaded.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Load<'a> {
    /// Is told every now and then how far the reading of a table has come, and says whether to go on.
    pub watch: &'a dyn Fn(Reading) -> bool,
    /// The bytes of a table, and those of its cells, that stay in memory between readings even if that is more than the prepared rows take.
    pub cells: usize,
    /// The most cells of a table that are held with 64 bits each; those of a larger one have the 32 that a step computes with.
    pub wide: usize,
    /// Makes a file without a name for prepared rows of more bytes than that; none if they stay in memory.
    pub file: Option<&'a dyn Fn() -> io::Result<File>>,
    /// The bytes of a file of images that are read into memory; of a larger one, if it is not packed, each step reads its own.
    pub images: u64,
}

impl Default for Load<'_> {
    fn default() -> Self {
        Load {
            watch: &|_| true,
            cells: 1 << 26,
            wide: 1 << 23,
            file: None,
            images: 1 << 30,
        }
    }
}

/// As [`load`], in this way.
///
/// # Errors
/// Those of [`load`], [`Error::Interrupted`] if `watch` ends it, and [`Error::WriteFile`] if a file cannot be written.
#[doc(hidden)]
pub fn load_as(config: &DataConfig, seed: u64, how: &Load) -> Result<Splits> {
    let split = config.split.as_ref();
    let splits = match &config.source {
        DataSource::Xor => xor::load(split, seed),
        DataSource::Digits => digits::load(split, seed),
        DataSource::Idx(files) => idx::load(files, split, (seed, how)),
        DataSource::Csv { file, table } => csv::load(file, (table, split), (seed, how)),
        DataSource::Parquet { file, table } => parquet::load(file, (table, split), (seed, how)),
        DataSource::Custom => Err(Error::invalid(
            "data.source",
            "a source that can be read: `xor`, `digits`, `idx`, `csv` or `parquet`",
            "`custom`, whose rows a program gives to the trainer itself",
        )),
    }?;
    Ok(if config.autoencoder {
        autoencoder::autoencoder(splits)
    } else {
        splits
    })
}
