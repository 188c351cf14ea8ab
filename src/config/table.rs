//! `[data]`: the columns of a table, and what their cells mean.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};

use super::forms::count_or;
use super::{is_default, is_yes, yes};
use crate::error::{Error, Result};

/// The columns of a table, whatever kind of file it is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TableConfig {
    /// The column to predict: its name, or its number counted from 1. Required.
    pub target: ColumnName,
    /// `classification` (one output per class), `binary` (two classes and one output: the probability of the second) or `regression`.
    /// Default: `regression` for numbers; for words `classification`, or `binary` if there are two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskKind>,
    /// Columns to leave out, such as row numbers or names. Default: none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub leave_out: Vec<ColumnName>,
    /// Columns that look like numbers but hold categories, such as postal codes. Default: none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub categorical: Vec<ColumnName>,
    /// Columns of dates, such as `2024-01-31`, `20240131`, `2024-01-31 18:30` or `31.01.2024`. Each becomes several inputs: days since
    /// 1970, month, day of the month, weekday (Monday is 0), and the hour if there are times of day. A date column that is not listed here
    /// is read as words. Default: none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dates: Vec<ColumnName>,
    /// Whether dates with slashes put the day before the month, as in `31/01/2024`. Default false: `01/31/2024`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub day_first: bool,
    /// The column with the weight of each row in the training loss, a number of at least 0. Weights are divided by their mean over the
    /// training rows. The column is not an input. Metrics count all rows alike. Default: all rows have the same weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<ColumnName>,
    /// The decimal separator: `.` or `,`. Default `.`.
    #[serde(default = "point", skip_serializing_if = "is_point")]
    pub decimal: char,
    /// The thousands separator: `,`, `.`, `'`, `_` or a space. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thousands: Option<char>,
    /// The values that count as missing. Default: empty, `?`, `NA` and `NaN`.
    #[serde(default = "missing_values", skip_serializing_if = "are_missing_values")]
    pub missing_values: Vec<String>,
    /// What to do about a missing input: `error`, `drop` (the row), or fill it with the `mean`, `median` or `mode` (the most frequent
    /// value) of the training rows. Categories are always filled with the mode. Default `error`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub missing: Missing,
    /// Whether each column with missing values in the training rows gets one more input, which is 1 where the value is missing. For
    /// categories, missing becomes a category of its own. Default false. Not with `missing = "error"` or `"drop"`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub missing_indicator: bool,
    /// What to do about a row with a missing target: `error` or `drop`. Default `error`; `drop` with `missing = "drop"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_target: Option<MissingTarget>,
    /// What to do about a category that is not in the training rows: `error`, or `ignore` (all inputs of the column are 0). Default
    /// `error`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub new_category: NewCategory,
    /// Whether numeric columns, and the target of a regression, are scaled to mean 0 and standard deviation 1, as measured on the training
    /// rows. Metrics and predictions are in the target's own unit. Default true.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub standardize: bool,
    /// How numeric columns are scaled: `standard` (mean and standard deviation), or `robust`, which outliers affect little: median and
    /// interquartile range, then `x / sqrt(1 + (x / 3)^2)`, which keeps all values within -3 and 3 (Holzmuller et al. 2024, RealMLP). The
    /// target always gets `standard`. Default `standard`. Not with `standardize = false`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub scaling: Scaling,
    /// A folder for the prepared rows, which training then reads from disk as it needs them. It is for tables that do not fit in memory;
    /// use `train.shuffle = "blocks"` with it. Rows that were already prepared, from the same files, keys and seed, are reused. Default:
    /// rows are kept in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<PathBuf>,
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
            dates: vec![],
            day_first: false,
            weight: None,
            decimal: point(),
            thousands: None,
            missing_values: missing_values(),
            missing: Missing::default(),
            missing_indicator: false,
            missing_target: None,
            new_category: NewCategory::default(),
            standardize: true,
            scaling: Scaling::default(),
            cache: None,
        }
    }

    /// Whether a text stands for a missing value.
    pub(crate) fn is_missing(&self, text: &str) -> bool {
        self.missing_values.iter().any(|mark| mark == text)
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.missing_indicator && !self.missing.fills_in() {
            let only = "missing = \"mean\", \"median\" or \"mode\"";
            let found = format!("\"{}\"", self.missing.name());
            return Err(Error::inapplicable("data.missing_indicator", only, found));
        }
        if self.scaling != Scaling::Standard && !self.standardize {
            let only = "standardize = true";
            return Err(Error::inapplicable("data.scaling", only, "false"));
        }
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

/// What to do about a missing value among the inputs.
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
    /// Put the median of the training rows; in a column of categories the most frequent one.
    Median,
    /// Put the most frequent value of the training rows.
    Mode,
}

impl Missing {
    /// Whether another value is put in place of the missing one.
    pub(crate) fn fills_in(self) -> bool {
        !matches!(self, Missing::Error | Missing::Drop)
    }

    /// As it is written in a configuration.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Missing::Error => "error",
            Missing::Drop => "drop",
            Missing::Mean => "mean",
            Missing::Median => "median",
            Missing::Mode => "mode",
        }
    }
}

/// What to do about a row whose target is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingTarget {
    /// Stop and name the row.
    Error,
    /// Leave the row out.
    Drop,
}

/// How numeric columns are brought to one scale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// Mean 0 and standard deviation 1.
    #[default]
    Standard,
    /// Median 0 and interquartile range 1, smoothly clipped to -3 and 3.
    Robust,
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
