//! Training without a word, for commands that train many networks: each is kept as a run of its own.

use std::io;
use std::path::Path;

use dropwise::config::{CheckedExperiment, ResolvedExperiment};
use dropwise::data::Splits;
use dropwise::train::{End, Flow, Observer, Report, Trainer};
use dropwise::{Backend, Error, Mlp, Result};

use super::super::output::Style;
use super::job::Job;
use super::keeper::Keeper;
use super::progress::Progress;
use super::summary;

/// Seconds between two checkpoints.
const CHECKPOINT_EVERY: f64 = 30.0;

/// A network that was trained to its end.
pub(in super::super) struct Kept {
    pub(in super::super) network: Mlp,
    pub(in super::super) experiment: ResolvedExperiment,
    pub(in super::super) epochs: usize,
    /// Over all processes that trained it.
    pub(in super::super) seconds: f64,
}

/// Trains the network of `experiment`, which names `backend`, and keeps the run in `dir`. If that holds the run already, it
/// goes on from its newest checkpoint. `stepped` is called after each step, and says whether to go on; none if it did not,
/// after a checkpoint.
pub(in super::super) fn train_in(
    dir: &Path,
    (experiment, backend): (&CheckedExperiment, &Backend),
    splits: &Splits,
    stepped: impl FnMut(&Trainer<'_>) -> bool,
) -> Result<Option<Kept>> {
    let mut job = match dir.join("config.toml").is_file() {
        true => resumed(dir, experiment, splits)?,
        false => Job::new(experiment.clone(), backend.clone()),
    };
    let mut trainer = job.trainer(splits, &backend.device()?)?;
    job.experiment = trainer.experiment().clone().into_checked();
    if job.run.is_none() {
        job.keep_in(dir, splits)?;
    }
    let mut nowhere = io::sink();
    let progress = Progress::new(Style::Quiet, (&trainer, splits), &mut nowhere);
    let run = job.run.take();
    let keeper = Keeper::new(progress, run, (&trainer, splits), CHECKPOINT_EVERY);
    let mut watched = Watched { keeper, stepped };
    let end = trainer.run(&mut watched)?;
    let mut keeper = watched.keeper;
    if end == End::Interrupted {
        keeper.keep(&trainer)?;
        return Ok(None);
    }
    let seconds = keeper.seconds();
    let report = summary::report(&job, &trainer, splits, end, seconds)?;
    keeper.finish(&trainer, &report)?;
    Ok(Some(Kept {
        epochs: trainer.epoch(),
        experiment: trainer.experiment().clone(),
        network: trainer.into_network(),
        seconds,
    }))
}

/// The run in a folder, if it is of this experiment.
fn resumed(dir: &Path, experiment: &CheckedExperiment, splits: &Splits) -> Result<Job> {
    let job = Job::resumed(dir)?;
    if job.experiment == *experiment.resolve(splits.train.task())? {
        return Ok(job);
    }
    Err(Error::Store {
        path: dir.to_owned(),
        problem: "the run was begun with another configuration".to_owned(),
        fix:
            "bring it back, such as the same --data and --backend, or begin again in another --out"
                .to_owned(),
    })
}

/// Tells one observer, then asks whether to go on.
struct Watched<O, F> {
    keeper: O,
    stepped: F,
}

impl<O: Observer, F: FnMut(&Trainer<'_>) -> bool> Observer for Watched<O, F> {
    fn started(&mut self, trainer: &Trainer<'_>) -> Result<()> {
        self.keeper.started(trainer)
    }

    fn evaluated(&mut self, trainer: &Trainer<'_>, report: &Report) -> Result<()> {
        self.keeper.evaluated(trainer, report)
    }

    fn stepped(&mut self, trainer: &Trainer<'_>) -> Result<Flow> {
        let flow = self.keeper.stepped(trainer)?;
        Ok(match (self.stepped)(trainer) {
            true => flow,
            false => Flow::Stop,
        })
    }
}
