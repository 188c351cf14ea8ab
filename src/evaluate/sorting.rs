//! Numbers in order, any number of them: those that memory has no room for wait in a file.
//!
//! Records come in sequences, such as the scores of the rows of a class and those of the others. Where their memory is full, the longest
//! sequence is sorted and written, as a run. In the end the runs of a sequence are read side by side, a buffer of each at a time.

use std::borrow::Cow;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::mem::take;
use std::ops::Range;
use std::path::PathBuf;

use bytemuck::{cast_slice, cast_slice_mut};

use crate::error::{Error, Result};

/// So many sequences are read at a time, and share the memory for it.
const READERS: usize = 3;

/// Fewer bytes of a run at a time are too slow to read, so that runs are merged before.
const SHORTEST_READ: usize = 1 << 14;

/// Room for so many records to begin with.
const FIRST: usize = 64;

/// What a file without a name is called.
const UNNAMED: &str = "a temporary file";

/// A file for what evaluations have no memory for, which is made when the first of them needs it. Any number of them share it.
pub struct TemporaryFile<'a> {
    make: &'a dyn Fn() -> io::Result<File>,
    /// With the bytes that are in it.
    made: RefCell<Option<(File, u64)>>,
}

impl<'a> TemporaryFile<'a> {
    /// `make` gives an empty file to read and write, such as `tempfile::tempfile` does.
    #[must_use]
    pub fn new(make: &'a dyn Fn() -> io::Result<File>) -> Self {
        TemporaryFile {
            make,
            made: RefCell::default(),
        }
    }

    /// Whether anything had to be written.
    #[must_use]
    pub fn is_made(&self) -> bool {
        self.made.borrow().is_some()
    }

    /// Adds bytes at the end; where they are is the result.
    fn write(&self, bytes: &[u8]) -> Result<Range<u64>> {
        let mut made = self.made.borrow_mut();
        let mut write = || {
            let (file, end) = match &mut *made {
                Some(made) => made,
                none => none.insert(((self.make)()?, 0)),
            };
            file.seek(SeekFrom::Start(*end))?;
            file.write_all(bytes)?;
            let start = *end;
            *end += bytes.len() as u64;
            Ok(start..*end)
        };
        write().map_err(|cause| Error::WriteFile {
            path: PathBuf::from(UNNAMED),
            cause,
        })
    }

    fn read(&self, start: u64, bytes: &mut [u8]) -> Result<()> {
        let mut made = self.made.borrow_mut();
        let read = match &mut *made {
            Some((file, _)) => file
                .seek(SeekFrom::Start(start))
                .and_then(|_| file.read_exact(bytes)),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        read.map_err(|cause| Error::Read {
            path: PathBuf::from(UNNAMED),
            cause,
        })
    }
}

impl fmt::Debug for TemporaryFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("TemporaryFile");
        debug
            .field("is_made", &self.is_made())
            .finish_non_exhaustive()
    }
}

/// What there is to sort in.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Memory<'a> {
    /// That much of it, if there is a file; without one all stays in memory.
    pub(super) bytes: usize,
    pub(super) file: Option<&'a TemporaryFile<'a>>,
}

impl Memory<'_> {
    /// One of so many parts of it.
    pub(super) fn share(self, parts: usize) -> Self {
        Memory {
            bytes: self.bytes / parts,
            ..self
        }
    }
}

/// The bits of a number in the order of numbers; 0 and -0 have the same.
pub(super) fn key(number: f64) -> u64 {
    let bits = (number + 0.0).to_bits();
    match bits >> 63 {
        0 => bits | 1 << 63,
        _ => !bits,
    }
}

/// The number of a [`key`].
pub(super) fn number(key: u64) -> f64 {
    f64::from_bits(match key >> 63 {
        0 => !key,
        _ => key & !(1 << 63),
    })
}

/// Takes the records of some sequences. A record is a key, by which it is sorted, and the words that go with it.
#[derive(Debug)]
pub(super) struct Sorter<'a, const N: usize> {
    memory: Memory<'a>,
    sequences: Vec<Sequence<N>>,
    /// Records that there is room for.
    most: usize,
    /// Records whose room is taken.
    taken: usize,
}

/// Records in memory, and those that were written, from their first byte to their last.
#[derive(Debug, Default)]
struct Sequence<const N: usize> {
    records: Vec<[u64; N]>,
    runs: Vec<Range<u64>>,
}

impl<'a, const N: usize> Sorter<'a, N> {
    pub(super) fn new(sequences: usize, memory: Memory<'a>) -> Self {
        Sorter {
            memory,
            sequences: (0..sequences).map(|_| Sequence::default()).collect(),
            most: match memory.file {
                Some(_) => (memory.bytes / record_bytes::<N>()).max(1),
                None => usize::MAX,
            },
            taken: 0,
        }
    }

    /// # Errors
    /// [`Error::WriteFile`] if memory is full and the file cannot be written.
    pub(super) fn push(&mut self, sequence: usize, record: [u64; N]) -> Result<()> {
        let records = &self.sequences[sequence].records;
        if records.len() == records.capacity() {
            self.make_room(sequence)?;
        }
        self.sequences[sequence].records.push(record);
        Ok(())
    }

    fn make_room(&mut self, sequence: usize) -> Result<()> {
        if self.taken == self.most {
            let longest =
                (0..self.sequences.len()).max_by_key(|k| self.sequences[*k].records.len());
            self.write(longest.unwrap_or(sequence))?;
        }
        let records = &mut self.sequences[sequence].records;
        let before = records.capacity();
        // A vector that grows by itself takes twice as much, which may be more than is left.
        records.reserve_exact((before / 2).max(FIRST).min(self.most - self.taken));
        self.taken += records.capacity() - before;
        Ok(())
    }

    /// Writes what is in memory of a sequence as a run.
    fn write(&mut self, sequence: usize) -> Result<()> {
        let sequence = &mut self.sequences[sequence];
        let (Some(file), false) = (self.memory.file, sequence.records.is_empty()) else {
            return Ok(());
        };
        let mut records = take(&mut sequence.records);
        self.taken -= records.capacity();
        sort(&mut records);
        let run = file.write(cast_slice(records.as_flattened()))?;
        sequence.runs.push(run);
        Ok(())
    }

    /// All records in order. If some were written, all are, so that what reads them has the memory.
    ///
    /// # Errors
    /// [`Error::WriteFile`] and [`Error::Read`] of the file.
    pub(super) fn sorted(mut self) -> Result<Sorted<'a, N>> {
        if self.sequences.iter().all(|one| one.runs.is_empty()) {
            let sequences = self.sequences.iter_mut();
            sequences.for_each(|sequence| sort(&mut sequence.records));
            return Ok(Sorted(self));
        }
        for sequence in 0..self.sequences.len() {
            self.write(sequence)?;
        }
        let mut sorted = Sorted(self);
        for sequence in 0..sorted.0.sequences.len() {
            sorted.merge(sequence)?;
        }
        Ok(sorted)
    }
}

fn record_bytes<const N: usize>() -> usize {
    N * size_of::<u64>()
}

/// Nobody asks for the order of equal keys.
fn sort<const N: usize>(records: &mut [[u64; N]]) {
    records.sort_unstable_by_key(|record| record[0]);
}

/// Which of the records are read first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
}

/// The records of some sequences, each in order.
#[derive(Debug)]
pub(super) struct Sorted<'a, const N: usize>(Sorter<'a, N>);

impl<const N: usize> Sorted<'_, N> {
    /// How many records a sequence has.
    pub(super) fn len(&self, sequence: usize) -> usize {
        let Sequence { records, runs } = &self.0.sequences[sequence];
        let bytes: u64 = runs.iter().map(|run| run.end - run.start).sum();
        records.len() + bytes as usize / record_bytes::<N>()
    }

    /// Reads a sequence.
    ///
    /// # Errors
    /// [`Error::Read`] if the file cannot be read.
    pub(super) fn read(&self, sequence: usize, order: Order) -> Result<Reader<'_, N>> {
        let Sequence { records, runs } = &self.0.sequences[sequence];
        Reader::new(self.0.memory.share(READERS), (records, runs), order)
    }

    /// Calls `visit` with the number of records that each of some sequences has of each key.
    ///
    /// # Errors
    /// [`Error::Read`] if the file cannot be read.
    pub(super) fn each_key<const COUNT: usize>(
        &self,
        sequences: [usize; COUNT],
        order: Order,
        mut visit: impl FnMut([usize; COUNT]),
    ) -> Result<()> {
        const { assert!(COUNT <= READERS) }
        let readers = sequences.map(|sequence| self.read(sequence, order));
        let mut readers = readers.into_iter().collect::<Result<Vec<_>>>()?;
        loop {
            let keys = readers.iter().filter_map(Reader::key);
            let next = match order {
                Order::Ascending => keys.min(),
                Order::Descending => keys.max(),
            };
            let Some(key) = next else {
                return Ok(());
            };
            let mut counts = [0; COUNT];
            for (count, reader) in counts.iter_mut().zip(&mut readers) {
                *count = reader.count(key)?;
            }
            visit(counts);
        }
    }

    /// Merges runs of a sequence until there are few enough to be read side by side.
    fn merge(&mut self, sequence: usize) -> Result<()> {
        let Some(file) = self.0.memory.file else {
            return Ok(());
        };
        let memory = self.0.memory.share(READERS);
        let most = (memory.bytes / SHORTEST_READ).max(2);
        let room = (memory.bytes / record_bytes::<N>()).max(1);
        let runs = &mut self.0.sequences[sequence].runs;
        while runs.len() > most {
            let few: Vec<Range<u64>> = runs.drain(..most).collect();
            let mut reader = Reader::<N>::new(memory, (&[], &few), Order::Ascending)?;
            let mut merged: Option<Range<u64>> = None;
            let mut records = Vec::with_capacity(room);
            while reader.key().is_some() {
                while let Some(record) = reader.next()? {
                    records.push(record);
                    if records.len() == room {
                        break;
                    }
                }
                // Nothing else is written meanwhile, so that it all stands together.
                let part = file.write(cast_slice(records.as_flattened()))?;
                let start = merged.map_or(part.start, |merged| merged.start);
                merged = Some(start..part.end);
                records.clear();
            }
            runs.extend(merged);
        }
        Ok(())
    }
}

/// Reads a sequence in order.
#[derive(Debug)]
pub(super) struct Reader<'a, const N: usize> {
    file: Option<&'a TemporaryFile<'a>>,
    order: Order,
    runs: Vec<Run<'a, N>>,
    /// The run of each key that comes next, in the order that they are read in.
    next: BinaryHeap<Reverse<(u64, usize)>>,
}

/// A part of a run in memory, and where the rest is.
#[derive(Debug)]
struct Run<'a, const N: usize> {
    records: Cow<'a, [[u64; N]]>,
    /// So many of them were read.
    read: usize,
    rest: Range<u64>,
}

impl<'a, const N: usize> Reader<'a, N> {
    fn new(
        memory: Memory<'a>,
        (records, runs): (&'a [[u64; N]], &[Range<u64>]),
        order: Order,
    ) -> Result<Self> {
        let in_memory = (!records.is_empty()).then_some((Cow::Borrowed(records), 0..0));
        let room = memory.bytes / runs.len().max(1) / record_bytes::<N>();
        let room = room.max(1);
        let written = runs
            .iter()
            .map(|run| (Cow::Owned(Vec::with_capacity(room)), run.clone()));
        let runs = in_memory.into_iter().chain(written);
        let run = |(records, rest)| Run {
            records,
            read: 0,
            rest,
        };
        let mut reader = Reader {
            file: memory.file,
            order,
            runs: runs.map(run).collect(),
            next: BinaryHeap::new(),
        };
        for (k, run) in reader.runs.iter_mut().enumerate() {
            run.refill(reader.file, order)?;
            let key = run.head(order).map(|head| order.place(head[0]));
            reader.next.extend(key.map(|key| Reverse((key, k))));
        }
        Ok(reader)
    }

    /// The key that comes next.
    pub(super) fn key(&self) -> Option<u64> {
        let Reverse((place, _)) = self.next.peek()?;
        Some(self.order.place(*place))
    }

    /// The next record.
    ///
    /// # Errors
    /// [`Error::Read`] if the file cannot be read.
    pub(super) fn next(&mut self) -> Result<Option<[u64; N]>> {
        let Some(mut next) = self.next.peek_mut() else {
            return Ok(None);
        };
        let run = &mut self.runs[next.0.1];
        let record = run.head(self.order);
        run.read += 1;
        run.refill(self.file, self.order)?;
        match run.head(self.order) {
            Some(head) => next.0.0 = self.order.place(head[0]),
            None => _ = PeekMut::pop(next),
        }
        Ok(record)
    }

    /// The next record if it has this key.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub(super) fn next_of(&mut self, key: u64) -> Result<Option<[u64; N]>> {
        if self.key() == Some(key) {
            self.next()
        } else {
            Ok(None)
        }
    }

    /// Reads all that have this key, and counts them.
    fn count(&mut self, key: u64) -> Result<usize> {
        let mut count = 0;
        while self.next_of(key)?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}

impl Order {
    /// Where a key stands among those that are read, the least first; the key of such a place, too.
    fn place(self, key: u64) -> u64 {
        match self {
            Order::Ascending => key,
            Order::Descending => !key,
        }
    }
}

impl<const N: usize> Run<'_, N> {
    fn head(&self, order: Order) -> Option<[u64; N]> {
        let place = match order {
            Order::Ascending => Some(self.read),
            Order::Descending => self.records.len().checked_sub(1 + self.read),
        };
        self.records.get(place?).copied()
    }

    /// If all that is in memory was read, reads more from the file: from its beginning, or from its end.
    fn refill(&mut self, file: Option<&TemporaryFile<'_>>, order: Order) -> Result<()> {
        let (Some(file), false) = (file, self.rest.is_empty()) else {
            return Ok(());
        };
        if self.read < self.records.len() {
            return Ok(());
        }
        let records = self.records.to_mut();
        let left = (self.rest.end - self.rest.start) as usize / record_bytes::<N>();
        records.resize(records.capacity().min(left), [0; N]);
        let bytes: &mut [u8] = cast_slice_mut(records.as_flattened_mut());
        let count = bytes.len() as u64;
        let start = match order {
            Order::Ascending => self.rest.start,
            Order::Descending => self.rest.end - count,
        };
        file.read(start, bytes)?;
        self.read = 0;
        self.rest = match order {
            Order::Ascending => start + count..self.rest.end,
            Order::Descending => self.rest.start..start,
        };
        Ok(())
    }
}
