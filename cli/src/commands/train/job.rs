//! What to train: a new run, or one to resume.

use std::path::{Path, PathBuf};

use dropwise::backend::Backend;
use dropwise::config::{CheckedExperiment, DropoutSchedule, Experiment, Schedule};
use dropwise::data::Splits;
use dropwise::evaluate::{Measure, evaluate};
use dropwise::model::LayerWeights;
use dropwise::train::{BestSnapshot, OptimizerAverages, Snapshot, Trainer};
use dropwise::{Error, Result};
use dropwise_lab::store::{self, Checkpoint, Prepared, Run, snapshot};

use super::super::difference::Difference;
use super::super::overrides;

/// What to train.
pub(super) struct Job {
    pub(super) experiment: CheckedExperiment,
    pub(super) backend: Backend,
    /// The run to resume.
    run: Option<Run>,
    /// Its newest checkpoint.
    snapshot: Option<Snapshot>,
    /// The experiment that it was started with, if it is trained longer now.
    begun: Option<CheckedExperiment>,
    /// Whether its configuration is known to be the one that it was started with.
    unedited: bool,
}

/// How long to train a run that was started with less.
#[derive(Debug, Clone, Copy)]
pub(super) enum Longer {
    Epochs(usize),
    Steps(usize),
}

impl Longer {
    /// The experiment `now`, of a run that was started with `begun`, for so long.
    fn apply(self, begun: &Experiment, now: CheckedExperiment) -> Result<CheckedExperiment> {
        let mut now = now.into_inner();
        let (flag, unit, asked) = self.words();
        let (planned, value) = match self {
            Longer::Epochs(_) => (begun.train.epochs, &mut now.train.epochs),
            Longer::Steps(_) => (begun.train.steps, &mut now.train.steps),
        };
        let Some(planned) = planned else {
            let expected = format!("the unit that the run was started with, in place of {unit}");
            let (other, found) = match self {
                Longer::Epochs(_) => ("--steps", begun.train.steps),
                Longer::Steps(_) => ("--epochs", begun.train.epochs),
            };
            let found = format!("a run of {other} {}", found.unwrap_or_default());
            return Err(Error::invalid(flag, expected, found));
        };
        if asked <= planned {
            let expected = format!("more {unit} than the {planned} that the run was started with");
            return Err(Error::invalid(flag, expected, asked));
        }
        *value = Some(asked);
        now.check()
    }

    /// The flag, what it counts, and how many.
    fn words(self) -> (&'static str, &'static str, usize) {
        match self {
            Longer::Epochs(epochs) => ("--epochs", "epochs", epochs),
            Longer::Steps(steps) => ("--steps", "steps", steps),
        }
    }
}

impl Job {
    /// A new run of an experiment as it was read, and its backend.
    pub(super) fn of((experiment, backend): (Experiment, Backend)) -> Result<Self> {
        check_one(experiment.study.replicas)?;
        Ok(Job::new(experiment.check()?, backend))
    }

    /// A new run of an experiment that names `backend`.
    pub(super) fn new(experiment: CheckedExperiment, backend: Backend) -> Self {
        Job {
            experiment,
            backend,
            run: None,
            snapshot: None,
            begun: None,
            unedited: true,
        }
    }

    /// The run in a folder, from its newest checkpoint that is intact. With `longer` it is trained for more epochs or steps
    /// than it was started with.
    pub(super) fn resumed(dir: &Path, longer: Option<Longer>) -> Result<Self> {
        let run = Run::resume(dir)?;
        let mut experiment = store::experiment_of(&run)?;
        let backend = match &experiment.backend {
            Some(name) => name.parse()?,
            None => Backend::default(),
        };
        let report = &mut |error: &Error| eprintln!("warning: {error}");
        let (mut begun, mut unedited) = (experiment.clone(), false);
        let snapshot = match run.newest_checkpoint(report)? {
            Some((_, checkpoint)) => {
                // An older version did not write it.
                if let Some(text) = checkpoint.config_text() {
                    begun = Experiment::parse("the checkpoint's configuration", text)?;
                    unedited = true;
                }
                Some(snapshot::from_checkpoint(dir, &checkpoint)?)
            }
            None => None,
        };
        if let Some(longer) = longer {
            experiment = longer.apply(&begun, experiment)?;
        }
        check_begun(&run, &begun, &experiment, longer)?;
        let mut job = Job {
            experiment,
            backend,
            begun: longer.map(|_| begun),
            unedited,
            run: Some(run),
            snapshot,
        };
        job.rewind()?;
        Ok(job)
    }

    /// The job of another process that resumes the run in `dir`, which writes it.
    pub(super) fn shared(dir: &Path, checkpoint: &Checkpoint) -> Result<Self> {
        let text = checkpoint.config_text().unwrap_or_default();
        let experiment = Experiment::parse("the run's configuration", text)?;
        let backend = match &experiment.backend {
            Some(name) => name.parse()?,
            None => Backend::default(),
        };
        let snapshot = match checkpoint.arrays.is_empty() {
            true => None,
            false => Some(snapshot::from_checkpoint(dir, checkpoint)?),
        };
        Ok(Job {
            snapshot,
            ..Job::new(experiment, backend)
        })
    }

    /// What it starts from, if not from the beginning.
    pub(super) fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    /// Removes the metrics and weights that were recorded after the checkpoint: they will be recorded again.
    fn rewind(&mut self) -> Result<()> {
        let reached = self.snapshot.as_ref().map_or(0, |snapshot| snapshot.step);
        let before = |line: &serde_json::Value| {
            let step = line.get("step").and_then(serde_json::Value::as_u64);
            step.is_some_and(|step| step <= reached as u64)
        };
        match &mut self.run {
            Some(run) => {
                run.rewind_metrics(before)?;
                run.rewind_trail(before)
            }
            None => Ok(()),
        }
    }

    /// Whether there are weights to start or go on from.
    pub(super) fn has_weights(&self) -> bool {
        self.snapshot.is_some()
    }

    /// Starts from these weights. Where there are validation rows, they are the best so far.
    pub(super) fn start_with(&mut self, weights: Vec<LayerWeights>, splits: &Splits) -> Result<()> {
        let mut snapshot = Snapshot {
            step: 0,
            best: None,
            averages: OptimizerAverages::default(),
            loss_sum: 0.0,
            loss_rows: 0,
            weights,
        };
        self.snapshot = Some(snapshot.clone());
        if let Some(rows) = &splits.validation {
            let trainer = self.trainer(splits)?;
            let experiment = trainer.experiment();
            let found = evaluate(trainer.network(), experiment.loss(), rows)?;
            let select = experiment.train.select.unwrap_or(Measure::Loss);
            let best = BestSnapshot {
                step: 0,
                loss: select.value(&found.metrics),
                evaluations_since: 0,
                weights: snapshot.weights.clone(),
            };
            snapshot.best = Some(best).filter(|best| best.loss.is_finite());
            self.snapshot = Some(snapshot);
        }
        Ok(())
    }

    pub(super) fn trainer<'a>(&self, splits: &'a Splits) -> Result<Trainer<'a>> {
        self.check_data(splits)?;
        let device = &self.backend.device()?;
        let (train, validation) = (&splits.train, splits.validation.as_ref());
        match &self.snapshot {
            Some(snapshot) => {
                Trainer::resume(&self.experiment, train, validation, device, snapshot)
            }
            None => Trainer::new(&self.experiment, train, validation, device),
        }
    }

    /// A run is resumed with the same data.
    fn check_data(&self, splits: &Splits) -> Result<()> {
        let Some(run) = &self.run else {
            return Ok(());
        };
        if Prepared::of(run)? == Prepared::new(splits) {
            return Ok(());
        }
        // Without a checkpoint nothing says what it was.
        let or = if self.unedited {
            ""
        } else {
            ", or the `seed` or `[data]` of its config.toml was edited"
        };
        Err(Error::Store {
            path: run.dir().to_owned(),
            problem: format!("the data differ from those that the run was started with{or}"),
            fix: "restore the data, or start a new run".to_owned(),
        })
    }

    /// Takes the run to resume, or creates one in `out`, where there is one.
    pub(super) fn run(
        &mut self,
        out: Option<&Path>,
        trainer: &Trainer<'_>,
        splits: &Splits,
    ) -> Result<Option<Run>> {
        match (self.run.take(), out) {
            (None, Some(dir)) => {
                let config = overrides::write(trainer.experiment())?;
                let prepared = Prepared::new(splits).to_json()?;
                Run::create(dir, &config, &prepared).map(Some)
            }
            (Some(mut run), _) => {
                if self.begun.is_some() {
                    run.save_config(&overrides::write(trainer.experiment())?)?;
                }
                Ok(Some(run))
            }
            (None, None) => Ok(None),
        }
    }

    /// What training longer than the run was started with does to the learning rate; none for a run that goes on as it was.
    ///
    /// # Errors
    /// [`Error::Store`] if the run stopped early, which more epochs do not undo.
    pub(super) fn longer(&self, trainer: &Trainer<'_>, splits: &Splits) -> Result<Option<String>> {
        let Some(begun) = &self.begun else {
            return Ok(None);
        };
        if trainer.has_ended() {
            let patience = begun
                .train
                .early_stopping
                .map_or(0, |stopping| stopping.patience);
            return Err(Error::Store {
                path: self
                    .run
                    .as_ref()
                    .map_or_else(PathBuf::new, |run| run.dir().to_owned()),
                problem: format!(
                    "the run stopped early, after {patience} evaluations without improvement: longer training does not follow"
                ),
                fix: "start a new run with a larger `train.early_stopping.patience`".to_owned(),
            });
        }
        let train = &trainer.experiment().train;
        let (planned, unit, all) = match (begun.train.epochs, train.epochs) {
            (Some(planned), Some(all)) => (planned, "epochs", all),
            _ => (
                begun.train.steps.unwrap_or(0),
                "steps",
                train.steps.unwrap_or(0),
            ),
        };
        let rate = trainer.learning_rate();
        let effect = match train.schedule {
            Schedule::Cosine => {
                // Epochs a step.
                let step = trainer.rows_a_step() / splits.train.len() as f64;
                let planned = begun
                    .train
                    .epochs
                    .map_or(planned as f64 * step, |epochs| epochs as f64);
                let before = trainer.step().saturating_sub(1) as f64 * step;
                let before =
                    begun.train.learning_rate * begun.train.schedule.factor(before, planned);
                format!(
                    "the cosine schedule now spans all {all} {unit}, so that the learning rate goes from {before:.3e} at the \
                     last step to {rate:.3e} at the next, where a run planned for {all} would be"
                )
            }
            _ => format!(
                "the schedule is the same however long training is: the learning rate of the next step is {rate:.3e}"
            ),
        };
        let faded = match trainer.experiment().dropout.schedule {
            DropoutSchedule::FlatCosine => "; dropout fades over all of them",
            DropoutSchedule::Curriculum => "; dropout rises over all of them",
            _ => "",
        };
        Ok(Some(format!(
            "training for {all} {unit} in place of {planned}: {effect}{faded}"
        )))
    }
}

/// A run is resumed with the configuration that it was started with, but for what is changed on purpose.
fn check_begun(
    run: &Run,
    begun: &Experiment,
    now: &Experiment,
    longer: Option<Longer>,
) -> Result<()> {
    let mut begun = begun.clone();
    match longer {
        Some(Longer::Epochs(_)) => begun.train.epochs = now.train.epochs,
        Some(Longer::Steps(_)) => begun.train.steps = now.train.steps,
        None => {}
    }
    let Some(found) = Difference::beside_paths(&begun, now)? else {
        return Ok(());
    };
    let flag = match found.key.as_str() {
        "train.epochs" => "; to train longer, put it back and add --epochs N",
        "train.steps" => "; to train longer, put it back and add --steps N",
        _ => "",
    };
    Err(Error::Store {
        path: run.dir().join("config.toml"),
        problem: found.problem("run"),
        fix: format!("put it back, or start a new run with the new value{flag}"),
    })
}

fn check_one(replicas: usize) -> Result<()> {
    if replicas == 1 {
        return Ok(());
    }
    let expected = "1, because a run trains one network (`dropwise study` trains several)";
    Err(Error::invalid("study.replicas", expected, replicas))
}
