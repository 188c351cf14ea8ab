//! Writing a study.

use std::path::{Path, PathBuf};

use super::lock::Lock;
use super::run::{create_folder, names_in, remove_unfinished};
use super::{LOCK, atomic, refused};
use crate::error::Result;

/// The configuration of a study's first setting. It has another name than a run's, so that a study is not taken
/// for a run.
const STUDY: &str = "study.toml";

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
        let lock = take(dir, STUDY)?;
        atomic::write(&dir.join(STUDY), config_text.as_bytes())?;
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

/// Makes or takes an empty folder, for a study whose configuration is to be called `config`.
pub(super) fn take(dir: &Path, config: &str) -> Result<Lock> {
    create_folder(dir)?;
    refuse_content(dir, config)?;
    let lock = Lock::take(dir)?;
    // Between that look and the lock another process may have made a study and ended.
    refuse_content(dir, config)?;
    remove_unfinished(dir)?;
    Ok(lock)
}

fn refuse_content(dir: &Path, config: &str) -> Result<()> {
    let names = names_in(dir)?;
    let fix = "choose another --out";
    if names.iter().any(|name| name == config) {
        let fix = match config {
            STUDY => fix,
            _ => "choose another --out, or go on with --resume",
        };
        return Err(refused(dir, "already holds a study", fix));
    }
    // A process that was killed while it made one leaves these.
    let ours = |name: &std::ffi::OsString| name == LOCK || super::run::is_unfinished(name);
    match names.iter().find(|name| !ours(name)) {
        None => Ok(()),
        Some(name) => {
            let problem = format!("expected an empty folder, found `{}` in it", name.display());
            Err(refused(dir, problem, fix))
        }
    }
}
