//! Where a network comes from, and how good it is.

use serde::{Deserialize, Serialize};

use crate::statistics::{Distribution, Interval};
use dropwise::config::Loss;
use dropwise::data::{Target, Task};
use dropwise::error::{Error, Result};

use super::Subject;
use super::look::Look;

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
    pub measured: Vec<Measured>,
}

/// One metric on one part of the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// `training`, `validation` or `test`.
    pub split: String,
    /// Rows in it.
    pub rows: usize,
    /// The metric's name, such as `error rate`.
    pub metric: String,
    /// Its value.
    pub value: f64,
    /// Its interval at 95 %, where one is known: Wilson's for a share, Student's for a mean over rows; that of an RMSE
    /// is the root of the mean squared error's.
    pub interval: Option<Interval>,
    /// Whether the value is a share, to be shown in percent.
    pub is_share: bool,
}

/// Where the network comes from, and how good it is on all parts of its data.
pub(super) fn card(subject: &Subject<'_>, looks: &[Look<'_>]) -> Result<Card> {
    let config = toml::to_string(&***subject.experiment).map_err(|cause| {
        let expected = "what TOML can hold, with paths in UTF-8";
        Error::invalid("the configuration", expected, cause)
    })?;
    let (model, model_step) = subject.model;
    Ok(Card {
        network: subject.network.to_string(),
        config,
        data_sha256: subject.data_sha256.to_owned(),
        seed: subject.experiment.seed,
        model: model.to_owned(),
        model_step,
        facts: subject.facts.clone(),
        measured: looks
            .iter()
            .flat_map(|look| measured(subject.loss(), look))
            .collect(),
    })
}

/// The metrics of a part of the data that are finite numbers, the one to watch first.
fn measured(loss: Loss, look: &Look<'_>) -> Vec<Measured> {
    let shares = shares(look).map(|line| (line, true));
    let numbers = numbers(loss, look).map(|line| (line, false));
    let line = |((metric, value, interval), is_share): (Line, bool)| {
        Some(Measured {
            split: look.part.word().to_owned(),
            rows: look.metrics.rows,
            metric: metric.to_owned(),
            value: value.filter(|value| value.is_finite())?,
            interval,
            is_share,
        })
    };
    shares.into_iter().chain(numbers).filter_map(line).collect()
}

/// A metric's name, its value and the interval of that.
type Line = (&'static str, Option<f64>, Option<Interval>);

fn shares(look: &Look<'_>) -> [Line; 3] {
    let found = &look.metrics;
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

fn numbers(loss: Loss, look: &Look<'_>) -> [Line; 6] {
    let found = &look.metrics;
    let is_regression = matches!(look.task(), Task::Regression { .. });
    let brier = if is_regression {
        None
    } else {
        each_row(look, square)
    };
    // A loss that is a sum over rows is no mean. One of probabilities is the mean likelihood too.
    let of_loss = interval(&look.losses).filter(|_| !loss.is_sum());
    let surprise = of_loss.filter(|_| loss.takes_logits());
    let magnitudes = each_row(look, magnitude);
    [
        ("RMSE", found.rmse, root_interval(look)),
        ("R2", found.r2, None),
        ("loss", Some(found.loss), of_loss),
        (
            "negative log likelihood",
            found.negative_log_likelihood,
            surprise,
        ),
        ("Brier score", found.brier_score, brier),
        (
            "mean absolute error",
            Some(found.mean_absolute_error),
            magnitudes,
        ),
    ]
}

/// Student's interval of the mean of numbers that are all finite.
fn interval(values: &[f64]) -> Option<Interval> {
    Distribution::of(values)?.mean_interval
}

/// The sum of the squares of a row's errors.
fn square(errors: &[f64]) -> f64 {
    errors.iter().map(|error| error * error).sum()
}

/// The mean magnitude of a row's errors.
fn magnitude(errors: &[f64]) -> f64 {
    errors.iter().map(|error| error.abs()).sum::<f64>() / errors.len() as f64
}

/// The interval of the mean over rows of a function of a row's errors, `target - prediction` for each output, in the units
/// of the data.
fn each_row(look: &Look<'_>, of: fn(&[f64]) -> f64) -> Option<Interval> {
    let targets: &[Target] = match look.task() {
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
    interval(&look.each().map(row).collect::<Vec<f64>>())
}

/// The root of the interval of the mean squared error; none for several targets, whose RMSE is a mean of roots.
fn root_interval(look: &Look<'_>) -> Option<Interval> {
    let Task::Regression { targets } = look.task() else {
        return None;
    };
    let squares = each_row(look, square).filter(|_| targets.len() == 1)?;
    Some(Interval {
        low: squares.low.max(0.0).sqrt(),
        high: squares.high.sqrt(),
    })
}
