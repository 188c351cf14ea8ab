//! The linear model of an experiment's rows, and networks that start as it.
//!
//! With `f` ReLU, GELU or SiLU, `f(z) - f(-z) = z`. So two units whose incoming weights are each other's negatives pass a sum on as it is,
//! and a network answers as a linear model does. Training goes on from there: `network.linear_start`.

use burn::tensor::Device;

use super::folds::Folds;
use super::replicas::{Groups, Replica};
use crate::config::{
    BatchSize, CheckedExperiment, DropoutConfig, Experiment, Optimizer, Schedule, TrainConfig,
};
use crate::data::Dataset;
use crate::error::Result;
use crate::model::{LayerTensors, LayerWeights};

/// Steps of the linear model, and rows a step: enough for it to converge, and a moment's work.
const STEPS: usize = 2_000;
const ROWS_A_STEP: usize = 64;

/// The most pairs of units of each layer that pass on an output: dropout takes away another few of them in each step. But of all units
/// about a half is left to learn what is not linear.
const MOST_PAIRS: usize = 8;

/// The experiment whose network is the linear model that `experiment`'s is compared with, for so many training rows: no hidden
/// layers, no dropout, and as much of an L2 penalty as scikit-learn gives a logistic regression.
///
/// # Errors
/// [`Error::InvalidValue`] if no experiment is made of it, which does not happen.
#[doc(hidden)]
pub fn linear_experiment(experiment: &Experiment, rows: usize) -> Result<CheckedExperiment> {
    let mut linear = experiment.clone();
    linear.network.hidden = Vec::new();
    linear.network.bias = true;
    linear.network.linear_start = false;
    linear.dropout = DropoutConfig::default();
    linear.train = TrainConfig {
        optimizer: Optimizer::Adam,
        learning_rate: 0.02,
        schedule: Schedule::Cosine,
        batch_size: BatchSize::Rows(ROWS_A_STEP),
        weight_decay: 1.0 / rows as f64,
        steps: Some(STEPS),
        epochs: None,
        // Once, at the end.
        evaluate_every: Some(STEPS),
        momentum: Default::default(),
        dampening: false,
        beta2: 0.999,
        l1: 0.0,
        clip: None,
        max_norm: None,
        select: None,
        early_stopping: None,
        ensemble: 1,
        cross_validation: None,
        shards: 1,
        ..linear.train
    };
    linear.check()
}

/// These networks, which are those of the replicas, so that each answers as the linear model of the rows that it is trained on. Behind their
/// layers may stand the logits of learned rates. Where a hidden layer has too few units for that, or a linear model is not finite, the
/// output layer starts at 0.
///
/// # Errors
/// Those of the backend.
pub(super) fn start_as_linear(
    experiment: &CheckedExperiment,
    (replicas, networks): (&[Replica], Vec<Vec<LayerTensors>>),
    (train, folds): (&Dataset, Option<&Folds>),
    device: &Device,
) -> Result<Vec<Vec<LayerTensors>>> {
    let rows = folds.map_or(train.len(), Folds::trained_rows);
    let linear = linear_experiment(experiment, rows)?;
    let replicas = replicas.iter();
    let replicas: Vec<Replica> = replicas.map(|own| Replica::of(&linear, own.seed)).collect();
    let mut fitted = Groups::new(&linear, &replicas, (train, folds), device)?;
    fitted.take_steps(0..STEPS)?;
    let are_finite = fitted.finite()?;
    let linears = fitted.networks().into_iter().zip(are_finite);
    let depth = experiment.network.hidden.len() + 1;
    let start =
        |(network, (mut linear, is_finite)): (Vec<LayerTensors>, (Vec<LayerTensors>, bool))| {
            let options = (&network[0].weight.device(), network[0].weight.dtype()).into();
            let read = network.into_iter().map(LayerWeights::read);
            let mut layers = read.collect::<Result<Vec<LayerWeights>>>()?;
            let linear = LayerWeights::read(linear.remove(0))?;
            pass_on(&mut layers[..depth], Some(linear).filter(|_| is_finite));
            let layers = layers.iter().map(|layer| layer.as_tensors(&options));
            Ok(layers.collect())
        };
    networks.into_iter().zip(linears).map(start).collect()
}

/// Makes the first units of each hidden layer pass on what the linear model says, in pairs, and the output layer look at nothing else; at
/// nothing at all if there is none, or too few units. The other units stay as they are.
fn pass_on(layers: &mut [LayerWeights], linear: Option<LayerWeights>) {
    let Some((last, hidden)) = layers.split_last_mut() else {
        return;
    };
    last.weight.fill(0.0);
    last.bias.iter_mut().for_each(|bias| bias.fill(0.0));
    let outputs = last.d_output;
    let narrowest = hidden.iter().map(|layer| layer.d_output).min();
    let narrowest = narrowest.unwrap_or(0);
    let Some(linear) = linear.filter(|_| narrowest >= 2 * outputs) else {
        return;
    };
    let pairs = (narrowest / (4 * outputs)).clamp(1, MOST_PAIRS);
    // How each output is the sum of what a layer takes: the weights of its inputs, and a bias.
    let bias = |output: usize| linear.bias.as_ref().map_or(0.0, |bias| bias[output]);
    let sum = |output| (incoming(&linear, output).collect(), bias(output));
    let mut sums: Vec<(Vec<f64>, f64)> = (0..outputs).map(sum).collect();
    // A pair's weights in the first layer are as large as those that were drawn for it, the bias among them.
    let scale = |pair: usize| {
        let (weights, bias) = &sums[pair / pairs];
        let drawn = norm(incoming(&hidden[0], 2 * pair));
        let wanted = drawn / norm(weights.iter().chain([bias]).copied());
        if wanted.is_finite() && wanted > 0.0 {
            wanted
        } else {
            1.0
        }
    };
    let scales: Vec<f64> = (0..outputs * pairs).map(scale).collect();
    for layer in hidden {
        for (pair, scale) in scales.iter().enumerate() {
            let sum = &sums[pair / pairs];
            set(layer, 2 * pair, sum, *scale);
            set(layer, 2 * pair + 1, sum, -scale);
        }
        let sum = |output: usize| {
            let mut weights = vec![0.0; layer.d_output];
            for pair in output * pairs..(output + 1) * pairs {
                let weight = 1.0 / (scales[pair] * pairs as f64);
                (weights[2 * pair], weights[2 * pair + 1]) = (weight, -weight);
            }
            (weights, 0.0)
        };
        sums = (0..outputs).map(sum).collect();
    }
    for (output, sum) in sums.iter().enumerate() {
        set(last, output, sum, 1.0);
    }
}

/// The weights of a unit's inputs.
fn incoming(layer: &LayerWeights, unit: usize) -> impl Iterator<Item = f64> {
    layer.weight[unit..].iter().step_by(layer.d_output).copied()
}

/// Gives a unit these weights of its inputs and this bias, times a factor.
fn set(layer: &mut LayerWeights, unit: usize, (weights, bias): &(Vec<f64>, f64), factor: f64) {
    let own = layer.weight[unit..].iter_mut().step_by(layer.d_output);
    own.zip(weights)
        .for_each(|(own, weight)| *own = factor * weight);
    if let Some(own) = &mut layer.bias {
        own[unit] = factor * bias;
    }
}

fn norm(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.map(|number| number * number).sum::<f64>().sqrt()
}
