//! The files of `--out`, and how a study is resumed from them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use dropwise::config::Experiment;
use dropwise::{Error, Result};
use dropwise_lab::report::tune_figure;
use dropwise_lab::store::{Claim, TuneFolder};
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
    /// Whether other processes work on the study too.
    pub(super) is_shared: bool,
}

/// What this process may do with a trial that it does not know.
pub(super) enum Turn {
    /// It has ended meanwhile.
    Ended(Box<Record>),
    /// Another process trains it.
    Taken,
    /// Train it, and hold this until it is kept; none where nobody else works on the study.
    Ours(Option<Claim>),
}

impl TrialLog {
    /// Creates the folder, with the configuration in it.
    pub(super) fn create(dir: &Path, job: &Job) -> Result<Self> {
        let config = overrides::write(&job.experiment)?;
        let folder = TuneFolder::create(dir, &config, &job.prepared().to_json()?)?;
        TrialLog::new(folder, vec![])
    }

    /// Opens the folder together with other processes that have the same configuration and data.
    pub(super) fn join(dir: &Path, job: &Job) -> Result<Self> {
        let config = overrides::write(&job.experiment)?;
        let folder = TuneFolder::join(dir, &config, &job.prepared().to_json()?)?;
        TrialLog::begun(folder, dir, job, true)
    }

    /// Opens the folder of a study that was started with the same configuration and data.
    pub(super) fn resume(dir: &Path, job: &Job) -> Result<Self> {
        let folder = TuneFolder::resume(dir)?;
        folder.mend()?;
        TrialLog::begun(folder, dir, job, false)
    }

    fn begun(folder: TuneFolder, dir: &Path, job: &Job, is_shared: bool) -> Result<Self> {
        check_config(dir, &folder.config()?, &job.experiment)?;
        if folder.preparation()? != job.prepared().to_json()? {
            let problem = "the data differ from those that the study was started with";
            return Err(cannot_resume(dir.to_owned(), problem.to_owned()));
        }
        let lines = folder.trials()?;
        let mut log = TrialLog::new(folder, lines)?;
        log.is_shared = is_shared;
        // What others are at, a list of files cannot tell.
        log.has_chosen &= !is_shared;
        Ok(log)
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
            is_shared: false,
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
        self.check(&record, trial)?;
        Ok(Some(record))
    }

    fn check(&self, record: &Record, trial: &Trial) -> Result<()> {
        if record.is_of(trial) {
            return Ok(());
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

    /// Whether this process is to train a trial.
    pub(super) fn turn(&self, trial: &Trial) -> Result<Turn> {
        if !self.is_shared {
            return Ok(Turn::Ours(None));
        }
        match self.folder.claim(&file_name(trial.phase, trial.number))? {
            Claim::Taken => Ok(Turn::Taken),
            Claim::Ended(line) => {
                let record: Record = serde_json::from_str(&line).map_err(|cause| {
                    let problem = format!("expected a trial, found something else: {cause}");
                    cannot_resume(self.folder.dir().to_owned(), problem)
                })?;
                self.check(&record, trial)?;
                Ok(Turn::Ended(Box::new(record)))
            }
            granted => Ok(Turn::Ours(Some(granted))),
        }
    }

    /// Whether there is a trial of a search that the recipe has not asked for yet.
    pub(super) fn has_more(&self) -> bool {
        self.known.keys().any(|(phase, _)| phase.searches())
    }

    /// Adds a trial that has ended.
    pub(super) fn append(&self, record: &Record) -> Result<()> {
        if self.is_shared {
            let name = file_name(record.phase, record.trial);
            return self.folder.keep(&name, &json(record)?);
        }
        self.folder.append(&json(record)?)
    }

    /// Sorts the lines by the order in which the recipe asks, which does not depend on how many trials run at a time.
    pub(super) fn order(&mut self, records: &[Record]) -> Result<()> {
        for record in records {
            self.asked.push(json(record)?);
        }
        if self.is_shared {
            // Others may be further: it is written when all is known.
            return Ok(());
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
        if self.is_shared {
            self.folder.reorder(&self.asked)?;
        }
        self.folder
            .save("tune.json", &pretty(&job.summary(summary))?)?;
        let figure = tune_figure(summary).to_svg();
        self.folder.save("tune.svg", &figure)?;
        self.folder.save(BEST, &job.best(summary)?)
    }
}

/// The name of a trial's file among those of several processes.
fn file_name(phase: Phase, number: usize) -> String {
    format!("{}-{number}", phase.name())
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
