//! `[data]`: where the rows come from, and how they are split.

use std::path::{Path, PathBuf};

use encoding_rs::Encoding;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::document::{Mistake, Table, keys_of};
use super::split::{Fold, SplitConfig};
use super::table::TableConfig;
use super::{is_default, is_yes, yes};
use crate::error::{Error, Result};

/// Where the rows come from. Relative paths are from the folder that the program is started in; `dropwise` itself looks beside the
/// configuration first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataConfig {
    /// The source of the rows, with its own keys.
    #[serde(flatten)]
    pub source: DataSource,
    /// Whether the network learns to reproduce its inputs, as a regression with one target per input. The source's own targets are then
    /// used only to split the rows. Default false. Not for `custom`.
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
    /// A table in a Parquet file; not of every build.
    Parquet {
        /// The file.
        #[serde(flatten)]
        file: ParquetConfig,
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
    /// The folder with the four files under their published names, such as `train-images-idx3-ubyte.gz`, compressed or not. `dropwise fetch
    /// mnist` fills `data/mnist`. Required, unless the files are named one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<PathBuf>,
    /// The training images, if the files have other names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_images: Option<PathBuf>,
    /// The training labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_labels: Option<PathBuf>,
    /// The test images. Default: the source has no test rows of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_images: Option<PathBuf>,
    /// The test labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_labels: Option<PathBuf>,
    /// The names of the classes, starting with label 0, or with label 1 if no row has label 0. Default: the labels themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
}

/// `csv`: a text file, and how its lines are cut into cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CsvConfig {
    /// The file, plain or compressed with gzip or zstd. A folder, or a pattern such as `data/part-*.csv`, stands for all its files, in
    /// order of their names. Required.
    pub path: PathBuf,
    /// A second file, folder or pattern with the same columns, which holds the test rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_path: Option<PathBuf>,
    /// The delimiter: one character, or `whitespace` for any run of spaces and tabs. Default `,`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub delimiter: Delimiter,
    /// Whether the first line names the columns. Default true.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub header: bool,
    /// The number of lines to skip at the start of the file, such as a title. Default 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub skip_lines: usize,
    /// The character that starts a comment line, such as `#`. Comment lines are skipped. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<char>,
    /// The character encoding of the file, by the names that browsers use, such as `windows-1252` or `utf-16le`. Default: UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
}

/// `parquet`: a file that knows the types of its columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ParquetConfig {
    /// The file. A folder, or a pattern such as `data/part-*.parquet`, stands for all its files, in order of their names. Required.
    pub path: PathBuf,
    /// A second file, folder or pattern with the same columns, which holds the test rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_path: Option<PathBuf>,
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
    Parquet,
    Custom,
}

impl SourceKind {
    const ALL: [SourceKind; 6] = [
        SourceKind::Xor,
        SourceKind::Digits,
        SourceKind::Idx,
        SourceKind::Csv,
        SourceKind::Parquet,
        SourceKind::Custom,
    ];

    fn name(self) -> &'static str {
        match self {
            SourceKind::Xor => "xor",
            SourceKind::Digits => "digits",
            SourceKind::Idx => "idx",
            SourceKind::Csv => "csv",
            SourceKind::Parquet => "parquet",
            SourceKind::Custom => "custom",
        }
    }

    /// The keys that are the source's own.
    fn keys(self) -> Vec<&'static str> {
        match self {
            SourceKind::Xor | SourceKind::Digits | SourceKind::Custom => vec![],
            SourceKind::Idx => keys_of::<IdxConfig>(),
            SourceKind::Csv => [keys_of::<CsvConfig>(), keys_of::<TableConfig>()].concat(),
            SourceKind::Parquet => [keys_of::<ParquetConfig>(), keys_of::<TableConfig>()].concat(),
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
                SourceKind::Parquet => DataSource::Parquet {
                    file: data.part(&keys_of::<ParquetConfig>())?,
                    table: data.part(&keys_of::<TableConfig>())?,
                },
                SourceKind::Custom => DataSource::Custom,
            },
            autoencoder: common.autoencoder,
            split: common.split,
        })
    }

    /// The columns of a table; none of other sources.
    #[must_use]
    #[doc(hidden)]
    pub fn table(&self) -> Option<&TableConfig> {
        match &self.source {
            DataSource::Csv { table, .. } | DataSource::Parquet { table, .. } => Some(table),
            _ => None,
        }
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
            DataSource::Parquet { file, .. } => {
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
            DataSource::Csv { file, table } => {
                file.check()?;
                table.check()?;
            }
            DataSource::Parquet { table, .. } => table.check()?,
            _ => {}
        }
        let Some(split) = &self.split else {
            return Ok(());
        };
        let column = split.group.as_ref().map(|_| "group");
        if let Some(key) = column.or(split.time.as_ref().map(|_| "time"))
            && self.table().is_none()
        {
            let only = "source = \"csv\" or \"parquet\", whose columns it names";
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
            skip_lines: 0,
            comment: None,
            encoding: None,
        }
    }

    /// The encoding by its name.
    pub(crate) fn known_encoding(&self) -> Option<&'static Encoding> {
        let name = self.encoding.as_deref()?;
        Encoding::for_label(name.as_bytes())
    }

    fn check(&self) -> Result<()> {
        if let Some(name) = self
            .encoding
            .as_deref()
            .filter(|_| self.known_encoding().is_none())
        {
            let expected =
                "an encoding, such as \"windows-1252\", \"latin1\", \"utf-16le\" or \"shift_jis\"";
            return Err(Error::invalid(
                "data.encoding",
                expected,
                format!("\"{name}\""),
            ));
        }
        let is_delimiter = |comment: char| {
            u8::try_from(comment).is_ok_and(|byte| Delimiter::Byte(byte) == self.delimiter)
        };
        match self.comment {
            Some(comment)
                if !comment.is_ascii_punctuation() || comment == '"' || is_delimiter(comment) =>
            {
                let expected =
                    "one ASCII sign such as \"#\" that is no quote and not the delimiter";
                Err(Error::invalid(
                    "data.comment",
                    expected,
                    format!("\"{comment}\""),
                ))
            }
            _ => Ok(()),
        }
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
