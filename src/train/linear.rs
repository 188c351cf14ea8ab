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
    let [first, middle @ .., last] = layers else {
        return; // A linear model itself.
    };
    last.weight.fill(0.0);
    last.bias.iter_mut().for_each(|bias| bias.fill(0.0));
    let outputs = last.d_output;
    let widths = middle.iter().map(|layer| layer.d_output);
    let narrowest = widths.fold(first.d_output, usize::min);
    let Some(linear) = linear.filter(|_| narrowest >= 2 * outputs) else {
        return;
    };
    let pairs = (narrowest / (4 * outputs)).clamp(1, MOST_PAIRS);
    // Each pair has weights as large as those that were drawn for it, the bias among them.
    let mut scales = vec![vec![1.0; pairs]; outputs];
    let bias = linear.bias.as_deref().unwrap_or(&[]);
    for (output, scales) in scales.iter_mut().enumerate() {
        let weights: Vec<f64> = incoming(&linear, output).collect();
        let size = norm(weights.iter().chain(bias.get(output)).copied());
        for (pair, scale) in scales.iter_mut().enumerate() {
            let [plus, minus] = units(output * pairs + pair);
            let drawn = norm(incoming(first, plus));
            let wanted = drawn / size;
            if wanted.is_finite() && wanted > 0.0 {
                *scale = wanted;
            }
            for (unit, factor) in [(plus, *scale), (minus, -*scale)] {
                let column = first.weight[unit..].iter_mut().step_by(first.d_output);
                column
                    .zip(&weights)
                    .for_each(|(own, weight)| *own = factor * weight);
                if let (Some(own), Some(bias)) = (&mut first.bias, bias.get(output)) {
                    own[unit] = factor * bias;
                }
            }
        }
    }
    let each = || (0..outputs).flat_map(|output| (0..pairs).map(move |pair| (output, pair)));
    for layer in middle {
        let width = layer.d_output;
        for (output, pair) in each() {
            for (unit, sign) in units(output * pairs + pair).into_iter().zip([1.0, -1.0]) {
                let column = layer.weight[unit..].iter_mut().step_by(width);
                column.for_each(|own| *own = 0.0);
                if let Some(bias) = &mut layer.bias {
                    bias[unit] = 0.0;
                }
                let scale = sign * scales[output][pair] / pairs as f64;
                for (from, before) in scales[output].iter().enumerate() {
                    let [plus, minus] = units(output * pairs + from);
                    layer.weight[plus * width + unit] = scale / before;
                    layer.weight[minus * width + unit] = -scale / before;
                }
            }
        }
    }
    for (output, pair) in each() {
        let weight = 1.0 / (scales[output][pair] * pairs as f64);
        let [plus, minus] = units(output * pairs + pair);
        last.weight[plus * outputs + output] = weight;
        last.weight[minus * outputs + output] = -weight;
    }
}

/// The units of a pair.
fn units(pair: usize) -> [usize; 2] {
    [2 * pair, 2 * pair + 1]
}

/// The weights of a unit's inputs.
fn incoming(layer: &LayerWeights, unit: usize) -> impl Iterator<Item = f64> {
    layer.weight[unit..].iter().step_by(layer.d_output).copied()
}

fn norm(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.map(|number| number * number).sum::<f64>().sqrt()
}
