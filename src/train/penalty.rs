//! What learned dropout rates add to the loss: the penalty of [`dropout::learned`](crate::dropout::learned).
//!
//! The loss of `N` rows, in the terms of its likelihood, is that of concrete dropout: the negative log likelihood of all rows plus `KL`
//! of each layer. A batch's loss is a mean over its rows, or over its rows and outputs, so that `KL` is divided as that is:
//!
//! | loss | factor of `KL` |
//! |---|---|
//! | `cross-entropy` | `1 / N` |
//! | `binary-cross-entropy` | `1 / (N outputs)` |
//! | `mean-squared-error`, `squared-error` | `2 loss / (N outputs)` |
//!
//! The last is that of normal residuals whose precision is not given, but the one that the batch itself is most likely with: the
//! slope of `N outputs / 2 log(loss) + KL`, times `2 loss / (N outputs)`. In it the loss is a number without a slope.

use burn::tensor::Tensor;

use crate::config::{Loss, ResolvedExperiment};
use crate::dropout::Noise;
use crate::dropout::learned::penalty;
use crate::model::{LayerTensors, MlpConfig};

/// The penalty of a training's learned rates.
#[derive(Debug, Clone)]
pub(super) struct Penalty {
    /// The layers whose inputs have a learned rate, and how many inputs that are.
    layers: Vec<(usize, usize)>,
    length_scale: f64,
    loss: Loss,
    /// Training rows times what the loss is a mean over in each.
    count: f64,
}

impl Penalty {
    /// None where no rate of `shape` is learned.
    pub(super) fn of(
        experiment: &ResolvedExperiment,
        shape: &MlpConfig,
        rows: usize,
    ) -> Option<Self> {
        let noises = shape.noises().zip(shape.layer_sizes()).enumerate();
        let learned =
            noises.filter(|(_, (noise, _)): &(usize, (Noise, _))| noise.logit().is_some());
        let layers: Vec<_> = learned.map(|(k, (_, (inputs, _)))| (k, inputs)).collect();
        let loss = experiment.loss();
        let outputs = match loss {
            Loss::CrossEntropy => 1,
            _ => shape.d_output,
        };
        (!layers.is_empty()).then(|| Penalty {
            layers,
            length_scale: experiment.dropout.length_scale(),
            loss,
            count: (rows * outputs) as f64,
        })
    }

    /// The place of a layer's logit among those of the learned rates.
    pub(super) fn place(&self, layer: usize) -> Option<usize> {
        self.layers.iter().position(|(k, _)| *k == layer)
    }

    /// What is added to the loss of each network: 0, with the slope of the penalty, so that a loss is still that of the rows.
    /// `sums` gives the sum of all numbers of each network.
    ///
    /// # Shapes
    /// - `loss`: that of each network, as `sums` has it, as is the output
    pub(super) fn term(
        &self,
        loss: Tensor<2>,
        layers: &[LayerTensors],
        logits: &[LayerTensors],
        sums: impl Fn(Tensor<2>) -> Tensor<2>,
    ) -> Tensor<2> {
        let each = self.layers.iter().zip(logits).map(|((k, inputs), logit)| {
            let squares = sums(layers[*k].weight.clone().square());
            penalty(squares, logit.weight.clone(), *inputs, self.length_scale)
        });
        let all = each
            .reduce(|a, b| a + b)
            .unwrap_or_else(|| loss.zeros_like());
        // Multiplied, since the slope that Burn's autodiff has of a division by a number is one of 32 bits.
        let all = match self.loss {
            Loss::CrossEntropy | Loss::BinaryCrossEntropy => all * (1.0 / self.count),
            Loss::SquaredError | Loss::MeanSquaredError => {
                all * (loss.detach() * (2.0 / self.count))
            }
        };
        all.clone() - all.detach()
    }
}
