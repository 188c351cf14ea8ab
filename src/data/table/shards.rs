//! A table in several files: shards.

use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};

use super::raw::Head;
use super::scan::{Files, Pieces, Wanted};
use crate::error::{Error, Result};

/// Opens a file whose columns are counted as those of the first file are, which has none to look to.
type Open<'a> = Box<dyn Fn(&Path, Option<&Head>) -> Result<Box<dyn Files + 'a>> + 'a>;

/// How far the reading of a table has come.
#[derive(Debug, Clone, Copy, PartialEq)]
#[doc(hidden)]
pub struct Reading {
    /// The rows that were read so far. A table is read several times.
    pub rows: usize,
    /// The share that is done of all readings, where it can be told.
    pub share: Option<f64>,
}

/// Whether to go on.
type Watch<'a> = &'a dyn Fn(Reading) -> bool;

/// One file after the other. Each is opened when it is its turn, and must have the columns of the first.
struct Shards<'a> {
    head: Head,
    paths: Vec<PathBuf>,
    opened: Vec<OnceCell<Box<dyn Files + 'a>>>,
    open: Open<'a>,
    /// The bytes of all files.
    bytes: usize,
    passed: Cell<Passed>,
    watch: Watch<'a>,
    /// How many times all rows are gone through.
    readings: usize,
}

/// What was read so far.
#[derive(Clone, Copy, Default)]
struct Passed {
    readings: usize,
    /// In this reading.
    rows: usize,
    bytes: usize,
    /// In all.
    all_rows: usize,
}

/// The table that a path stands for: a file, all files of a folder, or all whose names fit a pattern. Its columns are counted as those of
/// `like` are. It is read so many times.
///
/// # Errors
/// [`Error::Read`] for a file or folder that cannot be read, [`Error::Data`] where no file fits.
pub(in crate::data) fn open<'a>(
    path: &Path,
    like: Option<&Head>,
    open: impl Fn(&Path, Option<&Head>) -> Result<Box<dyn Files + 'a>> + 'a,
    (watch, readings): (Watch<'a>, usize),
) -> Result<Box<dyn Files + 'a>> {
    let paths = files_of(path)?;
    let first = open(&paths[0], like)?;
    let sizes = paths.iter().filter_map(|path| path.metadata().ok());
    let shards = Shards {
        head: first.head().clone(),
        opened: paths.iter().map(|_| OnceCell::new()).collect(),
        bytes: sizes.map(|about| about.len() as usize).sum(),
        paths,
        open: Box::new(open),
        passed: Cell::default(),
        watch,
        readings,
    };
    _ = shards.opened[0].set(first);
    Ok(Box::new(shards))
}

impl<'s> Files for Shards<'s> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn pieces<'a>(&'a self, wanted: &Wanted) -> Result<Pieces<'a>> {
        self.again();
        let wanted = wanted.clone();
        let mut left = self.opened.iter().zip(&self.paths);
        let mut pieces: Option<Pieces<'a>> = None;
        Ok(Box::new(move || {
            loop {
                if let Some(next) = pieces.as_mut().map(|next| next()).transpose()?.flatten() {
                    return Ok(Some(next));
                }
                let Some((opened, path)) = left.next() else {
                    return Ok(None);
                };
                if opened.get().is_none() {
                    _ = opened.set((self.open)(path, Some(&self.head))?);
                }
                pieces = opened.get().map(|file| file.pieces(&wanted)).transpose()?;
            }
        }))
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn forget(&self) {
        let opened = self.opened.iter().filter_map(OnceCell::get);
        opened.for_each(|file| file.forget());
    }

    fn again(&self) {
        let mut passed = self.passed.get();
        passed.readings += 1;
        (passed.rows, passed.bytes) = (0, 0);
        self.passed.set(passed);
    }

    fn passed(&self, rows: usize, bytes: usize) -> Result<()> {
        let mut passed = self.passed.get();
        passed.rows += rows;
        passed.bytes += bytes;
        passed.all_rows += usize::from(passed.readings == 1) * rows;
        self.passed.set(passed);
        let of_this = match passed.readings {
            // Of what is packed more bytes come out than the file has.
            1 if passed.bytes > self.bytes => None,
            1 => (passed.bytes > 0).then(|| passed.bytes as f64 / self.bytes as f64),
            _ => Some(passed.rows as f64 / passed.all_rows.max(1) as f64),
        };
        let before = passed.readings as f64 - 1.0;
        let share = of_this.map(|share| ((before + share) / self.readings as f64).min(1.0));
        let rows = (passed.readings - 1) * passed.all_rows + passed.rows;
        match (self.watch)(Reading { rows, share }) {
            true => Ok(()),
            false => Err(Error::Interrupted(self.head.file().to_owned())),
        }
    }
}

/// The files that a path stands for, in the order of their names.
fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
    let name = path.file_name().and_then(|name| name.to_str());
    let pattern = name.filter(|name| name.contains(['*', '?']) && !path.exists());
    let folder = match pattern {
        None if path.is_dir() => path,
        None => return Ok(vec![path.to_owned()]),
        Some(_) => match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        },
    };
    let unreadable = |cause| Error::Read {
        path: folder.to_owned(),
        cause,
    };
    let mut found = Vec::new();
    for entry in folder.read_dir().map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let name = file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        // What programs put beside shards: `_SUCCESS`, `.crc`.
        let is_shard = match pattern {
            Some(pattern) => fits(pattern.as_bytes(), name.as_bytes()),
            None => !name.starts_with(['_', '.']),
        };
        if is_shard && file.is_file() {
            found.push(file);
        }
    }
    found.sort();
    if found.is_empty() {
        let (what, fix) = match pattern {
            Some(_) => ("no file has a name that fits", "look at the pattern"),
            None => (
                "the folder has no files",
                "give a folder with the table's files",
            ),
        };
        return Err(Error::data(path.display().to_string(), "", what, fix));
    }
    Ok(found)
}

/// Whether a name fits a pattern, in which `*` stands for any letters and `?` for one byte.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=name.len()).any(|taken| fits(rest, &name[taken..])),
        (Some((b'?', rest)), Some((_, left))) => fits(rest, left),
        (Some((wanted, rest)), Some((letter, left))) => wanted == letter && fits(rest, left),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_the_names_that_a_shell_would_find() {
        let fits = |pattern: &str, name: &str| fits(pattern.as_bytes(), name.as_bytes());
        assert!(fits("part-*.csv", "part-0.csv") && fits("*", "x") && fits("a*b*c", "a1b2b3c"));
        assert!(fits("part-?.csv", "part-1.csv") && !fits("part-?.csv", "part-10.csv"));
        assert!(!fits("part-*.csv", "part-0.csv.gz") && !fits("*.csv", "csv"));
    }
}
