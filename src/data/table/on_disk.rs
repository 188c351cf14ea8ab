//! Prepared rows in a file, for tables that memory does not hold.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};

/// The bytes of a number.
const NUMBER: usize = size_of::<f32>();

/// The bytes of rows that are read together, about, and how many such blocks are in memory.
const BLOCK: usize = 1 << 19;
const BLOCKS: usize = 128;

/// A file of rows, each of as many numbers of 32 bits, the least significant byte first.
#[derive(Debug)]
pub(super) struct RowFile {
    path: PathBuf,
    width: usize,
    rows: usize,
    read: Mutex<Blocks>,
}

/// The file, and blocks of it that were read last, the first first.
#[derive(Debug)]
struct Blocks {
    file: File,
    numbers: HashMap<usize, Vec<f32>>,
    order: VecDeque<usize>,
}

impl RowFile {
    /// A file that was prepared before, and what was said of it then; none if it is not there, or not whole.
    pub(super) fn open(path: &Path, rows: usize, width: usize) -> Option<(Self, Vec<String>)> {
        let file = File::open(path).ok()?;
        let is_whole = file.metadata().ok()?.len() == (rows * width * NUMBER) as u64;
        let notes = fs::read_to_string(notes_of(path)).ok()?;
        is_whole.then(|| {
            let opened = RowFile {
                path: path.to_owned(),
                width,
                rows,
                read: Mutex::new(Blocks {
                    file,
                    numbers: HashMap::new(),
                    order: VecDeque::new(),
                }),
            };
            (opened, notes.lines().map(str::to_owned).collect())
        })
    }

    /// Hands the numbers of each of these rows to `each`, with the place of the row among them.
    ///
    /// # Panics
    /// If the file can no longer be read.
    pub(super) fn read(&self, rows: &[usize], mut each: impl FnMut(usize, &[f32])) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let in_block = (BLOCK / (NUMBER * self.width.max(1))).max(1);
        let mut wanted: HashMap<usize, usize> = HashMap::new();
        for row in rows {
            *wanted.entry(row / in_block).or_insert(0) += 1;
        }
        let mut one = vec![0.0; self.width];
        for (place, row) in rows.iter().enumerate() {
            let block = row / in_block;
            // A row by itself is not worth a block.
            if wanted[&block] > 1 || read.numbers.contains_key(&block) {
                let first = block * in_block;
                let count = in_block.min(self.rows - first);
                let found = read.block(block, (first, count), self);
                each(place, &found[(row - first) * self.width..][..self.width]);
            } else {
                read.numbers(*row, &mut one, self);
                each(place, &one);
            }
        }
    }
}

impl Blocks {
    fn block(&mut self, block: usize, (first, count): (usize, usize), of: &RowFile) -> &[f32] {
        if !self.numbers.contains_key(&block) {
            let mut numbers = match self.order.len() {
                BLOCKS.. => self
                    .order
                    .pop_front()
                    .and_then(|old| self.numbers.remove(&old)),
                _ => None,
            }
            .unwrap_or_default();
            numbers.resize(count * of.width, 0.0);
            self.numbers(first, &mut numbers, of);
            self.order.push_back(block);
            self.numbers.insert(block, numbers);
        }
        &self.numbers[&block]
    }

    /// Reads numbers from the row `first` on.
    fn numbers(&mut self, first: usize, into: &mut [f32], of: &RowFile) {
        let mut bytes = vec![0; into.len() * NUMBER];
        let start = SeekFrom::Start((first * of.width * NUMBER) as u64);
        let read = self
            .file
            .seek(start)
            .and_then(|_| self.file.read_exact(&mut bytes));
        if let Err(cause) = read {
            let path = of.path.display();
            panic!("the prepared rows in {path} can no longer be read: {cause}");
        }
        for (number, bytes) in into.iter_mut().zip(bytes.as_chunks().0) {
            *number = f32::from_le_bytes(*bytes);
        }
    }
}

/// Writes a file of rows under another name, which it loses when it is whole.
pub(super) struct RowWriter {
    file: BufWriter<File>,
    path: PathBuf,
    partial: PathBuf,
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
        Ok(RowWriter {
            file: BufWriter::with_capacity(BLOCK, file),
            path: path.to_owned(),
            partial,
            width,
            next: 0,
        })
    }

    pub(super) fn write(&mut self, row: usize, numbers: impl Iterator<Item = f32>) -> Result<()> {
        let write = || -> io::Result<()> {
            if row != self.next {
                let start = (row * self.width * NUMBER) as u64;
                self.file.seek(SeekFrom::Start(start))?;
            }
            self.next = row + 1;
            for number in numbers {
                self.file.write_all(&number.to_le_bytes())?;
            }
            Ok(())
        };
        write().map_err(|cause| unwritable(&self.partial, cause))
    }

    /// Gives the file its name, with what is said of it beside it.
    pub(super) fn finish(mut self, notes: &[String]) -> Result<()> {
        let written = self
            .file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all());
        written.map_err(|cause| unwritable(&self.partial, cause))?;
        let beside = notes_of(&self.path);
        let lines: String = notes.iter().map(|note| format!("{note}\n")).collect();
        fs::write(&beside, lines).map_err(|cause| unwritable(&beside, cause))?;
        fs::rename(&self.partial, &self.path).map_err(|cause| unwritable(&self.path, cause))
    }
}

impl Drop for RowWriter {
    /// What is not whole does not stay.
    fn drop(&mut self) {
        _ = fs::remove_file(&self.partial);
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
