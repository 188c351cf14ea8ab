//! One network in training: where its rows and its masks come from.

use std::ops::Range;

use burn::tensor::{DType, Device, Int, Tensor};

use super::constrain::clip_norm;
use super::engine::Arithmetic;
use super::pass::{OnInputs, Operands, Sigmoids, StepKind};
use super::penalty::Penalty;
use super::plan::{EpochOrder, Plan};
use super::steps::{Batch, Networks};
use super::weights::{columns, weights};
use crate::backend::{is_gpu, write};
use crate::config::{DropoutSchedule, Loss, Masks, ResolvedExperiment};
use crate::data::Dataset;
use crate::dropout::learned::gate;
use crate::dropout::{FrameworkDraws, LayerMasks, Noise};
use crate::error::{Error, Result};
use crate::model::{LayerTensors, Mlp, MlpConfig};

/// A network without its weights, and the rows that it is trained on.
pub(super) struct SingleNetwork<'a> {
    /// On a device with autodiff, where Burn's dropout layers are on.
    template: Mlp,
    loss: Loss,
    /// Where rates are learned.
    penalty: Option<Penalty>,
    label_smoothing: f64,
    data: &'a Dataset,
    /// Where the network is, without autodiff.
    pub(super) device: Device,
    pub(super) dtype: DType,
    masks: MaskSource,
    order: EpochOrder,
    /// What each row counts; none where all count the same.
    weights: Option<Vec<f64>>,
    /// Whether the device is a GPU. Then data and masks live there, and a step copies nothing to it but the numbers of its rows.
    is_gpu: bool,
    /// Inputs, targets and weights of all rows, where they stay on the device: for full batches, and on a GPU.
    all_rows: Option<Rows>,
}

/// Inputs, targets and weights.
type Rows = (Tensor<2>, Tensor<2>, Option<Tensor<2>>);

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
            penalty: Penalty::of(experiment, shape, data.len()),
            label_smoothing: experiment.train.label_smoothing,
            data,
            device: network.device().inner(),
            dtype: network.dtype(),
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
            weights: weights(experiment, data),
            is_gpu: is_gpu(&network.device()),
            all_rows: None,
        }
    }

    /// The network with these weights, which have no graph, on the autodiff device.
    pub(super) fn with_layers(&self, layers: &[LayerTensors]) -> Mlp {
        let layers = layers.iter().cloned().map(LayerTensors::tracked);
        self.template.with_parameters(layers.collect())
    }
}

impl SingleNetwork<'_> {
    /// Draws what Burn's dropout layers draw for a batch, and throws it away.
    fn draw(&self, rows: usize, widths: &[usize]) {
        let device = self.device.clone().autodiff();
        for (layer, width) in self.template.dropouts().iter().zip(widths) {
            layer.forward(Tensor::ones([rows, *width], (&device, self.dtype)));
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

/// The rows at some places of a batch.
fn of_part<'a>(rows: &'a [usize], part: Option<&Range<usize>>) -> &'a [usize] {
    part.map_or(rows, |part| &rows[part.clone()])
}

impl Networks<1> for SingleNetwork<'_> {
    fn batch(&mut self, plan: &Plan, step: usize, part: Option<&Range<usize>>) -> Batch {
        let options = (&self.device, self.dtype);
        let (data, d_output, weights) = (self.data, self.data.d_output(), self.weights.as_deref());
        let (loss, smoothing) = (self.loss, self.label_smoothing);
        let read = |rows: Option<&[usize]>| -> Rows {
            let part = rows.map_or_else(|| data.clone(), |rows| data.select(rows));
            let weights = weights.map(|weights| {
                let values = match rows {
                    Some(rows) => columns(rows.iter().map(|row| weights[*row]), d_output),
                    None => columns(weights.iter().copied(), d_output),
                };
                write(&values, [part.len(), d_output], &options.into())
            });
            let targets = loss.smoothed(part.targets(options), smoothing);
            (part.inputs(options), targets, weights)
        };
        let keeps_all = plan.is_full_batch() || self.is_gpu;
        let all = keeps_all.then(|| &*self.all_rows.get_or_insert_with(|| read(None)));
        let (inputs, targets, weights) = match all {
            Some(all) if plan.is_full_batch() => match part {
                None => all.clone(),
                Some(part) => {
                    let of = |all: &Tensor<2>| all.clone().slice([part.clone()]);
                    (of(&all.0), of(&all.1), all.2.as_ref().map(of))
                }
            },
            Some((inputs, targets, weights)) => {
                let rows = of_part(self.order.rows(plan, step), part).iter();
                let rows: Vec<i32> = rows.map(|row| *row as i32).collect();
                let rows = Tensor::<1, Int>::from_data(&rows[..], &self.device);
                let of_all = |all: &Tensor<2>| all.clone().select(0, rows.clone());
                (
                    of_all(inputs),
                    of_all(targets),
                    weights.as_ref().map(of_all),
                )
            }
            None => read(Some(of_part(self.order.rows(plan, step), part))),
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
        let options = (&self.device, self.dtype);
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
        let (options, is_gpu) = ((&self.device, self.dtype), self.is_gpu);
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
        let weights = self.weights.as_ref().and_then(|_| tensors.next());
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
                draws.at(&self.device, step, again, pass)
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
