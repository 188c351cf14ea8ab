//! `dropwise study CONFIG`: load, train many networks at each setting, summarize, save, print.

mod folder;
mod plan;
mod progress;

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use clap::builder::RangedU64ValueParser;
use dropwise::Result;
use dropwise::data::Part;
use dropwise::train::{End, Replica, Replicas};
use dropwise_lab::report::{study_notes, study_table};
use dropwise_lab::study::{Setting, SettingSummary, StudyOutcome, StudySummary};

use super::args::{ExperimentArgs, part};
use super::output::{OutputArgs, Style};
use super::overrides::Vary;
use super::sweep::{self, SweepArgs};
use super::{Outcome, interrupt, json};
use folder::{Folder, Kept};
use plan::{Plan, Point};
use progress::Progress;

/// Train many networks with different seeds, and show the spread of their results
///
/// Each value of --vary is a setting; of several --vary, each combination. At each setting --replicas
/// networks are trained at once. They are evaluated on the validation rows, if there are any, so that
/// the test rows are left for the setting that is chosen.
///
/// With --out, the folder gets study.toml (the configuration of the first setting, resolved),
/// study.jsonl (a line a network), study.json (the summary), table.md and study.svg. Ctrl-C ends with
/// the finished settings; the same command with --resume continues.
///
/// On several machines, --part K/N trains every N-th setting from the K-th on, in a folder of its own;
/// --merge combines the folders; the result is that of one process: see docs/CLUSTER.md.
///
/// Exit status: 0 trained, 1 failed, 2 wrong usage, 130 interrupted.
#[derive(clap::Args)]
#[command(verbatim_doc_comment, mut_arg("seed", |seed| seed.help(SEED_HELP)), mut_arg("resume", |resume| resume.requires("out")))]
pub(super) struct Args {
    /// The experiment, a TOML file such as config/xor.toml
    config: PathBuf,
    /// Try each value of a key, such as --vary dropout.hidden=0,0.2,0.5 (may be repeated)
    #[arg(long, value_name = "KEY=VALUE,VALUE...")]
    vary: Vec<Vary>,
    /// Networks at each setting, in place of the file's study.replicas
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=MOST_REPLICAS))]
    replicas: Option<usize>,
    /// The rows to evaluate on [default: validation rows, else training rows]
    #[arg(long, value_parser = part())]
    split: Option<Part>,
    #[command(flatten)]
    experiment: ExperimentArgs,
    /// Save the study to this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    sweep: SweepArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// `--seed` of `study`.
const SEED_HELP: &str = "Seed of the first network of each setting, in place of the file's; the others count on from it";

/// Upper bound that turns a typo into an error.
const MOST_REPLICAS: u64 = 1_000_000;

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        interrupt::watch();
        let style = self.output.style();
        let plan = Plan::of(self)?;
        if self.sweep.list_json {
            let settings = plan.points.iter().map(|point| Listed {
                setting: &point.setting,
            });
            return sweep::list(settings.collect(), out).map(|()| Outcome::Success);
        }
        let (dir, merge) = (self.out.as_deref(), &self.sweep.merge);
        let mut kept = Kept::default();
        merge.iter().try_for_each(|dir| kept.add(dir, &plan))?;
        let resumed = dir.filter(|dir| self.sweep.resumes(dir, folder::CONFIG));
        let resumed = resumed
            .map(|dir| Folder::resume(dir, &plan, &mut kept))
            .transpose()?;
        if !merge.is_empty() {
            kept.check_complete(&plan)?;
        }
        let folder = match (resumed, dir) {
            (None, Some(dir)) => Some(Folder::create(dir, &plan)?),
            (resumed, _) => resumed,
        };

        let started = Instant::now();
        let points: Vec<_> = plan.points_of_part().collect();
        let mut progress = Progress::new(plan.trainings(), style);
        let mut summary = plan.summary()?;
        let (mut outcomes, mut lines) = (vec![], vec![]);
        for (k, point) in &points {
            let started = Instant::now();
            let trained = match kept.take(*k) {
                Some(kept) => {
                    progress.skip(plan.folds(point).count());
                    kept
                }
                None => {
                    let Some(trained) = train(&plan, point, &mut progress)? else {
                        summary.end = END_INTERRUPTED;
                        break;
                    };
                    Trained::new(trained, started.elapsed().as_secs_f64())?
                }
            };
            let (setting, seconds) = (point.setting.clone(), trained.seconds);
            let setting = SettingSummary::of(setting, &trained.outcomes, summary.measure, seconds);
            summary.settings.push(setting);
            if style == Style::Json {
                trained
                    .lines
                    .iter()
                    .try_for_each(|line| writeln!(out, "{line}"))?;
                out.flush()?;
            }
            outcomes.extend(trained.outcomes);
            lines.extend(trained.lines);
            if let Some(folder) = &folder {
                folder.save_so_far(&summary, &lines)?;
            }
        }
        progress.end();
        if summary.settings.len() == points.len() {
            summary.end = END_FINISHED;
        }

        if let Some(folder) = &folder {
            folder.save_summary(&summary, &outcomes)?;
        }
        match style {
            Style::Quiet => {}
            Style::Json => writeln!(out, "{}", json(&summary)?)?,
            Style::Words => self.print(out, &summary, started.elapsed().as_secs_f64())?,
        }
        let (done, all) = (summary.settings.len(), points.len());
        if done < all {
            let fix = match self.out {
                Some(_) => format!("; {}", self.sweep.to_continue()),
                None => String::new(),
            };
            eprintln!("interrupted: {done} of {all} settings are finished{fix}");
            return Ok(Outcome::Interrupted);
        }
        Ok(Outcome::Success)
    }

    fn print(&self, out: &mut impl Write, summary: &StudySummary, seconds: f64) -> Result<()> {
        if !summary.settings.is_empty() {
            writeln!(out, "{}\n", study_table(summary, true))?;
            for note in study_notes(summary) {
                writeln!(out, "{note}")?;
            }
            writeln!(out, "backend {}, {seconds:.2} s", summary.backend)?;
        }
        if let Some(dir) = &self.out {
            writeln!(out, "saved in {}", dir.display())?;
        }
        Ok(())
    }
}

/// How far a study has got, in `study.json`.
const END_FINISHED: &str = "finished";
const END_INTERRUPTED: &str = "interrupted";
/// While it goes on, and what a process that was killed leaves behind.
const END_UNFINISHED: &str = "unfinished";

/// A setting of `--list-json`.
#[derive(serde::Serialize)]
struct Listed<'a> {
    setting: &'a Setting,
}

/// The networks of a setting, and their lines in `study.jsonl`.
struct Trained {
    outcomes: Vec<StudyOutcome>,
    lines: Vec<String>,
    /// How long their training took.
    seconds: f64,
}

impl Trained {
    fn new(outcomes: Vec<StudyOutcome>, seconds: f64) -> Result<Self> {
        Ok(Trained {
            lines: outcomes.iter().map(json).collect::<Result<_>>()?,
            outcomes,
            seconds,
        })
    }
}

/// Trains and measures the networks of one setting; `None` if interrupted.
fn train(plan: &Plan, point: &Point, progress: &mut Progress) -> Result<Option<Vec<StudyOutcome>>> {
    let experiment = &point.experiment;
    let device = point.backend.device()?;
    let mut outcomes = vec![];
    for (fold, splits) in plan.folds(point).enumerate() {
        let networks = Replica::several(experiment);
        let seeds: Vec<u64> = networks.iter().map(|network| network.seed).collect();
        let validation = splits.validation.as_ref();
        let mut replicas = Replicas::new(experiment, networks, &splits.train, validation, &device)?;
        if replicas.run(progress)? == End::Interrupted {
            return Ok(None);
        }
        progress.next_training();
        let metrics = replicas.evaluate(plan.rows(splits)?)?;
        let networks = seeds.into_iter().zip(metrics).enumerate();
        outcomes.extend(networks.map(|(r, (seed, metrics))| StudyOutcome {
            setting: point.setting.clone(),
            seed,
            fold: experiment.study.cross_validation.map(|_| fold + 1),
            diverged: replicas.diverged(r),
            metrics,
        }));
    }
    Ok(Some(outcomes))
}
