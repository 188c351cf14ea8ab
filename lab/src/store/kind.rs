//! The kinds of folder that a command makes, other than a run: each for one study, tuning or experiment.

use std::ffi::OsString;
use std::path::Path;

use super::lock::Lock;
use super::run::{create_folder, is_unfinished, names_in, remove_unfinished};
use super::{LOCK, refused};
use dropwise::error::Result;

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
        let ours = |name: &OsString| name == LOCK || is_unfinished(name);
        match names.iter().find(|name| !ours(name)) {
            None => Ok(()),
            Some(name) => {
                let problem = format!("expected an empty folder, found `{}` in it", name.display());
                Err(refused(dir, problem, "choose another --out"))
            }
        }
    }
}
