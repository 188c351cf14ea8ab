//! One layer's numbers in plain memory.

use burn::nn::Linear;
use burn::tensor::TensorCreationOptions;

use super::LayerTensors;
use crate::backend::{read, write};
use crate::error::{Error, Result};

/// One layer's weights in memory, or anything of their shape, such as their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerWeights {
    /// Inputs of the layer.
    pub d_input: usize,
    /// Outputs of the layer.
    pub d_output: usize,
    /// `[d_input, d_output]`, row after row.
    pub weight: Vec<f64>,
    /// `[d_output]`, where the layer has biases.
    pub bias: Option<Vec<f64>>,
}

impl LayerWeights {
    /// One number, as a layer of one weight.
    pub(crate) fn of_number(number: f64) -> Self {
        LayerWeights {
            d_input: 1,
            d_output: 1,
            weight: vec![number],
            bias: None,
        }
    }

    /// Reads a layer's numbers from the device.
    pub(crate) fn read(layer: LayerTensors) -> Result<Self> {
        let [d_input, d_output] = layer.weight.dims();
        Ok(LayerWeights {
            d_input,
            d_output,
            weight: read(layer.weight)?,
            bias: layer.bias.map(read).transpose()?,
        })
    }

    /// The numbers on the device, if they are of the shape of `like`, layer `k` of a network.
    pub(crate) fn to_tensors(
        &self,
        k: usize,
        like: &LayerWeights,
        options: &TensorCreationOptions,
    ) -> Result<LayerTensors> {
        self.check(k, (like.d_input, like.d_output), like.bias.is_some())?;
        Ok(self.as_tensors(options))
    }

    /// The numbers on the device.
    pub(crate) fn as_tensors(&self, options: &TensorCreationOptions) -> LayerTensors {
        let bias = self.bias.as_ref();
        LayerTensors {
            weight: write(&self.weight, [self.d_input, self.d_output], options),
            bias: bias.map(|bias| write(bias, [self.d_output], options)),
        }
    }

    /// All numbers, weights first.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        let bias = self.bias.iter().flatten();
        self.weight.iter().chain(bias).copied()
    }

    /// All numbers, weights first, to be changed.
    #[doc(hidden)]
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut f64> {
        self.weight.iter_mut().chain(self.bias.iter_mut().flatten())
    }

    /// Checks that the numbers fit layer `layer`, counted from 0, of a network.
    pub(super) fn check(&self, layer: usize, size: (usize, usize), bias: bool) -> Result<()> {
        let biases = self.bias.as_ref().map_or(0, Vec::len);
        let found = ((self.d_input, self.d_output), biases);
        check_sizes(layer, found, (size, bias))?;
        let (expected, found) = (size.0 * size.1, self.weight.len());
        if expected == found {
            Ok(())
        } else {
            let what = "numbers in the weights";
            Err(shape_error(layer, what, vec![expected], vec![found]))
        }
    }

    /// The numbers as a Burn layer.
    pub(super) fn to_linear(&self, options: &TensorCreationOptions) -> Linear {
        self.as_tensors(options).into_linear()
    }
}

/// Checks inputs, outputs and biases of layer `layer`, counted from 0, of a network.
pub(super) fn check_sizes(
    layer: usize,
    ((d_input, d_output), biases): ((usize, usize), usize),
    (size, bias): ((usize, usize), bool),
) -> Result<()> {
    if (d_input, d_output) != size {
        let (expected, found) = (vec![size.0, size.1], vec![d_input, d_output]);
        return Err(shape_error(layer, "weights", expected, found));
    }
    let expected = if bias { d_output } else { 0 };
    if expected != biases {
        return Err(shape_error(layer, "biases", vec![expected], vec![biases]));
    }
    Ok(())
}

fn shape_error(layer: usize, what: &str, expected: Vec<usize>, found: Vec<usize>) -> Error {
    Error::Shape {
        what: format!("{what} of layer {}", layer + 1),
        expected,
        found,
    }
}
