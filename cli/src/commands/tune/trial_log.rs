//! The files of `--out`, and how a study is resumed from them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use dropwise::config::Experiment;
use dropwise::{Error, Result};
use dropwise_lab::report::tune_figure;
use dropwise_lab::store::TuneFolder;
use dropwise_lab::tune::{Phase, Trial, TrialOutcome, TrialSetting, TuneSummary};
use serde::{Deserialize, Serialize};

use super::super::difference::Difference;
use super::super::{json, overrides, pretty};
use super::job::Job;

/// A line of `study.jsonl`: a trial and how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) phase: Phase,
    pub(super) trial: usize,
    pub(super) seed: u64,
    pub(super) setting: TrialSetting,
    #[serde(flatten)]
    pub(super) outcome: TrialOutcome,
    /// How long its training took.
    pub(super) seconds: f64,
    /// When it ended, on the clock of the study, which stands still while nobody works on it.
    pub(super) elapsed: f64,
}

impl Record {
    fn is_of(&self, trial: &Trial) -> bool {
        (self.seed, &self.setting) == (trial.experiment.seed, &trial.setting)
    }
}

/// The file with the configuration to train.
pub(super) const BEST: &str = "best.toml";

/// The folder of a study, and the trials that were in it.
pub(super) struct TrialLog {
    folder: TuneFolder,
    /// Trials of earlier processes, by phase and number, that the recipe has not asked for yet.
    known: HashMap<(Phase, usize), Record>,
    /// The lines of the trials that the recipe has asked for, in its order.
    asked: Vec<String>,
    /// When the last one ended, on the clock of the study.
    pub(super) elapsed: f64,
    /// Whether an earlier process chose the finalists, which ends the search.
    pub(super) has_chosen: bool,
}

impl TrialLog {
    /// Creates the folder, with the configuration in it.
    pub(super) fn create(dir: &Path, job: &Job) -> Result<Self> {
        let config = overrides::write(&job.experiment)?;
        let folder = TuneFolder::create(dir, &config, &job.prepared().to_json()?)?;
        TrialLog::new(folder, vec![])
    }

    /// Opens the folder of a study that was started with the same configuration and data.
    pub(super) fn resume(dir: &Path, job: &Job) -> Result<Self> {
        let folder = TuneFolder::resume(dir)?;
        check_config(dir, &folder.config()?, &job.experiment)?;
        if folder.preparation()? != job.prepared().to_json()? {
            let problem = "the data differ from those that the study was started with";
            return Err(cannot_resume(dir.to_owned(), problem.to_owned()));
        }
        let lines = folder.trials()?;
        TrialLog::new(folder, lines)
    }

    fn new(folder: TuneFolder, lines: Vec<String>) -> Result<Self> {
        let mut known = HashMap::new();
        for (k, line) in lines.iter().enumerate() {
            let record: Record = serde_json::from_str(line).map_err(|cause| Error::Store {
                path: folder.trials_path(),
                problem: format!(
                    "line {}: expected a trial, found something else: {cause}",
                    k + 1
                ),
                fix: "delete the line".to_owned(),
            })?;
            known.insert((record.phase, record.trial), record);
        }
        Ok(TrialLog {
            elapsed: known
                .values()
                .map(|record| record.elapsed)
                .fold(0.0, f64::max),
            has_chosen: known.keys().any(|(phase, _)| !phase.searches()),
            folder,
            known,
            asked: vec![],
        })
    }

    /// How a trial ended, if it did in an earlier process.
    pub(super) fn known(&mut self, trial: &Trial) -> Result<Option<Record>> {
        let Some(record) = self.known.remove(&(trial.phase, trial.number)) else {
            if self.has_chosen && trial.phase.searches() {
                let problem = "the finalists were chosen already, which ends the search; the study was started with a \
                               different --trials or --max-width";
                return Err(cannot_resume(self.folder.trials_path(), problem.to_owned()));
            }
            return Ok(None);
        };
        if record.is_of(trial) {
            return Ok(Some(record));
        }
        let (phase, number) = (trial.phase.name(), trial.number);
        Err(cannot_resume(
            self.folder.trials_path(),
            format!(
                "trial {number} of `{phase}` differs from the one that this command would run; the study was started with \
                 a different --trials, --max-width or version of dropwise"
            ),
        ))
    }

    /// Whether there is a trial of a search that the recipe has not asked for yet.
    pub(super) fn has_more(&self) -> bool {
        self.known.keys().any(|(phase, _)| phase.searches())
    }

    /// Adds a trial that has ended.
    pub(super) fn append(&self, record: &Record) -> Result<()> {
        self.folder.append(&json(record)?)
    }

    /// Sorts the lines by the order in which the recipe asks, which does not depend on how many trials run at a time.
    pub(super) fn order(&mut self, records: &[Record]) -> Result<()> {
        for record in records {
            self.asked.push(json(record)?);
        }
        // Trials that were not asked for yet follow.
        let mut rest: Vec<_> = self.known.values().collect();
        rest.sort_by_key(|record| (record.phase, record.trial));
        let mut lines = self.asked.clone();
        for record in rest {
            lines.push(json(record)?);
        }
        self.folder.reorder(&lines)
    }

    /// Saves the summary and the configuration to train.
    pub(super) fn finish(&self, job: &Job, summary: &TuneSummary) -> Result<()> {
        self.folder
            .save("tune.json", &pretty(&job.summary(summary))?)?;
        let figure = tune_figure(summary).to_svg();
        self.folder.save("tune.svg", &figure)?;
        self.folder.save(BEST, &job.best(summary)?)
    }
}

fn cannot_resume(path: PathBuf, problem: String) -> Error {
    Error::Store {
        path,
        problem,
        fix: "restore it, or start a new study in another --out".to_owned(),
    }
}

/// A study is resumed with the configuration that it was started with.
fn check_config(dir: &Path, begun: &str, now: &Experiment) -> Result<()> {
    let path = dir.join("tune.toml");
    // An older version may have written it in other words.
    let begun = Experiment::parse(&path.display().to_string(), begun)?;
    match Difference::between(&begun, now)? {
        None => Ok(()),
        Some(found) => Err(cannot_resume(path, found.problem("study"))),
    }
}
