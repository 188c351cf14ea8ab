//! The error that networks are shown, chosen and compared by.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::task::Task;

/// The error that networks are shown and compared by. Lower is better: of metrics that are better the higher they are, such as
/// the ROC AUC, it is what they lack of 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Measure {
    /// The mean absolute error.
    MeanAbsoluteError,
    /// The share of rows that are wrong: of classes.
    ErrorRate,
    /// The root of the mean squared error, in the units of the data: of numbers.
    Rmse,
    /// The training loss: of everything.
    Loss,
    /// 1 less the mean over the classes of the share of their rows that are right: of classes.
    BalancedAccuracy,
    /// 1 less the F1 score: of classes.
    F1,
    /// 1 less the area under the ROC curve: of classes.
    RocAuc,
    /// 1 less the average precision: of classes.
    AveragePrecision,
    /// The squared distance of the probabilities from the targets: of classes.
    BrierScore,
    /// The median of the absolute errors, in the units of the data: of numbers.
    MedianAbsoluteError,
    /// 1 less the share of the variance that is explained: of numbers.
    R2,
    /// 1 less Spearman's rank correlation of predictions and targets: of numbers.
    Spearman,
}

impl Measure {
    /// All of them.
    #[doc(hidden)]
    pub const ALL: [Measure; 12] = [
        Measure::Loss,
        Measure::ErrorRate,
        Measure::BalancedAccuracy,
        Measure::F1,
        Measure::RocAuc,
        Measure::AveragePrecision,
        Measure::BrierScore,
        Measure::Rmse,
        Measure::MeanAbsoluteError,
        Measure::MedianAbsoluteError,
        Measure::R2,
        Measure::Spearman,
    ];

    /// Its name in a configuration, which is that of the metric.
    #[must_use]
    #[doc(hidden)]
    pub fn key(self) -> &'static str {
        match self {
            Measure::MeanAbsoluteError => "mean_absolute_error",
            Measure::ErrorRate => "error_rate",
            Measure::Rmse => "rmse",
            Measure::Loss => "loss",
            Measure::BalancedAccuracy => "balanced_accuracy",
            Measure::F1 => "f1",
            Measure::RocAuc => "roc_auc",
            Measure::AveragePrecision => "average_precision",
            Measure::BrierScore => "brier_score",
            Measure::MedianAbsoluteError => "median_absolute_error",
            Measure::R2 => "r2",
            Measure::Spearman => "spearman",
        }
    }

    /// Whether networks for `task` have it.
    #[must_use]
    #[doc(hidden)]
    pub fn fits(self, task: &Task) -> bool {
        let is_regression = matches!(task, Task::Regression { .. });
        match self {
            Measure::Loss | Measure::MeanAbsoluteError => true,
            Measure::Rmse | Measure::MedianAbsoluteError | Measure::R2 | Measure::Spearman => {
                is_regression
            }
            _ => !is_regression,
        }
    }

    /// # Errors
    /// [`Error::InvalidValue`] if networks for `task` do not have it.
    pub(super) fn check(self, task: &Task) -> Result<()> {
        if self.fits(task) {
            return Ok(());
        }
        let fitting = Measure::ALL
            .into_iter()
            .filter(|measure| measure.fits(task));
        let keys: Vec<String> = fitting
            .map(|measure| format!("\"{}\"", measure.key()))
            .collect();
        Err(Error::invalid(
            "train.select",
            format!("a metric of {task}: {}", keys.join(", ")),
            format!("\"{}\"", self.key()),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::Measure;

    #[test]
    fn every_measure_has_the_name_that_its_key_has() {
        for measure in Measure::ALL {
            let key = serde_json::to_string(&measure).expect("a name");
            assert_eq!(key, format!("\"{}\"", measure.key()));
        }
    }
}
