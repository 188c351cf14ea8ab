//! What to train: a new run, or one to resume.

use std::path::Path;

use dropwise::backend::Backend;
use dropwise::config::{CheckedExperiment, Experiment};
use dropwise::data::Splits;
use dropwise::train::{Snapshot, Trainer};
use dropwise::{Error, Result};
use dropwise_lab::store::{self, Prepared, Run, snapshot};

use super::super::overrides;

/// What to train.
pub(super) struct Job {
    pub(super) experiment: CheckedExperiment,
    pub(super) backend: Backend,
    /// The run to resume.
    run: Option<Run>,
    /// Its newest checkpoint.
    snapshot: Option<Snapshot>,
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
        }
    }

    /// The run in a folder, from its newest checkpoint that is intact.
    pub(super) fn resumed(dir: &Path) -> Result<Self> {
        let run = Run::resume(dir)?;
        let experiment = store::experiment_of(&run)?;
        let backend = match &experiment.backend {
            Some(name) => name.parse()?,
            None => Backend::default(),
        };
        let report = &mut |error: &Error| eprintln!("warning: {error}");
        let snapshot = match run.newest_checkpoint(report)? {
            Some((_, checkpoint)) => Some(snapshot::from_checkpoint(dir, &checkpoint)?),
            None => None,
        };
        let mut job = Job {
            experiment,
            backend,
            run: Some(run),
            snapshot,
        };
        job.rewind()?;
        Ok(job)
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
        Err(Error::Store {
            path: run.dir().to_owned(),
            problem: "the data differ from those that the run was started with".to_owned(),
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
            (run, _) => Ok(run),
        }
    }
}

fn check_one(replicas: usize) -> Result<()> {
    if replicas == 1 {
        return Ok(());
    }
    let expected = "1, because a run trains one network (`dropwise study` trains several)";
    Err(Error::invalid("study.replicas", expected, replicas))
}
