//! The folder that the files go to: what is there already, and who may write.

use std::fs::{self, TryLockError};
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::Path;

use dropwise::{Error, Result};
use sha2::{Digest, Sha256};

use super::manifest::{File, Sha256Hex};

/// Whether the file is there already. Something else of its name is an error: it may be of value.
pub(super) fn is_complete(path: &Path, file: &File) -> Result<bool> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(cause) if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(false);
        }
        Err(cause) => return Err(unreadable(path, cause)),
    };
    if !found.is_file() {
        return Err(not_the_file(path, "it is not a file"));
    }
    if found.len() != file.bytes.get() {
        let problem = format!("expected {} bytes, found {}", file.bytes, found.len());
        return Err(not_the_file(path, &problem));
    }
    let hash = sha256(path)?;
    if hash != file.sha256 {
        return Err(not_the_file(path, &difference(&file.sha256, &hash)));
    }
    Ok(true)
}

/// Two hashes that should be one, in words.
pub(super) fn difference(expected: &Sha256Hex, found: &Sha256Hex) -> String {
    format!("expected SHA-256 {}, found {}", expected.0, found.0)
}

/// The SHA-256 of a file's bytes.
pub(super) fn sha256(path: &Path) -> Result<Sha256Hex> {
    let digest = digest(path).map_err(|cause| unreadable(path, cause))?;
    let digits = digest.iter().map(|byte| format!("{byte:02x}"));
    Ok(Sha256Hex(digits.collect()))
}

fn digest(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = BufReader::with_capacity(64 * 1024, fs::File::open(path)?);
    let mut hasher = Sha256::new();
    loop {
        let bytes = file.fill_buf()?;
        if bytes.is_empty() {
            return Ok(hasher.finalize().to_vec());
        }
        hasher.update(bytes);
        let count = bytes.len();
        file.consume(count);
    }
}

/// Makes the folder if need be and keeps other fetches out of it for as long as the result lives.
///
/// The file that is locked stays: a process that waits for a lock on a removed file would share the
/// folder with one that made a new file.
pub(super) fn lock(dir: &Path) -> Result<fs::File> {
    if dir.exists() && !dir.is_dir() {
        return Err(Error::Download {
            path: dir.to_owned(),
            problem: "this is a file, not a folder".to_owned(),
            fix: "name another folder with --dir".to_owned(),
        });
    }
    fs::create_dir_all(dir).map_err(|cause| unwritable(dir, cause))?;
    let path = dir.join(".fetch.lock");
    let file = fs::File::create(&path).map_err(|cause| unwritable(&path, cause))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Download {
            path: dir.to_owned(),
            problem: "another `dropwise fetch` is at work in this folder".to_owned(),
            fix: "wait until it has ended".to_owned(),
        }),
        Err(TryLockError::Error(cause)) => Err(unwritable(&path, cause)),
    }
}

/// Gives a complete part its name; after this a power cut does not take the file away.
pub(super) fn finish(part: &Path, path: &Path) -> Result<()> {
    fs::File::open(part)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(part, path))
        .map_err(|cause| unwritable(path, cause))?;
    // Elsewhere a folder cannot be opened as a file.
    #[cfg(unix)]
    if let Some(dir) = path.parent() {
        fs::File::open(dir)
            .and_then(|dir| dir.sync_all())
            .map_err(|cause| unwritable(dir, cause))?;
    }
    Ok(())
}

fn not_the_file(path: &Path, problem: &str) -> Error {
    Error::Download {
        path: path.to_owned(),
        problem: format!("this is not the file that should be here: {problem}"),
        fix: "remove it to have it fetched again, or name another folder with --dir".to_owned(),
    }
}

fn unreadable(path: &Path, cause: io::Error) -> Error {
    Error::Read {
        path: path.to_owned(),
        cause,
    }
}

pub(super) fn unwritable(path: &Path, cause: io::Error) -> Error {
    Error::WriteFile {
        path: path.to_owned(),
        cause,
    }
}
