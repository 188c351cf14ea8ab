//! What a trained network is measured by.

use serde::{Deserialize, Serialize};

use super::Paper;
use super::ridge::{least_squares, ridge};
use crate::explain::hidden_activity;
use crate::statistics::Distribution;
use dropwise::config::ResolvedExperiment;
use dropwise::data::{Dataset, Splits};
use dropwise::error::{Error, Result};
use dropwise::evaluate::{Metrics, SampledErrors, evaluate, sampled_errors};
use dropwise::model::Mlp;

/// The number that the networks of an experiment are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaperMeasure {
    /// The share of rows that are wrong, in percent.
    ErrorRate,
    /// The number of rows that are wrong.
    Errors,
    /// How far the weights of a linear regression are from those of ridge regression, in percent of their length:
    /// see [`ridge`](super::ridge()).
    Ridge,
    /// How many thinned networks have to be averaged to be as good as weight scaling: see
    /// [`sampled_errors`]. The least number whose mean error, over several sets of samples,
    /// is above that of weight scaling by no more than its standard deviation.
    Averages,
    /// The mean activation of the first hidden layer's units on test rows, dropout off.
    Activity,
}

/// Which averages of thinned networks are measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Averaging {
    /// How many networks are averaged, from few to many.
    pub samples: Vec<usize>,
    /// Sets of samples, each with a seed of its own.
    pub sets: usize,
}

impl PaperMeasure {
    /// Its name in tables and figures, with its unit.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PaperMeasure::ErrorRate => "test error, %",
            PaperMeasure::Errors => "test errors",
            PaperMeasure::Ridge => "distance from ridge regression, %",
            PaperMeasure::Averages => "samples as good as weight scaling",
            PaperMeasure::Activity => "mean activation",
        }
    }

    /// A value as it is written in tables.
    #[must_use]
    pub fn number(self, value: f64) -> String {
        match self {
            PaperMeasure::ErrorRate | PaperMeasure::Ridge | PaperMeasure::Activity => {
                format!("{value:.2}")
            }
            PaperMeasure::Errors | PaperMeasure::Averages => format!("{value:.0}"),
        }
    }
}

/// What was measured of a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// On its validation rows where it is to choose by, else on test rows; where there are none, on training rows.
    pub metrics: Metrics,
    /// The number of the experiment's [`PaperMeasure`]; none if there is no such number.
    pub value: Option<f64>,
    /// A linear regression: how far its weights are from those of least squares, in percent of the length of those
    /// of ridge regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_least_squares: Option<f64>,
    /// The errors of averages of thinned networks, where those are measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<SampledErrors>,
    /// The share of activations near zero, where activity is measured: see [`Activity`](crate::explain::Activity).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near_zero: Option<f64>,
}

/// Measures a network that was trained by `experiment` on the training rows of `splits`. Test rows are looked at
/// only where there are no validation rows, which are those of a network to choose by.
///
/// # Errors
/// [`Error::InvalidValue`] if the measure does not fit what the network has learned; [`Error::Compute`] if the
/// backend fails.
pub fn measure(
    paper: &Paper,
    network: &Mlp,
    experiment: &ResolvedExperiment,
    splits: &Splits,
) -> Result<Measurement> {
    let held_out = splits.validation.as_ref().or(splits.test.as_ref());
    let rows = held_out.unwrap_or(&splits.train);
    let loss = experiment.loss();
    let mut measured = Measurement {
        metrics: evaluate(network, loss, rows)?.metrics,
        value: None,
        from_least_squares: None,
        sampled: None,
        near_zero: None,
    };
    if splits.validation.is_some() {
        return Ok(measured); // which is chosen by its metrics
    }
    let classes = |value: Option<f64>| {
        let expected = "a measure of numbers, where there are no classes";
        value.ok_or_else(|| Error::invalid("measure", expected, "one of errors"))
    };
    let metrics = &measured.metrics;
    match paper.measure {
        PaperMeasure::ErrorRate => measured.value = Some(classes(metrics.error_rate)? * 100.0),
        PaperMeasure::Errors => {
            measured.value = Some(classes(metrics.errors.map(|errors| errors as f64))?);
        }
        PaperMeasure::Ridge => {
            let (value, other) = distances(network, experiment, &splits.train)?;
            measured.value = Some(value);
            measured.from_least_squares = Some(other);
        }
        PaperMeasure::Averages => {
            let Averaging { samples, sets } = paper.averaging()?;
            // Seeds that no training has: masks are a function of seed, step, layer and position.
            let first = experiment.seed.wrapping_add(1 << 32);
            let seeds: Vec<u64> = (0..*sets as u64)
                .map(|set| first.wrapping_add(set))
                .collect();
            let found = sampled_errors(network, loss, rows, samples, &seeds)?;
            measured.value = as_good(&found).map(|samples| samples as f64);
            measured.sampled = Some(found);
        }
        PaperMeasure::Activity => {
            let layers = hidden_activity(&[network], rows)?.concat();
            let first = layers.first();
            measured.value = first.map(|activity| activity.mean);
            measured.near_zero = first.map(|activity| activity.near_zero);
        }
    }
    Ok(measured)
}

/// The least number of samples whose mean error is within its standard deviation of that of weight scaling.
fn as_good(found: &SampledErrors) -> Option<usize> {
    let within = |errors: &[f64]| {
        let spread = Distribution::of(errors);
        spread.is_some_and(|spread| {
            spread.mean <= found.weight_scaling + spread.standard_deviation.unwrap_or(0.0)
        })
    };
    let mut averages = found.averages.iter();
    let first = averages.find(|average| within(&average.error_rates));
    first.map(|average| average.samples)
}

/// How far the weights of a linear regression are from those of ridge regression and from those of least squares,
/// in percent of the length of the former.
fn distances(network: &Mlp, experiment: &ResolvedExperiment, rows: &Dataset) -> Result<(f64, f64)> {
    let layers = network.weights()?;
    let [layer] = &layers[..] else {
        let expected = "another where there is a hidden layer";
        return Err(Error::invalid("measure", expected, "`ridge`"));
    };
    let (d_input, d_output) = (rows.d_input(), rows.d_output());
    let found: Vec<f64> = (0..d_output)
        .flat_map(|output| (0..d_input).map(move |input| input * d_output + output))
        .map(|place| layer.weight[place])
        .collect();
    let expected = ridge(rows, experiment.dropout.input.rate())?.concat();
    let plain = least_squares(rows)?.concat();
    let length = |vector: &mut dyn Iterator<Item = f64>| vector.map(|x| x * x).sum::<f64>().sqrt();
    let scale = length(&mut expected.iter().copied());
    let from = |other: &[f64]| {
        let difference = found.iter().zip(other).map(|(a, b)| a - b);
        100.0 * length(&mut difference.into_iter()) / scale
    };
    Ok((from(&expected), from(&plain)))
}
