//! What a network predicts, beside what came.

use serde::{Deserialize, Serialize};

use crate::statistics::Interval;

/// Which class is taken for which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    /// The part of the data: `training`, `validation` or `test`.
    pub split: String,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// `counts[actual][predicted]`; rows without a prediction are left out.
    pub counts: Vec<Vec<usize>>,
    /// Rows whose prediction is not a number.
    pub without_prediction: usize,
}

/// How far confidence is from accuracy (Guo et al. 2017).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The part of the data: `training`, `validation` or `test`.
    pub split: String,
    /// Rows in it.
    pub rows: usize,
    /// The bins that hold rows, by the probability of the predicted class; 15 of equal width in all.
    pub bins: Vec<CalibrationBin>,
    /// The mean over rows of `|accuracy - confidence|` of their bin, as
    /// [`Metrics`](crate::Metrics::expected_calibration_error) has it.
    pub expected_calibration_error: f64,
}

/// Rows of like confidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Above this probability, or from 0 on.
    pub low: f64,
    /// Up to this probability.
    pub high: f64,
    /// Rows in it.
    pub rows: usize,
    /// Their mean probability of the predicted class.
    pub confidence: f64,
    /// The share of them that is right.
    pub accuracy: f64,
    /// Wilson's interval of that share.
    pub interval: Interval,
}

/// A regression's predictions beside the targets, in the units of the data, of the first target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// The part of the data: `training`, `validation` or `test`.
    pub split: String,
    /// What is predicted.
    pub target: String,
    /// Rows in it.
    pub rows: usize,
    /// Target and prediction of at most 1,000 rows, evenly spaced over the split.
    pub points: Vec<(f64, f64)>,
}
