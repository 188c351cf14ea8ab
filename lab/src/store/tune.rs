//! Writing the study of `dropwise tune`, and going on with it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::kind::Kind;
use super::lock::Lock;
use super::run::remove_unfinished;
use super::{PREPARATION, atomic, cannot_read, metrics, refused};
use dropwise::error::Result;

/// The configuration that trials start from.
const TUNE: &str = KIND.config;

const KIND: Kind = Kind {
    config: "tune.toml",
    problem: "already holds a study",
    fix: "choose another --out, or go on with --resume",
};

/// A line for each trial that has ended.
const TRIALS: &str = "study.jsonl";

/// A folder that this process keeps its trials in. Every file appears whole or not at all; only `study.jsonl` grows,
/// line by line.
#[derive(Debug)]
pub struct TuneFolder {
    dir: PathBuf,
    _lock: Lock,
}

impl TuneFolder {
    /// Makes the folder `dir`, which is created, parents included, or has to be empty.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if the folder holds anything, or is in use;
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written.
    pub fn create(dir: &Path, config_text: &str, preparation_json: &str) -> Result<Self> {
        let lock = KIND.take(dir)?;
        atomic::write(&dir.join(PREPARATION), preparation_json.as_bytes())?;
        // The last of them: it is what makes the folder a study.
        atomic::write(&dir.join(TUNE), config_text.as_bytes())?;
        Ok(TuneFolder {
            dir: dir.to_owned(),
            _lock: lock,
        })
    }

    /// Takes the folder `dir`, to go on with what is in it.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if it holds no such study, or is in use;
    /// [`Error::Read`](dropwise::Error::Read) if it cannot be read.
    pub fn resume(dir: &Path) -> Result<Self> {
        if !dir.join(TUNE).is_file() {
            let problem = format!("expected the study of a `dropwise tune`, found no `{TUNE}`");
            return Err(refused(dir, problem, "leave out --resume to begin one"));
        }
        let lock = Lock::take(dir)?;
        remove_unfinished(dir)?;
        Ok(TuneFolder {
            dir: dir.to_owned(),
            _lock: lock,
        })
    }

    /// The folder's path.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The path of the file with a line for each trial.
    #[must_use]
    pub fn trials_path(&self) -> PathBuf {
        self.dir.join(TRIALS)
    }

    /// The text of the configuration that trials start from.
    ///
    /// # Errors
    /// [`Error::Read`](dropwise::Error::Read).
    pub fn config(&self) -> Result<String> {
        self.read(TUNE)
    }

    /// What was stored of the data.
    ///
    /// # Errors
    /// [`Error::Read`](dropwise::Error::Read).
    pub fn preparation(&self) -> Result<String> {
        self.read(PREPARATION)
    }

    /// The lines of all trials that have ended. A last line that a killed process left without its end is dropped,
    /// from the file too.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if another line is not JSON; [`Error::Read`](dropwise::Error::Read).
    pub fn trials(&self) -> Result<Vec<String>> {
        let path = self.trials_path();
        metrics::rewind(&path, |_| true)?;
        Ok(self.read(TRIALS)?.lines().map(str::to_owned).collect())
    }

    /// Adds a trial's line, and brings it to the disk.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written; the file is then as it was.
    pub fn append(&self, line: &str) -> Result<()> {
        let path = self.trials_path();
        metrics::append(&path, line)?;
        metrics::sync(&path)
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

    /// Writes the file `name`, in place of the one before it.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written; the one before it stays.
    pub fn save(&self, name: &str, text: &str) -> Result<()> {
        atomic::write(&self.dir.join(name), text.as_bytes())
    }

    fn read(&self, name: &str) -> Result<String> {
        let path = self.dir.join(name);
        match fs::read_to_string(&path) {
            Err(cause) if cause.kind() == ErrorKind::NotFound && name == TRIALS => {
                Ok(String::new())
            }
            read => read.map_err(|cause| cannot_read(&path, cause)),
        }
    }
}
