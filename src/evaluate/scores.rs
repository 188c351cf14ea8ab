//! What is measured over all rows together: of each class, and of predictions in order.

use serde::Serialize;

use super::Metrics;
use super::predictions::predicted_class;
use super::ranks::{areas, median, ranks, spearman, thresholds};
use crate::data::{Dataset, Task};

/// The class of a row whose target is not a number.
const NONE: u32 = u32::MAX;

/// At most this many classes have curves, and targets are put in order: each sorts all rows.
const MOST_SORTED: usize = 100;

/// How well one class is told from the others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassScores {
    /// Its name.
    pub class: String,
    /// Rows of this class.
    pub rows: usize,
    /// Rows that are predicted to be.
    pub predicted: usize,
    /// The share of its rows that are predicted to be; none without a row.
    pub recall: Option<f64>,
    /// The share of the rows predicted to be that are; none if no row is.
    pub precision: Option<f64>,
    /// The harmonic mean of both, `2 right / (rows + predicted)`; none if it neither occurs nor is predicted.
    pub f1: Option<f64>,
    /// The area under the ROC curve of this class against the others; none without rows of both.
    pub roc_auc: Option<f64>,
    /// The average precision of this class against the others; none without a row of it.
    pub average_precision: Option<f64>,
}

/// How well the classes are told apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassReport {
    /// Each class, in the order of the task.
    pub classes: Vec<ClassScores>,
    /// `confusion[true class][predicted class]`: rows. A row whose prediction is not a number is in none.
    pub confusion: Vec<Vec<usize>>,
}

impl ClassReport {
    /// How well `predictions` tell the classes of `data` apart; none for a regression. Of two classes the second is predicted
    /// where its probability is above `threshold`; of several the most probable is, whatever the threshold.
    ///
    /// # Shapes
    /// - `predictions`: `[rows, d_output]`, row after row
    #[must_use]
    pub fn new(data: &Dataset, predictions: &[f64], threshold: f64) -> Option<Self> {
        let (task, width) = (data.task(), data.d_output());
        let names = task.classes();
        if names.is_empty() {
            return None;
        }
        let class = |row| predicted_class(task, &data.target_row(row)).map_or(NONE, |k| k as u32);
        let truth: Vec<u32> = (0..data.len()).map(class).collect();
        let mut confusion = vec![vec![0; names.len()]; names.len()];
        let mut rows = vec![0; names.len()];
        for (truth, prediction) in truth.iter().zip(predictions.chunks_exact(width)) {
            let Some(own) = rows.get_mut(*truth as usize) else {
                continue;
            };
            *own += 1;
            let predicted = match (task, prediction) {
                (Task::Binary { .. }, [p]) if !p.is_nan() => Some(usize::from(*p > threshold)),
                _ => predicted_class(task, prediction),
            };
            if let Some(predicted) = predicted {
                confusion[*truth as usize][predicted] += 1;
            }
        }
        let scores_of = |class: usize| {
            let score = move |prediction: &[f64]| match (task, class) {
                (Task::Binary { .. }, 0) => -prediction[0],
                (Task::Binary { .. }, _) => prediction[0],
                _ => prediction[class],
            };
            let scores = predictions.chunks_exact(width).map(score);
            let truth = truth.iter().map(move |truth| *truth as usize == class);
            scores.zip(truth)
        };
        let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        let classes = names.iter().enumerate().map(|(class, name)| {
            let right = confusion[class][class];
            let predicted = confusion.iter().map(|row| row[class]).sum();
            let (roc_auc, average_precision) = if names.len() <= MOST_SORTED {
                thresholds(scores_of(class)).map_or((None, None), areas)
            } else {
                (None, None)
            };
            ClassScores {
                class: name.clone(),
                rows: rows[class],
                predicted,
                recall: share(right, rows[class]),
                precision: share(right, predicted),
                f1: share(2 * right, rows[class] + predicted),
                roc_auc,
                average_precision,
            }
        });
        Some(ClassReport {
            classes: classes.collect(),
            confusion,
        })
    }

    /// Adds what the classes come to together: of two classes the second's, of several the mean over those that have it.
    fn finish(&self, metrics: &mut Metrics) {
        let mean = |of: fn(&ClassScores) -> Option<f64>| {
            let found: Vec<f64> = self.classes.iter().filter_map(of).collect();
            (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
        };
        let together = |of: fn(&ClassScores) -> Option<f64>| match &self.classes[..] {
            [_, second] => of(second),
            _ => mean(of),
        };
        metrics.balanced_accuracy = mean(|class| class.recall);
        metrics.f1 = together(|class| class.f1);
        metrics.roc_auc = together(|class| class.roc_auc);
        metrics.average_precision = together(|class| class.average_precision);
    }
}

/// Adds the metrics that look at all rows together, where there are any.
///
/// # Shapes
/// - `predictions`: `[rows, d_output]`, row after row
pub(super) fn add(data: &Dataset, predictions: &[f64], metrics: &mut Metrics) {
    let Task::Regression { targets: scales } = data.task() else {
        if let Some(report) = ClassReport::new(data, predictions, 0.5) {
            report.finish(metrics);
        }
        return;
    };
    let width = scales.len();
    if width > MOST_SORTED {
        return;
    }
    let rows = data.len();
    // A row has all of its targets at once.
    let mut targets = Vec::with_capacity(rows * width);
    (0..rows).for_each(|row| targets.extend(data.target_row(row)));
    let (mut medians, mut correlations) = (0.0, Some(0.0));
    for (k, scale) in scales.iter().enumerate() {
        let truth = |row: usize| targets[row * width + k] * scale.deviation + scale.mean;
        let found = |row: usize| predictions[row * width + k];
        let errors = (0..rows).map(|row| (truth(row) - found(row)).abs());
        medians += median(errors.collect());
        let correlation = ranks(rows, truth).zip(ranks(rows, found));
        let correlation = correlation.and_then(|(truth, found)| spearman(&truth, &found));
        correlations = correlations.and_then(|sum| Some(sum + correlation?));
    }
    metrics.median_absolute_error = Some(medians / width as f64);
    metrics.spearman = correlations.map(|sum| sum / width as f64);
}
