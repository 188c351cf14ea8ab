//! The laws of the training loop: bounds, batches, schedules, ends, what is told and to whom.

mod batches;
mod bounds;
mod ends;
mod exchange;
mod masks;
mod replays;
mod schedules;
mod smoothing;
mod told;
mod weights;

use crate::common::rows::Rows;
use burn::tensor::Device;
use dropwise::config::{Activation, CheckedExperiment, Loss};
use dropwise::dropout::Noise;
use dropwise::train::{Flow, Observer, Trainer};
use dropwise::verify::reference::Reference;
use dropwise::{Dataset, LayerWeights, Result};

/// The default backend.
fn device() -> Device {
    dropwise::Backend::default().device().expect("a backend")
}

/// A trainer without validation rows.
fn trainer<'a>(experiment: &CheckedExperiment, data: &'a Dataset) -> Trainer<'a> {
    Trainer::new(experiment, data, None, &device()).expect("a trainer")
}

/// The weights of a trainer's network.
fn weights(trainer: &Trainer<'_>) -> Vec<LayerWeights> {
    trainer.network().weights().expect("weights")
}

/// Looks at the trainer after each step.
struct AfterEachStep<F>(F);

impl<F: FnMut(&Trainer<'_>)> Observer for AfterEachStep<F> {
    fn stepped(&mut self, trainer: &Trainer<'_>) -> Result<Flow> {
        (self.0)(trainer);
        Ok(Flow::Continue)
    }
}

/// Trains, and returns the weights before the first step and after each.
fn course(mut trainer: Trainer<'_>) -> Vec<Vec<LayerWeights>> {
    let mut course = vec![weights(&trainer)];
    let mut observer = AfterEachStep(|trainer: &Trainer<'_>| course.push(weights(trainer)));
    trainer.run(&mut observer).expect("a good end");
    course
}

/// The gradients of the mean squared error over these rows, by hand.
fn gradients(layers: &[LayerWeights], rows: &Rows) -> Vec<LayerWeights> {
    let count = rows.inputs().len() / 3;
    let reference = Reference {
        weights: None,
        layers: layers.to_vec(),
        activation: Activation::Tanh,
        output: Activation::Identity,
        loss: Loss::MeanSquaredError,
        noises: [0.0, 0.0].map(Noise::from).to_vec(),
        penalty: [0.0; 2],
        inputs: rows.inputs(),
        targets: rows.targets(),
        masks: vec![vec![1.0; count * 3], vec![1.0; count * 5]],
    };
    reference.gradients()
}

/// Each weight less `rate` times its gradient.
fn descended(layers: &[LayerWeights], gradients: &[LayerWeights], rate: f64) -> Vec<LayerWeights> {
    let mut layers = layers.to_vec();
    let weights = layers.iter_mut().flat_map(LayerWeights::values_mut);
    for (w, g) in weights.zip(gradients.iter().flat_map(LayerWeights::values)) {
        *w -= rate * g;
    }
    layers
}
