//! Which error is shown, and which networks are compared by.

use super::Metrics;
use crate::config::{Loss, Measure};
use crate::task::Task;

impl Measure {
    /// The measure of networks that are trained with `loss` for `task` where the experiment selects none: the error rate of
    /// classes, the RMSE of numbers. With the loss `squared-error` and no validation rows, as in the tutorial, whose four rows
    /// say little by right and wrong, it is the mean absolute error.
    #[must_use]
    pub fn of(loss: Loss, task: &Task, has_validation: bool) -> Self {
        match task {
            _ if loss == Loss::SquaredError && !has_validation => Measure::MeanAbsoluteError,
            Task::Regression { .. } => Measure::Rmse,
            Task::Classification { .. } | Task::Binary { .. } => Measure::ErrorRate,
        }
    }

    /// Its name in tables and figures.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Measure::MeanAbsoluteError => "mean absolute error",
            Measure::ErrorRate => "error rate",
            Measure::Rmse => "RMSE",
            Measure::Loss => "loss",
            Measure::BalancedAccuracy => "1 - balanced accuracy",
            Measure::F1 => "1 - F1",
            Measure::RocAuc => "1 - ROC AUC",
            Measure::AveragePrecision => "1 - average precision",
            Measure::BrierScore => "Brier score",
            Measure::MedianAbsoluteError => "median absolute error",
            Measure::R2 => "1 - R2",
            Measure::Spearman => "1 - Spearman correlation",
        }
    }

    /// Its value among `metrics`; NaN where they lack it.
    #[must_use]
    pub fn value(self, metrics: &Metrics) -> f64 {
        let lacks = |metric: Option<f64>| metric.map(|metric| 1.0 - metric);
        let value = match self {
            Measure::MeanAbsoluteError => Some(metrics.mean_absolute_error),
            Measure::ErrorRate => metrics.error_rate,
            Measure::Rmse => metrics.rmse,
            Measure::Loss => Some(metrics.loss),
            Measure::BalancedAccuracy => lacks(metrics.balanced_accuracy),
            Measure::F1 => lacks(metrics.f1),
            Measure::RocAuc => lacks(metrics.roc_auc),
            Measure::AveragePrecision => lacks(metrics.average_precision),
            Measure::BrierScore => metrics.brier_score,
            Measure::MedianAbsoluteError => metrics.median_absolute_error,
            Measure::R2 => lacks(metrics.r2),
            Measure::Spearman => lacks(metrics.spearman),
        };
        value.unwrap_or(f64::NAN)
    }

    /// A value as text: an error rate in percent, others with four decimals.
    #[must_use]
    #[doc(hidden)]
    pub fn text(self, value: f64) -> String {
        match self {
            Measure::ErrorRate | Measure::BalancedAccuracy => format!("{:.2} %", 100.0 * value),
            _ => format!("{value:.4}"),
        }
    }

    /// Whether values are in the units of the data, and so of any size.
    #[must_use]
    #[doc(hidden)]
    pub fn has_units(self) -> bool {
        matches!(self, Measure::Rmse | Measure::MedianAbsoluteError)
    }
}
