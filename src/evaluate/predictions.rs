//! Outputs of a network -> what it predicts, in its user's terms.

use crate::config::Loss;
use crate::data::Task;
use crate::loss::{Link, log_sum_exp, sigmoid, softplus};

/// What a network's outputs, trained with `loss`, say about rows:
///
/// - with [`Loss::CrossEntropy`] the probability of each class, by softmax;
/// - with [`Loss::BinaryCrossEntropy`] probabilities, by the sigmoid of each output;
/// - for a regression the numbers in the units of the data: `output * deviation + mean`;
/// - else the outputs as they are.
///
/// An output that is not a number gives predictions that are not numbers.
///
/// # Shapes
/// - `outputs`, result: `[rows, d_output]`, row after row
#[must_use]
pub fn predictions(loss: Loss, task: &Task, outputs: &[f64]) -> Vec<f64> {
    let mut values = outputs.to_vec();
    for row in values.chunks_exact_mut(task.d_output().max(1)) {
        match loss.link() {
            Some(Link::Softmax) => softmax(row),
            Some(Link::Sigmoid) => row.iter_mut().for_each(|value| *value = sigmoid(*value)),
            None => {}
        }
        if let Task::Regression { targets } = task {
            for (value, target) in row.iter_mut().zip(targets) {
                *value = *value * target.deviation + target.mean;
            }
        }
    }
    values
}

/// The outputs that mean the average of what the outputs of several networks mean: see [`predictions`]. Of logits it is the
/// logarithm of the mean probability, so that the loss of the result is that of the averaged probabilities, to all digits.
///
/// # Shapes
/// - `members`: of each network `[rows, d_output]`, row after row
/// - result: `[rows, d_output]`
pub(super) fn averaged(loss: Loss, d_output: usize, mut members: Vec<Vec<f64>>) -> Vec<f64> {
    if members.len() == 1 {
        return members.remove(0);
    }
    let count = members.len() as f64;
    let numbers = members.first().map_or(0, Vec::len);
    if loss.link() == Some(Link::Softmax) {
        let rows = members
            .iter_mut()
            .flat_map(|member| member.chunks_exact_mut(d_output.max(1)));
        rows.for_each(|row| {
            let log_sum = log_sum_exp(row);
            row.iter_mut().for_each(|logit| *logit -= log_sum);
        });
    }
    // Of one number of all networks.
    let one = |number: usize| {
        let of = |f: fn(f64) -> f64| -> Vec<f64> {
            members.iter().map(|member| f(member[number])).collect()
        };
        match loss.link() {
            None => of(|value| value).iter().sum::<f64>() / count,
            Some(Link::Softmax) => log_sum_exp(&of(|log_p| log_p)) - count.ln(),
            Some(Link::Sigmoid) => {
                log_sum_exp(&of(|z| -softplus(-z))) - log_sum_exp(&of(|z| -softplus(z)))
            }
        }
    };
    (0..numbers).map(one).collect()
}

/// The class that one row of predictions stands for, counted from 0: the largest of several, the first
/// of equals; of two classes the second if the prediction is above 0.5. None if a prediction is not a
/// number, and for a regression.
///
/// # Shapes
/// - `prediction`: `[d_output]`
#[must_use]
#[doc(hidden)]
pub fn predicted_class(task: &Task, prediction: &[f64]) -> Option<usize> {
    if prediction.iter().any(|value| value.is_nan()) {
        return None;
    }
    match task {
        Task::Classification { .. } => first_largest(prediction),
        Task::Binary { .. } => prediction.first().map(|p| usize::from(*p > 0.5)),
        Task::Regression { .. } => None,
    }
}

fn first_largest(values: &[f64]) -> Option<usize> {
    let places = 0..values.len();
    places.reduce(|best, place| {
        if values[place] > values[best] {
            place
        } else {
            best
        }
    })
}

fn softmax(logits: &mut [f64]) {
    let log_sum = log_sum_exp(logits);
    for value in logits {
        *value = (*value - log_sum).exp();
    }
}
