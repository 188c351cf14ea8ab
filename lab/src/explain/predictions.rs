//! What a network predicts, beside what came.

use serde::{Deserialize, Serialize};

use crate::statistics::Interval;
use dropwise::data::Task;
use dropwise::evaluate::{BINS, Bin, predicted_class};

use super::spaced;
use super::split_evaluation::SplitEvaluation;

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
    /// [`Metrics`](dropwise::Metrics::expected_calibration_error) has it.
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

/// A matrix of more classes cannot be read.
const CLASSES: usize = 100;

/// Points that are shown of a regression.
const POINTS: usize = 1_000;

/// Which class is taken for which; none for a regression, and for very many classes.
pub(super) fn confusion(
    evaluation: &SplitEvaluation<'_>,
    notes: &mut Vec<String>,
) -> Option<Confusion> {
    let classes = evaluation.task().classes();
    if classes.len() > CLASSES {
        let count = classes.len();
        notes.push(format!(
            "There is no confusion matrix: it would have {count} classes, and at most {CLASSES} can be shown."
        ));
    }
    if classes.is_empty() || classes.len() > CLASSES {
        return None;
    }
    let mut counts = vec![vec![0; classes.len()]; classes.len()];
    let mut without_prediction = 0;
    for (_, prediction, target) in evaluation.rows_in_order() {
        let Some(actual) = predicted_class(evaluation.task(), &target) else {
            continue;
        };
        match predicted_class(evaluation.task(), prediction) {
            Some(predicted) => counts[actual][predicted] += 1,
            None => without_prediction += 1,
        }
    }
    Some(Confusion {
        split: evaluation.part.word().to_owned(),
        classes: classes.to_vec(),
        counts,
        without_prediction,
    })
}

/// Whether probabilities may be believed; none where predictions are none.
pub(super) fn calibration(
    evaluation: &SplitEvaluation<'_>,
    notes: &mut Vec<String>,
) -> Option<Calibration> {
    let error = evaluation.metrics.expected_calibration_error?;
    if !error.is_finite() {
        notes.push("There is no calibration diagram: some predictions are not numbers.".to_owned());
        return None;
    }
    let bins = evaluation.bins.iter().flatten().enumerate();
    let bin = |(k, bin): (usize, &Bin)| {
        let rows = bin.rows as f64;
        (bin.rows > 0).then(|| CalibrationBin {
            low: k as f64 / BINS as f64,
            high: (k + 1) as f64 / BINS as f64,
            rows: bin.rows,
            confidence: bin.confidence / rows,
            accuracy: bin.right as f64 / rows,
            interval: Interval::of_share(bin.right, bin.rows),
        })
    };
    Some(Calibration {
        split: evaluation.part.word().to_owned(),
        rows: evaluation.metrics.rows,
        bins: bins.filter_map(bin).collect(),
        expected_calibration_error: error,
    })
}

/// A regression's predictions beside its targets.
pub(super) fn fit(evaluation: &SplitEvaluation<'_>) -> Option<Fit> {
    let Task::Regression { targets } = evaluation.task() else {
        return None;
    };
    let (first, d_output) = (targets.first()?, targets.len());
    let point = |row: usize| {
        let target = evaluation.rows.target_row(row)[0] * first.deviation + first.mean;
        (target, evaluation.predictions[row * d_output])
    };
    let points = spaced(evaluation.rows.len(), POINTS).map(point);
    Some(Fit {
        split: evaluation.part.word().to_owned(),
        target: first.name.clone(),
        rows: evaluation.rows.len(),
        points: points
            .filter(|(a, b)| a.is_finite() && b.is_finite())
            .collect(),
    })
}
