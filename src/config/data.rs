//! `[data]`: where the rows come from, and how they are split.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::forms::count_or;
use crate::check::{check_count, check_share};
use crate::error::{Error, Result};

/// Where the rows come from. Paths are relative to the folder that the program is started in.
///
/// One structure serves all sources, so that a mistake in a file is shown at its place; the check
/// says which keys a source has no use for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// The kind of source.
    pub source: SourceKind,

    /// `idx`: the folder with the four files as they are published, such as
    /// `train-images-idx3-ubyte.gz`, packed or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<PathBuf>,
    /// `idx`: the training images, where the files have names of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_images: Option<PathBuf>,
    /// `idx`: the training labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_labels: Option<PathBuf>,
    /// `idx`: the test images; none means no test rows of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_images: Option<PathBuf>,
    /// `idx`: the test labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_labels: Option<PathBuf>,
    /// `idx`: the names of the classes, label 0 first; none means the labels themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,

    /// `csv`: the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// `csv`: a second file of the same columns with the test rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_path: Option<PathBuf>,
    /// `csv`: what stands between values: one character, or `whitespace`. Default `,`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<Delimiter>,
    /// `csv`: whether the first line names the columns. Default true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// `csv`: the column to be predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<ColumnName>,
    /// `csv`: what the target is. Default: words are classes (two of them: binary), numbers a regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskKind>,
    /// `csv`: columns to leave out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave_out: Option<Vec<ColumnName>>,
    /// `csv`: columns whose values are categories though they look like numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categorical: Option<Vec<ColumnName>>,
    /// `csv`: the values that count as missing. Default: empty, `?`, `NA`, `NaN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_values: Option<Vec<String>>,
    /// `csv`: what to do about a missing value. Default `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// `csv`: what to do about a category that the training rows do not have. Default `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_category: Option<NewCategory>,
    /// `csv`: whether numeric columns (and a regression's target) are brought to mean 0 and standard
    /// deviation 1, as measured on the training rows. Default true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standardize: Option<bool>,

    /// What the network learns to give. Default `targets`. Not for `custom`.
    #[serde(default, skip_serializing_if = "Learn::is_targets")]
    pub learn: Learn,

    /// How the rows are split. Default: all rows train, but for test rows that the source has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitConfig>,
}

/// The kinds of data source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// The four rows of XOR: see [`data::xor`](crate::data::xor()).
    #[default]
    Xor,
    /// 1,797 images of handwritten digits, built in: see [`data::digits`](crate::data::digits()).
    Digits,
    /// Images and labels in IDX files, as MNIST and Fashion-MNIST come.
    Idx,
    /// A table in a text file.
    Csv,
    /// Rows that a program gives to the trainer itself: see `examples/custom_data.rs`.
    Custom,
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SourceKind::Xor => "xor",
            SourceKind::Digits => "digits",
            SourceKind::Idx => "idx",
            SourceKind::Csv => "csv",
            SourceKind::Custom => "custom",
        })
    }
}

/// What the network learns to give.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Learn {
    /// The targets that the source has.
    #[default]
    Targets,
    /// Its own inputs, as the network gets them: an autoencoder, which is a regression with a target an input. The
    /// source's targets only say how the rows are split.
    Inputs,
}

impl Learn {
    fn is_targets(&self) -> bool {
        *self == Learn::Targets
    }
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
    /// The share of validation rows among those that are not test rows, at least 0 and below 1.
    pub validation: f64,
    /// The share of test rows, at least 0 and below 1. Not for a source that has test rows of its own.
    pub test: f64,
    /// How many training rows are kept, a whole number of at least 1; the others are left out. They are
    /// drawn after the other parts, which stay as they are. None means all of them. Not together with
    /// `train_rows`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<usize>,
    /// The seed of the split; none means the experiment's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Whether each class is split by itself, so that its share is the same everywhere. Default: yes
    /// for classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stratify: Option<bool>,
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

impl DataConfig {
    /// A source that needs no further keys: `xor`, `digits`.
    #[must_use]
    pub fn new(source: SourceKind) -> Self {
        DataConfig {
            source,
            ..DataConfig::default()
        }
    }

    /// The same with every path replaced by `change(path)`.
    ///
    /// # Errors
    /// Those of `change`.
    pub fn with_paths(
        mut self,
        change: impl Fn(&std::path::Path) -> Result<PathBuf>,
    ) -> Result<Self> {
        let split = self.split.as_mut().map(|split| {
            [
                &mut split.train_rows,
                &mut split.validation_rows,
                &mut split.test_rows,
            ]
        });
        let paths = [
            &mut self.dir,
            &mut self.train_images,
            &mut self.train_labels,
            &mut self.test_images,
            &mut self.test_labels,
            &mut self.path,
            &mut self.test_path,
        ];
        let split = split.into_iter().flatten();
        for path in paths.into_iter().chain(split).flatten() {
            *path = change(path)?;
        }
        Ok(self)
    }

    pub(super) fn check(&self) -> Result<()> {
        self.check_keys()?;
        match self.source {
            SourceKind::Csv if self.path.is_none() => {
                return Err(Error::invalid("data.path", "the path of the table", "none"));
            }
            SourceKind::Csv if self.target.is_none() => {
                let expected = "the name or number of the column to be predicted";
                return Err(Error::invalid("data.target", expected, "none"));
            }
            SourceKind::Custom if !self.learn.is_targets() => {
                return Err(Error::invalid(
                    "data.learn",
                    "`targets`, with the source `custom`, whose program gives the targets",
                    "`inputs`",
                ));
            }
            SourceKind::Idx => self.check_idx()?,
            _ => {}
        }
        match &self.split {
            Some(split) => split.check(),
            None => Ok(()),
        }
    }

    /// Every key that is written must be one that the source reads.
    fn check_keys(&self) -> Result<()> {
        use SourceKind::{Csv, Idx};
        let keys = [
            ("dir", Idx, self.dir.is_some()),
            ("train_images", Idx, self.train_images.is_some()),
            ("train_labels", Idx, self.train_labels.is_some()),
            ("test_images", Idx, self.test_images.is_some()),
            ("test_labels", Idx, self.test_labels.is_some()),
            ("classes", Idx, self.classes.is_some()),
            ("path", Csv, self.path.is_some()),
            ("test_path", Csv, self.test_path.is_some()),
            ("delimiter", Csv, self.delimiter.is_some()),
            ("header", Csv, self.header.is_some()),
            ("target", Csv, self.target.is_some()),
            ("task", Csv, self.task.is_some()),
            ("leave_out", Csv, self.leave_out.is_some()),
            ("categorical", Csv, self.categorical.is_some()),
            ("missing_values", Csv, self.missing_values.is_some()),
            ("missing", Csv, self.missing.is_some()),
            ("new_category", Csv, self.new_category.is_some()),
            ("standardize", Csv, self.standardize.is_some()),
        ];
        for (key, source, written) in keys {
            if written && source != self.source {
                let only = format!("source = \"{source}\"");
                let found = format!("\"{}\"", self.source);
                return Err(Error::inapplicable(format!("data.{key}"), only, found));
            }
        }
        Ok(())
    }

    fn check_idx(&self) -> Result<()> {
        let named = [
            ("train_images", &self.train_images),
            ("train_labels", &self.train_labels),
            ("test_images", &self.test_images),
            ("test_labels", &self.test_labels),
        ];
        if self.dir.is_some() {
            return match named.iter().find(|(_, path)| path.is_some()) {
                Some((key, _)) => Err(Error::invalid(
                    format!("data.{key}"),
                    "either `dir` or the files one by one",
                    "both",
                )),
                None => Ok(()),
            };
        }
        for (key, path) in &named[..2] {
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

    /// What stands between values; see [`Delimiter::default`].
    #[must_use]
    pub fn delimiter(&self) -> Delimiter {
        self.delimiter.unwrap_or_default()
    }

    /// Whether the first line names the columns.
    #[must_use]
    pub fn header(&self) -> bool {
        self.header.unwrap_or(true)
    }

    /// The values that count as missing.
    #[must_use]
    pub fn missing_values(&self) -> Vec<String> {
        match &self.missing_values {
            Some(values) => values.clone(),
            None => ["", "?", "NA", "NaN"].map(str::to_owned).to_vec(),
        }
    }
}

impl SplitConfig {
    /// Whether there are to be validation rows.
    #[must_use]
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
