//! The training step, the same for one network and for many at once: batch, masks, forward and backward pass, then
//! clip, optimizer's step, bound.

use std::ops::Range;

use burn::tensor::Tensor;

use super::constrain::clip_values;
use super::engine::{Arithmetic, Engine};
use super::optimizer::{OptimizerState, Step};
use super::pass::{Forward, Operands, Pass, Sigmoids, StepKind};
use super::plan::Plan;
use crate::config::{Clip, DropoutSchedule, TrainConfig};
use crate::error::{Error, Result};
use crate::model::LayerTensors;

/// One network, or many of one shape: what a step needs to know of them.
pub(super) trait Networks<const D: usize>: Send + Sync {
    /// Inputs and targets of step `step`, counted from 0: the rows at these places of its batch, or all of them.
    fn batch(&mut self, plan: &Plan, step: usize, rows: Option<&Range<usize>>) -> Batch;

    /// Layers of a network. Behind them stand the logits of learned rates, each as a layer of one weight.
    fn depth(&self) -> usize;

    /// Whether any layer has dropout.
    fn has_dropout(&self) -> bool;

    /// The masks of step `step`, counted from 0, for a batch, the rates times `factor`; none where they are not drawn beforehand. Behind
    /// the mask of alpha dropout stands what it adds.
    fn masks(&mut self, step: usize, factor: f64, batch: &Batch) -> Vec<Tensor<2>>;

    /// The masks of the weights of each layer in step `step`, counted from 0, the rates times `factor`. All rows share them.
    fn weight_masks(&mut self, step: usize, factor: f64) -> Vec<Option<Tensor<2>>>;

    /// See [`Forward::loss`]. The tensors among the operands are inputs, targets, weights where rows have them, masks.
    fn loss(
        &self,
        kind: StepKind,
        operands: Operands,
        sigmoids: Option<&mut dyn Sigmoids>,
    ) -> Result<Tensor<D>>;

    /// See [`Forward::seeded`].
    fn seeded<T>(&self, _step: usize, _kind: StepKind, pass: impl FnOnce() -> T) -> T {
        pass()
    }

    /// Scales the gradients of each network down to a norm of at most `bound`.
    fn clip_norm(&self, gradients: Vec<LayerTensors>, bound: f64) -> Vec<LayerTensors>;

    /// Scales the incoming weights of each unit down to a norm of at most `bound`.
    fn max_norm(&self, weight: Tensor<2>, bound: f64, arithmetic: Arithmetic) -> Tensor<2>;
}

/// The rows of a step.
pub(super) struct Batch {
    pub(super) inputs: Tensor<2>,
    pub(super) targets: Tensor<2>,
    /// What each row counts, in all columns of its targets; none where all count the same.
    pub(super) weights: Option<Tensor<2>>,
    pub(super) rows: usize,
    /// The place of its first row among all rows of the step.
    pub(super) first: usize,
}

impl Batch {
    /// What a step reads of its rows: inputs, targets, weights where rows have them, masks.
    pub(super) fn tensors<const D: usize>(
        self,
        networks: &mut impl Networks<D>,
        step: usize,
        factor: f64,
    ) -> Vec<Tensor<2>> {
        let masks = match factor > 0.0 {
            true => networks.masks(step, factor, &self),
            false => Vec::new(),
        };
        let mut tensors = vec![self.inputs, self.targets];
        tensors.extend(self.weights);
        tensors.extend(masks);
        tensors
    }
}

/// The masks of the weights in a step: one a layer, where there is noise on its weights; none where dropout is off.
///
/// With `V = W * M`, the slope of the loss in `W` is that in `V`, times `M`. So a pass is made with `V` in place of `W`, and knows of no masks.
#[derive(Debug)]
pub(super) struct WeightMasks(Vec<Option<Tensor<2>>>);

impl WeightMasks {
    /// Draws them for step `step`, counted from 0. `factor` is that of [`StepLoop::dropout_factor`].
    pub(super) fn draw<const D: usize>(
        networks: &mut impl Networks<D>,
        step: usize,
        factor: f64,
    ) -> Self {
        WeightMasks(match factor > 0.0 {
            true => networks.weight_masks(step, factor),
            false => Vec::new(),
        })
    }

    /// The weights, or gradients, times their masks. Behind them may stand the logits of learned rates.
    pub(super) fn put_on(&self, layers: Vec<LayerTensors>) -> Vec<LayerTensors> {
        if self.0.iter().all(Option::is_none) {
            return layers;
        }
        let masks = self.0.iter().map(Option::as_ref);
        let masks = masks.chain(std::iter::repeat(None));
        let masked = layers.into_iter().zip(masks);
        masked.map(|(layer, mask)| layer.masked(mask)).collect()
    }
}

/// Networks in training, step by step.
pub(super) struct StepLoop<N, const D: usize> {
    pub(super) networks: N,
    pub(super) plan: Plan,
    train: TrainConfig,
    schedule: DropoutSchedule,
    /// The weights, without a graph, and behind them the logits of learned rates.
    pub(super) layers: Vec<LayerTensors>,
    pub(super) state: OptimizerState,
    pub(super) engine: Engine<D>,
}

impl<N: Networks<D>, const D: usize> StepLoop<N, D> {
    pub(super) fn new(
        (train, schedule): (TrainConfig, DropoutSchedule),
        plan: Plan,
        networks: N,
        layers: Vec<LayerTensors>,
        engine: Engine<D>,
    ) -> Self {
        StepLoop {
            state: layers.iter().map(|_| Default::default()).collect(),
            train,
            schedule,
            networks,
            plan,
            layers,
            engine,
        }
    }

    /// What dropout rates are multiplied by in step `step`, counted from 0; 0 where nothing is dropped.
    pub(super) fn dropout_factor(&self, step: usize) -> f64 {
        match self.networks.has_dropout() {
            true => self.plan.dropout_factor(self.schedule, step),
            false => 0.0,
        }
    }

    /// The loss of step `step`, counted from 0, and its gradients; and the rows in its batch.
    ///
    /// # Errors
    /// [`Error::Compute`] if the backend fails.
    pub(super) fn forward_backward(&mut self, step: usize) -> Result<(Pass<D>, usize)> {
        let factor = self.dropout_factor(step);
        let (networks, layers) = (&mut self.networks, &self.layers);
        let batch = networks.batch(&self.plan, step, None);
        let rows = batch.rows;
        let pass = self.engine.run(|engine| {
            let masks = WeightMasks::draw(networks, step, factor);
            let operands = Operands {
                layers: masks.put_on(layers.clone()),
                tensors: batch.tensors(networks, step, factor),
            };
            let networks = &*networks;
            let pass = engine.pass(&OneStep::new(networks, step, factor, rows), operands)?;
            Ok::<_, Error>(Pass {
                gradients: masks.put_on(pass.gradients),
                ..pass
            })
        })?;
        Ok((pass, rows))
    }

    /// Takes step `step`, counted from 0: the optimizer's, between the bounds on gradients and on weights.
    pub(super) fn update(&mut self, step: usize, gradients: Vec<LayerTensors>) {
        let (networks, train) = (&self.networks, &self.train);
        let (layers, state) = (&mut self.layers, &mut self.state);
        let (rate, epoch) = (
            self.plan.learning_rate(train.learning_rate, step),
            self.plan.epoch_of(step),
        );
        self.engine.run(|engine| {
            let arithmetic = engine.arithmetic();
            let gradients = match train.clip {
                Some(Clip::Norm(bound)) => networks.clip_norm(gradients, bound),
                Some(Clip::Value(bound)) => clip_values(gradients, bound),
                None => gradients,
            };
            let step = Step::new(train, rate, epoch, step + 1, arithmetic);
            let old = std::mem::take(layers).into_iter().zip(gradients).zip(state);
            let new = old.enumerate().map(|(k, ((weights, gradients), state))| {
                if k >= networks.depth() {
                    return step.without_penalties().layer(weights, gradients, state);
                }
                let mut layer = step.layer(weights, gradients, state);
                if let Some(bound) = train.max_norm {
                    layer.weight = networks.max_norm(layer.weight, bound, arithmetic);
                }
                layer
            });
            *layers = new.collect();
        });
    }
}

/// Some rows of a step.
pub(super) struct OneStep<'a, N> {
    networks: &'a N,
    /// Counted from 0.
    step: usize,
    kind: StepKind,
    /// What the loss is multiplied by; the same in all passes of a kind.
    pub(super) times: Option<f64>,
}

impl<'a, N> OneStep<'a, N> {
    /// `factor` is that of [`StepLoop::dropout_factor`].
    pub(super) fn new(networks: &'a N, step: usize, factor: f64, rows: usize) -> Self {
        OneStep {
            networks,
            step,
            kind: StepKind {
                rows,
                dropout: factor > 0.0,
            },
            times: None,
        }
    }
}

impl<N: Networks<D>, const D: usize> Forward<D> for OneStep<'_, N> {
    fn kind(&self) -> StepKind {
        self.kind
    }

    fn loss(&self, operands: Operands, sigmoids: Option<&mut dyn Sigmoids>) -> Result<Tensor<D>> {
        let loss = self.networks.loss(self.kind, operands, sigmoids)?;
        Ok(match self.times {
            Some(times) => loss * times,
            None => loss,
        })
    }

    fn seeded<T>(&self, pass: impl FnOnce() -> T) -> T {
        self.networks.seeded(self.step, self.kind, pass)
    }
}
