//! Writing a study.

use std::path::{Path, PathBuf};

use super::lock::Lock;
use super::run::{create_folder, names_in, remove_unfinished};
use super::{LOCK, atomic, refused};
use crate::error::Result;

const STUDY: Kind = Kind {
    config: "study.toml",
    problem: "already holds a study",
    fix: "choose another --out",
};

/// A kind of folder that a command makes.
pub(super) struct Kind {
    /// The configuration that it was made for, written when all else of a new folder is there. It has another name in each
    /// kind and in a run, so that they are not taken for each other.
    pub(super) config: &'static str,
    /// What is wrong with a folder that has one, for a command that wants to make it.
    pub(super) problem: &'static str,
    /// What to do then.
    pub(super) fix: &'static str,
}

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
    /// [`Error::Store`](crate::Error::Store) if the folder holds anything, or is in use;
    /// [`Error::WriteFile`](crate::Error::WriteFile) if it cannot be written.
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
    /// [`Error::WriteFile`](crate::Error::WriteFile) if it cannot be written; the one before it stays.
    pub fn save(&self, name: &str, text: &str) -> Result<()> {
        atomic::write(&self.dir.join(name), text.as_bytes())
    }
}

impl Kind {
    /// Makes or takes an empty folder.
    pub(super) fn take(&self, dir: &Path) -> Result<Lock> {
        create_folder(dir)?;
        self.refuse_content(dir)?;
        let lock = Lock::take(dir)?;
        // Between that look and the lock another process may have made one and ended.
        self.refuse_content(dir)?;
        remove_unfinished(dir)?;
        Ok(lock)
    }

    /// Refuses a folder, which has to be there, with anything in it.
    pub(super) fn refuse_content(&self, dir: &Path) -> Result<()> {
        let mut names = names_in(dir)?;
        names.sort();
        if names.iter().any(|name| name == self.config) {
            return Err(refused(dir, self.problem, self.fix));
        }
        // A process that was killed while it made one leaves these.
        let ours = |name: &std::ffi::OsString| name == LOCK || super::run::is_unfinished(name);
        match names.iter().find(|name| !ours(name)) {
            None => Ok(()),
            Some(name) => {
                let problem = format!("expected an empty folder, found `{}` in it", name.display());
                Err(refused(dir, problem, "choose another --out"))
            }
        }
    }
}
