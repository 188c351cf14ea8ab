//! All that a training needs to go on later as if it had never stopped.

use burn::tensor::{DType, Device, Tensor, TensorCreationOptions};

use super::optimizer::{Averages, LayerMemory, Memory};
use crate::error::{Error, Result};
use crate::model::{LayerTensors, LayerWeights};

/// The state of a training between two steps, in plain memory. Everything else (masks, the order of
/// rows, learning rates) is a function of the experiment and the step.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Training steps so far.
    pub step: usize,
    /// The weights.
    pub weights: Vec<LayerWeights>,
    /// What the optimizer remembers; empty where it remembers nothing.
    pub averages: OptimizerAverages,
    /// The sum of the losses of the rows seen since the last evaluation.
    pub loss_sum: f64,
    /// How many rows that were.
    pub loss_rows: usize,
    /// The best network so far, where there are validation rows.
    pub best: Option<BestSnapshot>,
}

/// An optimizer's running averages of the gradients, layer by layer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OptimizerAverages {
    /// The velocity of `sgd` with momentum, the first moment of `adam` and `adamw`; else empty.
    pub first: Vec<LayerWeights>,
    /// The second moment of `adam` and `adamw`; else empty.
    pub second: Vec<LayerWeights>,
}

/// The best network so far.
#[derive(Debug, Clone, PartialEq)]
pub struct BestSnapshot {
    /// The step that it comes from.
    pub step: usize,
    /// Its loss on the validation rows.
    pub loss: f64,
    /// Evaluations since then.
    pub waited: usize,
    /// Its weights.
    pub weights: Vec<LayerWeights>,
}

impl OptimizerAverages {
    /// Reads the averages from the device. All layers have them or none.
    pub(super) fn read(memory: &Memory) -> Result<Self> {
        Ok(OptimizerAverages {
            first: read_layers(memory, |weight| &weight.first, |bias| &bias.first)?,
            second: read_layers(memory, |weight| &weight.second, |bias| &bias.second)?,
        })
    }

    /// Puts the averages back on the device, for layers of the shapes of `weights`.
    pub(super) fn restore(
        &self,
        weights: &[LayerWeights],
        device: &Device,
        dtype: DType,
    ) -> Result<Memory> {
        let options = TensorCreationOptions::from((device, dtype));
        for averages in [&self.first, &self.second] {
            if !averages.is_empty() && averages.len() != weights.len() {
                return Err(Error::Shape {
                    what: "the layers of the optimizer's averages".to_owned(),
                    expected: vec![weights.len()],
                    found: vec![averages.len()],
                });
            }
        }
        let mut memory: Memory = weights.iter().map(|_| LayerMemory::default()).collect();
        for (k, (layer, like)) in memory.iter_mut().zip(weights).enumerate() {
            if let Some(first) = self.first.get(k) {
                let tensors = first.to_tensors(k, like, &options)?;
                layer.weight.first = Some(tensors.weight);
                layer.bias.first = tensors.bias;
            }
            if let Some(second) = self.second.get(k) {
                let tensors = second.to_tensors(k, like, &options)?;
                layer.weight.second = Some(tensors.weight);
                layer.bias.second = tensors.bias;
            }
        }
        Ok(memory)
    }
}

fn read_layers(
    memory: &Memory,
    weight: impl Fn(&Averages<2>) -> &Option<Tensor<2>>,
    bias: impl Fn(&Averages<1>) -> &Option<Tensor<1>>,
) -> Result<Vec<LayerWeights>> {
    let present = memory.iter().filter_map(|layer| {
        let weight = weight(&layer.weight).clone()?;
        let bias = bias(&layer.bias).clone();
        Some(LayerTensors { weight, bias })
    });
    present.map(LayerWeights::read).collect()
}
