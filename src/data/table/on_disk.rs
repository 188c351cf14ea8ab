//! Prepared rows in a file, for tables that memory does not hold.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::data::row_file::RowFile;
use crate::error::{Error, Result};

/// The bytes that are written together.
const BUFFER: usize = 1 << 19;

/// Rows of as many bytes.
pub(super) struct Prepared(RowFile);

impl Prepared {
    fn new(name: String, file: File, (rows, width): (usize, usize)) -> Self {
        Prepared(RowFile::new(name, file, (0, width), rows))
    }

    /// A file that was prepared before, and what was said of it then; none if it is not there, or not whole.
    pub(super) fn open(path: &Path, rows: usize, width: usize) -> Option<(Self, Vec<String>)> {
        let file = File::open(path).ok()?;
        let is_whole = file.metadata().ok()?.len() == (rows * width) as u64;
        let notes = fs::read_to_string(notes_of(path)).ok()?;
        is_whole.then(|| {
            let opened = Prepared::new(path.display().to_string(), file, (rows, width));
            (opened, notes.lines().map(str::to_owned).collect())
        })
    }

    /// Hands the bytes of each of these rows to `each`, with the place of the row among them.
    ///
    /// # Panics
    /// If the file can no longer be read.
    pub(super) fn read(&self, rows: &[usize], each: impl FnMut(usize, &[u8])) {
        self.0.read(rows, each);
    }

    /// Begins to read rows that are wanted soon.
    pub(super) fn read_ahead(&self, rows: &[usize]) {
        self.0.read_ahead(rows);
    }
}

/// Writes rows: to a file under another name, which it loses when it is whole, or to one without a name.
pub(super) struct RowWriter {
    file: BufWriter<File>,
    /// Its name, and that which it has before it is whole.
    names: Option<(PathBuf, PathBuf)>,
    width: usize,
    /// The row that comes next where the last one was written.
    next: usize,
}

impl RowWriter {
    pub(super) fn create(path: &Path, width: usize) -> Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|cause| unwritable(folder, cause))?;
        // Another process may prepare the same rows.
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        let file = File::create(&partial).map_err(|cause| unwritable(&partial, cause))?;
        Ok(RowWriter::of(file, Some((path.to_owned(), partial)), width))
    }

    /// To a file that is gone when it is closed.
    pub(super) fn unnamed(file: io::Result<File>, width: usize) -> Result<Self> {
        let file = file.map_err(|cause| unwritable(Path::new(UNNAMED), cause))?;
        Ok(RowWriter::of(file, None, width))
    }

    fn of(file: File, names: Option<(PathBuf, PathBuf)>, width: usize) -> Self {
        RowWriter {
            file: BufWriter::with_capacity(BUFFER, file),
            names,
            width,
            next: 0,
        }
    }

    pub(super) fn write(&mut self, row: usize, bytes: &[u8]) -> Result<()> {
        let mut write = || -> io::Result<()> {
            if row != self.next {
                let start = (row * self.width) as u64;
                self.file.seek(SeekFrom::Start(start))?;
            }
            self.next = row + 1;
            self.file.write_all(bytes)
        };
        write().map_err(|cause| self.unwritable(cause))
    }

    /// Gives the file its name, with what is said of it beside it.
    pub(super) fn finish(mut self, notes: &[String]) -> Result<()> {
        let written = self
            .file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all());
        written.map_err(|cause| self.unwritable(cause))?;
        let Some((path, partial)) = &self.names else {
            return Ok(());
        };
        let beside = notes_of(path);
        let lines: String = notes.iter().map(|note| format!("{note}\n")).collect();
        fs::write(&beside, lines).map_err(|cause| unwritable(&beside, cause))?;
        fs::rename(partial, path).map_err(|cause| unwritable(path, cause))
    }

    /// The rows of a file without a name, `rows` of them.
    pub(super) fn prepared(mut self, rows: usize) -> Result<Prepared> {
        let file = self
            .file
            .flush()
            .and_then(|()| self.file.get_ref().try_clone());
        let file = file.map_err(|cause| self.unwritable(cause))?;
        Ok(Prepared::new(UNNAMED.to_owned(), file, (rows, self.width)))
    }

    fn unwritable(&self, cause: io::Error) -> Error {
        let path = self.names.as_ref().map(|(_, partial)| partial.as_path());
        unwritable(path.unwrap_or(Path::new(UNNAMED)), cause)
    }
}

/// What a file without a name is called.
const UNNAMED: &str = "a temporary file";

impl Drop for RowWriter {
    /// What is not whole does not stay.
    fn drop(&mut self) {
        if let Some((_, partial)) = &self.names {
            _ = fs::remove_file(partial);
        }
    }
}

fn notes_of(path: &Path) -> PathBuf {
    path.with_extension("notes")
}

fn unwritable(path: &Path, cause: io::Error) -> Error {
    Error::WriteFile {
        path: path.to_owned(),
        cause,
    }
}
