//! Networks of one shape and one learning rate, trained as one computation.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorCreationOptions};

use super::Replica;
use super::activate::activate;
use super::layout::{Inputs, Layout, Order};
use super::masks::Masks;
use crate::backend::read;
use crate::config::ResolvedExperiment;
use crate::dropout::learned::gate;
use crate::error::{Error, Result};
use crate::model::{LayerTensors, LayerWeights, MlpConfig};
use crate::train::constrain::{clip_scale, max_norm};
use crate::train::engine::{Arithmetic, Engine};
use crate::train::optimizer::{Averages, LayerState, OptimizerState};
use crate::train::pass::{OnInputs, Operands, Sigmoids, StepKind};
use crate::train::penalty::Penalty;
use crate::train::plan::{EpochOrder, Plan};
use crate::train::rows::{Rows, Tensors};
use crate::train::steps::{Batch, Networks, StepLoop};

/// What all groups share.
pub(in crate::train) struct Common {
    /// With everything named that follows from the data.
    pub(super) experiment: ResolvedExperiment,
    pub(super) plan: Plan,
    pub(super) shape: MlpConfig,
    pub(super) device: Device,
    pub(super) rows: Rows,
}

impl Common {
    /// Multiplications of one network in the forward pass of a step.
    pub(super) fn products(&self) -> usize {
        let sizes = self.shape.layer_sizes();
        let products: usize = sizes.map(|(d_input, d_output)| d_input * d_output).sum();
        products * self.plan.batch_rows()
    }

    /// A type on the device without a graph.
    fn options(&self) -> TensorCreationOptions {
        (&self.rows.device, self.rows.dtype).into()
    }
}

/// Networks that are trained as one computation.
pub(super) struct Group {
    steps: StepLoop<ManyNetworks, 2>,
    /// The terms of the losses since they were last looked at, added up over steps.
    terms: Option<Tensor<2>>,
}

impl Group {
    /// `orders` are those of the rows of each network.
    pub(super) fn new(
        common: &Arc<Common>,
        replicas: &[Replica],
        orders: Vec<EpochOrder>,
        order: Order,
    ) -> Self {
        let layout = Layout {
            order,
            replicas: replicas.len(),
        };
        let networks: Vec<Vec<LayerWeights>> = replicas
            .iter()
            .map(|replica| replica.shape(&common.shape).start(replica.seed))
            .collect();
        let shape = replicas[0].shape(&common.shape);
        let penalty = Penalty::of(&common.experiment, &shape, common.plan.rows);
        let options = common.options();
        let tensors = networks.iter().map(|layers| {
            let layers = layers.iter().map(|layer| layer.as_tensors(&options));
            layers.collect()
        });
        let layers = join(&layout, tensors.collect());
        let mut train = common.experiment.train.clone();
        train.learning_rate = replicas[0].learning_rate;
        let schedule = common.experiment.dropout.schedule;
        let plan = common.plan.clone();
        let masks = Masks::of_inputs(replicas, &common.shape, plan.batch_rows(), layout);
        let networks = ManyNetworks {
            layout,
            has_shared_inputs: plan.is_full_batch() && masks[0].is_none(),
            masks,
            weight_masks: Masks::of_weights(replicas, &common.shape, layout),
            penalty,
            orders,
            full_batch: None,
            common: Arc::clone(common),
        };
        // Groups have a thread each: their products are not shared.
        let engine = Engine::new(&common.device, 0);
        Group {
            steps: StepLoop::new((train, schedule), plan, networks, layers, engine),
            terms: None,
        }
    }

    /// Takes no step from a recording.
    pub(super) fn without_replay(&mut self) {
        self.steps.engine.without_replay();
    }

    /// Steps that were replayed from a recording.
    pub(super) fn replayed_steps(&self) -> usize {
        self.steps.engine.replayed()
    }

    /// Takes these steps, counted from 0.
    ///
    /// # Errors
    /// [`Error::Compute`] if the backend fails.
    pub(super) fn take_steps(&mut self, steps: Range<usize>) -> Result<()> {
        for step in steps {
            let (pass, rows) = self.steps.forward_backward(step)?;
            self.note(pass.loss, rows);
            self.steps.update(step, pass.gradients);
        }
        Ok(())
    }

    /// Adds to the terms of the losses so far: those of a mean times the rows that it is over, so that the sum is over rows.
    fn note(&mut self, terms: Tensor<2>, rows: usize) {
        let (networks, layout) = (&self.steps.networks, &self.steps.networks.layout);
        let is_mean = !networks.common.experiment.loss().is_sum();
        let terms = if is_mean { terms * rows as f64 } else { terms };
        self.terms = Some(match self.terms.take() {
            None => terms,
            Some(before) if before.dims() == terms.dims() => before + terms,
            // The last batch of an epoch may have fewer rows.
            Some(before) => layout.sums(before) + layout.sums(terms),
        });
    }

    /// The sum over rows of each network's loss since the last call.
    pub(super) fn take_losses(&mut self) -> Result<Vec<f64>> {
        let layout = self.steps.networks.layout;
        match self.terms.take() {
            Some(terms) => read(layout.sums(terms)),
            None => Ok(vec![0.0; layout.replicas]),
        }
    }

    /// Whether each network's losses since the last call, and its weights, are finite numbers.
    pub(super) fn finite(&mut self) -> Result<Vec<bool>> {
        let layout = self.steps.networks.layout;
        // A sum of magnitudes is not finite if any of them is not.
        let mut sums = self.terms.take().map(|terms| layout.sums(terms.abs()));
        for layer in &self.steps.layers {
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
            return Ok(vec![true; layout.replicas]);
        };
        Ok(read(sums)?.into_iter().map(f64::is_finite).collect())
    }

    /// The layers of each network, in the order that they were given in.
    pub(super) fn networks(&self) -> Vec<Vec<LayerTensors>> {
        split(&self.steps.networks.layout, &self.steps.layers)
    }

    /// What the optimizer remembers of each network's layers.
    pub(super) fn states(&self) -> Vec<OptimizerState> {
        let (layout, layers) = (self.steps.networks.layout, &self.steps.state);
        let state = |layer: &LayerState, r: usize| LayerState {
            weight: layer.weight.map(|average| layout.part(average, r)),
            bias: layer.bias.map(|average| layout.part(average, r)),
        };
        let network = |r| layers.iter().map(|layer| state(layer, r)).collect();
        (0..layout.replicas).map(network).collect()
    }

    /// Goes on from other weights, and from what the optimizer remembers of them: of each network.
    pub(super) fn restore(&mut self, networks: Vec<Vec<LayerTensors>>, states: &[OptimizerState]) {
        let layout = self.steps.networks.layout;
        self.steps.layers = join(&layout, networks);
        let layers = 0..self.steps.layers.len();
        let state = |k: usize| LayerState {
            weight: Averages::of_all(states.iter().map(|layers| &layers[k].weight), |all| {
                layout.join(all)
            }),
            bias: Averages::of_all(states.iter().map(|layers| &layers[k].bias), |all| {
                layout.join(all)
            }),
        };
        self.steps.state = layers.map(state).collect();
    }
}

/// Networks without their weights, and the rows that they are trained on.
struct ManyNetworks {
    common: Arc<Common>,
    layout: Layout,
    /// Whether all networks have the same inputs.
    has_shared_inputs: bool,
    /// One a layer.
    masks: Vec<Option<Masks>>,
    weight_masks: Vec<Option<Masks>>,
    /// Where rates are learned, which are those of the same layers in all networks.
    penalty: Option<Penalty>,
    /// One a network.
    orders: Vec<EpochOrder>,
    /// Inputs of all networks, their own where they drop inputs, targets and weights of a full batch.
    full_batch: Option<Tensors>,
}

impl Networks<2> for ManyNetworks {
    fn batch(&mut self, plan: &Plan, step: usize, _: Option<&Range<usize>>) -> Batch {
        let (common, layout) = (&self.common, self.layout);
        if plan.is_full_batch() {
            let is_shared = self.has_shared_inputs;
            let (inputs, targets, weights) = self.full_batch.get_or_insert_with(|| {
                let (x, targets, weights) = common.rows.all().clone();
                let x = if is_shared { x } else { layout.repeat(x) };
                let weights = weights.map(|weights| layout.repeat(weights));
                (x, layout.repeat(targets), weights)
            });
            return Batch {
                inputs: inputs.clone(),
                targets: targets.clone(),
                weights: weights.clone(),
                rows: plan.batch_rows(),
                first: 0,
            };
        }
        let orders = self.orders.iter_mut().map(|order| order.rows(plan, step));
        let orders: Vec<&[u32]> = orders.collect();
        let rows = orders[0].len();
        let places = layout.rows(rows, |r, place| orders[r][place]);
        let (inputs, targets, weights) = common.rows.at(&places);
        for order in &self.orders {
            common.rows.read_ahead(order.later(plan, step));
        }
        Batch {
            inputs: layout.arrange(inputs),
            targets: layout.arrange(targets),
            weights: weights.map(|weights| layout.arrange(weights)),
            rows,
            first: 0,
        }
    }

    fn depth(&self) -> usize {
        self.common.shape.hidden.len() + 1
    }

    fn has_dropout(&self) -> bool {
        let mut masks = self.masks.iter().chain(&self.weight_masks);
        masks.any(Option::is_some)
    }

    fn masks(&mut self, step: usize, factor: f64, batch: &Batch) -> Vec<Tensor<2>> {
        let options = self.common.options();
        let masks = self.masks.iter_mut().flatten();
        let draw = |masks: &mut Masks| {
            let mask = masks.draw((step + 1, factor), batch.rows, options.clone());
            let added = masks
                .adds()
                .then(|| masks.added(mask.clone(), factor, &options));
            [mask].into_iter().chain(added)
        };
        masks.flat_map(draw).collect()
    }

    fn weight_masks(&mut self, step: usize, factor: f64) -> Vec<Option<Tensor<2>>> {
        let (options, sizes) = (self.common.options(), self.common.shape.layer_sizes());
        let layers = self.weight_masks.iter_mut().zip(sizes);
        let draw = |(masks, (d_input, _)): (&mut Option<Masks>, _)| {
            let masks = masks.as_mut()?;
            Some(masks.draw((step + 1, factor), d_input, options.clone()))
        };
        layers.map(draw).collect()
    }

    fn loss(
        &self,
        kind: StepKind,
        operands: Operands,
        mut sigmoids: Option<&mut dyn Sigmoids>,
    ) -> Result<Tensor<2>> {
        let (shape, layout) = (&self.common.shape, self.layout);
        let mut tensors = operands.tensors.into_iter();
        let (Some(x), Some(y)) = (tensors.next(), tensors.next()) else {
            return Err(Error::Compute("a step without inputs".to_owned()));
        };
        let is_weighted = self.common.rows.are_weighted();
        let weights = is_weighted.then(|| tensors.next()).flatten();
        let (layers, logits) = operands.layers.split_at(self.depth());
        let penalty = self.penalty.as_ref();
        let mut noise = |k: usize| match self.masks.get(k) {
            Some(Some(masks)) if kind.dropout => {
                let place = penalty.and_then(|penalty| penalty.place(k));
                let logit = place.and_then(|place| logits.get(place));
                let gates = logit.map(|logit| {
                    let logit = logit.weight.clone();
                    move |mask| layout.each(mask, |numbers| gate(numbers, logit))
                });
                OnInputs::next(&mut tensors, masks.adds(), gates)
            }
            _ => None,
        };
        let mut x = match (self.has_shared_inputs, noise(0)) {
            (true, _) => Inputs::Shared(x),
            (false, Some(noise)) => Inputs::Own(noise.put_on(x)),
            (false, None) => Inputs::Own(x),
        };
        let last = layers.len() - 1;
        for (k, layer) in layers.iter().enumerate() {
            let z = layout.linear(x, layer);
            let f = if k == last {
                shape.output
            } else {
                shape.activation
            };
            let sigmoids = sigmoids
                .as_mut()
                .map(|sigmoids| &mut **sigmoids as &mut dyn Sigmoids);
            x = Inputs::Own(activate(f, z, noise(k + 1), sigmoids)?);
        }
        let loss = self.common.experiment.loss();
        let terms = loss.terms(x.into_tensor(), y, |z| layout.log_softmax(z));
        let terms = match weights {
            Some(weights) => terms * weights,
            None => terms,
        };
        let terms = terms * loss.factor(kind.rows, shape.d_output);
        Ok(match penalty {
            None => terms,
            Some(penalty) => {
                let loss = layout.sums(terms.clone());
                let term = penalty.term(loss, layers, logits, |x| layout.sums(x));
                // The sum over a network's terms is its loss.
                let part = 1.0 / (kind.rows * shape.d_output) as f64;
                layout.each(terms, |terms| terms + term * part)
            }
        })
    }

    fn clip_norm(&self, gradients: Vec<LayerTensors>, bound: f64) -> Vec<LayerTensors> {
        let layout = &self.layout;
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
        let factors = clip_scale(sum, bound);
        let scaled = |layer: LayerTensors| {
            layer.map(
                |weight| layout.scale(weight, factors.clone()),
                |bias| layout.scale(bias, factors.clone()),
            )
        };
        gradients.into_iter().map(scaled).collect()
    }

    fn max_norm(&self, weight: Tensor<2>, bound: f64, _: Arithmetic) -> Tensor<2> {
        self.layout
            .by_column(weight, |weight| max_norm(weight, bound))
    }
}

/// The layers of all networks, from those of each.
fn join(layout: &Layout, networks: Vec<Vec<LayerTensors>>) -> Vec<LayerTensors> {
    let layer = |k: usize| {
        let layers = networks.iter().map(|layers| &layers[k]);
        let biases: Vec<_> = layers
            .clone()
            .filter_map(|layer| layer.bias.clone())
            .collect();
        LayerTensors {
            weight: layout.join(layers.map(|layer| layer.weight.clone()).collect()),
            bias: (!biases.is_empty()).then(|| layout.join(biases)),
        }
    };
    (0..networks[0].len()).map(layer).collect()
}

/// The layers of each network, from those of all.
fn split(layout: &Layout, layers: &[LayerTensors]) -> Vec<Vec<LayerTensors>> {
    let part = |layer: &LayerTensors, r| LayerTensors {
        weight: layout.part(&layer.weight, r),
        bias: layer.bias.as_ref().map(|bias| layout.part(bias, r)),
    };
    let network = |r| layers.iter().map(|layer| part(layer, r)).collect();
    (0..layout.replicas).map(network).collect()
}
