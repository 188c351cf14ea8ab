//! The training step, the same for one network and for many at once: batch, masks, forward and backward pass, then
//! clip, optimizer's step, bound.

use std::ops::Range;

use burn::tensor::Tensor;

use super::constrain::clip_values;
use super::engine::{Arithmetic, Engine};
use super::exchange::{self, Exchange};
use super::optimizer::{OptimizerState, Step};
use super::pass::{Forward, Operands, Pass, Sigmoids, StepKind};
use super::plan::Plan;
use crate::backend::read;
use crate::config::{Clip, DropoutSchedule, TrainConfig};
use crate::error::Result;
use crate::model::LayerTensors;

/// One network, or many of one shape: what a step needs to know of them.
pub(super) trait Networks<const D: usize>: Send + Sync {
    /// Inputs and targets of step `step`, counted from 0: the rows at these places of its batch, or all of them.
    fn batch(&mut self, plan: &Plan, step: usize, rows: Option<&Range<usize>>) -> Batch;

    /// Whether any layer has dropout.
    fn has_dropout(&self) -> bool;

    /// The masks of step `step`, counted from 0, for a batch, the rates times `factor`; none where they are not drawn beforehand.
    fn masks(&mut self, step: usize, factor: f64, batch: &Batch) -> Vec<Tensor<2>>;

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

/// Networks in training, step by step.
pub(super) struct StepLoop<N, const D: usize> {
    pub(super) networks: N,
    pub(super) plan: Plan,
    train: TrainConfig,
    schedule: DropoutSchedule,
    /// The weights, without a graph.
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

    /// The loss of step `step`, counted from 0, and its gradients; and the rows in its batch.
    ///
    /// # Errors
    /// [`Error::Compute`](crate::Error::Compute) if the backend fails.
    pub(super) fn forward_backward(&mut self, step: usize) -> Result<(Pass<D>, usize)> {
        self.pass(step, None, None)
    }

    /// The same of the rows at these places of the batch, with the loss times `times`.
    fn pass(
        &mut self,
        step: usize,
        part: Option<&Range<usize>>,
        times: Option<f64>,
    ) -> Result<(Pass<D>, usize)> {
        let (networks, layers) = (&mut self.networks, &self.layers);
        let factor = self.plan.dropout_factor(self.schedule, step);
        let dropout = networks.has_dropout() && factor > 0.0;
        let batch = networks.batch(&self.plan, step, part);
        let rows = batch.rows;
        let pass = self.engine.run(|engine| {
            let masks = if dropout {
                networks.masks(step, factor, &batch)
            } else {
                Vec::new()
            };
            let mut tensors = vec![batch.inputs, batch.targets];
            tensors.extend(batch.weights);
            tensors.extend(masks);
            let operands = Operands {
                layers: layers.clone(),
                tensors,
            };
            let kind = StepKind { rows, dropout };
            engine.pass(
                &OneStep {
                    networks: &*networks,
                    step,
                    kind,
                    times,
                },
                operands,
            )
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
            let new = old.map(|((weights, gradients), state)| {
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

/// What a step that is cut into shards comes to.
pub(super) struct Shards {
    /// The gradients of the loss of the batch.
    pub(super) gradients: Vec<LayerTensors>,
    /// The sum of the losses of its rows.
    pub(super) loss: f64,
    /// Its rows.
    pub(super) rows: usize,
    /// Whether a process asks for an end.
    pub(super) ends: bool,
}

/// The sum over some shards: gradients and losses of their rows; none where they have no rows.
type Sum = Option<(Vec<LayerTensors>, f64)>;

impl<N: Networks<1>> StepLoop<N, 1> {
    /// The gradients of step `step`, counted from 0, whose batch is cut into `shards` shards, of which this process makes its own: see
    /// [`exchange`]. With `is_mean` the loss of a batch is a mean over its rows. `ends` is whether this process asks
    /// for an end.
    ///
    /// # Errors
    /// [`Error::Compute`](crate::Error::Compute) if the backend fails or another process does not answer.
    pub(super) fn shards(
        &mut self,
        step: usize,
        (shards, is_mean): (usize, bool),
        exchange: &mut dyn Exchange,
        ends: bool,
    ) -> Result<Shards> {
        let rows = self.plan.batch(step).len();
        let each = shards / exchange.size();
        let first = exchange.rank() * each;
        let own = self.subtree(step, rows, (first..first + each, shards), is_mean)?;
        // A process whose shards have no rows adds -0 to what the others have, which leaves every number as it is, -0 too.
        let (gradients, loss) = match own {
            Some(sum) => sum,
            None => {
                let zeros = self.layers.iter().cloned();
                let zeros = zeros
                    .map(|layer| layer.map(|w| w.zeros_like() * -1.0, |b| b.zeros_like() * -1.0));
                (zeros.collect(), -0.0)
            }
        };
        let mut numbers = [loss, f64::from(u8::from(ends))];
        exchange::sum(exchange, &mut numbers)?;
        let mut gradients = exchange::sum_gradients(exchange, gradients)?;
        if is_mean {
            let n = rows as f64;
            let mean = |layer: LayerTensors| layer.map(|w| w / n, |b| b / n);
            gradients = gradients.into_iter().map(mean).collect();
        }
        Ok(Shards {
            gradients,
            loss: numbers[0],
            rows,
            ends: numbers[1] > 0.0,
        })
    }

    /// The sum of two gradients, layer by layer.
    fn add(&mut self, one: Vec<LayerTensors>, other: Vec<LayerTensors>) -> Vec<LayerTensors> {
        self.engine.run(|engine| {
            let arithmetic = engine.arithmetic();
            let layers = one.into_iter().zip(other).map(|(one, other)| LayerTensors {
                weight: arithmetic.add(one.weight, other.weight),
                bias: one
                    .bias
                    .zip(other.bias)
                    .map(|(one, other)| arithmetic.add(one, other)),
            });
            layers.collect()
        })
    }

    fn subtree(
        &mut self,
        step: usize,
        rows: usize,
        (own, shards): (Range<usize>, usize),
        is_mean: bool,
    ) -> Result<Sum> {
        if own.len() > 1 {
            let middle = own.start + own.len() / 2;
            let one = self.subtree(step, rows, (own.start..middle, shards), is_mean)?;
            let other = self.subtree(step, rows, (middle..own.end, shards), is_mean)?;
            return Ok(match (one, other) {
                (Some((one, a)), Some((other, b))) => Some((self.add(one, other), a + b)),
                (one, other) => one.or(other),
            });
        }
        let part = Plan::shard(rows, own.start, shards);
        if part.is_empty() {
            return Ok(None);
        }
        let times = is_mean.then_some(part.len() as f64);
        let (pass, _) = self.pass(step, Some(&part), times)?;
        Ok(Some((pass.gradients, read(pass.loss)?[0])))
    }
}

struct OneStep<'a, N> {
    networks: &'a N,
    /// Counted from 0.
    step: usize,
    kind: StepKind,
    /// What the loss is multiplied by; the same in all passes of a kind.
    times: Option<f64>,
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
