//! One network in training: where its rows and its masks come from.

use burn::tensor::{DType, Device, Tensor};

use super::constrain::clip_norm;
use super::engine::Arithmetic;
use super::pass::{Operands, Sigmoids, StepKind};
use super::plan::{EpochOrder, Plan};
use super::steps::{Batch, Networks};
use super::weights::{columns, weights};
use crate::backend::write;
use crate::config::{Loss, Masks, ResolvedExperiment};
use crate::data::Dataset;
use crate::dropout::{LayerMasks, Noise, with_framework_masks};
use crate::error::{Error, Result};
use crate::model::{LayerTensors, Mlp, MlpConfig};

/// A network without its weights, and the rows that it is trained on.
pub(super) struct SingleNetwork<'a> {
    /// On a device with autodiff, where Burn's dropout layers are on.
    template: Mlp,
    loss: Loss,
    seed: u64,
    data: &'a Dataset,
    /// Where the network is, without autodiff.
    pub(super) device: Device,
    pub(super) dtype: DType,
    masks: MaskSource,
    order: EpochOrder,
    /// What each row counts; none where all count the same.
    weights: Option<Vec<f64>>,
    /// Inputs, targets and weights of a full batch, which are the same in every step.
    full_batch: Option<(Tensor<2>, Tensor<2>, Option<Tensor<2>>)>,
}

/// Where a network's masks come from.
enum MaskSource {
    /// Burn's dropout layers, in the forward pass.
    Framework,
    /// Drawn before the forward pass, for the inputs of each layer with noise.
    Seeded(Vec<Option<SeededLayer>>),
}

struct SeededLayer {
    masks: LayerMasks,
    noise: Noise,
    width: usize,
}

impl<'a> SingleNetwork<'a> {
    /// `network` is on `device`, which has autodiff.
    pub(super) fn new(
        experiment: &ResolvedExperiment,
        shape: &MlpConfig,
        network: &Mlp,
        plan: &Plan,
        data: &'a Dataset,
    ) -> Self {
        let seed = experiment.seed;
        SingleNetwork {
            template: network.with_tensors(Vec::new()),
            loss: experiment.loss(),
            seed,
            data,
            device: network.device().inner(),
            dtype: network.dtype(),
            masks: match experiment.dropout.masks {
                Masks::Framework => MaskSource::Framework,
                Masks::Seeded => MaskSource::seeded(seed, shape, plan.batch_rows()),
            },
            order: EpochOrder::new(seed),
            weights: weights(experiment, data),
            full_batch: None,
        }
    }

    /// The network with these weights, which have no graph, on the autodiff device.
    pub(super) fn with_layers(&self, layers: &[LayerTensors]) -> Mlp {
        let layers = layers.iter().cloned().map(LayerTensors::tracked);
        self.template.with_tensors(layers.collect())
    }
}

impl MaskSource {
    fn seeded(seed: u64, shape: &MlpConfig, rows: usize) -> Self {
        let masks = shape.seeded_masks(seed, rows).into_iter();
        let layers = masks.zip(shape.noises()).zip(shape.layer_sizes());
        let layers = layers.map(|((masks, noise), (width, _))| {
            (!noise.is_off()).then_some(SeededLayer {
                masks,
                noise,
                width,
            })
        });
        MaskSource::Seeded(layers.collect())
    }
}

impl Networks<1> for SingleNetwork<'_> {
    fn batch(&mut self, plan: &Plan, step: usize) -> Batch {
        let options = (&self.device, self.dtype);
        let d_output = self.data.d_output();
        let all_weights = self.weights.as_deref();
        let weights = |rows: Option<&[usize]>| -> Option<Tensor<2>> {
            let weights = all_weights?;
            let values = match rows {
                Some(rows) => columns(rows.iter().map(|row| weights[*row]), d_output),
                None => columns(weights.iter().copied(), d_output),
            };
            let rows = values.len() / d_output;
            Some(write(&values, [rows, d_output], &options.into()))
        };
        let tensors = |rows: &Dataset| (rows.inputs(options), rows.targets(options));
        let (inputs, targets, weights) = if plan.is_full_batch() {
            let data = self.data;
            let full_batch = self.full_batch.get_or_insert_with(|| {
                let (inputs, targets) = tensors(data);
                (inputs, targets, weights(None))
            });
            full_batch.clone()
        } else {
            let rows = self.order.rows(plan, step);
            let (inputs, targets) = tensors(&self.data.select(rows));
            (inputs, targets, weights(Some(rows)))
        };
        Batch {
            rows: inputs.dims()[0],
            inputs,
            targets,
            weights,
        }
    }

    fn has_dropout(&self) -> bool {
        self.template.has_dropout()
    }

    fn masks(&mut self, step: usize, batch: &Batch) -> Vec<Tensor<2>> {
        let options = (&self.device, self.dtype);
        match &mut self.masks {
            MaskSource::Framework => Vec::new(),
            MaskSource::Seeded(layers) => {
                let layers = layers.iter_mut().flatten();
                let draw = |layer: &mut SeededLayer| {
                    let shape = [batch.rows, layer.width];
                    layer.masks.mask(step + 1, layer.noise, shape, options)
                };
                layers.map(draw).collect()
            }
        }
    }

    fn loss(
        &self,
        kind: StepKind,
        operands: Operands,
        _: Option<&mut dyn Sigmoids>,
    ) -> Result<Tensor<1>> {
        let mut tensors = operands.tensors.into_iter();
        let (Some(x), Some(y)) = (tensors.next(), tensors.next()) else {
            return Err(Error::Compute("a step without inputs".to_owned()));
        };
        let weights = self.weights.as_ref().and_then(|_| tensors.next());
        let network = self.template.with_tensors(operands.layers);
        let output = match &self.masks {
            _ if !kind.dropout => network.forward_with(x, |_, h| h),
            MaskSource::Framework => network.forward(x),
            MaskSource::Seeded(layers) => network.forward_with(x, |k, h| match &layers[k] {
                Some(_) => match tensors.next() {
                    Some(mask) => h * mask,
                    None => h,
                },
                None => h,
            }),
        };
        Ok(self.loss.weighted(output, y, weights))
    }

    fn seeded<T>(&self, step: usize, kind: StepKind, pass: impl FnOnce() -> T) -> T {
        match self.masks {
            MaskSource::Framework if kind.dropout => {
                with_framework_masks(&self.device, self.seed, step + 1, pass)
            }
            _ => pass(),
        }
    }

    fn clip_norm(&self, gradients: Vec<LayerTensors>, bound: f64) -> Vec<LayerTensors> {
        clip_norm(gradients, bound)
    }

    fn max_norm(&self, weight: Tensor<2>, bound: f64, arithmetic: Arithmetic) -> Tensor<2> {
        arithmetic.max_norm(weight, bound)
    }
}
