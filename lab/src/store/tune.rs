//! Writing the study of `dropwise tune`, and going on with it.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use super::folder::{Kind, OutFolder};
use super::{PREPARATION, jsonl, refused};
use dropwise::error::Result;

const TUNE: Kind = Kind {
    config: "tune.toml",
    before: &[PREPARATION],
    problem: "already holds a study",
    fix: "choose another --out, or go on with --resume",
};

/// A line for each trial that has ended.
const TRIALS: &str = "study.jsonl";

/// The folder of `dropwise tune`. Only `study.jsonl` grows, line by line.
#[derive(Debug)]
pub struct TuneFolder(OutFolder);

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
        let config = TUNE.config;
        if !dir.join(config).is_file() {
            let problem = format!("expected the study of a `dropwise tune`, found no `{config}`");
            return Err(refused(dir, problem, "leave out --resume to begin one"));
        }
        OutFolder::resume(dir).map(TuneFolder)
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

    /// The lines of all trials that have ended. A last line that a killed process cut short is dropped, from the
    /// file too.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if another line is not JSON;
    /// [`Error::Read`](dropwise::Error::Read).
    pub fn trials(&self) -> Result<Vec<String>> {
        let path = self.trials_path();
        jsonl::rewind(&path, |_| true)?;
        Ok(self.read(TRIALS)?.lines().map(str::to_owned).collect())
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
