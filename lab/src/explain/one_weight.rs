//! A network as a function of one weight of its first layer.
//!
//! A weight `w` from input `i` to unit `u` changes nothing but one column of the first layer's sums,
//!
//! ```text
//! z_u(w) = z_u + (w - w_0) x_i
//! ```
//!
//! and so the second layer's by one outer product, `f(z_u(w)) W_2[u, :]`. The products of the first two layers,
//! which are most of the work, are made once for all values.

use burn::tensor::{Tensor, TensorCreationOptions};

use dropwise::backend::{read, write};
use dropwise::config::{Activation, Loss};
use dropwise::data::Dataset;
use dropwise::error::Result;
use dropwise::evaluate::LossSum;
use dropwise::model::LayerTensors;
use dropwise::threads::in_pool;

use super::Subject;

/// Numbers in the widest layer for all values that are looked at together: few enough for memory and caches.
const TOGETHER: usize = 1 << 21;

/// A network as a function of one weight of its first layer, on some rows.
pub(super) struct OneWeight {
    options: TensorCreationOptions,
    /// The weight as it is.
    value: f64,
    /// `[rows, 1]`: the sums of the weight's unit, and the input that the weight is multiplied by.
    sums: Tensor<2>,
    inputs: Tensor<2>,
    /// `[1, d_2]`: the unit's outgoing weights.
    outgoing: Tensor<2>,
    /// `[rows, d_2]`: the second layer's sums without the unit.
    others: Tensor<2>,
    /// The layers behind the second.
    rest: Vec<LayerTensors>,
    activation: Activation,
    output: Activation,
    /// `[rows][d_output]`
    targets: Vec<Vec<f64>>,
    loss: Loss,
}

impl OneWeight {
    /// The network of `subject`, or with `masks` a thinned one, as a function of the weight from an input to a
    /// unit.
    ///
    /// # Shapes
    /// - `masks`: `[layers][inputs of the layer]` or `[layers][inputs and outputs of the layer]`, scaled
    pub(super) fn new(
        subject: &Subject<'_>,
        rows: &Dataset,
        (input, unit): (usize, usize),
        masks: Option<&[Vec<f64>]>,
    ) -> Result<Self> {
        let network = subject.network();
        let mut layers = network.tensors();
        let (device, dtype) = (layers[0].weight.device(), network.dtype());
        let options = TensorCreationOptions::from((&device, dtype));
        let value = read(cell(&layers[0].weight, input, unit))?[0];
        // A mask on a layer's inputs is one on the rows of its weights.
        for (layer, mask) in layers.iter_mut().zip(masks.unwrap_or_default()) {
            let [d_input, _] = layer.weight.dims();
            let shape = [d_input, mask.len() / d_input];
            layer.weight = layer.weight.clone() * write(mask, shape, &options);
        }
        let scale = masks.map_or(1.0, |masks| {
            let columns = masks[0].len() / layers[0].weight.dims()[0];
            masks[0][input * columns + unit % columns]
        });
        let x = rows.inputs((&device, dtype)); // [rows, d_input]
        let (activation, count) = (network.activation(), rows.len());
        let rest = layers.split_off(2);
        let (sums, outgoing, others) = in_pool(network.largest_product(count), || {
            let sums = layer_sums(x.clone(), &layers[0]); // [rows, d_1]
            let hidden = activation.forward(sums.clone());
            let width = layers[1].weight.dims()[1];
            let outgoing = layers[1].weight.clone().slice([unit..unit + 1, 0..width]);
            let own = hidden.clone().slice([0..count, unit..unit + 1]) * outgoing.clone();
            let others = layer_sums(hidden, &layers[1]) - own;
            (sums.slice([0..count, unit..unit + 1]), outgoing, others)
        });
        Ok(OneWeight {
            value,
            sums,
            inputs: x.slice([0..count, input..input + 1]) * scale,
            outgoing,
            others,
            rest,
            activation,
            output: network.output_activation(),
            targets: (0..count).map(|row| rows.target_row(row)).collect(),
            loss: subject.loss(),
            options,
        })
    }

    /// The loss at each value of the weight.
    pub(super) fn losses(&self, values: &[f64]) -> Result<Vec<f64>> {
        let [rows, width] = self.others.dims();
        let widths = self.rest.iter().map(|layer| layer.weight.dims()[1]);
        let widest = widths.fold(width, usize::max);
        let together = (TOGETHER / (rows * widest)).max(1);
        let mut losses = Vec::with_capacity(values.len());
        for values in values.chunks(together) {
            let outputs = in_pool(self.largest_product(values.len()), || self.outputs(values));
            let outputs = read(outputs)?;
            let of_a_value = outputs.len() / values.len();
            losses.extend(
                outputs
                    .chunks_exact(of_a_value)
                    .map(|outputs| self.loss(outputs)),
            );
        }
        Ok(losses)
    }

    /// The outputs, `[values * rows, d_output]`, value after value.
    fn outputs(&self, values: &[f64]) -> Tensor<2> {
        let (rows, count) = (self.targets.len(), values.len());
        let moves: Vec<f64> = values.iter().map(|value| value - self.value).collect();
        let moves = write(&moves, [1, count], &self.options);
        let sums = self.sums.clone() + self.inputs.clone() * moves; // [rows, values]
        let own = self.activation.forward(sums).transpose();
        let own = own.reshape([count * rows, 1]) * self.outgoing.clone();
        let mut sums = self.others.clone().repeat_dim(0, count) + own; // [values * rows, d_2]
        for layer in &self.rest {
            sums = layer_sums(self.activation.forward(sums), layer);
        }
        self.output.forward(sums)
    }

    fn loss(&self, outputs: &[f64]) -> f64 {
        let rows = self.targets.len();
        let d_output = outputs.len() / rows;
        let mut sum = LossSum::new(self.loss);
        for (output, target) in outputs.chunks_exact(d_output).zip(&self.targets) {
            sum.add(output, target);
        }
        sum.value(rows, d_output)
    }

    /// Multiplications in the largest matrix product for `values` values.
    fn largest_product(&self, values: usize) -> usize {
        let weights = self.rest.iter().map(|layer| layer.weight.dims());
        let largest = weights.map(|[from, to]| from * to).max();
        largest
            .unwrap_or(0)
            .saturating_mul(values * self.targets.len())
    }
}

/// `x W + b`
fn layer_sums(x: Tensor<2>, layer: &LayerTensors) -> Tensor<2> {
    let sums = x.matmul(layer.weight.clone());
    match &layer.bias {
        Some(bias) => sums + bias.clone().unsqueeze(),
        None => sums,
    }
}

fn cell(weights: &Tensor<2>, row: usize, column: usize) -> Tensor<2> {
    weights.clone().slice([row..row + 1, column..column + 1])
}
