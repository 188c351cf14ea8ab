//! The rows of a study, and who trains on them one trial after another.

use burn::tensor::Device;

use super::{Outcome, Runner, Trial};
use dropwise::data::{Dataset, Splits};
use dropwise::error::{Error, Result};

/// The rows that trials are trained and measured on.
#[derive(Debug, Clone)]
pub struct Rows {
    /// To grow and to search with.
    pub train: Dataset,
    /// To choose with.
    pub validation: Dataset,
    /// Training and validation rows together, for the last networks.
    pub all: Dataset,
    /// To be looked at once, at the end.
    pub test: Dataset,
}

impl Rows {
    /// The rows of `splits`, and those of `together`, the same data split without validation rows.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if there are no validation or no test rows.
    pub fn of(splits: &Splits, together: &Splits) -> Result<Self> {
        let missing = |part: &str, why: &str| {
            let what = format!("data.split.{part}");
            let expected = format!("rows to {why}, such as `split.{part} = 0.2` in `[data]`");
            Error::invalid(what, expected, "none")
        };
        let validation = splits.validation.clone();
        let test = together.test.clone();
        Ok(Rows {
            train: splits.train.clone(),
            validation: validation.ok_or_else(|| missing("validation", "choose with"))?,
            all: together.train.clone(),
            test: test.ok_or_else(|| missing("test", "measure the choice on"))?,
        })
    }

    /// The same rows for everything: to learn, not to measure.
    #[must_use]
    pub fn same(rows: &Dataset) -> Self {
        Rows {
            train: rows.clone(),
            validation: rows.clone(),
            all: rows.clone(),
            test: rows.clone(),
        }
    }
}

/// Trains one trial after another, and keeps nothing.
pub struct InTurn<'a> {
    rows: &'a Rows,
    device: Device,
}

impl<'a> InTurn<'a> {
    /// Trains on `rows`, on `device`.
    #[must_use]
    pub fn new(rows: &'a Rows, device: &Device) -> Self {
        InTurn {
            rows,
            device: device.clone(),
        }
    }
}

impl Runner for InTurn<'_> {
    fn run(&mut self, trials: &[Trial]) -> Result<Option<Vec<Outcome>>> {
        let run = |trial: &Trial| trial.run(self.rows, &self.device, &|| true);
        trials.iter().map(run).collect()
    }
}
