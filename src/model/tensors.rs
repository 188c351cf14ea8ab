//! One layer's numbers on the device, without a graph.

use burn::tensor::Tensor;

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

    /// The sum of the squares of all numbers, shape `[1]`.
    pub(crate) fn sum_of_squares(&self) -> Tensor<1> {
        let weight = self.weight.clone().square().sum();
        match &self.bias {
            Some(bias) => weight + bias.clone().square().sum(),
            None => weight,
        }
    }
}
