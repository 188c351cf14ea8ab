//! Folders that commands write their results to: begun once, locked while they are written, gone on with.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::lock::Lock;
use super::{LOCK, atomic, cannot_read, cannot_write, refused};
use dropwise::error::Result;

/// What a folder is for.
pub(super) struct Kind {
    /// The configuration that it was made for, written when all else of a new folder is there. Its name differs
    /// from kind to kind, so that one is not taken for another.
    pub(super) config: &'static str,
    /// What such a folder is, where another one was found in its place.
    pub(super) holds: &'static str,
    /// What is written before it, and left behind by a process that is killed in between.
    pub(super) before: &'static [&'static str],
    /// What is wrong with a folder that has a configuration, for a command that makes a new one.
    pub(super) problem: &'static str,
    /// What to do then; `{dir}` is the folder.
    pub(super) fix: &'static str,
}

/// The folder of a study.
const STUDY: Kind = Kind {
    config: "study.toml",
    holds: "the folder of a `dropwise study`",
    before: &[STUDY_SUMMARY],
    problem: "already holds a study",
    fix: "choose another --out, or go on with --resume",
};

const STUDY_SUMMARY: &str = "study.json";

/// What to do about a folder to go on with that holds nothing.
pub(super) const TO_BEGIN: &str = "leave out --resume to begin one";

impl Kind {
    /// Makes the folder, or takes an empty one.
    pub(super) fn take(&self, dir: &Path) -> Result<Lock> {
        create_folder(dir)?;
        self.refuse_content(dir)?;
        let lock = Lock::take(dir)?;
        // Another process may have made one and ended between the check and the lock.
        self.refuse_content(dir)?;
        remove_unfinished(dir)?;
        Ok(lock)
    }

    /// Refuses a folder that nothing of this kind was begun in, with what to do about it.
    pub(super) fn check_begun(&self, dir: &Path, fix: &str) -> Result<()> {
        let (holds, config) = (self.holds, self.config);
        if dir.join(config).is_file() {
            return Ok(());
        }
        let problem = format!("expected {holds}, found no `{config}`");
        Err(refused(dir, problem, fix))
    }

    /// Refuses a folder, which must exist, with anything in it but what is left of one that was never finished.
    pub(super) fn refuse_content(&self, dir: &Path) -> Result<()> {
        let mut names = names_in(dir)?;
        names.sort();
        if names.iter().any(|name| name == self.config) {
            let fix = self.fix.replace("{dir}", &dir.display().to_string());
            return Err(refused(dir, self.problem, fix));
        }
        // The lock comes first: without it no process has begun.
        let begun = names.iter().any(|name| name == LOCK);
        let is_left = |name: &OsString| {
            name == LOCK || is_unfinished(name) || self.before.iter().any(|known| name == known)
        };
        match names.iter().find(|name| !(begun && is_left(name))) {
            None => Ok(()),
            Some(name) => {
                let problem = format!("expected an empty folder, found `{}` in it", name.display());
                Err(refused(dir, problem, "choose another --out"))
            }
        }
    }
}

/// A folder that this process writes to. Every file appears whole or not at all.
#[derive(Debug)]
pub struct OutFolder {
    dir: PathBuf,
    /// `None` if it is only read.
    _lock: Option<Lock>,
}

impl OutFolder {
    /// Makes the folder `dir` of a study, parents included, with a summary of nothing; an existing one must be empty.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if the folder holds anything or is in use;
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written.
    pub fn for_study(dir: &Path, config_text: &str, summary_json: &str) -> Result<Self> {
        let files = [(STUDY_SUMMARY, summary_json), (STUDY.config, config_text)];
        OutFolder::create(&STUDY, dir, &files)
    }

    /// Takes the folder `dir`, to go on with the study in it.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if it holds no study or is in use;
    /// [`Error::Read`](dropwise::Error::Read) if it cannot be read.
    pub fn resume_study(dir: &Path) -> Result<Self> {
        OutFolder::check_study(dir, TO_BEGIN)?;
        OutFolder::resume(dir)
    }

    /// Refuses a folder that holds no study, with what to do about it.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store).
    pub fn check_study(dir: &Path, fix: &str) -> Result<()> {
        STUDY.check_begun(dir, fix)
    }

    /// Makes a folder with these files, written in this order: the last is the configuration.
    pub(super) fn create(kind: &Kind, dir: &Path, files: &[(&str, &str)]) -> Result<Self> {
        let lock = kind.take(dir)?;
        let folder = OutFolder {
            dir: dir.to_owned(),
            _lock: Some(lock),
        };
        for (name, text) in files {
            folder.save(name, text)?;
        }
        Ok(folder)
    }

    /// Takes a folder to go on with what is in it, and removes what interrupted writes left behind.
    pub(super) fn resume(dir: &Path) -> Result<Self> {
        let lock = Lock::take(dir)?;
        remove_unfinished(dir)?;
        Ok(OutFolder {
            dir: dir.to_owned(),
            _lock: Some(lock),
        })
    }

    /// Takes a folder together with other processes, and makes it if none of them has. Nothing that they may be writing is
    /// removed.
    pub(super) fn join(kind: &Kind, dir: &Path, files: &[(&str, &str)]) -> Result<Self> {
        if !dir.join(kind.config).is_file() {
            create_folder(dir)?;
            let lock = Lock::wait(dir)?;
            if !dir.join(kind.config).is_file() {
                kind.refuse_content(dir)?;
                remove_unfinished(dir)?;
                for (name, text) in files {
                    atomic::write(&dir.join(name), text.as_bytes())?;
                }
            }
            drop(lock);
        }
        Ok(OutFolder {
            dir: dir.to_owned(),
            _lock: Some(Lock::share(dir)?),
        })
    }

    /// A folder that is only read.
    pub(super) fn for_reading(dir: &Path) -> Self {
        OutFolder {
            dir: dir.to_owned(),
            _lock: None,
        }
    }

    /// The folder's path.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes the file `name`, in place of the one before it.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written; the one before it stays.
    pub fn save(&self, name: &str, text: &str) -> Result<()> {
        atomic::write(&self.dir.join(name), text.as_bytes())
    }

    pub(super) fn read(&self, name: &str) -> Result<String> {
        let path = self.dir.join(name);
        fs::read_to_string(&path).map_err(|cause| cannot_read(&path, cause))
    }
}

pub(super) fn is_unfinished(name: &OsString) -> bool {
    name.as_encoded_bytes()
        .starts_with(atomic::UNFINISHED.as_bytes())
}

/// Removes the files that a process was writing when it was killed. The lock is held: nobody else is writing.
pub(super) fn remove_unfinished(folder: &Path) -> Result<()> {
    let names = names_in(folder)?;
    let mut unfinished = names.iter().filter(|name| is_unfinished(name));
    unfinished.try_for_each(|name| remove(&folder.join(name)))
}

pub(super) fn names_in(folder: &Path) -> Result<Vec<OsString>> {
    let entries = fs::read_dir(folder).map_err(|cause| cannot_read(folder, cause))?;
    entries
        .map(|entry| Ok(entry?.file_name()))
        .collect::<io::Result<_>>()
        .map_err(|cause| cannot_read(folder, cause))
}

/// Creates a folder, parents included, and brings its name to the disk.
pub(super) fn create_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)
        .and_then(|()| atomic::sync_folder(atomic::folder_of(folder)))
        .map_err(|cause| cannot_write(folder, cause))
}

pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(cannot_write(path, cause)),
        _ => Ok(()),
    }
}
