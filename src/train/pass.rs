//! The forward and the backward pass of a step.

use burn::tensor::{Device, Tensor};

use crate::config::Loss;
use crate::dropout::{LayerMasks, with_framework_masks};
use crate::model::{LayerTensors, Mlp};

/// What is dropped in a step.
#[derive(Debug, Clone)]
pub(super) enum Drops {
    /// Nothing.
    Nothing,
    /// What Burn's layers draw from the backend's generator.
    Drawn,
    /// What the masks say, one for the inputs of each layer that drops any.
    Masked(Vec<Option<Tensor<2>>>),
}

impl Drops {
    /// What a step drops where dropout is on: drawn by Burn's layers, unless there are seeded masks, one a
    /// layer. `inputs` is the step's batch.
    pub(super) fn of(
        network: &Mlp,
        masks: &mut [LayerMasks],
        step: usize,
        inputs: &Tensor<2>,
    ) -> Self {
        if masks.is_empty() {
            return Drops::Drawn;
        }
        let (rows, options) = (inputs.dims()[0], (&inputs.device(), inputs.dtype()));
        let layers = network.dropouts().iter().zip(network.widths());
        let drawn = masks.iter_mut().zip(layers).map(|(masks, (layer, width))| {
            (layer.prob > 0.0).then(|| masks.mask(step, layer.prob, [rows, width], options))
        });
        Drops::Masked(drawn.collect())
    }
}

/// What a step learns from.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    /// `[batch, d_input]`
    pub(super) inputs: Tensor<2>,
    /// `[batch, d_output]`
    pub(super) targets: Tensor<2>,
    pub(super) drops: Drops,
}

impl Batch {
    /// Rows of the batch.
    pub(super) fn rows(&self) -> usize {
        self.inputs.dims()[0]
    }

    /// All tensors: inputs, targets, masks.
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    pub(super) fn tensors(&self) -> impl Iterator<Item = &Tensor<2>> {
        let masks = match &self.drops {
            Drops::Masked(masks) => masks.as_slice(),
            Drops::Nothing | Drops::Drawn => &[],
        };
        let masks = masks.iter().flatten();
        [&self.inputs, &self.targets].into_iter().chain(masks)
    }

    /// The same batch with `change` made to each tensor, in the order of [`tensors`](Self::tensors).
    pub(super) fn map(&self, mut change: impl FnMut(&Tensor<2>) -> Tensor<2>) -> Self {
        Batch {
            inputs: change(&self.inputs),
            targets: change(&self.targets),
            drops: match &self.drops {
                Drops::Masked(masks) => {
                    let masks = masks.iter().map(|mask| mask.as_ref().map(&mut change));
                    Drops::Masked(masks.collect())
                }
                drops => drops.clone(),
            },
        }
    }

    /// The loss of the network's outputs, shape `[1]`.
    pub(super) fn loss(self, network: &Mlp, loss: Loss) -> Tensor<1> {
        let output = match self.drops {
            Drops::Nothing => network.forward_with(self.inputs, |_, h| h),
            Drops::Drawn => network.forward(self.inputs),
            Drops::Masked(mut masks) => {
                network.forward_with(self.inputs, |k, h| match masks[k].take() {
                    Some(mask) => h * mask,
                    None => h,
                })
            }
        };
        loss.forward(output, self.targets)
    }
}

/// What a forward and a backward pass give. Nothing of it has a graph.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    /// The loss of the batch, shape `[1]`.
    pub(super) loss: Tensor<1>,
    /// Its gradients, layer by layer.
    pub(super) gradients: Vec<LayerTensors>,
}

impl Pass {
    /// Through Burn's autodiff. `network` is on a device with it; the batch has no graph.
    pub(super) fn through_autodiff(network: &Mlp, loss: Loss, batch: &Batch) -> Self {
        let batch = batch.map(|tensor| Tensor::from_inner(tensor.clone()));
        let loss = batch.loss(network, loss);
        Pass {
            gradients: network.backward(&loss),
            loss: loss.inner(),
        }
    }

    /// Whether two passes give the same numbers to the last bit.
    pub(super) fn equals(&self, other: &Pass) -> bool {
        let all = |pass: &Pass| {
            let layers = pass.gradients.iter().cloned();
            let gradients = layers.flat_map(|layer| {
                let bias = layer.bias.map(Tensor::into_data);
                [Some(layer.weight.into_data()), bias]
            });
            let loss = [Some(pass.loss.clone().into_data())];
            gradients.chain(loss).flatten().collect::<Vec<_>>()
        };
        let (these, those) = (all(self), all(other));
        let same = |(a, b): (&burn::tensor::TensorData, &burn::tensor::TensorData)| {
            a.as_bytes() == b.as_bytes()
        };
        these.len() == those.len() && these.iter().zip(&those).all(same)
    }
}

/// The place in the masks' course that a step is at.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) device: &'a Device,
    pub(super) seed: u64,
    /// Counted from 1.
    pub(super) step: usize,
}

impl At<'_> {
    /// Runs a pass on `batch`, with the backend's generator seeded for the step if that draws.
    pub(super) fn run<T>(self, batch: &Batch, pass: impl FnOnce() -> T) -> T {
        match batch.drops {
            Drops::Drawn => with_framework_masks(self.device, self.seed, self.step, pass),
            Drops::Nothing | Drops::Masked(_) => pass(),
        }
    }
}
