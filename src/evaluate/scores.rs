//! What is measured over all rows together: of each class, and of predictions in order.

use serde::Serialize;

use super::Metrics;
use super::predictions::predicted_class;
use super::ranks::{areas, median, spearman, thresholds};
use crate::data::{Dataset, Task};

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
        let targets: Vec<f64> = (0..data.len())
            .flat_map(|row| data.target_row(row))
            .collect();
        ClassReport::of(data.task(), (&targets, predictions), threshold)
    }

    fn of(task: &Task, (targets, predictions): (&[f64], &[f64]), threshold: f64) -> Option<Self> {
        let (names, width) = (task.classes(), task.d_output());
        if names.is_empty() {
            return None;
        }
        let truth = targets.chunks_exact(width);
        let truth: Vec<Option<usize>> = truth.map(|row| predicted_class(task, row)).collect();
        let mut confusion = vec![vec![0; names.len()]; names.len()];
        let mut rows = vec![0; names.len()];
        for (truth, prediction) in truth.iter().zip(predictions.chunks_exact(width)) {
            let Some(truth) = *truth else { continue };
            rows[truth] += 1;
            let predicted = match (task, prediction) {
                (Task::Binary { .. }, [p]) if !p.is_nan() => Some(usize::from(*p > threshold)),
                _ => predicted_class(task, prediction),
            };
            if let Some(predicted) = predicted {
                confusion[truth][predicted] += 1;
            }
        }
        let scores_of = |class: usize| -> Vec<f64> {
            let score = |prediction: &[f64]| match (task, class) {
                (Task::Binary { .. }, 0) => -prediction[0],
                (Task::Binary { .. }, _) => prediction[0],
                _ => prediction[class],
            };
            predictions.chunks_exact(width).map(score).collect()
        };
        let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        let classes = names.iter().enumerate().map(|(class, name)| {
            let right = confusion[class][class];
            let predicted = confusion.iter().map(|row| row[class]).sum();
            let (roc_auc, average_precision) = if names.len() <= MOST_SORTED {
                let thresholds = thresholds(&scores_of(class), |row| truth[row] == Some(class));
                thresholds.map_or((None, None), |thresholds| areas(&thresholds))
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

/// Whether there are metrics of `task` that look at all rows together.
pub(super) fn are_of(task: &Task) -> bool {
    !matches!(task, Task::Regression { targets } if targets.len() > MOST_SORTED)
}

/// Adds the metrics that look at all rows together, where there [are](are_of) any.
///
/// # Shapes
/// - `targets`, as the network learns them, `predictions`: `[rows, d_output]`, row after row
pub(super) fn add(task: &Task, (targets, predictions): (&[f64], &[f64]), metrics: &mut Metrics) {
    let Task::Regression { targets: scales } = task else {
        if let Some(report) = ClassReport::of(task, (targets, predictions), 0.5) {
            report.finish(metrics);
        }
        return;
    };
    let width = scales.len();
    let column = |values: &[f64], k: usize| -> Vec<f64> {
        values.iter().skip(k).step_by(width).copied().collect()
    };
    let (mut medians, mut correlations) = (0.0, Some(0.0));
    for (k, scale) in scales.iter().enumerate() {
        let (mut truth, found) = (column(targets, k), column(predictions, k));
        for value in &mut truth {
            *value = *value * scale.deviation + scale.mean;
        }
        let pairs = truth.iter().zip(&found);
        medians += median(pairs.map(|(truth, found)| (truth - found).abs()).collect());
        let correlation = spearman(&truth, &found);
        correlations = correlations.and_then(|sum| Some(sum + correlation?));
    }
    metrics.median_absolute_error = Some(medians / width as f64);
    metrics.spearman = correlations.map(|sum| sum / width as f64);
}
