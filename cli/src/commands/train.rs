//! `dropwise train CONFIG`: load, build, train, evaluate, save, print.

mod job;
mod observer;
mod processes;
mod progress;
mod silent;
mod summary;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::builder::RangedU64ValueParser;
use dropwise::config::Experiment;
use dropwise::data::Splits;
use dropwise::train::{End, Flow, Observer, Trainer, linear_experiment};
use dropwise::{Backend, Error, Result};
use dropwise_lab::store::{Trained, foreign_weights, keep_calibration};

use super::args::ExperimentArgs;
use super::output::{OutputArgs, Style};
use super::{Outcome, interrupt, reading};
use job::{Job, Longer};
use observer::RunObserver;
use processes::Processes;
use progress::Progress;
use summary::RunReport;

pub(super) use silent::train_in;
pub(super) use summary::show_baselines;

/// Train the network that a configuration file describes
///
/// With --out, the run is saved to a folder: its configuration, metrics, checkpoints, models and report.
/// Ctrl-C then finishes the step and saves a checkpoint; --resume continues as if nothing had happened. SIGUSR1 saves one too, and
/// training goes on.
///
/// Built with the feature `mpi`, `mpirun -n 4 dropwise train CONFIG --out DIR` trains one network in four processes, to the same
/// bytes as in one: see docs/CLUSTER.md.
///
/// Exit status: 0 trained, 1 failed, 2 wrong usage, 130 interrupted.
#[derive(clap::Args)]
#[command(verbatim_doc_comment, override_usage = USAGE)]
pub(super) struct Args {
    /// The experiment, a TOML file such as config/xor.toml
    #[arg(required_unless_present = "resume")]
    config: Option<PathBuf>,
    /// Save the run to this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    experiment: ExperimentArgs,
    /// Train the linear model that networks are compared with, instead of the file's network
    #[arg(long)]
    linear: bool,
    /// Continue the run in this folder from its last checkpoint
    #[arg(long, value_name = "DIR", conflicts_with_all = ["config", "linear", "overrides", "out", "seed", "select", "backend"])]
    resume: Option<PathBuf>,
    /// With --resume: train for N epochs in total, more than the run was started with; the effect on the learning rate schedule is printed
    #[arg(long, value_name = "N", requires = "resume", conflicts_with = "config", value_parser = count())]
    epochs: Option<usize>,
    /// The same for a run whose configuration counts steps
    #[arg(long, value_name = "N", requires = "resume", conflicts_with_all = ["config", "epochs"], value_parser = count())]
    steps: Option<usize>,
    /// Seconds between two checkpoints; 0 takes one after every step
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    checkpoint_every: f64,
    /// With MPI: seconds to wait for a process before it counts as lost
    #[arg(long, value_name = "SECONDS", default_value_t = 300.0, value_parser = seconds)]
    timeout: f64,
    /// Also write events for TensorBoard to this folder: the metrics, and histograms of weights and activations
    #[arg(long, value_name = "DIR")]
    tensorboard: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// A run that is resumed is of an experiment that is known.
const USAGE: &str = "dropwise train [OPTIONS] <CONFIG>\n       \
                     dropwise train --resume <DIR> [--epochs <N> | --steps <N>] [--checkpoint-every <SECONDS>]";

fn seconds(text: &str) -> std::result::Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..1e9).contains(&seconds) => Ok(seconds),
        _ => Err("expected a number of seconds, at least 0".to_owned()),
    }
}

fn count() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

/// Whether something but the training loss chooses the network.
fn validates(trainer: &Trainer<'_>, splits: &Splits) -> bool {
    splits.validation.is_some() || trainer.experiment().train.cross_validation.is_some()
}

/// Trains together with the process that prints and writes. When it is asked for an end, all end.
fn follow(mut trainer: Trainer<'_>) -> Result<Outcome> {
    struct Watch;

    impl Observer for Watch {
        fn stepped(&mut self, _: &Trainer<'_>) -> Result<Flow> {
            Ok(match interrupt::requested() {
                true => Flow::Stop,
                false => Flow::Continue,
            })
        }
    }

    Ok(match trainer.run(&mut Watch)? {
        End::Interrupted => Outcome::Interrupted,
        _ => Outcome::Success,
    })
}

/// Where a resumed run continues, in words.
fn resumes_at(trainer: &Trainer<'_>, job: &Job) -> String {
    match trainer.step() {
        0 if job.has_weights() => "starting from the weights of the run".to_owned(),
        0 => "found no checkpoint: starting from the beginning".to_owned(),
        step if trainer.has_ended() => format!("training has already ended, at step {step}"),
        step => format!("resuming after step {step}"),
    }
}

/// Makes a run in `dir` of weights that another program trained, after no step; it is measured like any other.
pub(super) fn import(
    file: &Path,
    experiment: (Experiment, Backend),
    dir: &Path,
    style: Style,
    out: &mut impl Write,
) -> Result<Outcome> {
    let mut job = Job::of(experiment)?;
    if job.experiment.train.ensemble > 1 {
        let (key, found) = ("train.ensemble", job.experiment.train.ensemble);
        let expected = "1, since the file has the weights of one network";
        return Err(Error::invalid(key, expected, found));
    }
    if job.experiment.dropout.is_learned() {
        let expected = "rates as numbers, since the file has none that were learned";
        return Err(Error::invalid("dropout", expected, "\"learned\""));
    }
    let splits = reading::load(&job.experiment.data, job.experiment.seed, style)?;
    let like = job.trainer(&splits)?.network().weights()?;
    job.start_with(foreign_weights(file, &like)?, &splits)?;
    let trainer = job.trainer(&splits)?;
    let run = job.run(Some(dir), &trainer, &splits)?;
    let baselines = summary::baselines(&trainer, &splits)?;
    let progress = Progress::new(Style::Quiet, (&trainer, &splits), &mut *out);
    let observer = RunObserver::new(progress, run, (&trainer, &splits), 0.0, |_| true);
    let mut report = RunReport::new(&job.backend, &trainer, &splits, End::Finished, 0.0)?;
    report.judge(&trainer, &splits, &baselines)?;
    let dir = observer.finish(&trainer, &report, baselines.as_ref())?;
    report.print(style, out, &splits, (dir.as_deref(), None))?;
    Ok(Outcome::Success)
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        interrupt::watch();
        let checkpoint_asked = interrupt::watch_for_checkpoints();
        let mut processes = Processes::start(self.timeout)?;
        let outcome = self.train(&processes, checkpoint_asked, out)?;
        processes.end();
        Ok(outcome)
    }

    fn train(
        &self,
        processes: &Processes,
        checkpoint_asked: Arc<AtomicBool>,
        out: &mut impl Write,
    ) -> Result<Outcome> {
        let is_first = processes.is_first();
        let style = match is_first {
            true => self.output.style(),
            false => Style::Quiet,
        };
        let mut job = match &self.resume {
            Some(dir) => processes.share(dir, || self.job())?,
            None => self.job()?,
        };
        if is_first {
            for warning in job.experiment.warnings() {
                eprintln!("warning: {warning}");
            }
        }
        processes.check_experiment(&job.experiment)?;
        let splits = reading::load(&job.experiment.data, job.experiment.seed, style)?;
        processes.check_data(&splits)?;
        if self.linear {
            job.experiment = linear_experiment(&job.experiment, splits.train.len())?;
        }
        if self.resume.is_none() {
            job.experiment = processes.shard(job.experiment)?;
        }
        let mut trainer = processes.join(job.trainer(&splits)?)?;
        let select = trainer.experiment().train.select;
        let validates = validates(&trainer, &splits);
        if is_first && select.is_some() && !validates {
            eprintln!(
                "warning: `train.select` looks at validation rows, and there are none: add `split.validation` to `[data]`"
            );
        }
        let network = &trainer.experiment().network;
        let fewest = 2 * splits.train.d_output();
        if is_first && network.linear_start && network.hidden.iter().any(|units| *units < fewest) {
            eprintln!(
                "warning: `network.linear_start` needs at least {fewest} units in each hidden layer, two for each output: the output layer \
                 starts at 0 instead"
            );
        }
        if !is_first {
            return follow(trainer);
        }
        let longer = job.longer(&trainer, &splits)?;
        let run = job.run(self.out.as_deref(), &trainer, &splits)?;
        if self.resume.is_some() && style != Style::Quiet {
            eprintln!("{}", resumes_at(&trainer, &job));
            if let Some(words) = longer {
                eprintln!("{words}");
            }
        }

        let baselines = summary::baselines(&trainer, &splits)?;
        let progress = Progress::new(style, (&trainer, &splits), out);
        let progress = progress.beside(&baselines, (&trainer, &splits))?;
        let mut observer = RunObserver::new(
            progress,
            run,
            (&trainer, &splits),
            self.checkpoint_every,
            |_| !interrupt::requested(),
        )
        .with_checkpoints_when(checkpoint_asked)
        .with_events(self.tensorboard.as_deref(), (&trainer, &splits))?;
        let end = trainer.run(&mut observer);
        let end = end.inspect_err(|error| observer.explain_failure(error, &job.backend))?;
        if end == End::Interrupted {
            observer.explain_interruption(&trainer)?;
            return Ok(Outcome::Interrupted);
        }
        if let Some(measure) = select.filter(|_| validates && trainer.best().is_none()) {
            let key = measure.key();
            eprintln!(
                "warning: no evaluation had a `{key}`, such as when all rows that choose the network are of one class: the network kept \
                 is the last"
            );
        }
        let mut report = RunReport::new(&job.backend, &trainer, &splits, end, observer.seconds())?;
        report.judge(&trainer, &splits, &baselines)?;
        let dir = observer.finish(&trainer, &report, baselines.as_ref())?;
        if let (Some(dir), Some(rows)) = (&dir, &splits.calibration) {
            let trained = Trained::load(dir, None, Some(&job.backend))?;
            keep_calibration(dir, &trained, Some(rows))?;
        }
        // A run's own file has the changes of --set and --seed in it.
        let stored = dir.as_ref().map(|dir| dir.join("config.toml"));
        let keep = stored.or(self.config.clone()).filter(|_| !self.linear);
        let keep = keep.map(|config| format!("dropwise train {} --linear", config.display()));
        report.print(style, out, &splits, (dir.as_deref(), keep.as_deref()))?;
        Ok(Outcome::Success)
    }

    fn longer(&self) -> Option<Longer> {
        match (self.epochs, self.steps) {
            (Some(epochs), _) => Some(Longer::Epochs(epochs)),
            (None, steps) => steps.map(Longer::Steps),
        }
    }

    fn job(&self) -> Result<Job> {
        match (&self.resume, &self.config) {
            (Some(dir), _) => Job::resumed(dir, self.longer()),
            (None, Some(config)) => Job::of(self.experiment.read(config, &[])?),
            // Clap asks for one of them.
            (None, None) => Err(Error::Compute("no configuration".to_owned())),
        }
    }
}
