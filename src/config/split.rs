//! `[data.split]`: which rows train, validate and test.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ColumnName, is_default};
use crate::check::{check_count, check_share};
use crate::error::{Error, Result};

/// How the rows are split into training, validation and test rows: by fractions, or by files of row
/// numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitConfig {
    /// The fraction of validation rows among the rows that are not test rows, at least 0 and below 1. Default 0.
    pub validation: f64,
    /// The fraction of test rows, at least 0 and below 1. Default 0. Not for a source that has its own test rows.
    pub test: f64,
    /// The fraction of calibration rows among the rows that are not test rows, at least 0 and below 1. Nothing is learned or chosen on
    /// them, so that prediction intervals hold. They are drawn after the validation rows, which stay the same. Default 0.
    #[serde(skip_serializing_if = "is_default")]
    pub calibration: f64,
    /// The number of training rows to keep, for learning curves; the others are left out. They are drawn after the other parts, which stay
    /// the same. Default: all. Not together with `train_rows`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<usize>,
    /// The seed of the split. Default: the seed of the experiment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Whether each class is split separately, so that it has the same share in every part. Default: true for classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stratify: Option<bool>,
    /// `csv`: the column that says which rows belong together, such as a patient's number. All rows of a group go to the same part. The
    /// column is not an input. Classes then do not keep their shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<ColumnName>,
    /// `csv`: the column with the time of each row, a number or a date such as 2024-01-31. The latest rows become the test rows, and those
    /// before them the validation rows. Rows with the same time go to the same part. The column is not an input. Nothing is random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<ColumnName>,
    /// The fold of a cross-validation whose rows are the validation rows, in place of a share: see [`DataConfig::folds`](super::DataConfig::folds).
    #[serde(skip)]
    #[doc(hidden)]
    pub fold: Option<Fold>,
    /// A file with the numbers of the training rows, counted from 0 and separated by white space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_rows: Option<PathBuf>,
    /// The same for the validation rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_rows: Option<PathBuf>,
    /// The same for the test rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_rows: Option<PathBuf>,
}

impl SplitConfig {
    /// Whether there are to be validation rows.
    #[must_use]
    #[doc(hidden)]
    pub fn validates(&self) -> bool {
        self.validation > 0.0 || self.validation_rows.is_some()
    }

    pub(super) fn check(&self) -> Result<()> {
        check_share("data.split.validation", self.validation)?;
        check_share("data.split.test", self.test)?;
        check_share("data.split.calibration", self.calibration)?;
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
        if self.calibration > 0.0 && self.train_rows.is_some() {
            return clash("calibration", "train_rows");
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
