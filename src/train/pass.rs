//! The forward and the backward pass of a step.

use std::sync::OnceLock;

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::sigmoid::{AtOnce, Sigmoids};
use crate::config::Loss;
use crate::dropout::{LayerMasks, with_framework_masks};
use crate::error::Result;
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
        let layers = network.noises().zip(network.widths());
        let drawn = masks.iter_mut().zip(layers).map(|(masks, (noise, width))| {
            (!noise.is_off()).then(|| masks.mask(step, noise, [rows, width], options))
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
    /// All tensors: inputs, targets, masks.
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

/// What a step reads. None of it has a graph.
#[derive(Debug, Clone)]
pub(super) struct Operands {
    /// The weights, layer by layer.
    pub(super) layers: Vec<LayerTensors>,
    /// Inputs, targets, masks.
    pub(super) tensors: Vec<Tensor<2>>,
}

/// A step up to its loss. What it comes to depends on its operands only, or also on what the backend's
/// generator draws.
pub(super) trait Forward<const D: usize> {
    /// The numbers that the gradients of the sum are asked of. The operands are those of the step, or others of
    /// the same shapes, and may have a graph.
    ///
    /// # Errors
    /// [`Error::Compute`](crate::Error::Compute) if the backend fails.
    fn loss(&self, operands: Operands, sigmoids: &mut dyn Sigmoids) -> Result<Tensor<D>>;

    /// Runs a pass, with the backend's generator seeded for the step if that draws.
    fn seeded<T>(&self, pass: impl FnOnce() -> T) -> T {
        pass()
    }
}

/// What a forward and a backward pass give. Nothing of it has a graph.
#[derive(Debug, Clone)]
pub(super) struct Pass<const D: usize> {
    /// The loss of the batch, shape `[1]`, or what the losses of many networks are sums of.
    pub(super) loss: Tensor<D>,
    /// The gradients of its sum, layer by layer.
    pub(super) gradients: Vec<LayerTensors>,
}

impl<const D: usize> Pass<D> {
    /// Through Burn's autodiff.
    ///
    /// # Errors
    /// Those of [`Forward::loss`].
    pub(super) fn through_autodiff(step: &impl Forward<D>, operands: Operands) -> Result<Self> {
        let layers = operands.layers.into_iter();
        let layers: Vec<_> = layers.map(|layer| layer.map(tracked, tracked)).collect();
        let tensors = operands.tensors.into_iter().map(Tensor::from_inner);
        let operands = Operands {
            layers: layers.clone(),
            tensors: tensors.collect(),
        };
        let loss = step.loss(operands, &mut AtOnce)?;
        // Autodiff starts from a slope of 1 at every number of its root, as if they were summed up.
        let mut gradients = loss.backward();
        let layers = layers.iter();
        Ok(Pass {
            gradients: layers
                .map(|layer| layer.gradients(&mut gradients))
                .collect(),
            loss: loss.inner(),
        })
    }

    /// Whether two passes give the same numbers to the last bit.
    pub(super) fn equals(&self, other: &Self) -> bool {
        let all = |pass: &Self| {
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

fn tracked<const D: usize>(parameter: Tensor<D>) -> Tensor<D> {
    Tensor::from_inner(parameter).require_grad()
}

/// The step of one network.
pub(super) struct OneNetwork<'a> {
    /// Without a graph.
    pub(super) network: &'a Mlp,
    /// The same on the autodiff device, made if need be.
    pub(super) tracked: &'a OnceLock<Mlp>,
    pub(super) loss: Loss,
    pub(super) batch: &'a Batch,
    pub(super) at: At<'a>,
}

impl OneNetwork<'_> {
    pub(super) fn operands(&self) -> Operands {
        Operands {
            layers: self.network.tensors(),
            tensors: self.batch.tensors().cloned().collect(),
        }
    }
}

impl Forward<1> for OneNetwork<'_> {
    fn loss(&self, operands: Operands, _: &mut dyn Sigmoids) -> Result<Tensor<1>> {
        // The tracked network: the dropout layers of the other are off.
        let tracked = self.tracked.get_or_init(|| self.network.clone().train());
        let mut tensors = operands.tensors.into_iter();
        let batch = self.batch.map(|own| match tensors.next() {
            Some(tensor) => tensor,
            None => own.clone(),
        });
        Ok(batch.loss(&tracked.with_tensors(operands.layers), self.loss))
    }

    fn seeded<T>(&self, pass: impl FnOnce() -> T) -> T {
        let At { device, seed, step } = self.at;
        match self.batch.drops {
            Drops::Drawn => with_framework_masks(device, seed, step, pass),
            Drops::Nothing | Drops::Masked(_) => pass(),
        }
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
