//! `dropwise tune CONFIG`: load, grow, drop, decide, save, print.

mod job;
mod show;
mod trial_log;
mod workers;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use dropwise::Result;
use dropwise_lab::report::tune_words;
use dropwise_lab::tune::{Recipe, TuneSummary, tune};

use super::args::ExperimentArgs;
use super::output::{OutputArgs, Style};
use super::{Outcome, interrupt, json, parallel};
use job::Job;
use show::Show;
use trial_log::TrialLog;
use workers::Workers;

/// Find a network and its dropout by Hinton's recipe: grow, drop, decide
///
/// Grow: with dropout off, hidden layers get twice as wide until a network makes no error on its training
/// rows. Drop: around that width, --trials settings with dropout and as many without are compared on
/// validation rows; those that fall behind are given up; the best four of either kind are trained again with
/// other seeds. Decide: the best of either kind is trained on training and validation rows with five seeds,
/// and measured on test rows, once. The search starts from the file's dropout, widths, max_norm,
/// learning_rate and momentum, and from l1 and beta2 if they are set; everything else stays as configured.
///
/// With --out, the folder gets tune.toml (the configuration, resolved), study.jsonl (a line a trial, as it
/// ends), tune.json (the summary), tune.svg (its test errors) and best.toml, ready for `dropwise train`.
/// After Ctrl-C or a kill, the same command with --resume continues. The same seed and --trials give the same
/// study, whatever --jobs.
///
/// On several machines, start the same command with --join and an --out that all of them see, any number of times: the
/// processes share the trials and take over those of a lost process; the result is the same study as that of one process:
/// see docs/CLUSTER.md.
///
/// Exit status: 0 tuned, 1 failed, 2 wrong usage, 130 interrupted.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// The experiment, a TOML file such as config/digits.toml, with validation and test rows
    config: PathBuf,
    /// Trials with dropout, and as many without [default: 24, or as many as --budget leaves time for]
    #[arg(long, value_name = "N", value_parser = count(1..=MOST_TRIALS))]
    trials: Option<usize>,
    /// Start no width and no trials after this time, such as 90s, 30m or 2h; the last networks still follow
    #[arg(long, value_name = "TIME", value_parser = duration)]
    budget: Option<Duration>,
    /// Trials at a time, each on one core [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = count(1..=1024))]
    jobs: Option<usize>,
    /// The most units that a hidden layer may get
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = count(8..=65_536))]
    max_width: usize,
    /// Save the study to this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Continue the study in --out
    #[arg(long, requires = "out")]
    resume: bool,
    /// Share the study in --out with other processes, on any machine that sees the folder; start it if none has
    #[arg(long, requires = "out", conflicts_with_all = ["resume", "budget"])]
    join: bool,
    #[command(flatten)]
    experiment: ExperimentArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Upper bound that turns a typo into an error.
const MOST_TRIALS: u64 = 100_000;

fn count(range: std::ops::RangeInclusive<u64>) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(range)
}

fn duration(text: &str) -> std::result::Result<Duration, String> {
    let wrong = || "expected a number and a unit, such as 90s, 30m or 2h".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let factor = match unit {
        's' => 1.0,
        'm' => 60.0,
        'h' => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = text[..text.len() - 1].trim().parse().map_err(|_| wrong())?;
    match factor * number {
        seconds if (0.0..1e9).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(wrong()),
    }
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        interrupt::watch();
        let style = self.output.style();
        let job = Job::of(self)?;
        let log = match &self.out {
            Some(dir) if self.join => Some(TrialLog::join(dir, &job)?),
            Some(dir) if self.resume => Some(TrialLog::resume(dir, &job)?),
            Some(dir) => Some(TrialLog::create(dir, &job)?),
            None => None,
        };
        let show = Show::new(style, &job, out);
        let mut workers = Workers::new(&job, parallel::jobs(self.jobs), self.budget, log, show)?;
        let (recipe, rows) = (self.recipe(), &job.rows.train);
        let summary = tune(&recipe, &job.experiment, rows, &mut workers)?;
        let (log, show) = workers.end();
        let Some(summary) = summary else {
            eprintln!("{}", self.interrupted());
            return Ok(Outcome::Interrupted);
        };
        if let Some(log) = log {
            log.finish(&job, &summary)?;
        }
        self.print(show.into_inner(), style, &job, &summary)?;
        Ok(Outcome::Success)
    }

    fn print(
        &self,
        out: &mut impl Write,
        style: Style,
        job: &Job,
        summary: &TuneSummary,
    ) -> Result<()> {
        match style {
            Style::Quiet => return Ok(()),
            Style::Json => return Ok(writeln!(out, "{}", json(&job.summary(summary))?)?),
            Style::Words => writeln!(out, "\n{}", tune_words(summary))?,
        }
        match &self.out {
            Some(dir) => {
                let best = dir.join(trial_log::BEST);
                let (best, dir) = (best.display(), dir.display());
                writeln!(out, "saved in {dir}; to train it: dropwise train {best}")?;
            }
            None => writeln!(out, "\n{}", job.best(summary)?)?,
        }
        Ok(())
    }

    fn interrupted(&self) -> &'static str {
        match self.out {
            Some(_) if self.join => "interrupted: the same command continues",
            Some(_) => "interrupted: the same command with --resume continues",
            None => "interrupted: nothing was saved: a study with --out DIR can be resumed",
        }
    }

    fn recipe(&self) -> Recipe {
        let trials = match self.budget {
            Some(_) => MOST_TRIALS as usize,
            None => Recipe::default().trials,
        };
        Recipe {
            trials: self.trials.unwrap_or(trials),
            max_width: self.max_width,
            ..Recipe::default()
        }
    }
}
