//! `dropwise train CONFIG`: load, build, train, keep, show.

mod job;
mod keep;
mod keeper;
mod progress;
mod summary;

use std::io::Write;
use std::path::PathBuf;

use dropwise::Result;
use dropwise::data;
use dropwise::train::{End, Trainer};

use super::args::ExperimentArgs;
use super::output::{OutputArgs, Style};
use super::{Outcome, interrupt};
use job::Job;
use keeper::Keeper;
use progress::Progress;

pub(super) use keep::train_in;

/// Train the network that a configuration file describes
///
/// With --out, the run is kept in a folder: its configuration, metrics, checkpoints, models and report.
/// Ctrl-C then finishes the step and takes a checkpoint; --resume goes on as if nothing had happened.
///
/// Exit status: 0 trained, 1 failed, 2 wrong usage, 130 interrupted.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// The experiment, a TOML file such as config/xor.toml
    #[arg(required_unless_present = "resume")]
    config: Option<PathBuf>,
    /// Keep the run in this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    experiment: ExperimentArgs,
    /// Go on with the run in this folder from its last checkpoint
    #[arg(long, value_name = "DIR", conflicts_with_all = ["config", "overrides", "out", "seed", "backend"])]
    resume: Option<PathBuf>,
    /// Seconds between two checkpoints; 0 takes one after every step
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    checkpoint_every: f64,
    #[command(flatten)]
    output: OutputArgs,
}

fn seconds(text: &str) -> std::result::Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..1e9).contains(&seconds) => Ok(seconds),
        _ => Err("expected a number of seconds, at least 0".to_owned()),
    }
}

fn where_it_goes_on(trainer: &Trainer<'_>) -> String {
    match trainer.step() {
        0 => "no checkpoint was reached: starting again".to_owned(),
        step if trainer.has_ended() => format!("nothing is left to train after step {step}"),
        step => format!("going on after step {step}"),
    }
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        interrupt::watch();
        let style = self.output.style();
        let mut job = self.job()?;
        let splits = data::load(&job.experiment.data, job.experiment.seed)?;
        let device = job.backend.device()?;
        let mut trainer = job.trainer(&splits, &device)?;
        job.experiment = trainer.experiment().clone().into_checked();
        if let Some(dir) = &self.out {
            job.keep_in(dir, &splits)?;
        }
        if self.resume.is_some() && style != Style::Quiet {
            eprintln!("{}", where_it_goes_on(&trainer));
        }

        let progress = Progress::new(style, (&trainer, &splits), out);
        let run = job.run.take();
        let mut keeper = Keeper::new(progress, run, (&trainer, &splits), self.checkpoint_every);
        let ended = trainer.run(&mut keeper);
        let end = match ended {
            Ok(end) => end,
            Err(error) => {
                keeper.explain_failure();
                return Err(error);
            }
        };
        if end == End::Interrupted {
            keeper.explain_interruption(&trainer)?;
            return Ok(Outcome::Interrupted);
        }
        let seconds = keeper.seconds();
        let report = summary::report(&job, &trainer, &splits, end, seconds)?;
        let run = keeper.finish(&trainer, &report)?;
        match style {
            Style::Quiet => {}
            Style::Json => writeln!(out, "{}", report.line()?)?,
            Style::Words => summary::show(out, &report, &splits, run.as_deref())?,
        }
        Ok(Outcome::Success)
    }

    fn job(&self) -> Result<Job> {
        let job = match (&self.resume, &self.config) {
            (Some(dir), _) => Job::resumed(dir)?,
            (None, Some(config)) => Job::of(self.experiment.read(config, &[])?)?,
            // Clap asks for one of them.
            (None, None) => return Err(dropwise::Error::Compute("no configuration".to_owned())),
        };
        for warning in job.experiment.warnings() {
            eprintln!("warning: {warning}");
        }
        Ok(job)
    }
}
