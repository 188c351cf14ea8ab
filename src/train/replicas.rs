//! Many networks of one shape, trained at once.
//!
//! Each [`Replica`] has a seed of its own, for its weights, its masks and the order of its rows, and may
//! have its own dropout rates and learning rate; all else is the experiment's. What a replica comes to
//! depends on nothing but itself: not on how many others there are, nor on what they do. Masks are always
//! [seeded](crate::dropout::SeededMasks), so that they are the same for a network in company and alone.
//!
//! The networks are one computation on Burn, and its autodiff gives their gradients. Every number of one
//! network is a column, or a block, of a tensor that holds that number of all; see `replicas/layout.rs`.

mod activate;
mod group;
mod groups;
mod layout;
mod masks;
mod workers;

use burn::tensor::Device;

use super::End;
use super::observer::Flow;
use crate::config::{CheckedExperiment, HiddenNoise, Loss, Masks, ResolvedExperiment};
use crate::data::Dataset;
use crate::dropout::Noise;
use crate::error::{Error, Result};
use crate::evaluate::{Metrics, evaluate};
use crate::model::{LayerTensors, Mlp, MlpConfig};

use group::Common;

pub(super) use groups::Groups;

/// What sets one network of many apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Replica {
    /// The number that all its randomness comes from.
    pub seed: u64,
    /// The dropout of its inputs.
    pub input_dropout: Noise,
    /// The dropout of its hidden layers.
    pub hidden_dropout: HiddenNoise,
    /// Its learning rate at the start: a finite number above 0.
    pub learning_rate: f64,
}

impl Replica {
    /// The network of `experiment` with another seed.
    #[must_use]
    pub fn of(experiment: &CheckedExperiment, seed: u64) -> Self {
        let kind = experiment.dropout.kind;
        Replica {
            seed,
            input_dropout: experiment.dropout.input.of_kind(kind),
            hidden_dropout: experiment.dropout.hidden.of_kind(kind),
            learning_rate: experiment.train.learning_rate,
        }
    }

    /// As many as `experiment` asks for (`study.replicas`). Their seeds count on from the experiment's,
    /// and begin again at 0 after the largest: replica `r` has the seed `seed + r`, so that
    /// `dropwise train` with that seed and `dropout.masks = "seeded"` trains the same network alone.
    #[must_use]
    pub fn several(experiment: &CheckedExperiment) -> Vec<Self> {
        Replica::counted(experiment, experiment.study.replicas)
    }

    /// The members of an ensemble (`train.ensemble`), with seeds that count on in the same way.
    #[must_use]
    pub fn members(experiment: &CheckedExperiment) -> Vec<Self> {
        Replica::counted(experiment, experiment.train.ensemble)
    }

    fn counted(experiment: &CheckedExperiment, count: usize) -> Vec<Self> {
        let seeds = (0..count).map(|r| experiment.seed.wrapping_add(r as u64));
        seeds.map(|seed| Replica::of(experiment, seed)).collect()
    }

    /// The experiment that trains this network alone, where `experiment` is what the replicas share.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a rate or a learning rate out of range.
    pub fn experiment(&self, experiment: &CheckedExperiment) -> Result<CheckedExperiment> {
        let mut alone = experiment.clone().into_inner();
        alone.seed = self.seed;
        alone.dropout.input = self.input_dropout;
        alone.dropout.hidden = self.hidden_dropout.clone();
        alone.dropout.masks = Masks::Seeded;
        alone.train.learning_rate = self.learning_rate;
        alone.study.replicas = 1;
        alone.train.ensemble = 1;
        if alone.train.cross_validation.take().is_some() {
            alone.train.early_stopping = None; // there is nothing to look at
        }
        alone.check()
    }

    /// The network, where `shape` is what the replicas share.
    fn shape(&self, shape: &MlpConfig) -> MlpConfig {
        MlpConfig {
            input_dropout: self.input_dropout,
            hidden_dropout: self.hidden_dropout.clone(),
            ..shape.clone()
        }
    }

    /// The noise on the input of layer `k`, counted from 0.
    fn noise(&self, k: usize) -> Noise {
        match k {
            0 => self.input_dropout,
            _ => self.hidden_dropout.of(k - 1),
        }
    }
}

/// Networks in training.
pub struct Replicas<'a> {
    groups: Groups,
    replicas: Vec<Replica>,
    train: &'a Dataset,
    validation: Option<&'a Dataset>,
    diverged: Vec<Option<usize>>,
    step: usize,
}

/// Callbacks during the training of replicas. An error that one returns ends the training.
pub trait ReplicasObserver {
    /// The networks were evaluated, with dropout off, after their last step.
    ///
    /// # Errors
    /// Whatever the observer cannot deal with.
    fn evaluated(&mut self, _replicas: &Replicas<'_>, _report: &ReplicasReport) -> Result<()> {
        Ok(())
    }

    /// Some steps were taken, one or up to a few hundred, and the networks evaluated if it was time for
    /// that. [`Replicas::step`] says how many steps it has been in all.
    ///
    /// # Errors
    /// Whatever the observer cannot deal with.
    fn stepped(&mut self, _replicas: &Replicas<'_>) -> Result<Flow> {
        Ok(Flow::Continue)
    }
}

/// No-op observer.
impl ReplicasObserver for () {}

/// What is known at an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicasReport {
    /// Training steps so far, the same for all replicas.
    pub step: usize,
    /// Epochs so far.
    pub epoch: usize,
    /// On the training rows, where there are no validation rows: one a replica.
    pub train: Option<Vec<Metrics>>,
    /// On the validation rows: one a replica.
    pub validation: Option<Vec<Metrics>>,
}

impl<'a> Replicas<'a> {
    /// The networks with their initial weights, to be trained on `train`, and evaluated on `validation`
    /// where there are such rows, else on `train`. All training rows are held on the device, unless they are read from a file.
    ///
    /// # Errors
    /// Those of [`Trainer::new`](super::Trainer::new), and [`Error::InvalidValue`] if there is no replica, a
    /// rate or a learning rate of one is out of range, or the experiment asks for early stopping, an
    /// ensemble or shards, which are not for replicas.
    pub fn new(
        experiment: &CheckedExperiment,
        replicas: Vec<Replica>,
        train: &'a Dataset,
        validation: Option<&'a Dataset>,
        device: &Device,
    ) -> Result<Self> {
        if experiment.train.early_stopping.is_some() {
            return Err(Error::invalid(
                "train.early_stopping",
                "none, since replicas are all trained to the last step",
                "a patience",
            ));
        }
        if experiment.train.ensemble > 1 {
            let expected = "1, since each replica is looked at by itself";
            return Err(Error::invalid(
                "train.ensemble",
                expected,
                experiment.train.ensemble,
            ));
        }
        if experiment.train.shards > 1 {
            let expected = "1, since many networks are trained at once as they are";
            let found = experiment.train.shards;
            return Err(Error::invalid("train.shards", expected, found));
        }
        let rows = (train, None);
        let mut groups = Groups::new(experiment, &replicas, rows, device)?;
        if experiment.network.linear_start {
            groups.start_as_linear(experiment, &replicas, rows, device)?;
        }
        Ok(Replicas {
            groups,
            train,
            validation: validation.filter(|rows| !rows.is_empty()),
            diverged: vec![None; replicas.len()],
            replicas,
            step: 0,
        })
    }

    /// Takes every step through Burn's autodiff, and replays none from a recording: to compare, or to look
    /// for a mistake. The numbers are the same.
    #[must_use]
    pub fn without_replay(mut self) -> Self {
        self.groups.without_replay();
        self
    }

    /// Trains until the last step, or until the observer asks for an end. A network that diverges is
    /// [marked](Self::diverged), and the others go on.
    ///
    /// # Errors
    /// [`Error::Compute`] if the backend fails, and the errors of the observer.
    pub fn run(&mut self, observer: &mut impl ReplicasObserver) -> Result<End> {
        while self.step < self.steps() {
            self.take_steps()?;
            if self.common().plan.evaluates_after(self.step) {
                let report = self.report()?;
                observer.evaluated(self, &report)?;
            }
            if observer.stepped(self)? == Flow::Stop && self.step < self.steps() {
                return Ok(End::Interrupted);
            }
        }
        Ok(End::Finished)
    }

    /// Takes steps until an evaluation is due or it is time to say how far they are.
    fn take_steps(&mut self) -> Result<()> {
        let (from, plan) = (self.step, &self.common().plan);
        let most = self.groups.most_steps().min(self.steps() - from);
        let due = (1..most).find(|steps| plan.evaluates_after(from + steps));
        let until = from + due.unwrap_or(most);
        self.groups.take_steps(from..until)?;
        self.step = until;
        let finite = self.groups.finite()?;
        for (diverged, finite) in self.diverged.iter_mut().zip(finite) {
            if diverged.is_none() && !finite {
                *diverged = Some(until);
            }
        }
        Ok(())
    }

    fn common(&self) -> &Common {
        self.groups.common()
    }

    fn report(&self) -> Result<ReplicasReport> {
        let metrics = self.evaluate(self.validation.unwrap_or(self.train))?;
        let (train, validation) = match self.validation {
            Some(_) => (None, Some(metrics)),
            None => (Some(metrics), None),
        };
        Ok(ReplicasReport {
            step: self.step,
            epoch: self.common().plan.epoch_of(self.step - 1) + 1,
            train,
            validation,
        })
    }

    /// How well each network does on all rows of `data`, with dropout off, as
    /// [`evaluate`](fn@evaluate) says of it alone. One that has [diverged](Self::diverged)
    /// gets none right, and its loss is not a number.
    ///
    /// # Errors
    /// Those of [`evaluate`](fn@evaluate).
    pub fn evaluate(&self, data: &Dataset) -> Result<Vec<Metrics>> {
        let one = |(r, layers): (usize, Vec<LayerTensors>)| {
            let shape = self.replicas[r].shape(&self.common().shape);
            let mut network = shape.init_with_tensors(layers)?;
            if self.diverged[r].is_some() {
                let nan = |layer: LayerTensors| layer.map(|w| w * f64::NAN, |b| b * f64::NAN);
                let layers = network.tensors().into_iter().map(nan);
                network = network.with_tensors(layers.collect());
            }
            Ok(evaluate(&network, self.loss(), data)?.metrics)
        };
        let networks = self.groups.networks().into_iter();
        networks.enumerate().map(one).collect()
    }

    /// Network `r`, counted from 0 in the order that they were given in, on the autodiff device.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if there is none of this number, [`Error::Diverged`] if it has
    /// [diverged](Self::diverged), [`Error::Compute`] if the backend fails.
    pub fn network(&self, r: usize) -> Result<Mlp> {
        let Some(layers) = self.groups.networks().into_iter().nth(r) else {
            let expected = format!("at most {}", self.len() - 1);
            return Err(Error::invalid("the replica", expected, r));
        };
        if let Some(step) = self.diverged[r] {
            return Err(Error::Diverged {
                what: format!("the loss or a weight of replica {r} is not finite"),
                step,
                advice: format!(
                    "the usual cause is a learning rate that is too high (it is {}): try a tenth of it",
                    self.replicas[r].learning_rate
                ),
            });
        }
        let shape = self.replicas[r].shape(&self.common().shape);
        let layers = layers.into_iter().map(LayerTensors::tracked);
        shape.init_with_tensors(layers.collect())
    }

    /// The step, counted from 1, after which network `r`, counted from 0, was found to have diverged: by
    /// then its loss or a weight was not finite. None while all is well.
    #[must_use]
    pub fn diverged(&self, r: usize) -> Option<usize> {
        self.diverged.get(r).copied().flatten()
    }

    fn loss(&self) -> Loss {
        self.common().experiment.loss()
    }

    /// What the networks share, with everything named that follows from the data.
    #[must_use]
    pub fn experiment(&self) -> &ResolvedExperiment {
        &self.common().experiment
    }

    /// What sets each network apart, in the order that they were given in.
    #[must_use]
    pub fn replicas(&self) -> &[Replica] {
        &self.replicas
    }

    /// The number of networks.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.replicas.len()
    }

    /// Training steps so far.
    #[must_use]
    pub fn step(&self) -> usize {
        self.step
    }

    /// Steps that all networks replayed from a recording of one before: on a CPU backend all but the first of
    /// each kind (full batch or last one, dropout on or off).
    #[must_use]
    pub fn replayed_steps(&self) -> usize {
        self.groups.replayed_steps()
    }

    /// Training steps in all.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.common().plan.steps
    }
}
