//! Many networks of one shape, trained at once.
//!
//! Each [`Replica`] has a seed of its own, for its weights, its masks and the order of its rows, and may
//! have its own dropout rates and learning rate; all else is the experiment's. What a replica comes to
//! depends on nothing but itself: not on how many others there are, nor on what they do.

use burn::tensor::Device;

use super::observer::{Flow, Observer};
use super::{End, Trainer};
use crate::config::{CheckedExperiment, HiddenRates};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::evaluate::{Metrics, evaluate};
use crate::model::Mlp;

/// What sets one network of many apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Replica {
    /// The number that all its randomness comes from.
    pub seed: u64,
    /// The dropout rate of its inputs, at least 0 and below 1.
    pub input_dropout: f64,
    /// The dropout rates of its hidden layers, each at least 0 and below 1.
    pub hidden_dropout: HiddenRates,
    /// Its learning rate at the start: a finite number above 0.
    pub learning_rate: f64,
}

impl Replica {
    /// The network of `experiment` with another seed.
    #[must_use]
    pub fn of(experiment: &CheckedExperiment, seed: u64) -> Self {
        Replica {
            seed,
            input_dropout: experiment.dropout.input,
            hidden_dropout: experiment.dropout.hidden.clone(),
            learning_rate: experiment.train.learning_rate,
        }
    }

    /// As many as `experiment` asks for (`train.replicas`). Their seeds count on from the experiment's,
    /// and begin again at 0 after the largest: replica `r` has the seed `seed + r`, so that
    /// `dropwise train` with that seed and `dropout.masks = "seeded"` trains the same network alone.
    #[must_use]
    pub fn several(experiment: &CheckedExperiment) -> Vec<Self> {
        let seeds = (0..experiment.train.replicas).map(|r| experiment.seed.wrapping_add(r as u64));
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
        alone.train.learning_rate = self.learning_rate;
        alone.train.replicas = 1;
        alone.check()
    }
}

/// Networks in training.
pub struct Replicas<'a> {
    trainers: Vec<Trainer<'a>>,
    train: &'a Dataset,
    validation: Option<&'a Dataset>,
    step: usize,
}

/// Is told what happens in the training of replicas, as it happens. An error that it returns ends the
/// training.
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

/// The observer that looks away.
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
    /// where there are such rows, else on `train`.
    ///
    /// # Errors
    /// Those of [`Trainer::new`], and [`Error::InvalidValue`] if there is no replica, a rate or a
    /// learning rate of one is out of range, or the experiment asks for early stopping, which is not
    /// for replicas.
    pub fn new(
        experiment: &CheckedExperiment,
        replicas: Vec<Replica>,
        train: &'a Dataset,
        validation: Option<&'a Dataset>,
        device: &Device,
    ) -> Result<Self> {
        if replicas.is_empty() {
            return Err(Error::invalid("replicas", "at least one", "none"));
        }
        if experiment.train.early_stopping.is_some() {
            return Err(Error::invalid(
                "train.early_stopping",
                "nothing, since replicas are all trained to the last step",
                "a patience",
            ));
        }
        let trainer =
            |replica: &Replica| Trainer::new(&replica.experiment(experiment)?, train, None, device);
        Ok(Replicas {
            trainers: replicas.iter().map(trainer).collect::<Result<_>>()?,
            train,
            validation: validation.filter(|rows| !rows.is_empty()),
            step: 0,
        })
    }

    /// Trains until the last step, or until the observer asks for an end.
    ///
    /// # Errors
    /// [`Error::Compute`] if the backend fails, and the errors of the observer.
    pub fn run(&mut self, observer: &mut impl ReplicasObserver) -> Result<End> {
        while self.step < self.steps() {
            for trainer in &mut self.trainers {
                let _end = trainer.run(&mut OneStep)?;
            }
            self.step += 1;
            if self.trainers[0].plan.evaluates_after(self.step) {
                let metrics = self.evaluate(self.validation.unwrap_or(self.train))?;
                let (train, validation) = match self.validation {
                    Some(_) => (None, Some(metrics)),
                    None => (Some(metrics), None),
                };
                let report = ReplicasReport {
                    step: self.step,
                    epoch: self.trainers[0].plan.epoch_of(self.step - 1) + 1,
                    train,
                    validation,
                };
                observer.evaluated(self, &report)?;
            }
            if observer.stepped(self)? == Flow::Stop && self.step < self.steps() {
                return Ok(End::Interrupted);
            }
        }
        Ok(End::Finished)
    }

    /// How well each network does on all rows of `data`, with dropout off. One that has
    /// [diverged](Self::diverged) gets none right, and its loss is not a number.
    ///
    /// # Errors
    /// Those of [`evaluate`].
    pub fn evaluate(&self, data: &Dataset) -> Result<Vec<Metrics>> {
        let one = |trainer: &Trainer<'_>| {
            let found = evaluate(trainer.network(), trainer.loss(), data)?;
            Ok(found.metrics)
        };
        self.trainers.iter().map(one).collect()
    }

    /// Network `r`, counted from 0 in the order that they were given in, on the autodiff device.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if there are not so many, [`Error::Diverged`] if it has
    /// [diverged](Self::diverged), [`Error::Compute`] if the backend fails.
    pub fn network(&self, r: usize) -> Result<Mlp> {
        match self.trainers.get(r) {
            Some(trainer) => Ok(trainer.network().clone()),
            None => {
                let expected = format!("at most {}", self.len() - 1);
                Err(Error::invalid("the replica", expected, r))
            }
        }
    }

    /// The step, counted from 1, after which network `r` was found to have diverged: its loss or a weight
    /// was not finite. None while all is well.
    #[must_use]
    pub fn diverged(&self, _r: usize) -> Option<usize> {
        None
    }

    /// The number of networks.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.trainers.len()
    }

    /// Training steps so far.
    #[must_use]
    pub fn step(&self) -> usize {
        self.step
    }

    /// Training steps in all.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.trainers[0].steps()
    }
}

struct OneStep;

impl Observer for OneStep {
    fn stepped(&mut self, _: &Trainer<'_>) -> Result<Flow> {
        Ok(Flow::Stop)
    }
}
