//! Writing a study.

use std::path::{Path, PathBuf};

use super::atomic;
use super::kind::Kind;
use super::lock::Lock;
use dropwise::error::Result;

const STUDY: Kind = Kind {
    config: "study.toml",
    problem: "already holds a study",
    fix: "choose another --out",
};

/// A folder that this process keeps a study in. Every file appears whole or not at all.
#[derive(Debug)]
pub struct StudyFolder {
    dir: PathBuf,
    _lock: Lock,
}

impl StudyFolder {
    /// Makes the folder `dir`, which is created, parents included, or has to be empty.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if the folder holds anything, or is in use;
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written.
    pub fn create(dir: &Path, config_text: &str) -> Result<Self> {
        let lock = STUDY.take(dir)?;
        atomic::write(&dir.join(STUDY.config), config_text.as_bytes())?;
        Ok(StudyFolder {
            dir: dir.to_owned(),
            _lock: lock,
        })
    }

    /// Writes the file `name`, in place of the one before it.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written; the one before it stays.
    pub fn save(&self, name: &str, text: &str) -> Result<()> {
        atomic::write(&self.dir.join(name), text.as_bytes())
    }
}
