//! The forward and the backward pass of a step, the plain way: through Burn's autodiff.

use burn::tensor::Tensor;

use crate::error::Result;
use crate::model::LayerTensors;

/// What a step reads. None of it has a graph.
#[derive(Debug, Clone)]
pub(super) struct Operands {
    /// The weights, layer by layer, and the logits of learned rates.
    pub(super) layers: Vec<LayerTensors>,
    /// Inputs, targets, weights where rows have them, masks.
    pub(super) tensors: Vec<Tensor<2>>,
}

/// Noise on the inputs of a layer, as it was drawn.
#[allow(clippy::large_enum_variant, reason = "one at a time")]
pub(super) enum OnInputs {
    /// Inputs are multiplied by it.
    Mask(Tensor<2>),
    /// They are multiplied by the first, and the second is added: alpha dropout.
    Shifted(Tensor<2>, Tensor<2>),
    /// They are multiplied by it, and it has a slope: the gates of a learned rate.
    Gates(Tensor<2>),
}

impl OnInputs {
    /// The noise of the next of the layers with noise on their inputs, of what was drawn for a step: alpha dropout `adds` something, and
    /// `gates` makes gates of what was drawn for a learned rate.
    pub(super) fn next(
        drawn: &mut impl Iterator<Item = Tensor<2>>,
        adds: bool,
        gates: Option<impl FnOnce(Tensor<2>) -> Tensor<2>>,
    ) -> Option<Self> {
        let mask = drawn.next()?;
        let added = if adds { drawn.next() } else { None };
        Some(match (gates, added) {
            (Some(gates), _) => OnInputs::Gates(gates(mask)),
            (None, Some(added)) => OnInputs::Shifted(mask, added),
            (None, None) => OnInputs::Mask(mask),
        })
    }

    /// # Shapes
    /// - `h`, the noise, output: the same
    pub(super) fn put_on(self, h: Tensor<2>) -> Tensor<2> {
        match self {
            OnInputs::Mask(mask) | OnInputs::Gates(mask) => h * mask,
            OnInputs::Shifted(mask, added) => h * mask + added,
        }
    }
}

/// A step up to its loss. What it comes to depends on its operands only, or also on what the backend's
/// generator draws.
pub(super) trait Forward<const D: usize> {
    /// Steps of one kind consist of the same operations on tensors of the same shapes. A training has few kinds: full and
    /// last batches, with and without dropout.
    fn kind(&self) -> StepKind;

    /// The numbers whose sum the gradients are of: the loss of the batch, shape `[1]`, or what the losses of many networks
    /// are sums of. The operands are those of the step, or others of the same shapes, and may have a graph.
    ///
    /// # Errors
    /// [`Error::Compute`](crate::Error::Compute) if the backend fails.
    fn loss(&self, operands: Operands, sigmoids: Option<&mut dyn Sigmoids>) -> Result<Tensor<D>>;

    /// Runs a pass, with the backend's generator seeded for the step if the pass draws from it.
    fn seeded<T>(&self, pass: impl FnOnce() -> T) -> T;
}

/// What the operations of a step depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StepKind {
    /// Rows in the batch.
    pub(super) rows: usize,
    /// Whether dropout is on.
    pub(super) dropout: bool,
}

/// A way to compute the sigmoids of a forward pass that is faster than Burn's.
pub(super) trait Sigmoids {
    /// `s(z) m`, or `s(z)` without a mask.
    ///
    /// # Shapes
    /// - `z`, `mask`, output: the same
    ///
    /// # Errors
    /// [`Error::Compute`](crate::Error::Compute) if the backend fails to deliver `z`.
    fn sigmoid(&mut self, z: Tensor<2>, mask: Option<Tensor<2>>) -> Result<Tensor<2>>;
}

/// What a forward and a backward pass give. Nothing of it has a graph.
#[derive(Debug, Clone)]
pub(super) struct Pass<const D: usize> {
    /// What [`Forward::loss`] returns.
    pub(super) loss: Tensor<D>,
    /// The gradients of its sum, layer by layer.
    pub(super) gradients: Vec<LayerTensors>,
}

impl<const D: usize> Pass<D> {
    /// Through Burn's autodiff.
    ///
    /// # Errors
    /// Those of [`Forward::loss`].
    pub(super) fn through_autodiff(
        step: &impl Forward<D>,
        operands: Operands,
        sigmoids: Option<&mut dyn Sigmoids>,
    ) -> Result<Self> {
        let layers: Vec<_> = operands
            .layers
            .into_iter()
            .map(LayerTensors::tracked)
            .collect();
        let tensors = operands.tensors.into_iter().map(Tensor::from_inner);
        let operands = Operands {
            layers: layers.clone(),
            tensors: tensors.collect(),
        };
        let loss = step.loss(operands, sigmoids)?;
        // Autodiff starts from a slope of 1 at every number of its root, as if they were summed up.
        let mut gradients = loss.backward();
        let layers = layers.iter().map(|layer| layer.gradients(&mut gradients));
        Ok(Pass {
            gradients: layers.collect(),
            loss: loss.inner(),
        })
    }
}
