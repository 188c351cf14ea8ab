//! Writing the study of `dropwise tune`, and going on with it.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;

use super::folder::{Kind, OutFolder, TO_BEGIN, create_folder, names_in};
use super::lock::Lock;
use super::{PREPARATION, atomic, jsonl, read_if_there};
use dropwise::error::Result;

const TUNE: Kind = Kind {
    config: "tune.toml",
    holds: "the study of a `dropwise tune`",
    before: &[PREPARATION],
    problem: "already holds a study",
    fix: "choose another --out, or go on with --resume",
};

/// A line for each trial that has ended.
const TRIALS: &str = "study.jsonl";
/// Where several processes work on one study: a file for each trial that has ended, and one that is locked by who trains it.
const SHARED: &str = "trials";

/// The folder of `dropwise tune`. Only `study.jsonl` grows, line by line.
#[derive(Debug)]
pub struct TuneFolder(OutFolder);

/// What a process that works on a study together with others may do with a trial.
#[derive(Debug)]
pub enum Claim {
    /// It has ended; this is its line.
    Ended(String),
    /// Another process trains it.
    Taken,
    /// Train it: nobody else does while this value lives. The operating system gives it back when the process ends, however it
    /// ends.
    Granted(Lock),
}

impl Deref for TuneFolder {
    type Target = OutFolder;

    fn deref(&self) -> &OutFolder {
        &self.0
    }
}

impl TuneFolder {
    /// Makes the folder `dir`, parents included; an existing one must be empty.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if the folder holds anything or is in use;
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written.
    pub fn create(dir: &Path, config_text: &str, preparation_json: &str) -> Result<Self> {
        let files = [(PREPARATION, preparation_json), (TUNE.config, config_text)];
        OutFolder::create(&TUNE, dir, &files).map(TuneFolder)
    }

    /// Takes the folder `dir`, to go on with the study in it.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if it holds no such study or is in use;
    /// [`Error::Read`](dropwise::Error::Read) if it cannot be read.
    pub fn resume(dir: &Path) -> Result<Self> {
        TUNE.check_begun(dir, TO_BEGIN)?;
        OutFolder::resume(dir).map(TuneFolder)
    }

    /// Takes the folder `dir` together with other processes, which may be on other machines, and makes it if none of them has.
    /// Its locks are those of the file system, which hold on NFS too.
    ///
    /// # Errors
    /// Those of [`create`](Self::create) and [`resume`](Self::resume).
    pub fn join(dir: &Path, config_text: &str, preparation_json: &str) -> Result<Self> {
        let files = [(PREPARATION, preparation_json), (TUNE.config, config_text)];
        let folder = OutFolder::join(&TUNE, dir, &files)?;
        create_folder(&dir.join(SHARED))?;
        Ok(TuneFolder(folder))
    }

    /// Whether this process is to train the trial `name`.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if the file system has no locks; [`Error::Read`](dropwise::Error::Read);
    /// [`Error::WriteFile`](dropwise::Error::WriteFile).
    pub fn claim(&self, name: &str) -> Result<Claim> {
        if let Some(line) = self.ended(name)? {
            return Ok(Claim::Ended(line));
        }
        let path = self.dir().join(SHARED).join(format!("{name}.lock"));
        let Some(lock) = Lock::try_file(&path)? else {
            return Ok(Claim::Taken);
        };
        // It may have ended since.
        Ok(match self.ended(name)? {
            Some(line) => Claim::Ended(line),
            None => Claim::Granted(lock),
        })
    }

    /// Keeps the line of the trial `name`, for the others.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile).
    pub fn keep(&self, name: &str, line: &str) -> Result<()> {
        let path = self.dir().join(SHARED).join(format!("{name}.json"));
        atomic::write(&path, format!("{line}\n").as_bytes())
    }

    fn ended(&self, name: &str) -> Result<Option<String>> {
        let path = self.dir().join(SHARED).join(format!("{name}.json"));
        let text = read_if_there(&path)?;
        Ok(text.map(|text| text.trim_end().to_owned()))
    }

    /// The path of the file with a line for each trial.
    #[must_use]
    pub fn trials_path(&self) -> PathBuf {
        self.dir().join(TRIALS)
    }

    /// The text of the configuration that trials start from.
    ///
    /// # Errors
    /// [`Error::Read`](dropwise::Error::Read).
    pub fn config(&self) -> Result<String> {
        self.read(TUNE.config)
    }

    /// What was stored of the data.
    ///
    /// # Errors
    /// [`Error::Read`](dropwise::Error::Read).
    pub fn preparation(&self) -> Result<String> {
        self.read(PREPARATION)
    }

    /// The lines of all trials that have ended, whoever trained them. A last line that a killed process cut short is dropped.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if another line is not JSON;
    /// [`Error::Read`](dropwise::Error::Read).
    pub fn trials(&self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        jsonl::read(&self.trials_path(), |_, line: Box<RawValue>| {
            lines.push(line.get().to_owned());
            Ok(())
        })?;
        let shared = self.dir().join(SHARED);
        if shared.is_dir() {
            let mut names = names_in(&shared)?;
            names.sort();
            for name in names.iter().filter_map(|name| name.to_str()) {
                if let Some(name) = name.strip_suffix(".json") {
                    lines.extend(self.ended(name)?);
                }
            }
        }
        Ok(lines)
    }

    /// Drops a last line that a killed process cut short from the file too.
    ///
    /// # Errors
    /// As [`trials`](Self::trials), and [`Error::WriteFile`](dropwise::Error::WriteFile).
    pub fn mend(&self) -> Result<()> {
        jsonl::rewind(&self.trials_path(), |_| true)
    }

    /// Adds a trial's line, and brings it to the disk.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written; the file is then as it was.
    pub fn append(&self, line: &str) -> Result<()> {
        let path = self.trials_path();
        jsonl::append(&path, line)?;
        jsonl::sync(&path)
    }

    /// Writes the lines of all trials anew, in this order.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if they cannot be written; those before them stay.
    pub fn reorder(&self, lines: &[String]) -> Result<()> {
        let text: String = lines
            .iter()
            .flat_map(|line| [line.as_str(), "\n"])
            .collect();
        self.save(TRIALS, &text)
    }
}
