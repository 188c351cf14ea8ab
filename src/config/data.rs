//! `[data]`: where the rows come from, and how they are split.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::document::{Mistake, Table, keys_of};
use super::forms::count_or;
use super::is_default;
use crate::check::{check_count, check_share};
use crate::error::{Error, Result};

/// Where the rows come from. Relative paths are from the folder that the program is started in; `dropwise` itself looks beside the
/// configuration first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataConfig {
    /// The source of the rows, with its own keys.
    #[serde(flatten)]
    pub source: DataSource,
    /// Whether the network learns to give its inputs, as it gets them, which is a regression with a target for each input. The source's
    /// targets then only say how the rows are split. Default false. Not for `custom`.
    #[serde(skip_serializing_if = "is_default")]
    pub autoencoder: bool,
    /// How the rows are split. Default: all rows train, but for test rows that the source has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitConfig>,
}

/// A source of rows, with the keys that are its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "source", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DataSource {
    /// The four rows of XOR: see [`data::xor`](crate::data::xor()).
    Xor,
    /// 1,797 images of handwritten digits, built in: see [`data::digits`](crate::data::digits()).
    Digits,
    /// Images and labels in IDX files, as MNIST and Fashion-MNIST come.
    Idx(IdxConfig),
    /// A table in a text file.
    Csv {
        /// The file.
        #[serde(flatten)]
        file: CsvConfig,
        /// Its columns.
        #[serde(flatten)]
        table: TableConfig,
    },
    /// Rows that a program gives to the trainer itself: see `examples/custom_data.rs`.
    Custom,
}

/// `idx`: the files, by their folder or one by one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdxConfig {
    /// The folder with the four files as they are published, such as `train-images-idx3-ubyte.gz`, compressed or not; `dropwise fetch
    /// mnist` fills `data/mnist`. Required, or the files one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<PathBuf>,
    /// The training images, where the files have names of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_images: Option<PathBuf>,
    /// The training labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_labels: Option<PathBuf>,
    /// The test images. Default: no test rows of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_images: Option<PathBuf>,
    /// The test labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_labels: Option<PathBuf>,
    /// The names of the classes, label 0 first. Default: the labels themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
}

/// `csv`: a text file, and how its lines are cut into cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CsvConfig {
    /// The file. Required.
    pub path: PathBuf,
    /// A second file of the same columns with the test rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_path: Option<PathBuf>,
    /// The delimiter: one character, or `whitespace` for any run of spaces and tabs. Default `,`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub delimiter: Delimiter,
    /// Whether the first line names the columns. Default true.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub header: bool,
}

/// The columns of a table, whatever kind of file it is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TableConfig {
    /// The column to predict, by its name or by its number counted from 1. Required.
    pub target: ColumnName,
    /// `classification` (an output for each class), `binary` (two classes, one output: the probability of the second) or `regression`.
    /// Default: words are classes (two of them: `binary`), numbers a regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskKind>,
    /// Columns to leave out, such as row numbers and names. Default: none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub leave_out: Vec<ColumnName>,
    /// Columns whose values are categories though they look like numbers, such as postal codes. Default: none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub categorical: Vec<ColumnName>,
    /// The column that says what each row counts in the training loss, a number of at least 0; none means all the same. Weights
    /// are divided by their mean over the training rows. The column is no input. Metrics count every row the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<ColumnName>,
    /// What stands before the decimals of a number: `.` or `,`. Default `.`.
    #[serde(default = "point", skip_serializing_if = "is_point")]
    pub decimal: char,
    /// What stands between groups of three digits in a number: `,`, `.`, `'`, `_` or a space. Default: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thousands: Option<char>,
    /// The values that count as missing. Default: empty, `?`, `NA` and `NaN`.
    #[serde(default = "missing_values", skip_serializing_if = "are_missing_values")]
    pub missing_values: Vec<String>,
    /// What to do about a missing value among the inputs: `error`, `drop` (the row), `mean` (of the training rows; for a category the
    /// most frequent one) or `mode` (the most frequent one). Default `error`. A row whose target is missing is an error, or dropped with
    /// `drop`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub missing: Missing,
    /// What to do about a category that the training rows do not have: `error`, or `ignore` (all inputs of the column are 0). Default
    /// `error`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub new_category: NewCategory,
    /// Whether numeric columns (and a regression's target) are brought to mean 0 and standard deviation 1, as measured on the training
    /// rows; metrics and predictions are in the target's own unit. Default true.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub standardize: bool,
}

fn yes() -> bool {
    true
}

fn is_yes(flag: &bool) -> bool {
    *flag
}

fn point() -> char {
    '.'
}

fn is_point(decimal: &char) -> bool {
    *decimal == '.'
}

fn missing_values() -> Vec<String> {
    TableConfig::MISSING_VALUES.map(str::to_owned).to_vec()
}

fn are_missing_values(values: &Vec<String>) -> bool {
    *values == missing_values()
}

/// The keys of every source.
const COMMON: [&str; 3] = ["source", "autoencoder", "split"];

#[derive(Deserialize)]
struct Common {
    source: SourceKind,
    #[serde(default)]
    autoencoder: bool,
    #[serde(default)]
    split: Option<SplitConfig>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SourceKind {
    Xor,
    Digits,
    Idx,
    Csv,
    Custom,
}

impl SourceKind {
    const ALL: [SourceKind; 5] = [
        SourceKind::Xor,
        SourceKind::Digits,
        SourceKind::Idx,
        SourceKind::Csv,
        SourceKind::Custom,
    ];

    fn name(self) -> &'static str {
        match self {
            SourceKind::Xor => "xor",
            SourceKind::Digits => "digits",
            SourceKind::Idx => "idx",
            SourceKind::Csv => "csv",
            SourceKind::Custom => "custom",
        }
    }

    /// The keys that are the source's own.
    fn keys(self) -> Vec<&'static str> {
        match self {
            SourceKind::Xor | SourceKind::Digits | SourceKind::Custom => vec![],
            SourceKind::Idx => keys_of::<IdxConfig>(),
            SourceKind::Csv => [keys_of::<CsvConfig>(), keys_of::<TableConfig>()].concat(),
        }
    }
}

impl DataConfig {
    /// All rows of a source, or its own split.
    #[must_use]
    pub fn new(source: DataSource) -> Self {
        DataConfig {
            source,
            autoencoder: false,
            split: None,
        }
    }

    /// Reads `[data]`: the kind of the source says which keys there are.
    pub(super) fn read(data: Table<'_>) -> std::result::Result<Self, Mistake> {
        let kind: Option<SourceKind> = data.value("source")?;
        let known = match kind {
            Some(kind) => kind.keys(),
            None => SourceKind::ALL.map(SourceKind::keys).concat(),
        };
        for key in data.keys() {
            if COMMON.contains(&key) || known.contains(&key) {
                continue;
            }
            let owner = SourceKind::ALL
                .into_iter()
                .find(|kind| kind.keys().contains(&key));
            return Err(match (kind, owner) {
                (Some(kind), Some(owner)) => data.inapplicable(
                    key,
                    format!("source = \"{}\"", owner.name()),
                    format!("\"{}\"", kind.name()),
                ),
                _ => data.unknown(key, [&COMMON, &known[..]].concat()),
            });
        }
        let common: Common = data.part(&COMMON)?;
        Ok(DataConfig {
            source: match common.source {
                SourceKind::Xor => DataSource::Xor,
                SourceKind::Digits => DataSource::Digits,
                SourceKind::Idx => DataSource::Idx(data.part(&keys_of::<IdxConfig>())?),
                SourceKind::Csv => DataSource::Csv {
                    file: data.part(&keys_of::<CsvConfig>())?,
                    table: data.part(&keys_of::<TableConfig>())?,
                },
                SourceKind::Custom => DataSource::Custom,
            },
            autoencoder: common.autoencoder,
            split: common.split,
        })
    }

    /// The same data with each fold of a cross-validation as validation rows, in place of those that the split names.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the split names the training rows, or how many to keep.
    #[doc(hidden)]
    pub fn folds(&self, of: usize) -> Result<Vec<DataConfig>> {
        let mut split = self.split.clone().unwrap_or_default();
        let listed = split.train_rows.as_ref().map(|_| "train_rows");
        if let Some(key) = listed.or(split.train.map(|_| "train")) {
            let expected = "no such key beside `study.cross_validation`, which trains on all rows but those of a fold";
            return Err(Error::invalid(format!("data.split.{key}"), expected, "one"));
        }
        (split.validation, split.validation_rows) = (0.0, None);
        let fold = |number| DataConfig {
            split: Some(SplitConfig {
                fold: Some(Fold { number, of }),
                ..split.clone()
            }),
            ..self.clone()
        };
        Ok((0..of).map(fold).collect())
    }

    /// The same with every path replaced by `change(path)`.
    ///
    /// # Errors
    /// Those of `change`.
    #[doc(hidden)]
    pub fn with_paths(mut self, change: impl Fn(&Path) -> Result<PathBuf>) -> Result<Self> {
        let mut paths: Vec<&mut PathBuf> = vec![];
        match &mut self.source {
            DataSource::Xor | DataSource::Digits | DataSource::Custom => {}
            DataSource::Idx(idx) => paths.extend(
                [
                    &mut idx.dir,
                    &mut idx.train_images,
                    &mut idx.train_labels,
                    &mut idx.test_images,
                    &mut idx.test_labels,
                ]
                .into_iter()
                .flatten(),
            ),
            DataSource::Csv { file, .. } => {
                paths.push(&mut file.path);
                paths.extend(&mut file.test_path);
            }
        }
        if let Some(split) = &mut self.split {
            paths.extend(&mut split.train_rows);
            paths.extend(&mut split.validation_rows);
            paths.extend(&mut split.test_rows);
        }
        for path in paths {
            *path = change(path)?;
        }
        Ok(self)
    }

    pub(super) fn check(&self) -> Result<()> {
        match &self.source {
            DataSource::Custom if self.autoencoder => {
                let only = "sources that are built in or read from files";
                return Err(Error::inapplicable("data.autoencoder", only, "\"custom\""));
            }
            DataSource::Idx(idx) => idx.check()?,
            DataSource::Csv { table, .. } => table.check()?,
            _ => {}
        }
        let Some(split) = &self.split else {
            return Ok(());
        };
        let column = split.group.as_ref().map(|_| "group");
        if let Some(key) = column.or(split.time.as_ref().map(|_| "time"))
            && !matches!(self.source, DataSource::Csv { .. })
        {
            let only = "source = \"csv\", whose columns it names";
            return Err(Error::inapplicable(
                format!("data.split.{key}"),
                only,
                "another source",
            ));
        }
        split.check()
    }

    /// Whether there may be validation rows.
    pub(super) fn validates(&self) -> bool {
        self.source == DataSource::Custom || self.split.as_ref().is_some_and(SplitConfig::validates)
    }
}

impl IdxConfig {
    fn check(&self) -> Result<()> {
        let files = [
            ("train_images", &self.train_images),
            ("train_labels", &self.train_labels),
            ("test_images", &self.test_images),
            ("test_labels", &self.test_labels),
        ];
        if self.dir.is_some() {
            return match files.iter().find(|(_, path)| path.is_some()) {
                Some((key, _)) => Err(Error::invalid(
                    format!("data.{key}"),
                    "either `dir` or the files one by one",
                    "both",
                )),
                None => Ok(()),
            };
        }
        for (key, path) in &files[..2] {
            if path.is_none() {
                let expected = "a file, or `dir` with the files as they are published";
                return Err(Error::invalid(format!("data.{key}"), expected, "none"));
            }
        }
        if self.test_images.is_some() != self.test_labels.is_some() {
            let expected = "both `test_images` and `test_labels`, or neither";
            return Err(Error::invalid("data.test_images", expected, "one of them"));
        }
        Ok(())
    }
}

impl CsvConfig {
    /// A file with a header and commas between its cells.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        CsvConfig {
            path: path.into(),
            test_path: None,
            delimiter: Delimiter::default(),
            header: true,
        }
    }
}

impl TableConfig {
    /// The values that count as missing by default.
    #[doc(hidden)]
    pub const MISSING_VALUES: [&str; 4] = ["", "?", "NA", "NaN"];

    /// A table whose other columns are inputs, with the defaults for everything else.
    #[must_use]
    pub fn new(target: ColumnName) -> Self {
        TableConfig {
            target,
            task: None,
            leave_out: vec![],
            categorical: vec![],
            weight: None,
            decimal: point(),
            thousands: None,
            missing_values: missing_values(),
            missing: Missing::default(),
            new_category: NewCategory::default(),
            standardize: true,
        }
    }
}

impl TableConfig {
    fn check(&self) -> Result<()> {
        if !['.', ','].contains(&self.decimal) {
            let found = format!("`{}`", self.decimal);
            return Err(Error::invalid("data.decimal", "`.` or `,`", found));
        }
        let Some(thousands) = self.thousands else {
            return Ok(());
        };
        let found = format!("`{thousands}`");
        if thousands == self.decimal {
            let expected = "another character than stands before decimals (`decimal`)";
            return Err(Error::invalid("data.thousands", expected, found));
        }
        if ![',', '.', '\'', '_', ' ', '\u{a0}', '\u{202f}', '\u{2019}'].contains(&thousands) {
            let expected = "`,`, `.`, `'`, `_` or a space";
            return Err(Error::invalid("data.thousands", expected, found));
        }
        Ok(())
    }
}

impl SplitConfig {
    /// Whether there are to be validation rows.
    #[must_use]
    #[doc(hidden)]
    pub fn validates(&self) -> bool {
        self.validation > 0.0 || self.validation_rows.is_some()
    }

    fn check(&self) -> Result<()> {
        check_share("data.split.validation", self.validation)?;
        check_share("data.split.test", self.test)?;
        let clash = |key: &str, with: &str| {
            let expected = format!("either `{key}` or `{with}`");
            Err(Error::invalid(
                format!("data.split.{key}"),
                expected,
                "both",
            ))
        };
        if self.group.is_some() && self.time.is_some() {
            return clash("group", "time");
        }
        let listed = [
            ("train_rows", &self.train_rows),
            ("validation_rows", &self.validation_rows),
            ("test_rows", &self.test_rows),
        ];
        for (key, column) in [("group", &self.group), ("time", &self.time)] {
            if column.is_none() {
                continue;
            }
            if let Some((rows, _)) = listed.iter().find(|(_, path)| path.is_some()) {
                return clash(key, rows);
            }
            if self.stratify == Some(true) {
                return clash(key, "stratify");
            }
        }
        if self.time.is_some() && self.train.is_some() {
            return clash("time", "train");
        }
        if self.test > 0.0 && self.test_rows.is_some() {
            return clash("test", "test_rows");
        }
        if self.validation > 0.0 && self.validation_rows.is_some() {
            return clash("validation", "validation_rows");
        }
        if self.test > 0.0 && self.train_rows.is_some() {
            return clash("test", "train_rows");
        }
        if let Some(rows) = self.train {
            check_count("data.split.train", rows)?;
            if self.train_rows.is_some() {
                return clash("train", "train_rows");
            }
        }
        Ok(())
    }
}

/// One of the folds of a cross-validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
pub struct Fold {
    /// Its number, counted from 0.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// What a target column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// One of several classes; an output for each.
    Classification,
    /// One of two classes; one output, the probability of the second.
    Binary,
    /// A number.
    Regression,
}

/// A column, by its name or by its number counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ColumnName {
    /// The number, counted from 1.
    Number(usize),
    /// The name in the header.
    Name(String),
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnName::Number(number) => write!(f, "{number}"),
            ColumnName::Name(name) => f.write_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for ColumnName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let expecting = "a column's name, or its number counted from 1";
        let name = |text: &str| Some(ColumnName::Name(text.to_owned()));
        count_or(deserializer, expecting, ColumnName::Number, name)
    }
}

/// What stands between the values of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delimiter {
    /// One ASCII character, such as `,`, `;` or a tab.
    Byte(u8),
    /// Any run of spaces and tabs.
    Whitespace,
}

impl Default for Delimiter {
    fn default() -> Self {
        Delimiter::Byte(b',')
    }
}

impl Serialize for Delimiter {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Delimiter::Byte(byte) => serializer.serialize_char(char::from(*byte)),
            Delimiter::Whitespace => serializer.serialize_str("whitespace"),
        }
    }
}

impl<'de> Deserialize<'de> for Delimiter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_bytes() {
            b"whitespace" => Ok(Delimiter::Whitespace),
            [byte] if byte.is_ascii() && !b"\"\r\n".contains(byte) => Ok(Delimiter::Byte(*byte)),
            _ => Err(serde::de::Error::invalid_value(
                serde::de::Unexpected::Str(&text),
                &"one character such as \",\", \";\" or \"\\t\", or \"whitespace\"",
            )),
        }
    }
}

/// What to do about a missing value among the inputs. A row whose target is missing is an error, or is
/// left out with `drop`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// Stop and name the row and the column.
    #[default]
    Error,
    /// Leave the row out.
    Drop,
    /// Put the mean of the training rows; in a column of categories the most frequent one.
    Mean,
    /// Put the most frequent value of the training rows.
    Mode,
}

/// What to do about a category that the training rows do not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NewCategory {
    /// Stop and name the row, the column and the category.
    #[default]
    Error,
    /// Take it for none of the known ones: all of the column's inputs are 0.
    Ignore,
}

/// How the rows are split into training, validation and test rows: by fractions, or by files of row
/// numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitConfig {
    /// The share of validation rows among those that are not test rows, at least 0 and below 1. Default 0.
    pub validation: f64,
    /// The share of test rows, at least 0 and below 1. Default 0. Not for a source that has test rows of its own.
    pub test: f64,
    /// How many training rows are kept, for learning curves; the others are left out. They are drawn after the other parts, which stay as
    /// they are. Default: all. Not together with `train_rows`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<usize>,
    /// The seed of the split. Default: the experiment's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Whether each class is split by itself, so that its share is the same everywhere. Default: yes
    /// for classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stratify: Option<bool>,
    /// `csv`: the column that says what belongs together, such as a person's number: its rows are all in one part. It is no
    /// input. Classes then do not keep their shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<ColumnName>,
    /// `csv`: the column with the time of a row, a number or a date such as 2024-01-31: the latest rows are the test rows, those
    /// before them the validation rows. Rows of one time are in one part. It is no input. Nothing is drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<ColumnName>,
    /// The fold of a cross-validation whose rows are the validation rows, in place of a share: see [`DataConfig::folds`].
    #[serde(skip)]
    #[doc(hidden)]
    pub fold: Option<Fold>,
    /// A file with the numbers of the training rows, counted from 0, white space between.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_rows: Option<PathBuf>,
    /// The same for the validation rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_rows: Option<PathBuf>,
    /// The same for the test rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_rows: Option<PathBuf>,
}
