//! The optimizers' steps, in PyTorch's conventions.
//!
//! With `g` the gradient, `w` a parameter, `e` the learning rate, `d` the weight decay, `l` the L1 penalty and
//! `t` the steps counted from 1:
//!
//! ```text
//! sgd     g' = g + d w + l sign(w);  v = momentum v + g';  w = w - e v
//!         dampened:  v = momentum v + (1 - momentum) g'
//! adam    g' = g + d w + l sign(w);  m = b1 m + (1 - b1) g';  v = b2 v + (1 - b2) g'^2
//!         w = w - e / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + epsilon)
//! adamw   w = w - e d w, then adam with d = 0 and l = 0
//! ```
//!
//! where the sign of 0 is 0, and all of `v` and `m` start at 0. Biases are parameters like any other. The dampened
//! velocity is that of Hinton et al. 2012, whose gradient counts the less the larger the momentum, in the first step
//! too (PyTorch's `dampening` spares that one); the momentum is the epoch's.
//!
//! They are written here and not taken from Burn, whose optimizers hold momentum and betas as 32-bit
//! numbers and give 64-bit state back as 32-bit when it is loaded, so that a 64-bit run could not be
//! resumed to the last bit.

use burn::tensor::Tensor;

use super::{constrain, in_place};
use crate::config::{Momentum, Optimizer, TrainConfig};
use crate::model::{LayerTensors, Mlp};

pub(super) const BETA_1: f64 = 0.9;
pub(super) const BETA_2: f64 = 0.999;
pub(super) const EPSILON: f64 = 1e-8;

/// What an optimizer remembers of each layer from step to step.
pub(super) type Memory = Vec<LayerMemory>;

/// What an optimizer remembers of a layer.
#[derive(Debug, Clone, Default)]
pub(super) struct LayerMemory {
    pub(super) weight: Averages<2>,
    pub(super) bias: Averages<1>,
}

/// Averages of the gradients so far; none before the first step, or where the optimizer needs none.
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
    pub(super) optimizer: Optimizer,
    pub(super) learning_rate: f64,
    pub(super) momentum: f64,
    /// Whether there is momentum now or in a later step.
    pub(super) has_momentum: bool,
    /// What the gradient is multiplied by before it enters the velocity; none for PyTorch's convention.
    pub(super) dampening: Option<f64>,
    pub(super) weight_decay: f64,
    /// 0 for `adamw`.
    pub(super) l1: f64,
    max_norm: Option<f64>,
    /// Steps with this one, counted from 1.
    time: usize,
    in_place: bool,
}

impl Step {
    pub(super) fn new(train: &TrainConfig, learning_rate: f64, epoch: usize, time: usize) -> Self {
        let momentum = train.momentum.at(epoch);
        Step {
            optimizer: train.optimizer,
            learning_rate,
            momentum,
            dampening: train.dampening.then_some(1.0 - momentum),
            has_momentum: train.momentum != Momentum::default(),
            weight_decay: train.weight_decay,
            l1: train.l1,
            max_norm: train.max_norm,
            time,
            in_place: false,
        }
    }

    /// Whether to change the numbers where they are, which needs them to be in this process's memory. The
    /// result is the same.
    pub(super) fn in_place(self, in_place: bool) -> Self {
        Step { in_place, ..self }
    }

    /// Takes the step: changes all weights, then bounds their norms.
    pub(super) fn network(
        &self,
        network: &mut Mlp,
        gradients: Vec<LayerTensors>,
        memory: &mut Memory,
    ) {
        let mut layers = gradients.into_iter().zip(memory);
        network.update_layers(|_, weights| match layers.next() {
            Some((gradients, memory)) => self.bounded(self.layer(weights, gradients, memory)),
            None => weights,
        });
    }

    /// A layer's weights after the step, their norms not yet bounded.
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

    fn bounded(&self, layer: LayerTensors) -> LayerTensors {
        let weight = match self.max_norm {
            Some(bound) if self.in_place => in_place::max_norm(layer.weight, bound),
            Some(bound) => constrain::max_norm(layer.weight, bound),
            None => layer.weight,
        };
        LayerTensors { weight, ..layer }
    }

    pub(super) fn parameter<const D: usize>(
        &self,
        w: Tensor<D>,
        g: Tensor<D>,
        averages: &mut Averages<D>,
    ) -> Tensor<D> {
        if self.in_place {
            in_place::parameter(self, w, g, averages)
        } else {
            self.by_operations(w, g, averages)
        }
    }

    /// The step made of Burn's operations, on any backend.
    pub(super) fn by_operations<const D: usize>(
        &self,
        w: Tensor<D>,
        g: Tensor<D>,
        averages: &mut Averages<D>,
    ) -> Tensor<D> {
        match self.optimizer {
            Optimizer::Sgd => self.sgd(w.clone(), self.penalized(g, w), averages),
            Optimizer::Adam => self.adam(w.clone(), self.penalized(g, w), averages),
            Optimizer::AdamW => self.adam(w.mul_scalar(self.shrink()), g, averages),
        }
    }

    /// What `adamw` multiplies the parameters by.
    pub(super) fn shrink(&self) -> f64 {
        1.0 - self.learning_rate * self.weight_decay
    }

    /// What corrects the averages of `adam` for their start at 0: the rate, `e / (1 - b1^t)`, and the factor
    /// of `sqrt(v)`, `1 / sqrt(1 - b2^t)`.
    pub(super) fn corrections(&self) -> (f64, f64) {
        let time = self.time as f64;
        let rate = self.learning_rate / (1.0 - BETA_1.powf(time));
        (rate, 1.0 / (1.0 - BETA_2.powf(time)).sqrt())
    }

    /// The gradient with those of the L2 and the L1 penalty.
    fn penalized<const D: usize>(&self, g: Tensor<D>, w: Tensor<D>) -> Tensor<D> {
        let g = match self.weight_decay == 0.0 {
            true => g,
            false => g + w.clone().mul_scalar(self.weight_decay),
        };
        match self.l1 == 0.0 {
            true => g,
            false => g + w.sign().mul_scalar(self.l1),
        }
    }

    fn sgd<const D: usize>(
        &self,
        w: Tensor<D>,
        g: Tensor<D>,
        averages: &mut Averages<D>,
    ) -> Tensor<D> {
        let g = match self.dampening {
            Some(factor) => g.mul_scalar(factor),
            None => g,
        };
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
        let (rate, scale) = self.corrections();
        let denominator = v.clone().sqrt().mul_scalar(scale).add_scalar(EPSILON);
        averages.first = Some(m.clone());
        averages.second = Some(v);
        w - (m / denominator).mul_scalar(rate)
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
