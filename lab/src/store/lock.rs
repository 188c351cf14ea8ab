//! One process at a time writes to a run.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use super::{LOCK, cannot_write, refused};
use dropwise::error::{Error, Result};

/// The right to write to a run, held while this value lives. The operating system takes it back when
/// the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of the run in `dir`.
    ///
    /// # Errors
    /// [`Error::Store`] if a process holds it, or if the file system has no locks;
    /// [`Error::WriteFile`] if the file `lock` cannot be written.
    pub fn take(dir: &Path) -> Result<Lock> {
        let path = dir.join(LOCK);
        let file = open(&path)?;
        match file.try_lock() {
            Ok(()) => Lock::signed(file, &path),
            Err(TryLockError::WouldBlock) => Err(in_use(dir, file)),
            Err(TryLockError::Error(cause)) => Err(no_locks(&path, &cause)),
        }
    }

    /// Takes the lock of the folder `dir`, once those who hold it for a moment have let go of it.
    pub(super) fn wait(dir: &Path) -> Result<Lock> {
        let path = dir.join(LOCK);
        let file = open(&path)?;
        file.lock().map_err(|cause| no_locks(&path, &cause))?;
        Lock::signed(file, &path)
    }

    /// Takes a share of the lock of the folder `dir`, which others may have too, but nobody who takes all of it.
    pub(super) fn share(dir: &Path) -> Result<Lock> {
        let path = dir.join(LOCK);
        // Others hold it for a moment each, to look whether there is something to join.
        for _ in 0..100 {
            let file = open(&path)?;
            match file.try_lock_shared() {
                Ok(()) => return Ok(Lock { file }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
                Err(TryLockError::Error(cause)) => return Err(no_locks(&path, &cause)),
            }
        }
        Err(in_use(dir, open(&path)?))
    }

    /// Takes the lock that is the file `path`; none if a process holds it.
    pub(super) fn try_file(path: &Path) -> Result<Option<Lock>> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(no_locks(path, &cause)),
        }
    }

    /// Leaves the number of this process.
    fn signed(mut file: File, path: &Path) -> Result<Lock> {
        write_process_id(&mut file).map_err(|cause| cannot_write(path, cause))?;
        Ok(Lock { file })
    }
}

/// Not emptied on opening: the process that holds it has written its number there.
fn open(path: &Path) -> Result<File> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|cause| cannot_write(path, cause))
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child process that is just being started has a copy of it.
        let _ = self.file.unlock();
    }
}

fn write_process_id(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.write_all(format!("{}\n", std::process::id()).as_bytes())
}

fn in_use(dir: &Path, lock: File) -> Error {
    let problem = match process_id(lock) {
        Some(id) => format!("in use by process {id}"),
        None => "in use by another process".to_owned(),
    };
    let fix = "wait until it has ended, or choose another --out";
    refused(dir, problem, fix)
}

fn process_id(lock: File) -> Option<u32> {
    let mut text = String::new();
    lock.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn no_locks(path: &Path, cause: &io::Error) -> Error {
    let fix = "choose a folder on a disk of this machine";
    refused(path, format!("cannot be locked: {cause}"), fix)
}
