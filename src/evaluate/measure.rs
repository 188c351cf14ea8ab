//! Which error is shown, and which networks are compared by.

use serde::Serialize;

use super::Metrics;
use crate::config::Loss;
use crate::task::Task;

/// The error that networks are shown and compared by. Lower is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The mean absolute error.
    MeanAbsoluteError,
    /// The share of rows that are wrong: of classes.
    ErrorRate,
    /// The root of the mean squared error, in the units of the data: of numbers.
    Rmse,
}

impl Measure {
    /// The measure of networks that are trained with `loss` for `task`: the error rate of classes, the RMSE of
    /// numbers. With the loss `squared-error` and no validation rows, as in the tutorial, whose four rows say
    /// little by right and wrong, it is the mean absolute error.
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
        }
    }

    /// Its value among `metrics`; NaN where they lack it.
    #[must_use]
    pub fn value(self, metrics: &Metrics) -> f64 {
        match self {
            Measure::MeanAbsoluteError => metrics.mean_absolute_error,
            Measure::ErrorRate => metrics.error_rate.unwrap_or(f64::NAN),
            Measure::Rmse => metrics.rmse.unwrap_or(f64::NAN),
        }
    }

    /// A value as text: an error rate in percent, others with four decimals.
    #[must_use]
    #[doc(hidden)]
    pub fn text(self, value: f64) -> String {
        match self {
            Measure::ErrorRate => format!("{:.2} %", 100.0 * value),
            Measure::MeanAbsoluteError | Measure::Rmse => format!("{value:.4}"),
        }
    }
}
