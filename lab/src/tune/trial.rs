//! One network of a study: what is asked for, and how it ended.

use std::cmp::Ordering;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::{TrialSetting, TuneSplits};
use dropwise::config::{CheckedExperiment, TrainConfig};
use dropwise::error::{Error, Result};
use dropwise::evaluate::{Measure, Metrics, evaluate};
use dropwise::train::{Flow, Observer, Report, Trainer};

/// What a trial is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Does this width fit the training rows?
    Grow,
    /// A setting with dropout, for the validation rows.
    Dropout,
    /// A setting without, for the validation rows.
    NoDropout,
    /// One of the best settings with dropout once more, with another seed.
    #[serde(rename = "dropout-again")]
    DropoutFinalists,
    /// The same without dropout.
    #[serde(rename = "no-dropout-again")]
    NoDropoutFinalists,
    /// The best setting with dropout, trained on all rows but the test rows, and measured on those.
    DropoutTest,
    /// The same without dropout.
    NoDropoutTest,
}

impl Phase {
    /// Its name in tables and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Phase::Grow => "grow",
            Phase::Dropout => "dropout",
            Phase::NoDropout => "no-dropout",
            Phase::DropoutFinalists => "dropout-again",
            Phase::NoDropoutFinalists => "no-dropout-again",
            Phase::DropoutTest => "dropout-test",
            Phase::NoDropoutTest => "no-dropout-test",
        }
    }

    /// Whether its trials look for settings; the others compare those that were found.
    #[must_use]
    pub fn searches(self) -> bool {
        matches!(self, Phase::Grow | Phase::Dropout | Phase::NoDropout)
    }

    /// Whether its trials look at test rows, which they may only once everything is chosen.
    #[must_use]
    pub fn tests(self) -> bool {
        matches!(self, Phase::DropoutTest | Phase::NoDropoutTest)
    }
}

/// How good a network is: the error that its task is judged by, then, between equal errors, the loss. Lower is
/// better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// What the experiment selects by ([`TrainConfig::select`]); else the error rate for classes, RMSE for numbers:
    /// [`Metrics::headline`].
    pub error: f64,
    /// The loss.
    pub loss: f64,
}

impl Score {
    /// The score that metrics give, by the measure of an experiment that names one. A value that is not finite counts as the largest number, so that scores can be
    /// ordered, and read back from JSON.
    #[must_use]
    pub fn of(metrics: &Metrics, select: Option<Measure>) -> Self {
        let finite = |value: f64| if value.is_finite() { value } else { f64::MAX };
        Score {
            error: finite(error(metrics, select)),
            loss: finite(metrics.loss),
        }
    }

    /// The worst there is.
    pub(super) const WORST: Score = Score {
        error: f64::MAX,
        loss: f64::MAX,
    };

    /// The mean of each part; `scores` is not empty.
    pub(super) fn mean(scores: &[Score]) -> Score {
        let count = scores.len() as f64;
        // Divided first: the largest numbers have no sum.
        let mean = |part: fn(&Score) -> f64| scores.iter().map(|score| part(score) / count).sum();
        Score {
            error: mean(|score| score.error),
            loss: mean(|score| score.loss),
        }
    }

    /// Which of two is better: `Less` is.
    #[must_use]
    pub fn compare(&self, other: &Score) -> Ordering {
        let error = self.error.total_cmp(&other.error);
        error.then(self.loss.total_cmp(&other.loss))
    }
}

/// The error that networks are compared by, of an experiment that selects one, or none.
#[must_use]
pub fn error(metrics: &Metrics, select: Option<Measure>) -> f64 {
    select.map_or_else(|| metrics.headline().1, |measure| measure.value(metrics))
}

/// A network to train.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// What it is for.
    pub phase: Phase,
    /// Its number among those of its phase, counted from 0.
    pub number: usize,
    /// What is tried.
    pub setting: TrialSetting,
    /// The experiment to train, with the setting in it.
    pub experiment: CheckedExperiment,
    /// What it has to reach at each evaluation; if its score is worse, it is given up.
    pub limits: Vec<Score>,
    /// While growing: the share of a target's variance that may be left unexplained.
    pub unexplained: f64,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrialEnd {
    /// After its last step.
    Finished,
    /// It fits its training rows; there is nothing left to grow for.
    Fitted,
    /// It fell behind, and was given up.
    Pruned,
    /// Its loss or a weight was not finite.
    Diverged,
}

/// What a trial came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialOutcome {
    /// How it ended.
    pub end: TrialEnd,
    /// Epochs that it was trained for.
    pub epochs: usize,
    /// Its score at each evaluation, dropout off: on training rows while growing, on validation rows while
    /// searching.
    pub curve: Vec<Score>,
    /// The metrics on test rows, for a [phase that tests](Phase::tests).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Metrics>,
}

impl TrialOutcome {
    /// The score at its last evaluation; none if it did not get as far as one.
    #[must_use]
    pub fn score(&self) -> Option<Score> {
        self.curve.last().copied()
    }
}

/// Evaluations of a trial while it grows: often, as it ends at the first one without an error.
const GROWING: usize = 20;

/// Evaluations of a trial in a search: after each of them but the last it may be given up.
const SEARCHING: usize = 4;

impl Trial {
    /// Trains and measures the network, as a function of the trial and the rows alone; none if `goes_on`, asked
    /// after every step, says no. Test rows are read in a [phase that tests](Phase::tests) and in no other.
    ///
    /// # Errors
    /// Those of [`Trainer::new`] and [`Trainer::run`] but [`Error::Diverged`].
    pub fn run(
        &self,
        splits: &TuneSplits,
        device: &Device,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Option<TrialOutcome>> {
        let chooses = !self.phase.tests() && self.phase != Phase::Grow;
        if chooses && !splits.folds.is_empty() {
            return self.run_folds(splits, device, goes_on);
        }
        let (train, validation, evaluations) = match self.phase {
            Phase::Grow => (&splits.train, None, GROWING),
            Phase::Dropout | Phase::NoDropout => {
                (&splits.train, Some(&splits.validation), SEARCHING)
            }
            Phase::DropoutFinalists | Phase::NoDropoutFinalists => {
                (&splits.train, Some(&splits.validation), 1)
            }
            Phase::DropoutTest | Phase::NoDropoutTest => (&splits.train_and_validation, None, 1),
        };
        let mut experiment = self.experiment.clone().into_inner();
        let all = epochs(&experiment.train, train.len());
        experiment.train.evaluate_every = Some(all.div_ceil(evaluations).max(1));
        let experiment = experiment.check()?;

        let mut trainer = Trainer::new(&experiment, train, validation, device)?;
        let mut watch = Watch::new(self, goes_on);
        match trainer.run(&mut watch) {
            Err(Error::Diverged { .. }) => watch.end = Some(TrialEnd::Diverged),
            Err(error) => return Err(error),
            Ok(_) if watch.is_stopped => return Ok(None),
            Ok(_) => {}
        }
        let end = watch.end.unwrap_or(TrialEnd::Finished);
        let mut outcome = TrialOutcome {
            end,
            epochs: epochs_after(trainer.step(), &experiment.train, train.len()),
            curve: watch.curve,
            test: None,
        };
        if self.phase.tests() {
            outcome.curve.clear(); // which is of rows that it was trained on
            if end == TrialEnd::Finished {
                let loss = trainer.experiment().loss();
                let found = evaluate(trainer.members(), loss, &splits.test)?;
                outcome.test = Some(found.metrics);
            }
        }
        Ok(Some(outcome))
    }

    /// Trains a network on each fold; the scores are the mean over them. None is given up: that would be by one fold alone.
    fn run_folds(
        &self,
        splits: &TuneSplits,
        device: &Device,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Option<TrialOutcome>> {
        let trial = Trial {
            limits: Vec::new(),
            ..self.clone()
        };
        let mut outcomes: Vec<TrialOutcome> = Vec::new();
        for (train, validation) in &splits.folds {
            let fold = TuneSplits {
                train: train.clone(),
                validation: validation.clone(),
                folds: Vec::new(),
                ..splits.clone()
            };
            match trial.run(&fold, device, goes_on)? {
                Some(outcome) if outcome.end == TrialEnd::Diverged => return Ok(Some(outcome)),
                Some(outcome) => outcomes.push(outcome),
                None => return Ok(None),
            }
        }
        let shortest = outcomes.iter().map(|outcome| outcome.curve.len()).min();
        let mean = |k: usize| {
            let scores: Vec<Score> = outcomes.iter().map(|outcome| outcome.curve[k]).collect();
            Score::mean(&scores)
        };
        Ok(Some(TrialOutcome {
            end: TrialEnd::Finished,
            epochs: outcomes
                .iter()
                .map(|outcome| outcome.epochs)
                .max()
                .unwrap_or(0),
            curve: (0..shortest.unwrap_or(0)).map(mean).collect(),
            test: None,
        }))
    }

    /// Whether a network with these metrics fits the rows that they are of.
    fn fits(&self, metrics: &Metrics) -> bool {
        match (metrics.errors, metrics.r2) {
            (Some(errors), _) => errors == 0,
            (None, Some(r2)) => 1.0 - r2 <= self.unexplained,
            // A target that is the same everywhere has no variance to explain.
            (None, None) => metrics.mean_absolute_error == 0.0,
        }
    }
}

/// Epochs in all, the last one perhaps in part.
fn epochs(train: &TrainConfig, rows: usize) -> usize {
    let epochs = train
        .epochs
        .unwrap_or_else(|| epochs_after(train.steps.unwrap_or(1), train, rows));
    epochs.max(1)
}

fn epochs_after(steps: usize, train: &TrainConfig, rows: usize) -> usize {
    let steps_an_epoch = rows.div_ceil(train.batch_size.of(rows).max(1)).max(1);
    steps.div_ceil(steps_an_epoch)
}

/// Looks at a trial's evaluations, and stops it where there is no use to go on.
struct Watch<'a> {
    trial: &'a Trial,
    goes_on: &'a dyn Fn() -> bool,
    curve: Vec<Score>,
    end: Option<TrialEnd>,
    is_stopped: bool,
}

impl<'a> Watch<'a> {
    fn new(trial: &'a Trial, goes_on: &'a dyn Fn() -> bool) -> Self {
        Watch {
            trial,
            goes_on,
            curve: Vec::new(),
            end: None,
            is_stopped: false,
        }
    }
}

impl Observer for Watch<'_> {
    fn evaluated(&mut self, trainer: &Trainer<'_>, report: &Report) -> Result<()> {
        let Some(found) = report.validation.as_ref().or(report.train.as_ref()) else {
            return Ok(());
        };
        let score = Score::of(&found.metrics, self.trial.experiment.train.select);
        let limit = self.trial.limits.get(self.curve.len());
        self.curve.push(score);
        if self.trial.phase == Phase::Grow {
            if self.trial.fits(&found.metrics) {
                self.end = Some(TrialEnd::Fitted);
            }
        } else if limit.is_some_and(|limit| score.compare(limit).is_gt()) && !trainer.has_ended() {
            self.end = Some(TrialEnd::Pruned);
        }
        Ok(())
    }

    fn stepped(&mut self, _: &Trainer<'_>) -> Result<Flow> {
        if self.end.is_some() {
            return Ok(Flow::Stop);
        }
        self.is_stopped = !(self.goes_on)();
        if self.is_stopped {
            Ok(Flow::Stop)
        } else {
            Ok(Flow::Continue)
        }
    }
}
