//! Training that prints nothing, for commands that train many networks: each is saved as a run.

use std::io;
use std::path::Path;

use dropwise::config::{CheckedExperiment, ResolvedExperiment};
use dropwise::data::Splits;
use dropwise::train::{End, Trainer};
use dropwise::{Backend, Error, Mlp, Result};

use super::super::output::Style;
use super::job::Job;
use super::observer::RunObserver;
use super::progress::Progress;
use super::summary::RunReport;

/// Seconds between two checkpoints.
const CHECKPOINT_EVERY: f64 = 30.0;

/// A network whose training has ended.
pub(in super::super) struct TrainedNetwork {
    pub(in super::super) network: Mlp,
    pub(in super::super) experiment: ResolvedExperiment,
    pub(in super::super) epochs: usize,
    /// Over all processes that trained it.
    pub(in super::super) seconds: f64,
}

/// Trains the network of `experiment`, which names `backend`, and saves the run to `dir`. If that holds the run already, it is
/// resumed from its newest checkpoint. After each step `goes_on` says whether to continue; if not, a checkpoint is saved and
/// the result is `None`.
pub(in super::super) fn train_in(
    dir: &Path,
    (experiment, backend): (&CheckedExperiment, &Backend),
    splits: &Splits,
    goes_on: impl FnMut(&Trainer<'_>) -> bool,
) -> Result<Option<TrainedNetwork>> {
    let mut job = if dir.join("config.toml").is_file() {
        resumed(dir, experiment, splits)?
    } else {
        Job::new(experiment.clone(), backend.clone())
    };
    let mut trainer = job.trainer(splits)?;
    let run = job.run(Some(dir), &trainer, splits)?;
    let mut nowhere = io::sink();
    let progress = Progress::new(Style::Quiet, (&trainer, splits), &mut nowhere);
    let mut observer =
        RunObserver::new(progress, run, (&trainer, splits), CHECKPOINT_EVERY, goes_on);
    let end = trainer.run(&mut observer)?;
    if end == End::Interrupted {
        observer.checkpoint(&trainer)?;
        return Ok(None);
    }
    let seconds = observer.seconds();
    let report = RunReport::new(backend, &trainer, splits, end, seconds)?;
    observer.finish(&trainer, &report, None)?;
    Ok(Some(TrainedNetwork {
        epochs: trainer.epoch(),
        experiment: trainer.experiment().clone(),
        network: trainer.into_network(),
        seconds,
    }))
}

/// The run in a folder, if it is of this experiment.
fn resumed(dir: &Path, experiment: &CheckedExperiment, splits: &Splits) -> Result<Job> {
    let job = Job::resumed(dir, None)?;
    if job.experiment == *experiment.resolve(splits.train.task())? {
        return Ok(job);
    }
    Err(Error::Store {
        path: dir.to_owned(),
        problem: "the run was started with a different configuration".to_owned(),
        fix: "use the same one, --data and --backend included, or start again in another --out"
            .to_owned(),
    })
}
