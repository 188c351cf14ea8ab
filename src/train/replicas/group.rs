//! Networks of one shape and one learning rate, trained as one computation.

use std::ops::Range;

use burn::tensor::{DType, Device, Int, Tensor, TensorCreationOptions, TensorData};

use super::Replica;
use super::activate::activate;
use super::layout::{Inputs, Layout, Order};
use super::masks::Masks;
use crate::backend::{read, write};
use crate::config::{Activation, CheckedExperiment, Clip, Loss, ResolvedExperiment};
use crate::error::{Error, Result};
use crate::model::{LayerTensors, LayerWeights, MlpConfig};
use crate::train::constrain::max_norm;
use crate::train::optimizer::{LayerMemory, Memory, Step};
use crate::train::pass::{Forward, Operands};
use crate::train::plan::Plan;
use crate::train::replay::Replays;
use crate::train::sigmoid::Sigmoids;

/// What all groups share.
#[derive(Debug, Clone)]
pub(super) struct Common {
    /// With everything named that follows from the data.
    pub(super) experiment: ResolvedExperiment,
    pub(super) plan: Plan,
    pub(super) shape: MlpConfig,
    pub(super) device: Device,
    pub(super) dtype: DType,
    /// Whether the device's numbers lie in this process's memory.
    pub(super) in_process: bool,
    /// All training rows: `[rows, d_input]` and `[rows, d_output]`, without a graph.
    pub(super) inputs: Tensor<2>,
    pub(super) targets: Tensor<2>,
}

impl Common {
    /// Multiplications of one network in the forward pass of a step.
    pub(super) fn products(&self) -> usize {
        let sizes = self.shape.layer_sizes();
        let products: usize = sizes.map(|(d_input, d_output)| d_input * d_output).sum();
        products * self.plan.batch_rows()
    }

    fn loss(&self) -> Loss {
        self.experiment.loss()
    }
}

/// Networks that are trained as one computation.
pub(super) struct Group {
    /// With the learning rate of these networks.
    experiment: CheckedExperiment,
    layout: Layout,
    seeds: Vec<u64>,
    /// The weights of all networks, without a graph.
    layers: Vec<LayerTensors>,
    memory: Memory,
    masks: Vec<Option<Masks>>,
    /// One a number of rows, with dropout and without.
    replays: Replays<(usize, bool), 2>,
    /// The terms of the losses since they were last looked at, added up over steps.
    terms: Option<Tensor<2>>,
    /// Inputs of all networks, their own where they drop inputs, and targets of a full batch.
    full_batch: Option<(Inputs, Tensor<2>)>,
    /// The epoch that `orders` is for, and the order of the rows for each network.
    ordered: Option<usize>,
    orders: Vec<Vec<usize>>,
}

impl Group {
    pub(super) fn new(common: &Common, replicas: &[Replica], order: Order) -> Result<Self> {
        let layout = Layout {
            order,
            replicas: replicas.len(),
        };
        let networks: Vec<Vec<LayerWeights>> = replicas
            .iter()
            .map(|replica| common.shape.draw(replica.seed))
            .collect();
        let options = inner(common);
        let layers = (0..networks[0].len())
            .map(|k| pack(&layout, networks.iter().map(|layers| &layers[k]), &options))
            .collect();
        let mut experiment = common.experiment.clone().into_inner();
        experiment.train.learning_rate = replicas[0].learning_rate;
        Ok(Group {
            experiment: experiment.check()?,
            layout,
            seeds: replicas.iter().map(|replica| replica.seed).collect(),
            memory: networks[0].iter().map(|_| LayerMemory::default()).collect(),
            layers,
            masks: Masks::of(replicas, &common.shape, common.plan.batch_rows(), layout),
            replays: Replays::default(),
            terms: None,
            full_batch: None,
            ordered: None,
            orders: Vec::new(),
        })
    }

    /// Takes no step from a recording.
    pub(super) fn without_replay(&mut self) {
        self.replays = Replays::none();
    }

    /// Steps that were replayed from a recording.
    pub(super) fn replayed_steps(&self) -> usize {
        self.replays.replayed()
    }

    pub(super) fn len(&self) -> usize {
        self.seeds.len()
    }

    /// Takes these steps, counted from 0.
    ///
    /// # Errors
    /// [`Error::Compute`] if the backend fails.
    pub(super) fn take_steps(&mut self, common: &Common, mut steps: Range<usize>) -> Result<()> {
        steps.try_for_each(|step| self.take_step(common, step))
    }

    fn take_step(&mut self, common: &Common, step: usize) -> Result<()> {
        let epoch = common.plan.epoch_of(step);
        let drops = common.experiment.dropout.schedule.is_on(epoch);
        let (x, y, rows) = self.batch(common, step, epoch);
        let is_shared = matches!(x, Inputs::Shared(_));
        let mut tensors = vec![x.into_tensor(), y];
        if drops {
            let masks = self.masks.iter_mut().flatten();
            tensors.extend(masks.map(|masks| masks.draw(step + 1, rows, inner(common))));
        }
        let operands = Operands {
            layers: std::mem::take(&mut self.layers),
            tensors,
        };
        let forward = Networks {
            common,
            layout: self.layout,
            masks: if drops { &self.masks } else { &[] },
            is_shared,
            rows,
        };
        // The weights are the optimizer's alone only if nobody else holds them.
        let layers = operands.layers.clone();
        let pass = self.replays.pass((rows, drops), &forward, operands);
        self.layers = layers;
        let pass = pass?;
        self.note(pass.loss);
        self.update(pass.gradients, step, epoch, common);
        Ok(())
    }

    /// Adds to the terms of the losses so far.
    fn note(&mut self, terms: Tensor<2>) {
        self.terms = Some(match self.terms.take() {
            None => terms,
            Some(before) if before.dims() == terms.dims() => before + terms,
            // The last batch of an epoch may have fewer rows.
            Some(before) => self.layout.sums(before) + self.layout.sums(terms),
        });
    }

    fn update(&mut self, gradients: Vec<LayerTensors>, step: usize, epoch: usize, common: &Common) {
        let train = &self.experiment.train;
        let layout = &self.layout;
        let gradients = match train.clip {
            Some(Clip::Norm(bound)) => clip_norms(layout, gradients, bound),
            Some(clip) => clip.apply(gradients),
            None => gradients,
        };
        let rate = common.plan.learning_rate(&self.experiment, step);
        let step = Step::new(train, rate, epoch, step + 1).in_place(common.in_process);
        let layers = std::mem::take(&mut self.layers).into_iter().zip(gradients);
        let updated = layers
            .zip(&mut self.memory)
            .map(|((layer, gradients), memory)| {
                let mut layer = step.layer(layer, gradients, memory);
                if let Some(bound) = train.max_norm {
                    layer.weight = layout.by_column(layer.weight, |weight| max_norm(weight, bound));
                }
                layer
            });
        self.layers = updated.collect();
    }

    /// Inputs and targets of a step, and its rows.
    fn batch(&mut self, common: &Common, step: usize, epoch: usize) -> (Inputs, Tensor<2>, usize) {
        let layout = self.layout;
        if common.plan.is_full_batch() {
            let drops_inputs = self.masks[0].is_some();
            let (x, y) = self.full_batch.get_or_insert_with(|| {
                let x = common.inputs.clone();
                let x = if drops_inputs {
                    Inputs::Own(layout.repeat(x))
                } else {
                    Inputs::Shared(x)
                };
                (x, layout.repeat(common.targets.clone()))
            });
            return (x.clone(), y.clone(), common.plan.batch_rows());
        }
        if self.ordered != Some(epoch) {
            let order = |seed: &u64| common.plan.order(*seed, epoch);
            self.orders = self.seeds.iter().map(order).collect();
            self.ordered = Some(epoch);
        }
        let places = common.plan.batch(step);
        let rows = layout.rows(places.len(), |r, place| {
            self.orders[r][places.start + place]
        });
        let rows = TensorData::new(rows, [layout.replicas * places.len()]);
        let rows = Tensor::<1, Int>::from_data(rows, &common.inputs.device());
        let look_up = |from: &Tensor<2>| layout.arrange(from.clone().select(0, rows.clone()));
        let x = Inputs::Own(look_up(&common.inputs));
        (x, look_up(&common.targets), places.len())
    }

    /// Whether each network's losses since the last call, and its weights, are finite numbers.
    pub(super) fn finite(&mut self) -> Result<Vec<bool>> {
        let layout = self.layout;
        // A sum of magnitudes is not finite if any of them is not.
        let mut sums = self.terms.take().map(|terms| layout.sums(terms.abs()));
        for layer in &self.layers {
            let mut add = |more: Tensor<2>| {
                sums = Some(match sums.take() {
                    Some(before) => before + more,
                    None => more,
                });
            };
            add(layout.sums(layer.weight.clone().abs()));
            if let Some(bias) = &layer.bias {
                add(layout.sums(bias.clone().abs()));
            }
        }
        let Some(sums) = sums else {
            return Ok(vec![true; self.len()]);
        };
        Ok(read(sums)?.into_iter().map(f64::is_finite).collect())
    }

    /// The weights of all networks, in the order that they were given in.
    pub(super) fn weights(&self) -> Result<Vec<Vec<LayerWeights>>> {
        let mut networks = vec![Vec::with_capacity(self.layers.len()); self.len()];
        for layer in &self.layers {
            let weight = read(layer.weight.clone())?;
            let bias = layer.bias.clone().map(read).transpose()?;
            let [d_input, d_output] = match self.layout.order {
                Order::Lanes => {
                    let [d_input, all] = layer.weight.dims();
                    [d_input, all / self.len()]
                }
                Order::Blocks => {
                    let [all, d_output] = layer.weight.dims();
                    [all / self.len(), d_output]
                }
            };
            for (r, network) in networks.iter_mut().enumerate() {
                let bias = bias.as_ref();
                network.push(LayerWeights {
                    d_input,
                    d_output,
                    weight: self.layout.unpack(&weight, r),
                    bias: bias.map(|bias| self.layout.unpack(bias, r)),
                });
            }
        }
        Ok(networks)
    }
}

fn activation(common: &Common, is_last: bool) -> Activation {
    if is_last {
        common.shape.output
    } else {
        common.shape.activation
    }
}

/// A type on the device without a graph.
fn inner(common: &Common) -> TensorCreationOptions {
    (&common.inputs.device(), common.dtype).into()
}

/// A step of a group.
struct Networks<'a> {
    common: &'a Common,
    layout: Layout,
    /// One a layer, or none at all.
    masks: &'a [Option<Masks>],
    /// Whether all networks have the same inputs.
    is_shared: bool,
    rows: usize,
}

impl Forward<2> for Networks<'_> {
    fn loss(&self, operands: Operands, sigmoids: &mut dyn Sigmoids) -> Result<Tensor<2>> {
        let (common, layout) = (self.common, self.layout);
        let mut tensors = operands.tensors.into_iter();
        let (Some(x), Some(y)) = (tensors.next(), tensors.next()) else {
            return Err(Error::Compute("a step without inputs".to_owned()));
        };
        let mut mask = |k: usize| match self.masks.get(k) {
            Some(Some(_)) => tensors.next(),
            _ => None,
        };
        let mut x = match (self.is_shared, mask(0)) {
            (true, _) => Inputs::Shared(x),
            (false, Some(mask)) => Inputs::Own(x * mask),
            (false, None) => Inputs::Own(x),
        };
        let last = operands.layers.len() - 1;
        for (k, layer) in operands.layers.iter().enumerate() {
            let z = layout.linear(x, layer);
            let f = activation(common, k == last);
            let sigmoids: Option<&mut dyn Sigmoids> = match common.in_process {
                true => Some(&mut *sigmoids),
                false => None,
            };
            x = Inputs::Own(activate(f, z, mask(k + 1), sigmoids)?);
        }
        let loss = common.loss();
        let terms = loss.terms(x.into_tensor(), y, |z| layout.log_softmax(z));
        Ok(terms * loss.factor(self.rows, common.shape.d_output))
    }
}

/// The numbers of one layer of all networks.
fn pack<'a>(
    layout: &Layout,
    networks: impl Iterator<Item = &'a LayerWeights> + Clone,
    options: &TensorCreationOptions,
) -> LayerTensors {
    let (mut weights, mut biases) = (Vec::new(), Vec::new());
    let mut size = (0, 0);
    for layer in networks {
        weights.extend_from_slice(&layer.weight);
        biases.extend(layer.bias.iter().flatten().copied());
        size = (layer.d_input, layer.d_output);
    }
    let mut packed = Vec::new();
    layout.pack(&weights, &mut packed);
    let weight = write(&packed, layout.shape(size.0, size.1), options);
    layout.pack(&biases, &mut packed);
    let bias = (!biases.is_empty()).then(|| write(&packed, [biases.len()], options));
    LayerTensors { weight, bias }
}

/// Scales the gradients of each network down to a norm of at most `bound`, as [`Clip::Norm`] does for one.
fn clip_norms(layout: &Layout, gradients: Vec<LayerTensors>, bound: f64) -> Vec<LayerTensors> {
    let squares = gradients.iter().map(|layer| {
        let weight = layout.sums(layer.weight.clone().square());
        match &layer.bias {
            Some(bias) => weight + layout.sums(bias.clone().square()),
            None => weight,
        }
    });
    let Some(sum) = squares.reduce(|a, b| a + b) else {
        return gradients;
    };
    let factors = ((sum.sqrt() + 1e-6).recip() * bound).clamp_max(1.0);
    let scaled = |layer: LayerTensors| {
        layer.map(
            |weight| layout.scale(weight, factors.clone()),
            |bias| layout.scale(bias, factors.clone()),
        )
    };
    gradients.into_iter().map(scaled).collect()
}
