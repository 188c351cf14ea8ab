//! One network in training: where its rows and its masks come from.

use std::ops::Range;

use burn::tensor::{DType, Device, Tensor};

use super::constrain::clip_norm;
use super::engine::Arithmetic;
use super::pass::{OnInputs, Operands, Sigmoids, StepKind};
use super::penalty::Penalty;
use super::plan::{EpochOrder, Plan};
use super::rows::Rows;
use super::steps::{Batch, Networks};
use crate::backend::is_gpu;
use crate::config::{DropoutSchedule, Loss, Masks, ResolvedExperiment};
use crate::data::Dataset;
use crate::dropout::learned::gate;
use crate::dropout::{FrameworkDraws, LayerMasks, Noise};
use crate::error::{Error, Result};
use crate::model::{LayerTensors, Mlp, MlpConfig};

/// A network without its weights, and the rows that it is trained on.
pub(super) struct SingleNetwork {
    /// On a device with autodiff, where Burn's dropout layers are on.
    template: Mlp,
    loss: Loss,
    /// Where rates are learned.
    penalty: Option<Penalty>,
    rows: Rows,
    masks: MaskSource,
    order: EpochOrder,
    /// Whether the device is a GPU. Then data that memory holds and masks live there, and a step copies nothing to it but the numbers of
    /// its rows.
    is_gpu: bool,
}

/// Where a network's masks come from.
enum MaskSource {
    /// Burn's dropout layers, in the forward pass.
    Framework {
        draws: FrameworkDraws,
        /// What the draws of earlier steps depend on.
        plan: Plan,
        schedule: DropoutSchedule,
        widths: Vec<usize>,
    },
    /// Drawn before the forward pass, for the inputs or the weights of each layer with noise.
    Seeded(Vec<SeededLayer>),
}

struct SeededLayer {
    masks: LayerMasks,
    noise: Noise,
    size: (usize, usize),
}

impl SingleNetwork {
    /// `network` is on `device`, which has autodiff.
    pub(super) fn new(
        experiment: &ResolvedExperiment,
        shape: &MlpConfig,
        network: &Mlp,
        plan: &Plan,
        data: &Dataset,
    ) -> Self {
        let (seed, is_gpu) = (experiment.seed, is_gpu(&network.device()));
        let options = (network.device().inner(), network.dtype());
        SingleNetwork {
            template: network.with_tensors(Vec::new()),
            loss: experiment.loss(),
            penalty: Penalty::of(experiment, shape, data.len()),
            rows: Rows::new(experiment, data, options, is_gpu),
            masks: match experiment.dropout.masks {
                Masks::Framework => MaskSource::Framework {
                    draws: FrameworkDraws::new(seed),
                    plan: plan.clone(),
                    schedule: experiment.dropout.schedule,
                    widths: shape.layer_sizes().map(|(width, _)| width).collect(),
                },
                Masks::Seeded => MaskSource::seeded(seed, shape, plan.batch_rows()),
            },
            order: EpochOrder::new(seed),
            is_gpu,
        }
    }

    /// The network with these weights, which have no graph, on the autodiff device.
    pub(super) fn with_layers(&self, layers: &[LayerTensors]) -> Mlp {
        let layers = layers.iter().cloned().map(LayerTensors::tracked);
        self.template.with_parameters(layers.collect())
    }

    /// The device, without autodiff, and the type of numbers.
    fn options(&self) -> (&Device, DType) {
        (&self.rows.device, self.rows.dtype)
    }

    /// Draws what Burn's dropout layers draw for a batch, and throws it away.
    fn draw(&self, rows: usize, widths: &[usize]) {
        let (device, dtype) = self.options();
        let device = device.clone().autodiff();
        for (layer, width) in self.template.dropouts().iter().zip(widths) {
            layer.forward(Tensor::ones([rows, *width], (&device, dtype)));
        }
    }
}

impl MaskSource {
    fn seeded(seed: u64, shape: &MlpConfig, rows: usize) -> Self {
        let masks = shape.seeded_masks(seed, rows).into_iter();
        let layers = masks.zip(shape.noises()).zip(shape.layer_sizes());
        let layers = layers.map(|((masks, noise), size)| SeededLayer { masks, noise, size });
        MaskSource::Seeded(layers.collect())
    }
}

impl SeededLayer {
    /// The mask of step `step`, counted from 0.
    fn draw(
        &mut self,
        (step, noise): (usize, Noise),
        shape: [usize; 2],
        is_gpu: bool,
        options: (&Device, DType),
    ) -> Tensor<2> {
        if is_gpu {
            self.masks.mask_on_device(step + 1, noise, shape, options)
        } else {
            self.masks.mask(step + 1, noise, shape, options)
        }
    }
}

impl Networks<1> for SingleNetwork {
    fn batch(&mut self, plan: &Plan, step: usize, part: Option<&Range<usize>>) -> Batch {
        let (inputs, targets, weights) = if plan.is_full_batch() {
            let all = self.rows.all();
            match part {
                None => all.clone(),
                Some(part) => {
                    let of = |all: &Tensor<2>| all.clone().slice([part.clone()]);
                    (of(&all.0), of(&all.1), all.2.as_ref().map(of))
                }
            }
        } else {
            let rows = self.order.rows(plan, step);
            let batch = self.rows.at(part.map_or(rows, |part| &rows[part.clone()]));
            self.rows.read_ahead(self.order.later(plan, step));
            batch
        };
        Batch {
            rows: inputs.dims()[0],
            first: part.map_or(0, |part| part.start),
            inputs,
            targets,
            weights,
        }
    }

    fn depth(&self) -> usize {
        self.template.dropouts().len()
    }

    fn has_dropout(&self) -> bool {
        self.template.has_dropout()
    }

    fn masks(&mut self, step: usize, factor: f64, batch: &Batch) -> Vec<Tensor<2>> {
        let options = (&self.rows.device, self.rows.dtype);
        match &mut self.masks {
            MaskSource::Framework { .. } => Vec::new(),
            MaskSource::Seeded(layers) => {
                let is_gpu = self.is_gpu;
                let draw = |layer: &mut SeededLayer| {
                    let noise = layer.noise.on_inputs()?.times(factor);
                    let shape = [batch.rows, layer.size.0];
                    let mask = if batch.first > 0 {
                        let masks = &mut layer.masks;
                        masks.mask_from(batch.first, step + 1, noise, shape, options)
                    } else {
                        layer.draw((step, noise), shape, is_gpu, options)
                    };
                    let offset = noise.offset();
                    let added = offset.map(|(slope, constant)| mask.clone() * slope + constant);
                    Some([mask].into_iter().chain(added))
                };
                layers.iter_mut().filter_map(draw).flatten().collect()
            }
        }
    }

    fn weight_masks(&mut self, step: usize, factor: f64) -> Vec<Option<Tensor<2>>> {
        let (options, is_gpu) = ((&self.rows.device, self.rows.dtype), self.is_gpu);
        let MaskSource::Seeded(layers) = &mut self.masks else {
            return Vec::new();
        };
        let draw = |layer: &mut SeededLayer| {
            let noise = layer.noise.on_weights()?.times(factor);
            let shape = [layer.size.0, layer.size.1];
            Some(layer.draw((step, noise), shape, is_gpu, options))
        };
        layers.iter_mut().map(draw).collect()
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
        let is_weighted = self.rows.are_weighted();
        let weights = is_weighted.then(|| tensors.next()).flatten();
        let mut layers = operands.layers;
        let logits = layers.split_off(self.depth());
        let logit = |k: usize| {
            let place = self.penalty.as_ref()?.place(k)?;
            logits.get(place).map(|logit| logit.weight.clone())
        };
        let network = self.template.with_tensors(layers.clone());
        let output = match &self.masks {
            _ if !kind.dropout => network.forward_with(x, |_, h| h),
            MaskSource::Framework { .. } => network.forward(x),
            MaskSource::Seeded(layers) => network.forward_with(x, |k, h| {
                let noise = layers[k].noise.on_inputs().and_then(|noise| {
                    let adds = noise.offset().is_some();
                    let gates = logit(k).map(|logit| |numbers| gate(numbers, logit));
                    OnInputs::next(&mut tensors, adds, gates)
                });
                match noise {
                    Some(noise) => noise.put_on(h),
                    None => h,
                }
            }),
        };
        let loss = self.loss.weighted(output, y, weights);
        Ok(match &self.penalty {
            None => loss,
            Some(penalty) => {
                let of_all = |x: Tensor<2>| x.sum().reshape([1, 1]);
                let term = penalty.term(loss.clone().reshape([1, 1]), &layers, &logits, of_all);
                loss + term.reshape([1])
            }
        })
    }

    fn seeded<T>(&self, step: usize, kind: StepKind, pass: impl FnOnce() -> T) -> T {
        match &self.masks {
            MaskSource::Framework {
                draws,
                plan,
                schedule,
                widths,
            } if kind.dropout => {
                let again = |step: usize| {
                    if schedule.is_on(plan.epoch_of(step)) {
                        self.draw(plan.batch(step).len(), widths);
                    }
                };
                draws.at(&self.rows.device, step, again, pass)
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
