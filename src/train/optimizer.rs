//! The optimizers' steps, in PyTorch's conventions: a file a rule, each written once for single numbers and for tensors.
//!
//! Weight decay is an L2 penalty, `weight_decay * w` added to the gradient, but for AdamW; so is `l1 * sign(w)`. All
//! averages start at 0. Biases are parameters like any other. A new optimizer is a [`Rule`] in a file of its own, and an
//! arm of [`Step::parameter`].
//!
//! They are written here and not taken from Burn, whose optimizers hold momentum and betas as 32-bit
//! numbers and give 64-bit state back as 32-bit when it is loaded, so that a 64-bit run could not be
//! resumed to the last bit.

mod adam;
mod rule;
mod sgd;

use burn::tensor::Tensor;

use crate::config::{Momentum, Optimizer, TrainConfig};
use crate::model::LayerTensors;

use super::engine::Arithmetic;
use adam::Adam;
use rule::Penalized;
use sgd::{Sgd, SgdMomentum};

pub(super) use rule::{Number, Rule};

/// What an optimizer remembers from step to step, layer by layer.
pub(super) type OptimizerState = Vec<LayerState>;

/// What an optimizer remembers of a layer.
#[derive(Debug, Clone, Default)]
pub(super) struct LayerState {
    pub(super) weight: Averages<2>,
    pub(super) bias: Averages<1>,
}

/// Running averages of the gradients so far; none before the first step, or where the optimizer needs none: the velocity
/// of `sgd`, or the first and the second moment of `adam`.
#[derive(Debug, Clone)]
pub(super) struct Averages<const D: usize>(pub(super) [Option<Tensor<D>>; 2]);

impl<const D: usize> Default for Averages<D> {
    fn default() -> Self {
        Averages([None, None])
    }
}

impl<const D: usize> Averages<D> {
    /// A function of each average.
    pub(super) fn map(&self, change: impl Fn(&Tensor<D>) -> Tensor<D>) -> Self {
        Averages(std::array::from_fn(|k| self.0[k].as_ref().map(&change)))
    }

    /// A function of the averages of many networks, which all have them or none.
    pub(super) fn of_all<'a>(
        networks: impl Iterator<Item = &'a Self> + Clone,
        join: impl Fn(Vec<Tensor<D>>) -> Tensor<D>,
    ) -> Self {
        Averages(std::array::from_fn(|k| {
            let averages: Vec<_> = networks
                .clone()
                .filter_map(|one| one.0[k].clone())
                .collect();
            (!averages.is_empty()).then(|| join(averages))
        }))
    }
}

/// One step: the numbers that all parameters share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    optimizer: Optimizer,
    rate: f64,
    /// `None` if there is no momentum, in this step and all others.
    momentum: Option<f64>,
    /// What the gradient is multiplied by before it enters the velocity.
    dampening: f64,
    beta2: f64,
    weight_decay: f64,
    l1: f64,
    /// Steps with this one, counted from 1.
    time: usize,
    arithmetic: Arithmetic,
}

impl Step {
    pub(super) fn new(
        train: &TrainConfig,
        rate: f64,
        epoch: usize,
        time: usize,
        arithmetic: Arithmetic,
    ) -> Self {
        let momentum = train.momentum.at(epoch);
        Step {
            optimizer: train.optimizer,
            rate,
            momentum: (train.momentum != Momentum::default()).then_some(momentum),
            dampening: if train.dampening { 1.0 - momentum } else { 1.0 },
            beta2: train.beta2,
            weight_decay: train.weight_decay,
            l1: train.l1,
            time,
            arithmetic,
        }
    }

    /// The same step without weight decay.
    pub(super) fn without_penalties(self) -> Self {
        Step {
            weight_decay: 0.0,
            l1: 0.0,
            ..self
        }
    }

    /// A layer's weights after the step.
    pub(super) fn layer(
        &self,
        weights: LayerTensors,
        gradients: LayerTensors,
        state: &mut LayerState,
    ) -> LayerTensors {
        let bias = weights.bias.zip(gradients.bias);
        LayerTensors {
            weight: self.parameter(weights.weight, gradients.weight, &mut state.weight),
            bias: bias.map(|(bias, gradient)| self.parameter(bias, gradient, &mut state.bias)),
        }
    }

    pub(super) fn parameter<const D: usize>(
        &self,
        w: Tensor<D>,
        g: Tensor<D>,
        averages: &mut Averages<D>,
    ) -> Tensor<D> {
        let rate = self.rate;
        match (self.optimizer, self.momentum) {
            (Optimizer::Sgd, None) => self.penalized(Sgd { rate }, w, g, averages),
            (Optimizer::Sgd, Some(momentum)) => {
                let dampening = self.dampening;
                let rule = SgdMomentum {
                    rate,
                    momentum,
                    dampening,
                };
                self.penalized(rule, w, g, averages)
            }
            (Optimizer::Adam, _) => {
                self.penalized(Adam::new((rate, self.beta2), self.time), w, g, averages)
            }
            (Optimizer::AdamW, _) => {
                let rule = Adam::new((rate, self.beta2), self.time)
                    .with_weight_decay(rate, self.weight_decay);
                self.take(rule, w, g, averages)
            }
        }
    }

    /// Takes the step with the gradients of the penalties.
    fn penalized<const D: usize, const K: usize>(
        &self,
        rule: impl Rule<K>,
        w: Tensor<D>,
        g: Tensor<D>,
        averages: &mut Averages<D>,
    ) -> Tensor<D> {
        let (l2, l1) = (self.weight_decay, self.l1);
        match (l2 != 0.0, l1 != 0.0) {
            (false, false) => self.take(rule, w, g, averages),
            (true, false) => {
                self.take(Penalized::<_, true, false> { rule, l2, l1 }, w, g, averages)
            }
            (false, true) => {
                self.take(Penalized::<_, false, true> { rule, l2, l1 }, w, g, averages)
            }
            (true, true) => self.take(Penalized::<_, true, true> { rule, l2, l1 }, w, g, averages),
        }
    }

    fn take<const D: usize, const K: usize>(
        &self,
        rule: impl Rule<K>,
        w: Tensor<D>,
        g: Tensor<D>,
        Averages(averages): &mut Averages<D>,
    ) -> Tensor<D> {
        let old: [_; K] = std::array::from_fn(|k| averages[k].take());
        let (w, new) = self.arithmetic.step(rule, w, g, old);
        for (average, new) in averages.iter_mut().zip(new) {
            *average = new;
        }
        w
    }
}
