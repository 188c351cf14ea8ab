//! Where a network comes from, and how good it is.

use serde::{Deserialize, Serialize};

use crate::statistics::{Distribution, Interval};
use dropwise::config::Loss;
use dropwise::data::{Target, Task};
use dropwise::error::{Error, Result};
use dropwise::model::describe;

use super::Subject;
use super::split_evaluation::SplitEvaluation;

/// Where a network comes from, and how good it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The network in one line.
    pub network: String,
    /// The resolved configuration, as TOML.
    pub config: String,
    /// SHA-256 of the data that it was trained on, in hexadecimal.
    pub data_sha256: String,
    /// The seed of all randomness.
    pub seed: u64,
    /// The model that is looked at, `best` or `last`, and the step it comes from.
    pub model: String,
    /// The training step of that model.
    pub model_step: usize,
    /// Name and value of all else that is known: backend, versions, how training ended, steps, epochs, seconds.
    pub facts: Vec<(String, String)>,
    /// How good the network is, dropout off; a line a split and metric.
    pub measured: Vec<MeasuredMetric>,
}

/// One metric on one part of the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasuredMetric {
    /// `training`, `validation` or `test`.
    pub split: String,
    /// Rows in it.
    pub rows: usize,
    /// The metric's name, such as `error rate`.
    pub metric: String,
    /// Its value.
    pub value: f64,
    /// Its interval at 95 %, where one is known: Wilson's for a share, Student's for a mean over rows; that of an
    /// RMSE is the root of the mean squared error's.
    pub interval: Option<Interval>,
    /// Whether the value is a share, to be shown in percent.
    pub is_share: bool,
}

/// Where the network comes from, and how good it is on all parts of its data.
pub(super) fn card(subject: &Subject<'_>, evaluations: &[SplitEvaluation<'_>]) -> Result<Card> {
    let config = toml::to_string(&***subject.experiment).map_err(|cause| {
        let expected = "what TOML can hold, with paths in UTF-8";
        Error::invalid("the configuration", expected, cause)
    })?;
    let (model, model_step) = subject.model;
    Ok(Card {
        network: describe(subject.members),
        config,
        data_sha256: subject.data_sha256.to_owned(),
        seed: subject.experiment.seed,
        model: model.to_owned(),
        model_step,
        facts: subject.facts.clone(),
        measured: evaluations
            .iter()
            .flat_map(|evaluation| measured(subject.loss(), evaluation))
            .collect(),
    })
}

/// The metrics of a part of the data that are finite numbers, the one to watch first.
fn measured(loss: Loss, evaluation: &SplitEvaluation<'_>) -> Vec<MeasuredMetric> {
    let shares = shares(evaluation).map(|line| (line, true));
    let numbers = numbers(loss, evaluation).map(|line| (line, false));
    let line = |((metric, value, interval), is_share): (NamedMetric, bool)| {
        Some(MeasuredMetric {
            split: evaluation.part.word().to_owned(),
            rows: evaluation.metrics.rows,
            metric: metric.to_owned(),
            value: value.filter(|value| value.is_finite())?,
            interval,
            is_share,
        })
    };
    shares.into_iter().chain(numbers).filter_map(line).collect()
}

/// A metric's name, its value and the interval of that.
type NamedMetric = (&'static str, Option<f64>, Option<Interval>);

fn shares(evaluation: &SplitEvaluation<'_>) -> [NamedMetric; 3] {
    let found = &evaluation.metrics;
    let counted = |share: Option<f64>| {
        let count = (share? * found.rows as f64).round() as usize;
        Some(Interval::of_share(count, found.rows))
    };
    let (wrong, guessed) = (found.error_rate, found.top_5_accuracy);
    let gap = found.expected_calibration_error;
    [
        ("error rate", wrong, counted(wrong)),
        ("top-5 accuracy", guessed, counted(guessed)),
        ("expected calibration error", gap, None),
    ]
}

fn numbers(loss: Loss, evaluation: &SplitEvaluation<'_>) -> [NamedMetric; 6] {
    let found = &evaluation.metrics;
    let is_regression = matches!(evaluation.task(), Task::Regression { .. });
    let brier = if is_regression {
        None
    } else {
        each_row(evaluation, square)
    };
    // A loss that is a sum over rows is no mean. One of logits is the mean likelihood, which then is not named twice.
    let of_loss = interval(&evaluation.losses).filter(|_| !loss.is_sum());
    let nll = found.negative_log_likelihood;
    let nll = nll.filter(|_| !loss.takes_logits());
    let absolute = is_regression.then_some(found.mean_absolute_error);
    let magnitudes = each_row(evaluation, magnitude);
    [
        ("RMSE", found.rmse, root_interval(evaluation)),
        ("R2", found.r2, None),
        ("loss", Some(found.loss), of_loss),
        ("negative log likelihood", nll, None),
        ("Brier score", found.brier_score, brier),
        ("mean absolute error", absolute, magnitudes),
    ]
}

/// Student's interval of the mean of numbers that are all finite, and never below 0.
fn interval(values: &[f64]) -> Option<Interval> {
    Distribution::of_errors(values)?.mean_interval
}

/// The sum of the squares of a row's errors.
fn square(errors: &[f64]) -> f64 {
    errors.iter().map(|error| error * error).sum()
}

/// The mean magnitude of a row's errors.
fn magnitude(errors: &[f64]) -> f64 {
    errors.iter().map(|error| error.abs()).sum::<f64>() / errors.len() as f64
}

/// The interval of the mean over rows of a function of a row's errors, `target - prediction` for each output, in
/// the units of the data.
fn each_row(evaluation: &SplitEvaluation<'_>, of: fn(&[f64]) -> f64) -> Option<Interval> {
    let targets: &[Target] = match evaluation.task() {
        Task::Regression { targets } => targets,
        _ => &[],
    };
    let row = |(_, prediction, mut target): (usize, &[f64], Vec<f64>)| {
        for (
            learned,
            Target {
                mean, deviation, ..
            },
        ) in target.iter_mut().zip(targets)
        {
            *learned = *learned * deviation + mean;
        }
        let pairs = target.iter().zip(prediction);
        let errors: Vec<f64> = pairs
            .map(|(target, prediction)| target - prediction)
            .collect();
        of(&errors)
    };
    interval(&evaluation.rows_in_order().map(row).collect::<Vec<f64>>())
}

/// The root of the interval of the mean squared error; none for several targets, whose RMSE is a mean of roots.
fn root_interval(evaluation: &SplitEvaluation<'_>) -> Option<Interval> {
    let Task::Regression { targets } = evaluation.task() else {
        return None;
    };
    let squares = each_row(evaluation, square).filter(|_| targets.len() == 1)?;
    Some(Interval {
        low: squares.low.max(0.0).sqrt(),
        high: squares.high.sqrt(),
    })
}
