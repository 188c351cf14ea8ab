//! `dropwise reproduce NAME`: a published experiment, run again beside its numbers.

mod figure;
mod in_progress;
mod known;
mod show;
mod uci;
mod workers;

use std::io::Write;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::RangedU64ValueParser;
use dropwise::{Error, Result};
use dropwise_lab::report::reproduce_text;
use dropwise_lab::reproduce::{Outcomes, Paper, PaperItem, Scope, Summary, run};
use dropwise_lab::store::{PaperFolder, PaperParts};
use toml::Value;

use super::args::ChangeArgs;
use super::output::OutputArgs;
use super::overrides::{self, Override};
use super::sweep::{self, SweepArgs};
use super::{Outcome, interrupt, parallel, pretty};
use in_progress::InProgress;
use known::Known;
use show::Show;
use workers::Workers;

/// Run a published experiment again, and print its numbers beside the paper's
///
/// NAME is one of --list, or a file such as those in config/paper/. Where a row of the paper's table leaves
/// values open, they are chosen on validation rows, held out of the training rows; then each row is trained on
/// all training rows with several seeds, and measured on test rows once. --quick runs a small version on
/// the built-in digits, which shows that all of it works.
///
/// The folder --out gets paper.toml (the experiment), runs/ (every network, a folder each, as of
/// `dropwise train --out`), table.md, figure.svg and summary.json. After Ctrl-C or a kill, the same
/// command with --resume continues. Of uci, --rows are the sets and --seeds the splits, counted from 1.
///
/// On several machines, --part K/N runs every N-th item of --list-json from the K-th on, in a folder of its own;
/// --merge combines the folders; the result is that of one process: see docs/CLUSTER.md.
///
/// Exit status: 0 as published, 1 a row or a claim was missed, or it failed, 2 wrong usage, 130 interrupted.
#[derive(clap::Args)]
#[command(verbatim_doc_comment, mut_arg("overrides", |set| set.help(SET_HELP)))]
pub(super) struct Args {
    /// The experiment: a name of --list, or a TOML file
    #[arg(required_unless_present = "list", value_parser = known::name)]
    name: Option<String>,
    /// Say which experiments there are
    #[arg(long, conflicts_with = "name")]
    list: bool,
    /// The folder with the data, in place of the file's, such as that of `dropwise fetch mnist`; a quick run has its own
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How many seeds each row is trained with, or which, such as 4..6 for 4, 5 and 6, in place of the file's
    #[arg(long, value_name = "N|A..B")]
    seeds: Option<Seeds>,
    /// Run these rows alone
    #[arg(long, value_name = "ROW,ROW...", value_delimiter = ',')]
    rows: Option<Vec<String>>,
    /// A small version on the built-in digits, in a minute or two
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    sweep: SweepArgs,
    /// The folder for the results [default: runs/reproduce/NAME, with --quick NAME-quick]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Networks at a time, each on one core [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    jobs: Option<usize>,
    #[command(flatten)]
    changes: ChangeArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// `--set` of `reproduce`.
const SET_HELP: &str =
    "Change one value of every network, such as --set train.epochs=5 (may be repeated)";

/// `--seeds`: from the first to the last.
#[derive(Debug, Clone, PartialEq)]
struct Seeds(RangeInclusive<u64>);

/// Upper bound that turns a typo into an error.
const MOST_SEEDS: u64 = 10_000;

impl Seeds {
    fn range(&self) -> RangeInclusive<u64> {
        self.0.clone()
    }
}

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || {
            format!("expected how many, such as 3, or which, such as 4..6, at most {MOST_SEEDS}")
        };
        let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
        let seeds = match text.split_once("..") {
            Some((first, last)) => number(first)?..=number(last.trim_start_matches('='))?,
            None => 1..=number(text)?,
        };
        let count = seeds
            .end()
            .checked_sub(*seeds.start())
            .map(|more| more.saturating_add(1));
        match count {
            Some(1..=MOST_SEEDS) if *seeds.end() <= i64::MAX as u64 => Ok(Seeds(seeds)),
            _ => Err(wrong()),
        }
    }
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        let Some(name) = &self.name else {
            return known::list(out).map(|()| Outcome::Success);
        };
        if name == uci::NAME {
            return self.run_uci(out);
        }
        interrupt::watch();
        let known = known::find(name)?;
        let dir = self.out.clone().unwrap_or_else(|| self.folder(name));
        let paper = self.paper(&known, &dir)?;
        let mut items = self.scope(&paper).items(&paper)?;
        if self.sweep.list_json {
            return sweep::list(items, out).map(|()| Outcome::Success);
        }
        let (part, merge) = (self.sweep.part(), &self.sweep.merge);
        part.keep(&mut items);
        let header = self.header(&known);
        let parts = PaperParts::open(merge, &header)?;
        let folder = if self.sweep.resumes(&dir, PaperFolder::CONFIG) {
            PaperFolder::resume(&dir, &header)?
        } else {
            PaperFolder::refuse_content(&dir)?;
            if !merge.is_empty() {
                check_merged(&items, &parts.together(&paper, Outcomes::new())?)?;
            } else if known.table.is_none() {
                workers::check_data(&paper, &items)?;
            }
            PaperFolder::create(&dir, &header)?
        };
        if let Some((name, table)) = known.table {
            folder.save(name, table)?;
        }

        let mut show = Show::new(self.output.style(), paper.measure, out);
        let mut outcomes = folder.outcomes()?;
        let is_complete = if merge.is_empty() {
            self.train(&paper, &items, &folder, &mut outcomes, &mut show)?
        } else {
            check_merged(&items, &parts.together(&paper, outcomes)?)?;
            parts.copy_to(&folder)?;
            outcomes = folder.outcomes()?;
            true
        };
        let summary = save_results(&paper, &outcomes, &folder)?;
        show.ends(&summary, &folder)?;
        if !is_complete && interrupt::requested() {
            eprintln!("interrupted: {}", self.sweep.to_continue());
            return Ok(Outcome::Interrupted);
        }
        Ok(if is_complete && summary.is_good() {
            Outcome::Success
        } else {
            Outcome::Failed
        })
    }

    /// Trains the networks that have no outcome yet; the result is whether all have one now.
    fn train(
        &self,
        paper: &Paper,
        items: &[PaperItem],
        folder: &PaperFolder,
        outcomes: &mut Outcomes,
        show: &mut Show<'_, impl Write>,
    ) -> Result<bool> {
        show.begins(paper, folder)?;
        let mut workers = Workers {
            paper,
            jobs: parallel::jobs(self.jobs),
            folder,
            backend: self.changes.backend.as_ref(),
            in_progress: InProgress::new(show.line()),
            show,
        };
        run(paper, items, outcomes, &mut workers)
    }

    /// The rows and seeds to run, all parts together.
    fn scope(&self, paper: &Paper) -> Scope {
        let all = 1..=paper.seeds as u64;
        Scope {
            rows: self.rows.clone(),
            seeds: self.seeds.as_ref().map_or(all, |seeds| seeds.0.clone()),
        }
    }

    /// The experiment with all changes, for the folder `dir`.
    fn paper(&self, Known { file, text, table }: &Known, dir: &Path) -> Result<Paper> {
        let paper = if self.quick {
            Paper::parse_quick(file, text)?
        } else {
            Paper::parse(file, text)?
        };
        let mut changes = self.changes.overrides.clone();
        // The data of a quick run come with the program.
        if let Some(dir) = self.data.as_ref().filter(|_| !self.quick) {
            changes.push(Override::data_dir(dir)?);
        }
        let mut values = Vec::new();
        for change in &changes {
            match change.key_and_value() {
                (key, Some(value)) => values.push((key, value)),
                (key, None) => {
                    let expected = "a value, since no key of a published experiment is taken away";
                    return Err(Error::invalid("--set", expected, format!("`{key}=`")));
                }
            }
        }
        if let Some((name, _)) = table {
            let path = dir.join(name).display().to_string();
            values.push(("data.path".to_owned(), Value::String(path)));
        }
        let changed = paper.with_changes(values);
        changed.map_err(|error| overrides::at_change(error, &changes))
    }

    /// What a folder starts with, and has to have to be resumed or merged: the flags that change results, and the file's text.
    /// The places of the file and the data differ between machines and are left out; every outcome has the data's hash.
    fn header(&self, Known { file, text, .. }: &Known) -> String {
        let file = Path::new(file).file_name().unwrap_or_default().display();
        let mut flags = self.flags();
        for change in &self.changes.overrides {
            flags.push_str(&format!(" --set '{}'", change.text()));
        }
        format!("# dropwise reproduce {file}{flags}\n\n{text}")
    }

    fn flags(&self) -> String {
        let backend = self.changes.backend.as_ref();
        let backend = backend.map_or(String::new(), |backend| format!(" --backend {backend}"));
        let quick = if self.quick { " --quick" } else { "" };
        backend + quick
    }

    fn folder(&self, name: &str) -> PathBuf {
        let stem = PathBuf::from(name);
        let stem = stem
            .file_stem()
            .map_or(name.into(), |stem| stem.to_string_lossy());
        let quick = if self.quick { "-quick" } else { "" };
        PathBuf::from("runs/reproduce").join(format!("{stem}{quick}"))
    }
}

fn check_merged(items: &[PaperItem], outcomes: &Outcomes) -> Result<()> {
    sweep::check_merged(items.iter().map(|item| item.is_in(outcomes)))
}

/// Saves the summary, the table and the figure.
fn save_results(paper: &Paper, outcomes: &Outcomes, folder: &PaperFolder) -> Result<Summary> {
    let summary = Summary::of(paper, outcomes)?;
    folder.save("summary.json", &pretty(&summary)?)?;
    folder.save("table.md", &reproduce_text(&summary, true))?;
    if let Some(figure) = figure::draw(paper, &summary, outcomes, folder)? {
        folder.save("figure.svg", &figure.to_svg())?;
    }
    Ok(summary)
}
