//! The training loop: forward with dropout, loss, backward, exchange, step.
//!
//! It prints nothing, reads no file and knows no clock. An [`Observer`] is called as it goes. A
//! [`Trainer`] can be stopped after any step, taken down in a [`Snapshot`], and resumed to the same
//! weights, to the last bit, as if it had never stopped.
//!
//! What a step consists of, for one network and for many, is in `train/steps.rs`; how it is made fast, in
//! `train/engine.rs`. An ensemble (`train.ensemble`) is trained as one model: its members take their steps
//! together, as `train/replicas.rs` has it, and the mean of their predictions is what is evaluated.

mod best;
mod constrain;
mod diverged;
mod engine;
mod exchange;
mod folds;
mod linear;
mod observer;
mod optimizer;
mod pass;
mod penalty;
mod plan;
mod replicas;
mod rows;
mod shards;
mod single;
mod snapshot;
mod steps;

use std::sync::OnceLock;

use burn::module::Module;
use burn::tensor::Device;
use sha2::{Digest, Sha256};

use crate::backend::read;
use crate::config::{CheckedExperiment, Loss, Measure, ResolvedExperiment};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::evaluate::Evaluation;
use crate::model::{Mlp, MlpConfig};

use best::BestSoFar;
use engine::Engine;
use folds::Folds;
use linear::start_as_linear;
use plan::{Plan, check_rows};
use replicas::Groups;
use single::SingleNetwork;
use steps::StepLoop;

// What `dropwise-lab` trains many networks with; hidden, since it may change at any time.
#[doc(hidden)]
pub use exchange::{Exchange, broadcast, check_same};
#[doc(hidden)]
pub use linear::linear_experiment;
pub use observer::{Flow, Observer, Report};
#[doc(hidden)]
pub use replicas::{Replica, Replicas, ReplicasObserver, ReplicasReport};
pub use snapshot::{BestSnapshot, OptimizerAverages, Snapshot};

/// Trains the one network of `experiment` on all rows of `data`, from its initial weights to its last
/// step, and returns it on the autodiff device ([`Module::valid`] gives
/// the network to use). For validation rows, early stopping and resuming see [`Trainer`].
///
/// The same experiment, data and backend give the same weights to the last bit, in any number of
/// threads: the masks are a function of seed and step, wherever they [come from](crate::config::Masks).
///
/// # Errors
/// Those of [`Trainer::new`] and [`Trainer::run`]; [`Error::InvalidValue`] for an ensemble, whose members a
/// [`Trainer`] gives.
pub fn train(
    experiment: &CheckedExperiment,
    data: &Dataset,
    device: &Device,
    observer: &mut impl Observer,
) -> Result<Mlp> {
    if experiment.train.ensemble > 1 {
        let (key, found) = ("train.ensemble", experiment.train.ensemble);
        return Err(Error::invalid(key, "1 for a single network", found));
    }
    let mut trainer = Trainer::new(experiment, data, None, device)?;
    trainer.run(observer)?;
    Ok(trainer.into_network())
}

/// A network in training, or an ensemble.
pub struct Trainer<'a> {
    experiment: ResolvedExperiment,
    shape: MlpConfig,
    train: &'a Dataset,
    validation: Option<&'a Dataset>,
    folds: Option<Folds>,
    exchange: Box<dyn Exchange + 'a>,
    plan: Plan,
    steps: Steps,
    /// The networks as they are now, on the autodiff device; made where they are asked for.
    members: OnceLock<Vec<Mlp>>,
    step: usize,
    /// The sum of the losses of the rows since the last evaluation, and how many rows that were.
    loss_sum: f64,
    loss_rows: usize,
    best: BestSoFar,
    /// Whether this process's observer asks for an end, and whether that of any process does.
    asks_for_end: bool,
    ends: bool,
}

/// What takes the steps.
enum Steps {
    One(Box<StepLoop<SingleNetwork, 1>>),
    Ensemble(Groups),
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
    /// `validation` decides which network is the best and, where the experiment says so, when to stop. Of an
    /// ensemble that is the loss of the members' averaged predictions, so that all members come from the same step. With
    /// `train.cross_validation` it is the loss on the training rows, each predicted by the members that left it out.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `device` lacks the experiment's precision, there is no row, or the
    /// loss does not fit the data; if there are validation rows beside a cross-validation, or more folds than rows.
    pub fn new(
        experiment: &CheckedExperiment,
        train: &'a Dataset,
        validation: Option<&'a Dataset>,
        device: &Device,
    ) -> Result<Self> {
        let mut trainer = Trainer::before_the_start(experiment, train, validation, device)?;
        if trainer.experiment.network.linear_start {
            trainer.start_as_linear()?;
        }
        Ok(trainer)
    }

    /// The same with weights as they are drawn, for whoever has others.
    fn before_the_start(
        experiment: &CheckedExperiment,
        train: &'a Dataset,
        validation: Option<&'a Dataset>,
        device: &Device,
    ) -> Result<Self> {
        check_rows(train)?;
        let experiment = experiment.resolve(train.task())?;
        let device = device.clone().autodiff();
        let dtype = experiment.precision.check(&device)?.dtype();
        let shape = MlpConfig::from_experiment(&experiment, train.d_input());
        let validation = validation.filter(|rows| !rows.is_empty());
        let folds = Folds::new(&experiment, train)?;
        if let (Some(_), Some(rows)) = (&folds, validation) {
            let expected = "no validation rows, since the members of the ensemble are judged on the training rows that they leave out";
            let found = format!("{} validation rows", rows.len());
            return Err(Error::invalid("train.cross_validation", expected, found));
        }
        let rows = folds.as_ref().map_or(train.len(), Folds::trained_rows);
        let plan = Plan::new(&experiment.train, rows);
        let steps = if experiment.train.ensemble > 1 {
            let members = Replica::members(&experiment);
            let rows = (train, folds.as_ref());
            Steps::Ensemble(Groups::new(&experiment, &members, rows, &device)?)
        } else {
            let network = shape.init(experiment.seed, (&device, dtype))?;
            let engine = Engine::new(&device, network.largest_product(plan.batch_rows()));
            let layers = network.parameters();
            let single = SingleNetwork::new(&experiment, &shape, &network, &plan, train);
            Steps::One(Box::new(StepLoop::new(
                (experiment.train.clone(), experiment.dropout.schedule),
                plan.clone(),
                single,
                layers,
                engine,
            )))
        };
        Ok(Trainer {
            plan,
            steps,
            best: BestSoFar::new(experiment.train.early_stopping),
            validation,
            folds,
            experiment,
            shape,
            train,
            exchange: Box::new(()),
            members: OnceLock::new(),
            step: 0,
            loss_sum: 0.0,
            loss_rows: 0,
            asks_for_end: false,
            ends: false,
        })
    }

    /// Makes the network start as the linear model of its rows (`network.linear_start`). That is step 0, so that no later one is the best
    /// without being better.
    fn start_as_linear(&mut self) -> Result<()> {
        let device = &self.network().device();
        let (experiment, rows) = (&self.experiment, (self.train, self.folds.as_ref()));
        let members = Replica::members(experiment);
        match &mut self.steps {
            Steps::One(steps) => {
                let networks = (&members[..], vec![steps.layers.clone()]);
                steps.layers = start_as_linear(experiment, networks, rows, device)?.concat();
            }
            Steps::Ensemble(groups) => {
                groups.start_as_linear(experiment, &members, rows, device)?
            }
        }
        self.members = OnceLock::new();
        if let Some(found) = self.judge()? {
            self.compare(&found);
        }
        Ok(())
    }

    /// Trains together with other processes, each of which takes its share of a batch's shards (`train.shards`): all come to the
    /// weights that one would come to alone, to the last bit.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if there are more processes than shards, or their number is no power of two.
    #[doc(hidden)]
    pub fn with_exchange(mut self, exchange: impl Exchange + 'a) -> Result<Self> {
        exchange::check_size(&exchange, self.experiment.train.shards)?;
        self.exchange = Box::new(exchange);
        Ok(self)
    }

    /// Takes every step through Burn's autodiff, and replays none from a recording: to compare, or to look
    /// for a mistake. The numbers are the same.
    #[must_use]
    #[doc(hidden)]
    pub fn without_replay(mut self) -> Self {
        match &mut self.steps {
            Steps::One(steps) => steps.engine.without_replay(),
            Steps::Ensemble(groups) => groups.without_replay(),
        }
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
            let until = self.until(observer);
            self.take_steps(until)?;
            if self.plan.evaluates_after(self.step) {
                let report = self.evaluate()?;
                observer.evaluated(self, &report)?;
            }
            // After the evaluation, so that a snapshot taken here has nothing left to be done.
            self.asks_for_end |= observer.stepped(self)? == Flow::Stop;
            // Processes that train together end after the same step, the one after one of them asked.
            let ends = self.ends || (self.asks_for_end && self.exchange.size() == 1);
            if ends && !self.has_ended() {
                (self.asks_for_end, self.ends) = (false, false);
                return Ok(End::Interrupted);
            }
        }
        Ok(if self.has_stopped_early() {
            End::StoppedEarly
        } else {
            End::Finished
        })
    }

    /// The step after which something is to be done next: evaluated, or looked at by the observer. Members of an
    /// ensemble wait for each other there, so that they are not asked to after every step.
    fn until(&self, observer: &impl Observer) -> usize {
        let next = self.step + 1;
        let most = match &self.steps {
            Steps::One(_) => return next,
            Steps::Ensemble(groups) => (self.step + groups.most_steps()).min(self.steps()),
        };
        let is_due = |step: &usize| self.plan.evaluates_after(*step) || observer.looks_after(*step);
        (next..most).find(is_due).unwrap_or(most)
    }

    fn take_steps(&mut self, until: usize) -> Result<()> {
        self.members = OnceLock::new(); // lets go of the weights, so that they can change in place
        let is_mean = !self.loss().is_sum();
        let (from, plan) = (self.step, &self.plan);
        let (losses, rows) = match &mut self.steps {
            Steps::One(steps) if self.experiment.train.shards > 1 => {
                let shards = (self.experiment.train.shards, is_mean);
                let exchange = &mut *self.exchange;
                let found = steps.shards(from, shards, exchange, self.asks_for_end)?;
                self.ends = found.ends;
                if found.loss.is_finite() {
                    steps.update(from, found.gradients);
                }
                (vec![found.loss], found.rows)
            }
            Steps::One(steps) => {
                let (pass, rows) = steps.forward_backward(from)?;
                let loss = read(pass.loss)?[0];
                if loss.is_finite() {
                    steps.update(from, pass.gradients);
                }
                let sum = if is_mean { loss * rows as f64 } else { loss };
                (vec![sum], rows)
            }
            Steps::Ensemble(groups) => {
                groups.take_steps(from..until)?;
                let rows = (from..until).map(|step| plan.batch(step).len()).sum();
                (groups.take_losses()?, rows)
            }
        };
        let loss = losses.iter().sum::<f64>() / losses.len() as f64;
        if !loss.is_finite() {
            return Err(self.diverged(format!("the loss is {loss}"), until));
        }
        self.step = until;
        self.loss_sum += loss;
        self.loss_rows += rows;
        Ok(())
    }

    fn evaluate(&mut self) -> Result<Report> {
        for network in self.members() {
            if !network.is_finite()? {
                return Err(self.diverged("a weight is not finite", self.step));
            }
        }
        self.check_same_weights()?;
        let validation = self.judge()?;
        let train = match validation {
            Some(_) => None,
            None => Some(self.evaluate_on(self.train)?),
        };
        let best = validation.as_ref().is_some_and(|found| self.compare(found));
        let training_loss = self.loss_sum / self.loss_rows as f64;
        (self.loss_sum, self.loss_rows) = (0.0, 0);
        let plan = &self.plan;
        let rates = mean_rates(self.members());
        Ok(Report {
            step: self.step,
            epoch: plan.epoch_of(self.step - 1) + 1,
            learning_rate: plan.learning_rate(self.experiment.train.learning_rate, self.step - 1),
            training_loss,
            rates,
            train,
            validation,
            best,
        })
    }

    /// How well the network does on the rows that choose a step, if there are any.
    fn judge(&mut self) -> Result<Option<Evaluation>> {
        match self.validation {
            Some(rows) => self.evaluate_on(rows).map(Some),
            None => self.cross_validate(self.members()),
        }
    }

    /// Keeps the network as it is now if none was better on those rows, and says whether it did.
    fn compare(&mut self, found: &Evaluation) -> bool {
        let select = self.experiment.train.select.unwrap_or(Measure::Loss);
        let members = self.members().iter().map(Mlp::valid).collect();
        let value = select.value(&found.metrics);
        self.best.compare(self.step, value, members)
    }

    /// How well these members do on the training rows that each of them left out (`train.cross_validation`), if they left out any.
    ///
    /// # Errors
    /// Those of [`evaluate`](crate::evaluate::evaluate).
    #[doc(hidden)]
    pub fn cross_validate(&self, members: &[Mlp]) -> Result<Option<Evaluation>> {
        let folds = self.folds.as_ref();
        let found = folds.map(|folds| folds.evaluate(members, self.loss(), self.train));
        found.transpose()
    }

    /// Each process that trains with this one takes its share of the rows.
    fn evaluate_on(&mut self, rows: &Dataset) -> Result<Evaluation> {
        let alone: Box<dyn Exchange> = Box::new(());
        let mut exchange = std::mem::replace(&mut self.exchange, alone);
        let found = exchange::evaluate(&mut *exchange, (self.members(), self.loss()), rows);
        self.exchange = exchange;
        found
    }

    /// Processes that train together have the same weights.
    fn check_same_weights(&mut self) -> Result<()> {
        if self.exchange.size() == 1 {
            return Ok(());
        }
        let mut hash = Sha256::new();
        for layer in self.network().weights()? {
            layer
                .values()
                .for_each(|value| hash.update(value.to_le_bytes()));
        }
        let what = format!("the weights after step {}", self.step);
        check_same(&mut *self.exchange, &what, hash.finalize().into())
    }

    fn loss(&self) -> Loss {
        self.experiment.loss()
    }

    fn has_stopped_early(&self) -> bool {
        self.best.patience_is_over()
    }

    /// The experiment, with everything named that follows from the data.
    #[must_use]
    pub fn experiment(&self) -> &ResolvedExperiment {
        &self.experiment
    }

    /// The network as it is now, on the autodiff device; of an ensemble the first.
    #[must_use]
    pub fn network(&self) -> &Mlp {
        &self.members()[0]
    }

    /// The networks as they are now, on the autodiff device: one, or the members of an ensemble.
    #[must_use]
    pub fn members(&self) -> &[Mlp] {
        self.members.get_or_init(|| match &self.steps {
            Steps::One(steps) => vec![steps.networks.with_layers(&steps.layers)],
            Steps::Ensemble(groups) => groups.trained(),
        })
    }

    /// The network with the smallest validation loss so far, without a graph, where there are validation
    /// rows, and the step that it comes from; of an ensemble the first.
    #[must_use]
    pub fn best(&self) -> Option<(&Mlp, usize)> {
        let (members, step) = self.best_members()?;
        Some((&members[0], step))
    }

    /// The same for all members of an ensemble.
    #[must_use]
    pub fn best_members(&self) -> Option<(&[Mlp], usize)> {
        let best = self.best.best.as_ref();
        best.map(|best| (&best.members[..], best.step))
    }

    /// The network as it is now; after early stopping the best one. Of an ensemble the first.
    #[must_use]
    pub fn into_network(self) -> Mlp {
        match &self.best.best {
            Some(best) if self.best.patience_is_over() => best.members[0].clone().train(),
            _ => self.network().clone(),
        }
    }

    /// Steps that were replayed from a recording of one before, in this process: on a CPU backend all but
    /// the first of each kind (full batch or last one, dropout on or off).
    #[must_use]
    #[doc(hidden)]
    pub fn replayed_steps(&self) -> usize {
        match &self.steps {
            Steps::One(steps) => steps.engine.replayed(),
            Steps::Ensemble(groups) => groups.replayed_steps(),
        }
    }

    /// Rows a step, on average over an epoch.
    #[must_use]
    #[doc(hidden)]
    pub fn rows_a_step(&self) -> f64 {
        self.plan.rows as f64 * self.plan.epochs_after(1)
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
    #[doc(hidden)]
    pub fn has_ended(&self) -> bool {
        self.step >= self.steps() || self.has_stopped_early()
    }

    /// The epoch, counted from 0, of the next step.
    #[must_use]
    pub fn epoch(&self) -> usize {
        self.plan.epoch_of(self.step)
    }

    /// The learning rate of the next step.
    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        let start = self.experiment.train.learning_rate;
        self.plan.learning_rate(start, self.step)
    }
}

/// The rates that are learned, from the input on; of an ensemble the means over its members.
fn mean_rates(members: &[Mlp]) -> Vec<f64> {
    let rates = |network: &Mlp| -> Vec<f64> {
        let learned = network.learned_rates();
        learned.map(|(_, noise)| noise.rate()).collect()
    };
    let all: Vec<Vec<f64>> = members.iter().map(rates).collect();
    let mean = |k| all.iter().map(|rates| rates[k]).sum::<f64>() / all.len() as f64;
    (0..all[0].len()).map(mean).collect()
}
