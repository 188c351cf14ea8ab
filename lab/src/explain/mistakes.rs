//! The rows that a network is furthest off on.

use serde::{Deserialize, Serialize};

use dropwise::data::{Target, Task};
use dropwise::evaluate::{number, predicted_class};

use super::Subject;
use super::features::{image_of, shown_names};
use super::split_evaluation::SplitEvaluation;

/// The rows that a network is furthest off on, the worst first: wrong classes by how little probability is given to
/// the right one, numbers by how far the prediction is off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mistakes {
    /// The part of the data: `training`, `validation` or `test`.
    pub split: String,
    /// Height and width of the images that the inputs are, where they are images.
    pub image: Option<(usize, usize)>,
    /// The names of the inputs that are shown, where they are no images.
    pub input_names: Vec<String>,
    /// Inputs of the network.
    #[serde(default)]
    pub all_inputs: usize,
    /// The worst of them.
    pub rows: Vec<Mistake>,
    /// How many rows are wrong in all; of a regression, how many there are.
    pub all: usize,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// The row of its part of the data, counted from 0.
    pub row: usize,
    /// The line of its file that it begins on, counted from 1, where rows have lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The right class, or the target, in words.
    pub actual: String,
    /// The predicted class, or the prediction, in words.
    pub predicted: String,
    /// The probability of the predicted class, where predictions are probabilities.
    pub probability: Option<f64>,
    /// The inputs that are shown: all pixels, from 0 to 1, or a table's values in its own units; 0 for what is not
    /// a finite number.
    pub inputs: Vec<f32>,
}

/// Most mistakes shown.
const WORST: usize = 24;

/// Most targets shown of a row.
const NUMBERS: usize = 4;

/// The rows that the network is furthest off on.
pub(super) fn mistakes(subject: &Subject<'_>, evaluation: &SplitEvaluation<'_>) -> Mistakes {
    let mut wrong: Vec<(f64, usize)> = evaluation
        .rows_in_order()
        .filter_map(|(row, prediction, target)| {
            Some((distance(evaluation.task(), prediction, &target)?, row))
        })
        .collect();
    // What is not a number is worst of all.
    wrong.sort_by(|(a, row), (b, other)| b.total_cmp(a).then(row.cmp(other)));
    let input_names = shown_names(subject.preprocessing);
    let shown = match image_of(subject.preprocessing) {
        Some((height, width)) => height * width,
        None => input_names.len(),
    };
    let all = wrong.len();
    let rows = wrong.into_iter().take(WORST);
    Mistakes {
        split: evaluation.part.word().to_owned(),
        image: image_of(subject.preprocessing),
        input_names,
        all_inputs: subject.preprocessing.d_input(),
        rows: rows
            .map(|(_, row)| mistake(subject, evaluation, row, shown))
            .collect(),
        all,
    }
}

/// How far off a prediction is: the probability that the right class is not given, if the prediction is wrong; for
/// numbers the sum of `|target - prediction|` as the network learns them. None if the class is right.
fn distance(task: &Task, prediction: &[f64], target: &[f64]) -> Option<f64> {
    let distance = match task {
        Task::Regression { targets } => {
            let pairs = prediction.iter().zip(target).zip(targets);
            let distance = |((prediction, learned), target): ((&f64, &f64), &Target)| {
                ((prediction - target.mean) / target.deviation - learned).abs()
            };
            pairs.map(distance).sum()
        }
        Task::Classification { .. } | Task::Binary { .. } => {
            let class = predicted_class(task, target)?;
            if predicted_class(task, prediction) == Some(class) {
                return None;
            }
            1.0 - class_probability(task, prediction, class)
        }
    };
    Some(if distance.is_nan() {
        f64::INFINITY
    } else {
        distance
    })
}

/// What a prediction gives to a class.
fn class_probability(task: &Task, prediction: &[f64], class: usize) -> f64 {
    match (task, class) {
        (Task::Binary { .. }, 0) => 1.0 - prediction[0],
        (Task::Binary { .. }, _) => prediction[0],
        _ => prediction[class],
    }
}

fn mistake(
    subject: &Subject<'_>,
    evaluation: &SplitEvaluation<'_>,
    row: usize,
    shown: usize,
) -> Mistake {
    let (task, d_output) = (evaluation.task(), evaluation.rows.d_output());
    let prediction = &evaluation.predictions[row * d_output..][..d_output];
    let target = evaluation.rows.target_row(row);
    let (actual, predicted) = match task {
        Task::Regression { targets } => {
            let actual = target.iter().zip(targets);
            let actual: Vec<f64> = actual
                .map(|(learned, target)| learned * target.deviation + target.mean)
                .collect();
            (numbers(&actual), numbers(prediction))
        }
        Task::Classification { .. } | Task::Binary { .. } => {
            (class_name(task, &target), class_name(task, prediction))
        }
    };
    let class = predicted_class(task, prediction).filter(|_| evaluation.bins.is_some());
    let mut inputs = evaluation.rows.input_row(row);
    inputs.truncate(shown);
    subject.preprocessing.unscale(&mut inputs);
    Mistake {
        row,
        line: evaluation.rows.line(row),
        actual,
        predicted,
        probability: class.map(|class| class_probability(task, prediction, class)),
        inputs: inputs.into_iter().map(finite).collect(),
    }
}

fn finite(input: f64) -> f32 {
    let input = input as f32;
    if input.is_finite() { input } else { 0.0 }
}

fn class_name(task: &Task, prediction: &[f64]) -> String {
    let class = predicted_class(task, prediction);
    let name = class.and_then(|class| task.classes().get(class));
    name.cloned().unwrap_or_else(|| "not a number".to_owned())
}

/// The first numbers, and how many there are if that is more.
fn numbers(values: &[f64]) -> String {
    let first = values.iter().take(NUMBERS).map(|value| number(*value));
    let words = first.collect::<Vec<String>>().join(", ");
    if values.len() > NUMBERS {
        format!("{words}, ... ({} numbers)", values.len())
    } else {
        words
    }
}
