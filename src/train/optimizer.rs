//! The optimisers' steps, in PyTorch's conventions.
//!
//! With `g` the gradient, `w` a parameter, `e` the learning rate, `d` the weight decay and `t` the
//! steps counted from 1:
//!
//! ```text
//! sgd     g' = g + d w;  v = momentum v + g';  w = w - e v
//! adam    g' = g + d w;  m = b1 m + (1 - b1) g';  v = b2 v + (1 - b2) g'^2
//!         w = w - e / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + epsilon)
//! adamw   w = w - e d w, then adam with d = 0
//! ```
//!
//! They are written here and not taken from Burn, whose optimisers hold momentum and betas as 32-bit
//! numbers and give 64-bit state back as 32-bit when it is loaded, so that a 64-bit run could not be
//! resumed to the last bit.

use burn::tensor::Tensor;

use crate::config::{Momentum, Optimizer, TrainConfig};
use crate::model::LayerTensors;

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// What an optimiser remembers of each layer from step to step.
pub(super) type Memory = Vec<LayerMemory>;

/// What an optimiser remembers of a layer.
#[derive(Debug, Clone, Default)]
pub(super) struct LayerMemory {
    pub(super) weight: Averages<2>,
    pub(super) bias: Averages<1>,
}

/// Averages of the gradients so far; none before the first step, or where the optimiser needs none.
#[derive(Debug, Clone)]
pub(super) struct Averages<const D: usize> {
    /// The velocity of `sgd`, the first moment of `adam`.
    pub(super) first: Option<Tensor<D>>,
    /// The second moment of `adam`.
    pub(super) second: Option<Tensor<D>>,
}

impl<const D: usize> Default for Averages<D> {
    fn default() -> Self {
        Averages {
            first: None,
            second: None,
        }
    }
}

/// One step: the numbers that all parameters share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    optimizer: Optimizer,
    learning_rate: f64,
    momentum: f64,
    /// Whether there is momentum now or in a later step.
    has_momentum: bool,
    weight_decay: f64,
    /// Steps with this one, counted from 1.
    time: usize,
}

impl Step {
    pub(super) fn new(train: &TrainConfig, learning_rate: f64, epoch: usize, time: usize) -> Self {
        Step {
            optimizer: train.optimizer,
            learning_rate,
            momentum: train.momentum.at(epoch),
            has_momentum: train.momentum != Momentum::default(),
            weight_decay: train.weight_decay,
            time,
        }
    }

    /// A layer's weights after the step.
    pub(super) fn layer(
        &self,
        weights: LayerTensors,
        gradients: LayerTensors,
        memory: &mut LayerMemory,
    ) -> LayerTensors {
        let bias = weights.bias.zip(gradients.bias);
        LayerTensors {
            weight: self.parameter(weights.weight, gradients.weight, &mut memory.weight),
            bias: bias.map(|(bias, gradient)| self.parameter(bias, gradient, &mut memory.bias)),
        }
    }

    fn parameter<const D: usize>(
        &self,
        w: Tensor<D>,
        g: Tensor<D>,
        averages: &mut Averages<D>,
    ) -> Tensor<D> {
        match self.optimizer {
            Optimizer::Sgd => self.sgd(w.clone(), self.decayed(g, w), averages),
            Optimizer::Adam => self.adam(w.clone(), self.decayed(g, w), averages),
            Optimizer::AdamW => {
                let shrink = 1.0 - self.learning_rate * self.weight_decay;
                self.adam(w.mul_scalar(shrink), g, averages)
            }
        }
    }

    /// The gradient with the L2 penalty's.
    fn decayed<const D: usize>(&self, g: Tensor<D>, w: Tensor<D>) -> Tensor<D> {
        if self.weight_decay == 0.0 {
            g
        } else {
            g + w.mul_scalar(self.weight_decay)
        }
    }

    fn sgd<const D: usize>(
        &self,
        w: Tensor<D>,
        g: Tensor<D>,
        averages: &mut Averages<D>,
    ) -> Tensor<D> {
        let v = match averages.first.take() {
            Some(v) => v.mul_scalar(self.momentum) + g,
            None => g,
        };
        // A ramp may start at 0: its first gradient is still part of the next velocity.
        if self.has_momentum {
            averages.first = Some(v.clone());
        }
        w - v.mul_scalar(self.learning_rate)
    }

    fn adam<const D: usize>(
        &self,
        w: Tensor<D>,
        g: Tensor<D>,
        averages: &mut Averages<D>,
    ) -> Tensor<D> {
        let m = average(averages.first.take(), g.clone(), BETA_1);
        let v = average(averages.second.take(), g.square(), BETA_2);
        let time = self.time as f64;
        let step = self.learning_rate / (1.0 - BETA_1.powf(time));
        let scale = 1.0 / (1.0 - BETA_2.powf(time)).sqrt();
        let denominator = v.clone().sqrt().mul_scalar(scale).add_scalar(EPSILON);
        averages.first = Some(m.clone());
        averages.second = Some(v);
        w - (m / denominator).mul_scalar(step)
    }
}

/// The running average, which starts at 0.
fn average<const D: usize>(old: Option<Tensor<D>>, new: Tensor<D>, beta: f64) -> Tensor<D> {
    let new = new.mul_scalar(1.0 - beta);
    match old {
        Some(old) => old.mul_scalar(beta) + new,
        None => new,
    }
}
