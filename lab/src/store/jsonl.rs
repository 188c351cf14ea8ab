//! Files that grow a line of JSON at a time: metrics, recorded weights, the trials of a study.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{atomic, cannot_read, cannot_write, refused};
use dropwise::error::{Error, Result};

/// Appends `line` and a line break in one call to the operating system. If that fails half-way, the
/// file is cut back to what it was.
pub fn append(path: &Path, line: &str) -> Result<()> {
    if line.contains('\n') {
        return Err(Error::invalid(
            "a line of metrics",
            "one line",
            format!("{line:?}"),
        ));
    }
    append_bytes(path, format!("{line}\n").as_bytes()).map_err(|cause| cannot_write(path, cause))
}

fn append_bytes(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Opened anew for each line, so that a folder that was removed meanwhile is noticed.
    let mut file = open(path)?;
    let length = file.metadata()?.len();
    let written = file.write_all(bytes);
    if written.is_err() {
        file.set_len(length)?;
    }
    written
}

/// Brings all lines to the disk.
pub fn sync(path: &Path) -> Result<()> {
    let synced = open(path).and_then(|file| file.sync_all());
    synced.map_err(|cause| cannot_write(path, cause))
}

fn open(path: &Path) -> io::Result<File> {
    File::options().append(true).create(true).open(path)
}

/// Keeps the lines for which `keep` holds. A last line that was cut short is dropped. A missing file
/// counts as an empty one.
pub fn rewind(path: &Path, keep: impl Fn(&Value) -> bool) -> Result<()> {
    let bytes = match fs::read(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(|cause| cannot_read(path, cause))?,
    };
    let mut lines = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .enumerate()
        .peekable();
    let mut kept = Vec::with_capacity(bytes.len());
    while let Some((index, line)) = lines.next() {
        let torn = !line.ends_with(b"\n");
        match serde_json::from_slice(line) {
            Ok(value) if !torn && keep(&value) => kept.extend_from_slice(line),
            Err(cause) if lines.peek().is_some() => return Err(not_json(path, index + 1, &cause)),
            _ => {}
        }
    }
    atomic::write(path, &kept)
}

/// Calls `take(number, line)` for each line in turn, its number counted from 1, without holding more than one. A
/// last line that was cut short is left out. A missing file counts as an empty one.
pub fn read<T: DeserializeOwned>(
    path: &Path,
    mut take: impl FnMut(usize, T) -> Result<()>,
) -> Result<()> {
    let file = match File::open(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(|cause| cannot_read(path, cause))?,
    };
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let (mut line, mut damaged) = (Vec::new(), None);
    for number in 1.. {
        line.clear();
        reader
            .read_until(b'\n', &mut line)
            .map_err(|cause| cannot_read(path, cause))?;
        if line.is_empty() {
            break;
        }
        // Only the last line may be damaged, and this one comes after it.
        if let Some(cause) = damaged {
            return Err(not_json(path, number - 1, &cause));
        }
        damaged = match serde_json::from_slice(&line) {
            Ok(value) if line.ends_with(b"\n") => take(number, value).map(|()| None)?,
            Ok(_) => None,
            Err(cause) => Some(cause),
        };
    }
    Ok(())
}

fn not_json(path: &Path, line: usize, cause: &serde_json::Error) -> Error {
    let problem =
        format!("line {line}: expected JSON as training writes it, found something else: {cause}");
    refused(path, problem, "delete the line")
}
