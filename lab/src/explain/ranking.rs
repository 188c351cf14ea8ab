//! How well probabilities rank rows: ROC and precision-recall curves.

use serde::{Deserialize, Serialize};

use dropwise::data::Task;
use dropwise::evaluate::{areas, predicted_class, thresholds};

use super::spaced;
use super::split_evaluation::SplitEvaluation;

/// How well the probability of a class tells its rows from the others, whatever threshold is chosen: for two classes
/// that of the second one, for more classes that of each against the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// The part of the data: `training`, `validation` or `test`.
    pub split: String,
    /// Classes that have rows and are not all rows.
    pub classes: Vec<ClassRanking>,
}

/// One class against the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassRanking {
    /// Its name.
    pub class: String,
    /// Rows of this class.
    pub positives: usize,
    /// Rows of the others.
    pub negatives: usize,
    /// The area under the ROC curve: the share of pairs of a row of this class and another that are in the right
    /// order, ties counted by half.
    pub roc_auc: f64,
    /// The sum over thresholds of precision times the recall gained.
    pub average_precision: f64,
    /// False positive rate and true positive rate, from (0, 0) to (1, 1); at most 200 thresholds.
    pub roc: Vec<(f64, f64)>,
    /// Recall and precision from the highest threshold on, at the same thresholds.
    pub precision_recall: Vec<(f64, f64)>,
}

/// Thresholds that are shown.
const POINTS: usize = 200;

/// The ranking of each class; none where predictions are no probabilities, or not numbers.
pub(super) fn ranking(evaluation: &SplitEvaluation<'_>) -> Option<Ranking> {
    evaluation.bins.as_ref()?;
    if evaluation.predictions.iter().any(|value| value.is_nan()) {
        return None;
    }
    let names = evaluation.task().classes();
    let first = if names.len() == 2 { 1 } else { 0 };
    let classes: Vec<ClassRanking> = (first..names.len())
        .filter_map(|class| class_ranking(evaluation, class, &names[class]))
        .collect();
    (!classes.is_empty()).then(|| Ranking {
        split: evaluation.part.word().to_owned(),
        classes,
    })
}

fn class_ranking(
    evaluation: &SplitEvaluation<'_>,
    class: usize,
    name: &str,
) -> Option<ClassRanking> {
    let output = match evaluation.task() {
        Task::Binary { .. } => 0,
        _ => class,
    };
    let (scores, is_of_class): (Vec<f64>, Vec<bool>) = evaluation
        .rows_in_order()
        .filter_map(|(_, prediction, target)| {
            let actual = predicted_class(evaluation.task(), &target)?;
            Some((prediction[output], actual == class))
        })
        .unzip();
    let rows = scores.iter().copied().zip(is_of_class.iter().copied());
    let thresholds = thresholds(rows)?;
    let (Some(roc_auc), Some(average_precision)) = areas(thresholds.iter().copied()) else {
        return None;
    };
    let positives = is_of_class
        .iter()
        .filter(|is_of_class| **is_of_class)
        .count();
    let negatives = scores.len() - positives;
    let (mut right, mut wrong) = (0, 0);
    let (mut roc, mut precision_recall) = (vec![(0.0, 0.0)], Vec::new());
    for [of_class, others] in thresholds {
        (right, wrong) = (right + of_class, wrong + others);
        let recall = right as f64 / positives as f64;
        roc.push((wrong as f64 / negatives as f64, recall));
        precision_recall.push((recall, right as f64 / (right + wrong) as f64));
    }
    let thinned = |points: Vec<(f64, f64)>| {
        spaced(points.len(), POINTS)
            .map(|place| points[place])
            .collect()
    };
    Some(ClassRanking {
        class: name.to_owned(),
        positives,
        negatives,
        roc_auc,
        average_precision,
        roc: thinned(roc),
        precision_recall: thinned(precision_recall),
    })
}
