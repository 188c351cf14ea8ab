//! What is to be trained: a new run, or one to go on with.

use std::path::Path;

use burn::tensor::Device;
use dropwise::backend::Backend;
use dropwise::config::{CheckedExperiment, Experiment};
use dropwise::data::Splits;
use dropwise::train::{Snapshot, Trainer};
use dropwise::{Error, Result};
use dropwise_lab::store::{self, Prepared, Run, snapshot};

use super::super::overrides;

/// What is to be trained.
pub(super) struct Job {
    pub(super) experiment: CheckedExperiment,
    pub(super) backend: Backend,
    /// The folder that keeps the run, where there is one.
    pub(super) run: Option<Run>,
    /// Where an interrupted run goes on.
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

    /// Takes metrics and recorded weights back to the checkpoint: what came after it will come again.
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

    pub(super) fn trainer<'a>(&self, splits: &'a Splits, device: &Device) -> Result<Trainer<'a>> {
        self.check_data(splits)?;
        let (train, validation) = (&splits.train, splits.validation.as_ref());
        match &self.snapshot {
            Some(snapshot) => {
                Trainer::resume(&self.experiment, train, validation, device, snapshot)
            }
            None => Trainer::new(&self.experiment, train, validation, device),
        }
    }

    /// A run that goes on must go on with the same data.
    fn check_data(&self, splits: &Splits) -> Result<()> {
        let Some(run) = &self.run else {
            return Ok(());
        };
        if Prepared::of(run)? == Prepared::new(splits) {
            return Ok(());
        }
        Err(Error::Store {
            path: run.dir().to_owned(),
            problem: "the data are not those that the run was started with".to_owned(),
            fix: "bring the data back, or start a new run".to_owned(),
        })
    }

    /// Keeps the run in a new folder, beginning with the configuration.
    pub(super) fn keep_in(&mut self, dir: &Path, splits: &Splits) -> Result<()> {
        let config = overrides::write(&self.experiment)?;
        let prepared = Prepared::new(splits).to_json()?;
        self.run = Some(Run::create(dir, &config, &prepared)?);
        Ok(())
    }
}

/// One run is one network.
fn check_one(replicas: usize) -> Result<()> {
    if replicas == 1 {
        return Ok(());
    }
    Err(Error::InvalidValue {
        key: "study.replicas".into(),
        expected: "1, the network of this run (several are trained at once by `dropwise study`)"
            .to_owned(),
        found: replicas.to_string(),
    })
}
