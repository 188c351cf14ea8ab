//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use super::cannot_write;
use dropwise::error::Result;

/// How the names of unfinished files begin. A process that is killed may leave one behind.
pub(super) const UNFINISHED: &str = ".dropwise-";

/// Writes a file so that a reader, a crash or a power cut finds the old content or the new one,
/// never a part of either: written beside, brought to the disk, then renamed.
///
/// The file gets the permissions that a new file gets. If the writing fails, the old file is as it
/// was and nothing is left beside it.
///
/// # Errors
/// [`Error::WriteFile`](dropwise::Error::WriteFile) with `path`: a full disk, a missing or read-only folder.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes).map_err(|cause| {
        let folder = folder_of(path);
        let cause = match cause.kind() {
            ErrorKind::NotFound if !folder.exists() => {
                let folder = folder.display();
                let words = format!(
                    "there is no folder `{folder}`; make it, `mkdir -p {folder}`, or name another"
                );
                io::Error::new(ErrorKind::NotFound, words)
            }
            _ => cause,
        };
        cannot_write(path, cause)
    })
}

/// Gives a file that was written under another name its own, once its bytes are on the disk.
///
/// # Errors
/// [`Error::WriteFile`](dropwise::Error::WriteFile) with `path`.
pub fn rename(unfinished: &Path, path: &Path) -> Result<()> {
    File::open(unfinished)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(unfinished, path))
        .and_then(|()| sync_folder(folder_of(path)))
        .map_err(|cause| cannot_write(path, cause))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    // `tempfile_in` would make a file that only its owner may read, and the rename would keep that.
    let mut unfinished = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .make_in(folder, |path| File::create_new(path))?;
    unfinished.as_file_mut().write_all(bytes)?;
    unfinished.as_file().sync_all()?;
    unfinished.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// The folder that a file is in; `.` for a bare name.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Brings new, renamed and removed names in a folder to the disk. Windows does so by itself, and
/// opens no folder as a file.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    use ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // A folder that may be written but not read, or a file system that cannot do this: the names
        // reach the disk in their own time.
        Err(cause) if [PermissionDenied, InvalidInput, Unsupported].contains(&cause.kind()) => {
            Ok(())
        }
        synced => synced,
    }
}
