//! One layer's numbers on the device, without a graph.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Gradients, Tensor};

use super::weights::check_sizes;
use crate::error::Result;

/// One layer's weights on the device, or anything of their shape, such as their gradients. They are
/// not tracked by autodiff.
#[derive(Debug, Clone)]
pub struct LayerTensors {
    /// `[d_input, d_output]`
    pub weight: Tensor<2>,
    /// `[d_output]`, where the layer has biases.
    pub bias: Option<Tensor<1>>,
}

impl LayerTensors {
    /// A function of the weights and one of the biases.
    pub(crate) fn map(
        self,
        weight: impl FnOnce(Tensor<2>) -> Tensor<2>,
        bias: impl FnOnce(Tensor<1>) -> Tensor<1>,
    ) -> Self {
        LayerTensors {
            weight: weight(self.weight),
            bias: self.bias.map(bias),
        }
    }

    /// The same numbers, tracked by autodiff.
    pub(crate) fn tracked(self) -> Self {
        fn tracked<const D: usize>(parameter: Tensor<D>) -> Tensor<D> {
            Tensor::from_inner(parameter).require_grad()
        }
        self.map(tracked, tracked)
    }

    /// The gradients of these numbers, which here are tracked by autodiff; zeros where the loss does not depend on
    /// them.
    pub(crate) fn gradients(&self, gradients: &mut Gradients) -> Self {
        LayerTensors {
            weight: gradient(&self.weight, gradients),
            bias: self.bias.as_ref().map(|bias| gradient(bias, gradients)),
        }
    }

    /// The weights, or their gradients, times a mask of weights, if there is one.
    pub(crate) fn masked(self, mask: Option<&Tensor<2>>) -> Self {
        match mask {
            Some(mask) => self.map(|weight| weight * mask.clone(), |bias| bias),
            None => self,
        }
    }

    /// The numbers as a Burn layer.
    pub(super) fn into_linear(self) -> Linear {
        Linear {
            weight: Param::from_tensor(self.weight),
            bias: self.bias.map(Param::from_tensor),
        }
    }

    /// Checks that the numbers fit layer `layer`, counted from 0, of a network.
    pub(super) fn check(&self, layer: usize, size: (usize, usize), bias: bool) -> Result<()> {
        let [d_input, d_output] = self.weight.dims();
        let biases = self.bias.as_ref().map_or(0, |bias| bias.dims()[0]);
        check_sizes(layer, ((d_input, d_output), biases), (size, bias))
    }

    /// The sum of the squares of all numbers, shape `[1]`.
    pub(crate) fn sum_of_squares(&self) -> Tensor<1> {
        let weight = self.weight.clone().square().sum();
        match &self.bias {
            Some(bias) => weight + bias.clone().square().sum(),
            None => weight,
        }
    }
}

fn gradient<const D: usize>(parameter: &Tensor<D>, gradients: &mut Gradients) -> Tensor<D> {
    match parameter.grad_remove(gradients) {
        Some(gradient) => gradient,
        None => parameter.clone().inner().zeros_like(),
    }
}
