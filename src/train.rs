//! The one training loop: forward with dropout, loss, backward, exchange, step.
//!
//! It prints nothing, reads no file and knows no clock. What happens is told to an [`Observer`]. A
//! [`Trainer`] can be stopped after any step, taken down in a [`Snapshot`], and resumed to the same
//! weights, to the last bit, as if it had never stopped.

mod constrain;
mod in_place;
mod observer;
mod optimizer;
mod pass;
mod plan;
mod replay;
mod replicas;
mod sigmoid;
mod snapshot;

use std::mem::{Discriminant, discriminant};
use std::sync::OnceLock;

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor};

use crate::backend::{in_process, read};
use crate::config::{CheckedExperiment, Loss, Masks, ResolvedExperiment};
use crate::data::Dataset;
use crate::dropout::LayerMasks;
use crate::error::{Error, Result};
use crate::evaluate::{Evaluation, evaluate};
use crate::model::{LayerTensors, Mlp, MlpConfig};
use crate::threads::in_pool;

use optimizer::{LayerMemory, Memory, Step};
use pass::{At, Batch, Drops, OneNetwork};
use plan::Plan;
use replay::Replays;

pub use observer::{Exchange, Flow, Observer, Report};
pub use replicas::{Replica, Replicas, ReplicasObserver, ReplicasReport};
pub use snapshot::{BestSnapshot, OptimizerAverages, Snapshot};

/// Trains the network of `experiment` on all rows of `data`, from its initial weights to its last
/// step, and returns it on the autodiff device ([`Module::valid`] gives
/// the network to use). For validation rows, early stopping and resuming see [`Trainer`].
///
/// The same experiment, data and backend give the same weights to the last bit, in any number of
/// threads: the masks are a function of seed and step, whichever [`Masks`] the experiment asks for.
///
/// # Errors
/// Those of [`Trainer::new`] and [`Trainer::run`].
pub fn train(
    experiment: &CheckedExperiment,
    data: &Dataset,
    device: &Device,
    observer: &mut impl Observer,
) -> Result<Mlp> {
    let mut trainer = Trainer::new(experiment, data, None, device)?;
    trainer.run(observer)?;
    Ok(trainer.into_network())
}

/// A network in training.
pub struct Trainer<'a> {
    experiment: ResolvedExperiment,
    train: &'a Dataset,
    validation: Option<&'a Dataset>,
    /// Where the network is, without autodiff.
    device: Device,
    dtype: DType,
    plan: Plan,
    exchange: Box<dyn Exchange + 'a>,

    /// The network as it is now, without a graph.
    network: Mlp,
    /// The same on the autodiff device, made where it is asked for.
    tracked: OnceLock<Mlp>,
    /// One a number of rows and a kind of dropout.
    replays: Replays<(usize, Discriminant<Drops>), 1>,
    /// One a layer where masks are seeded, else none.
    masks: Vec<LayerMasks>,
    /// Multiplications in the largest matrix product of a step.
    largest_product: usize,
    /// Whether tensors are in this process's memory.
    in_process: bool,
    memory: Memory,
    step: usize,
    loss_sum: f64,
    loss_rows: usize,
    best: Option<Best>,
    stopped_early: bool,

    /// Inputs and targets of a full batch, which are the same in every step.
    full_batch: Option<(Tensor<2>, Tensor<2>)>,
    /// The epoch that `order` is for.
    ordered: Option<usize>,
    order: Vec<usize>,
}

/// The best network so far on the validation rows.
struct Best {
    step: usize,
    loss: f64,
    waited: usize,
    /// Without a graph.
    network: Mlp,
}

/// How a call of [`Trainer::run`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All steps are taken.
    Finished,
    /// The validation loss has not improved for as long as the experiment's patience.
    StoppedEarly,
    /// The observer asked for it.
    Interrupted,
}

impl<'a> Trainer<'a> {
    /// The network of `experiment` with its initial weights, to be trained on `train`. The loss on
    /// `validation` decides which network is the best and, where the experiment says so, when to stop.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `device` lacks the experiment's precision, there is no row, or the
    /// loss does not fit the data.
    pub fn new(
        experiment: &CheckedExperiment,
        train: &'a Dataset,
        validation: Option<&'a Dataset>,
        device: &Device,
    ) -> Result<Self> {
        if train.is_empty() {
            let expected = "at least one row to train on";
            return Err(Error::invalid("training rows", expected, "none"));
        }
        let experiment = experiment.resolve(train.task())?;
        let tracked = device.clone().autodiff();
        let dtype = experiment.precision.check(&tracked)?.dtype();
        let shape = MlpConfig::from_experiment(&experiment, train.d_input());
        let network = shape.init(experiment.seed, (&tracked, dtype))?.valid();
        let plan = Plan::new(&experiment.train, train.len());
        let layers = shape.layer_sizes();
        let masks = match experiment.dropout.masks {
            Masks::Seeded => shape.seeded_masks(experiment.seed, plan.batch_rows()),
            Masks::Framework => Vec::new(),
        };
        Ok(Trainer {
            largest_product: network.largest_product(plan.batch_rows()),
            in_process: in_process(device),
            memory: layers.map(|_| LayerMemory::default()).collect(),
            masks,
            validation: validation.filter(|rows| !rows.is_empty()),
            experiment,
            train,
            device: network.device(),
            dtype,
            plan,
            exchange: Box::new(()),
            network,
            tracked: OnceLock::new(),
            replays: Replays::default(),
            step: 0,
            loss_sum: 0.0,
            loss_rows: 0,
            best: None,
            stopped_early: false,
            full_batch: None,
            ordered: None,
            order: Vec::new(),
        })
    }

    /// As [`new`](Self::new), to go on from a snapshot. Experiment, data and backend must be those of
    /// the run that the snapshot was taken of.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::Shape`] if the snapshot is of another network.
    pub fn resume(
        experiment: &CheckedExperiment,
        train: &'a Dataset,
        validation: Option<&'a Dataset>,
        device: &Device,
        snapshot: &Snapshot,
    ) -> Result<Self> {
        let mut trainer = Trainer::new(experiment, train, validation, device)?;
        let tracked = trainer.device.clone().autodiff();
        let options = (&tracked, trainer.dtype);
        let shape = MlpConfig::from_experiment(&trainer.experiment, train.d_input());
        let network = shape.init_with_weights(&snapshot.weights, options)?;
        trainer.network = network.valid();
        trainer.memory =
            snapshot
                .averages
                .restore(&snapshot.weights, &trainer.device, trainer.dtype)?;
        if let Some(best) = &snapshot.best {
            trainer.best = Some(Best {
                step: best.step,
                loss: best.loss,
                waited: best.waited,
                network: shape.init_with_weights(&best.weights, options)?.valid(),
            });
            trainer.stopped_early = trainer.patience_is_over();
        }
        trainer.step = snapshot.step;
        trainer.loss_sum = snapshot.loss_sum;
        trainer.loss_rows = snapshot.loss_rows;
        Ok(trainer)
    }

    /// Trains together with others, through the seam between the backward pass and the step.
    #[must_use]
    pub fn with_exchange(mut self, exchange: impl Exchange + 'a) -> Self {
        self.exchange = Box::new(exchange);
        self
    }

    /// Takes every step through Burn's autodiff, and replays none from a recording: to compare, or to look
    /// for a mistake. The numbers are the same.
    #[must_use]
    pub fn without_replay(mut self) -> Self {
        self.replays = Replays::none();
        self
    }

    /// Trains until the last step, or until the experiment's patience is over or the observer asks for
    /// an end.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the loss or a weight is not finite, [`Error::Compute`] if the backend
    /// fails, and the errors of observer and exchange.
    pub fn run(&mut self, observer: &mut impl Observer) -> Result<End> {
        observer.started(self)?;
        while !self.has_ended() {
            self.take_step()?;
            if self.plan.evaluates_after(self.step) {
                let report = self.evaluate()?;
                observer.evaluated(self, &report)?;
            }
            // After the evaluation, so that a snapshot taken here has nothing left to be done.
            let flow = observer.stepped(self)?;
            if flow == Flow::Stop && !self.has_ended() {
                return Ok(End::Interrupted);
            }
        }
        Ok(if self.stopped_early {
            End::StoppedEarly
        } else {
            End::Finished
        })
    }

    fn take_step(&mut self) -> Result<()> {
        let (inputs, targets) = self.batch();
        let rows = inputs.dims()[0];
        let at = At {
            device: &self.device,
            seed: self.experiment.seed,
            step: self.step + 1,
        };
        let schedule = self.experiment.dropout.schedule;
        let drops = self.network.has_dropout() && schedule.is_on(self.epoch());
        let loss = self.loss();
        let (network, tracked) = (&self.network, &self.tracked);
        let (masks, replays) = (&mut self.masks, &mut self.replays);
        let pass = in_pool(self.largest_product, || {
            let batch = Batch {
                drops: match drops {
                    true => Drops::of(network, masks, at.step, &inputs),
                    false => Drops::Nothing,
                },
                inputs,
                targets,
            };
            let step = OneNetwork {
                network,
                tracked,
                loss,
                batch: &batch,
                at,
            };
            let kind = (rows, discriminant(&batch.drops));
            replays.pass(kind, &step, step.operands())
        })?;
        let value = read(pass.loss)?[0];
        if !value.is_finite() {
            return Err(self.diverged(format!("the loss is {value}"), self.step + 1));
        }
        let mut gradients = pass.gradients;
        self.exchange.exchange(&mut gradients)?;
        self.update(gradients);
        self.step += 1;
        self.loss_sum += if self.loss().is_sum() {
            value
        } else {
            value * rows as f64
        };
        self.loss_rows += rows;
        Ok(())
    }

    /// The optimizer's step, between the bounds on gradients and on weights.
    fn update(&mut self, gradients: Vec<LayerTensors>) {
        let train = &self.experiment.train;
        let step = Step::new(train, self.learning_rate(), self.epoch(), self.step + 1);
        let step = step.in_place(self.in_process);
        let (network, memory) = (&mut self.network, &mut self.memory);
        self.tracked = OnceLock::new(); // which lets go of the weights, so that they can change in place
        in_pool(self.largest_product, || {
            let gradients = match train.clip {
                Some(clip) => clip.apply(gradients),
                None => gradients,
            };
            step.network(network, gradients, memory);
        });
    }

    /// Inputs `[batch, d_input]` and targets `[batch, d_output]` of the next step.
    fn batch(&mut self) -> (Tensor<2>, Tensor<2>) {
        let tensors = |rows: &Dataset| {
            let options = (&self.device, self.dtype);
            (rows.inputs(options), rows.targets(options))
        };
        if self.plan.is_full_batch() {
            let full = self.full_batch.get_or_insert_with(|| tensors(self.train));
            return full.clone();
        }
        let epoch = self.epoch();
        if self.ordered != Some(epoch) {
            self.order = self.plan.order(self.experiment.seed, epoch);
            self.ordered = Some(epoch);
        }
        let rows = &self.order[self.plan.batch(self.step)];
        tensors(&self.train.select(rows))
    }

    fn evaluate(&mut self) -> Result<Report> {
        if !self.network.is_finite()? {
            return Err(self.diverged("a weight is not finite", self.step));
        }
        let network = &self.network;
        let evaluate = |rows: &Dataset| evaluate(network, self.loss(), rows);
        let validation = self.validation.map(evaluate).transpose()?;
        let train = match validation {
            Some(_) => None,
            None => Some(evaluate(self.train)?),
        };
        let best = validation.as_ref().is_some_and(|found| self.compare(found));
        let training_loss = self.loss_sum / self.loss_rows as f64;
        self.loss_sum = 0.0;
        self.loss_rows = 0;
        Ok(Report {
            step: self.step,
            epoch: self.plan.epoch_of(self.step.saturating_sub(1)) + 1,
            learning_rate: self.plan.learning_rate(&self.experiment, self.step - 1),
            training_loss,
            train,
            validation,
            best,
        })
    }

    /// Keeps the network if no other had so small a validation loss, and says whether it did.
    fn compare(&mut self, found: &Evaluation) -> bool {
        let stopping = self.experiment.train.early_stopping;
        let margin = stopping.map_or(0.0, |stopping| stopping.min_improvement);
        let loss = found.metrics.loss;
        let beats = |best: &Best| loss < best.loss - margin;
        let improved = loss.is_finite() && self.best.as_ref().is_none_or(beats);
        if improved {
            self.best = Some(Best {
                step: self.step,
                loss,
                waited: 0,
                network: self.network.clone(),
            });
        } else if let Some(best) = &mut self.best {
            best.waited += 1;
        }
        self.stopped_early = self.patience_is_over();
        improved
    }

    fn patience_is_over(&self) -> bool {
        match (self.experiment.train.early_stopping, &self.best) {
            (Some(stopping), Some(best)) => best.waited >= stopping.patience,
            _ => false,
        }
    }

    fn diverged(&self, what: impl Into<String>, step: usize) -> Error {
        let train = &self.experiment.train;
        let advice = if self.step == 0 {
            "nothing is learned yet, so that the inputs or the initial weights are too large: \
             standardize the inputs, or use a smaller initializer"
                .to_owned()
        } else {
            let rate = self.plan.learning_rate(&self.experiment, step - 1);
            let bounded = train.clip.is_some() || train.max_norm.is_some();
            let or = if bounded {
                ""
            } else {
                ", or bound the gradients with `train.clip`"
            };
            format!(
                "the usual cause is a learning rate that is too high (it is {rate}): try a tenth of it{or}"
            )
        };
        Error::Diverged {
            what: what.into(),
            step,
            advice,
        }
    }

    fn loss(&self) -> Loss {
        self.experiment.loss()
    }

    /// The experiment, with everything named that follows from the data.
    #[must_use]
    pub fn experiment(&self) -> &ResolvedExperiment {
        &self.experiment
    }

    /// The network as it is now, on the autodiff device.
    #[must_use]
    pub fn network(&self) -> &Mlp {
        let tracked = || self.network.clone().train();
        self.tracked.get_or_init(tracked)
    }

    /// The network with the smallest validation loss so far, without a graph, where there are validation
    /// rows, and the step that it comes from.
    #[must_use]
    pub fn best(&self) -> Option<(&Mlp, usize)> {
        self.best.as_ref().map(|best| (&best.network, best.step))
    }

    /// The network as it is now; after early stopping the best one.
    #[must_use]
    pub fn into_network(self) -> Mlp {
        let network = match self.best {
            Some(best) if self.stopped_early => best.network,
            _ => self.network,
        };
        network.train()
    }

    /// Steps that were replayed from a recording of one before, in this process: on a CPU backend all but
    /// the first of each kind (full batch or last one, dropout on or off).
    #[must_use]
    pub fn replayed_steps(&self) -> usize {
        self.replays.replayed()
    }

    /// Rows a step, on average over an epoch.
    #[must_use]
    pub fn rows_a_step(&self) -> f64 {
        self.train.len() as f64 * self.plan.epochs_after(1)
    }

    /// Training steps so far.
    #[must_use]
    pub fn step(&self) -> usize {
        self.step
    }

    /// Training steps in all, unless training stops early.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.plan.steps
    }

    /// Whether no step is left: all are taken, or training has stopped early.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.step >= self.plan.steps || self.stopped_early
    }

    /// The epoch, counted from 0, of the next step.
    #[must_use]
    pub fn epoch(&self) -> usize {
        self.plan.epoch_of(self.step)
    }

    /// The learning rate of the next step.
    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        self.plan.learning_rate(&self.experiment, self.step)
    }

    /// The state of the training, to go on from later: see [`resume`](Self::resume).
    ///
    /// # Errors
    /// [`Error::Diverged`] if a weight is not finite, so that a bad state never takes a good one's
    /// place, and [`Error::Compute`] if the backend fails.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let weights = self.network.weights()?;
        if !weights
            .iter()
            .all(|layer| layer.values().all(f64::is_finite))
        {
            return Err(self.diverged("a weight is not finite", self.step));
        }
        let best = match &self.best {
            Some(best) => Some(BestSnapshot {
                step: best.step,
                loss: best.loss,
                waited: best.waited,
                weights: best.network.weights()?,
            }),
            None => None,
        };
        Ok(Snapshot {
            step: self.step,
            weights,
            averages: OptimizerAverages::read(&self.memory)?,
            loss_sum: self.loss_sum,
            loss_rows: self.loss_rows,
            best,
        })
    }
}
