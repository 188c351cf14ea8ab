//! The rows of a study.

use dropwise::data::{Dataset, Splits};
use dropwise::error::{Error, Result};

/// The rows that trials are trained and measured on.
#[derive(Debug, Clone)]
pub struct TuneSplits {
    /// To grow and to search with.
    pub train: Dataset,
    /// To choose with.
    pub validation: Dataset,
    /// Training and validation rows together, for the last networks.
    pub train_and_validation: Dataset,
    /// To be looked at once, at the end.
    pub test: Dataset,
    /// The folds of a cross-validation, each with the rows to train on and those to choose with: then trials are searched and
    /// compared by their mean over the folds. None where `train` and `validation` are for that.
    pub folds: Vec<(Dataset, Dataset)>,
}

impl TuneSplits {
    /// The rows of `splits`, and those of `merged`: the same data split without validation rows.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if there are no validation or no test rows.
    pub fn new(splits: &Splits, merged: &Splits) -> Result<Self> {
        let missing = |part: &str, why: &str| {
            let what = format!("data.split.{part}");
            let expected = format!("rows to {why}, such as `split.{part} = 0.2` in `[data]`");
            Error::invalid(what, expected, "none")
        };
        let validation = splits.validation.clone();
        let test = merged.test.clone();
        Ok(TuneSplits {
            train: splits.train.clone(),
            validation: validation.ok_or_else(|| missing("validation", "choose with"))?,
            train_and_validation: merged.train.clone(),
            test: test.ok_or_else(|| missing("test", "measure the choice on"))?,
            folds: Vec::new(),
        })
    }

    /// The same with the folds of a cross-validation to choose with.
    #[must_use]
    pub fn with_folds(mut self, folds: &[Splits]) -> Self {
        let fold = |splits: &Splits| Some((splits.train.clone(), splits.validation.clone()?));
        self.folds = folds.iter().filter_map(fold).collect();
        self
    }

    /// The same rows for everything: to learn, not to measure.
    #[must_use]
    pub fn shared(rows: &Dataset) -> Self {
        TuneSplits {
            train: rows.clone(),
            validation: rows.clone(),
            train_and_validation: rows.clone(),
            test: rows.clone(),
            folds: Vec::new(),
        }
    }
}
