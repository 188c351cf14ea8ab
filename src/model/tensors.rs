//! One layer's numbers on the device, without a graph.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::Tensor;

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
