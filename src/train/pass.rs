//! Forward and backward: a batch -> its loss and gradients.

use burn::tensor::Tensor;

use crate::backend::read;
use crate::config::CheckedExperiment;
use crate::dropout::{LayerMasks, with_seeded_masks};
use crate::error::Result;
use crate::model::{LayerTensors, Mlp};

/// What one pass needs of the trainer; unlike that it can be sent into a pool of threads.
pub(super) struct Pass<'a> {
    pub(super) experiment: &'a CheckedExperiment,
    pub(super) network: &'a Mlp,
    /// One a layer where masks are seeded, else none.
    pub(super) masks: &'a mut [LayerMasks],
    /// The step, counted from 1.
    pub(super) step: usize,
    /// The epoch, counted from 0.
    pub(super) epoch: usize,
}

impl Pass<'_> {
    /// The loss of a batch and the gradients of it, which are left out where the loss is not finite.
    ///
    /// # Shapes
    /// - `x`: `[batch, d_input]`
    /// - `y`: `[batch, d_output]`
    ///
    /// # Errors
    /// [`Error::Compute`](crate::Error::Compute) if the backend fails.
    pub(super) fn run(mut self, x: Tensor<2>, y: Tensor<2>) -> Result<(f64, Vec<LayerTensors>)> {
        let kind = self.experiment.train.loss.unwrap_or_default();
        let loss = kind.forward(self.forward(x), y);
        let value = read(loss.clone().inner())?[0];
        let gradients = if value.is_finite() {
            self.network.backward(&loss)
        } else {
            Vec::new()
        };
        Ok((value, gradients))
    }

    /// The outputs of a batch, with dropout where the experiment has it on.
    fn forward(&mut self, x: Tensor<2>) -> Tensor<2> {
        let (network, step) = (self.network, self.step);
        let schedule = self.experiment.dropout.schedule;
        if !network.has_dropout() {
            network.forward(x)
        } else if !schedule.is_on(self.epoch) {
            network.forward_with(x, |_, h| h)
        } else if self.masks.is_empty() {
            let (device, seed) = (network.device(), self.experiment.seed);
            with_seeded_masks(&device, seed, step, || network.forward(x))
        } else {
            let dropouts = network.dropouts();
            let drop = |k: usize, h| self.masks[k].apply(step, dropouts[k].prob, h);
            network.forward_with(x, drop)
        }
    }
}
