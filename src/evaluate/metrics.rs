//! The numbers that say how good predictions are, for machines and for people.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::Measure;

/// How good predictions are, over all rows. What a task has no use for is `None`, and is left out where
/// metrics are written.
///
/// A prediction that is not a number counts as an error; the metrics that it makes meaningless are not
/// numbers either. JSON has no word for those and shows `null`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Rows that were evaluated.
    pub rows: usize,
    /// The training loss by its definition (see [`Loss`](crate::config::Loss)) with all rows as one
    /// batch: a mean over rows, but for `squared-error`, which is a sum.
    #[serde(deserialize_with = "number_or_null")]
    pub loss: f64,
    /// The mean of `|target - prediction|` over rows and outputs; for a regression in the units of the
    /// data (MAE).
    #[serde(deserialize_with = "number_or_null")]
    pub mean_absolute_error: f64,

    /// Classes: rows whose [`predicted_class`](super::predicted_class) is not the right one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<usize>,
    /// Classes: `errors / rows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_rate: Option<f64>,
    /// Classes: the share of rows that are right, `1 - error_rate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// More than five classes: the share of rows whose class is among the five largest predictions;
    /// of equals those that come first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_5_accuracy: Option<f64>,

    /// Classes: the mean over the classes of the share of their rows that are right (their recall). 1 divided by the number of
    /// classes if one class is predicted for all rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balanced_accuracy: Option<f64>,
    /// Classes: the F1 score of the second of two classes; of several the mean of theirs (macro).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub f1: Option<f64>,
    /// Classes: the area under the ROC curve of the second of two classes; of several the mean over the classes, one against
    /// the rest. From 0 to 1, 0.5 for predictions that know nothing. None if all rows are of one class, if a prediction is
    /// not a number, and for more than 100 classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roc_auc: Option<f64>,
    /// Classes: the average precision, `sum_n (R_n - R_(n-1)) P_n` over the distinct predictions, of the second of two classes;
    /// of several the mean. From 0 to 1, the class's share of the rows for predictions that know nothing. None as `roc_auc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_precision: Option<f64>,

    /// Probabilities: the mean over rows of `-log p` of the right class, in nats. Infinite if an
    /// output of 0 or 1, after a sigmoid of the network's own, rules out the true class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negative_log_likelihood: Option<f64>,
    /// Probabilities: the mean over rows of the squared distance from the targets (Brier 1950). For
    /// several classes it is the sum over classes of `(p - y)^2`, from 0 to 2; for two classes with one
    /// output `(p - y)^2` of that output, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brier_score: Option<f64>,
    /// Probabilities: how far confidence is from accuracy (Guo et al. 2017, equation 5). Rows are put
    /// into 15 bins of equal width by the probability of the predicted class, an edge belonging to the
    /// bin below it; the result is the mean over rows of `|accuracy - mean confidence|` of their bin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_calibration_error: Option<f64>,

    /// Regression: the root of the mean squared error in the units of the data; of several targets the
    /// mean of theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rmse: Option<f64>,
    /// Regression: the share of the targets' variance that is explained, 1 at best, below 0 if their
    /// mean would be the better prediction; of several targets the mean of theirs. None if a target is
    /// the same in every row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r2: Option<f64>,
    /// Regression: the median of `|target - prediction|`, in the units of the data; of several targets the mean of theirs.
    /// None for more than 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_absolute_error: Option<f64>,
    /// Regression: Spearman's correlation, that of the ranks of predictions and targets; of several targets the mean of
    /// theirs. None if predictions or targets are the same in every row, and for more than 100 targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spearman: Option<f64>,
}

/// Reads back what JSON has no word for.
fn number_or_null<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Option::<f64>::deserialize(from).map(|number| number.unwrap_or(f64::NAN))
}

impl Metrics {
    /// The measure of validation and test rows, and its value: the error rate of classes, the RMSE of numbers, as
    /// [`Measure::of`] has it.
    #[must_use]
    pub fn headline(&self) -> (Measure, f64) {
        match (self.error_rate, self.rmse) {
            (Some(error_rate), _) => (Measure::ErrorRate, error_rate),
            (None, Some(rmse)) => (Measure::Rmse, rmse),
            (None, None) => (Measure::MeanAbsoluteError, self.mean_absolute_error),
        }
    }
}

/// A line a metric, names and numbers aligned, no line break at the end.
impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of logits the loss is the mean likelihood: one number under one name.
        let is_the_loss = |nll: &f64| (nll - self.loss).abs() <= 1e-9 * self.loss.abs();
        let nll = self.negative_log_likelihood.filter(|nll| !is_the_loss(nll));
        let is_regression = self.rmse.is_some();
        let lines = [
            ("rows", Some(self.rows.to_string())),
            ("loss", Some(number(self.loss))),
            ("errors", self.errors.map(|errors| errors.to_string())),
            ("error rate", self.error_rate.map(percent)),
            ("accuracy", self.accuracy.map(percent)),
            ("balanced accuracy", self.balanced_accuracy.map(percent)),
            ("top-5 accuracy", self.top_5_accuracy.map(percent)),
            ("F1", self.f1.map(number)),
            ("ROC AUC", self.roc_auc.map(number)),
            ("average precision", self.average_precision.map(number)),
            ("negative log likelihood", nll.map(number)),
            ("Brier score", self.brier_score.map(number)),
            (
                "expected calibration error",
                self.expected_calibration_error.map(percent),
            ),
            ("RMSE", self.rmse.map(number)),
            (
                "mean absolute error",
                is_regression.then(|| number(self.mean_absolute_error)),
            ),
            (
                "median absolute error",
                self.median_absolute_error.map(number),
            ),
            ("R2", self.r2.map(number)),
            ("Spearman correlation", self.spearman.map(number)),
        ];
        let lines = lines
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        for (k, (name, value)) in lines.enumerate() {
            let line_break = if k > 0 { "\n" } else { "" };
            write!(f, "{line_break}{name:<26}  {value:>12}")?;
        }
        Ok(())
    }
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// Four decimals, or four digits where those would show nothing or too much.
pub fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() || (1e-3..1e6).contains(&value.abs()) {
        format!("{value:.4}")
    } else {
        format!("{value:.3e}")
    }
}
