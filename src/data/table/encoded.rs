//! A table's rows as they are held for training.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use super::lines::Lines;
use super::on_disk::{Prepared, RowWriter};
use super::scan::Starts;
use super::target::Targets;
use crate::data::preprocessing::{Column, ColumnKind, TablePreprocessing};
use crate::data::{Source, Task};
use crate::error::{Error, Result};

/// A table in memory, a number a cell: categories become inputs, and classes targets, as a row is read.
pub(super) struct Encoded {
    pub(super) preprocessing: TablePreprocessing,
    pub(super) task: Task,
    pub(super) codes: Codes,
    pub(super) targets: Targets,
    /// `[rows]`: what each counts in the training loss; none where all count the same.
    pub(super) weights: Option<Vec<f64>>,
    /// Of each row, how many of those that are used stand before it in the table.
    pub(super) order: Vec<u32>,
    /// Where each stands in its file, by that number.
    pub(super) lines: Lines,
}

/// The codes of a table's cells, `[rows, columns]`: see [`TablePreprocessing::encode`].
pub(super) struct Codes {
    layout: Layout,
    numbers: Numbers,
}

/// How a row's codes are written as bytes.
#[derive(Clone)]
pub(super) struct Layout(Vec<Width>);

/// How a code is written.
#[derive(Clone, Copy)]
enum Width {
    /// The number of a category, in one byte or in two; the largest number stands for none.
    One,
    Two,
    /// A number with the 32 bits that a step computes with.
    Four,
    /// The seconds of a date, which 32 bits do not hold: what is left of them is a number more.
    Date,
}

impl Width {
    fn of(column: &Column) -> Self {
        match &column.kind {
            ColumnKind::Numeric { .. } => Width::Four,
            ColumnKind::Date { .. } => Width::Date,
            // The number after the last category is that of a new one.
            ColumnKind::Categorical { categories, .. } => {
                match categories.len() < usize::from(u8::MAX) {
                    true => Width::One,
                    false => Width::Two,
                }
            }
        }
    }

    fn bytes(self) -> usize {
        match self {
            Width::One => 1,
            Width::Two => 2,
            Width::Four => 4,
            Width::Date => 8,
        }
    }
}

impl Layout {
    pub(super) fn of(preprocessing: &TablePreprocessing) -> Self {
        Layout(preprocessing.columns.iter().map(Width::of).collect())
    }

    /// The bytes of a row.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().copied().map(Width::bytes).sum()
    }

    fn write(&self, codes: &[f64], into: &mut Vec<u8>) {
        for (code, width) in codes.iter().zip(&self.0) {
            let high = *code as f32;
            match width {
                Width::One if code.is_nan() => into.push(u8::MAX),
                Width::One => into.push(*code as u8),
                Width::Two if code.is_nan() => into.extend(u16::MAX.to_le_bytes()),
                Width::Two => into.extend((*code as u16).to_le_bytes()),
                Width::Four => into.extend(high.to_le_bytes()),
                Width::Date => {
                    into.extend(high.to_le_bytes());
                    into.extend(((code - f64::from(high)) as f32).to_le_bytes());
                }
            }
        }
    }

    fn read(&self, mut bytes: &[u8]) -> impl Iterator<Item = f64> {
        fn next<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
            let Some((first, rest)) = bytes.split_first_chunk() else {
                return [u8::MAX; N];
            };
            *bytes = rest;
            *first
        }
        let known = |number: u16, none: u16| match number == none {
            true => f64::NAN,
            false => number.into(),
        };
        self.0.iter().map(move |width| match width {
            Width::One => known(u8::from_le_bytes(next(&mut bytes)).into(), u8::MAX.into()),
            Width::Two => known(u16::from_le_bytes(next(&mut bytes)), u16::MAX),
            Width::Four => f32::from_le_bytes(next(&mut bytes)).into(),
            Width::Date => {
                let mut number = || f64::from(f32::from_le_bytes(next(&mut bytes)));
                number() + number()
            }
        })
    }
}

/// A hash of numbers, one after the other: of each the product with what came before, both halves of it.
#[derive(Clone, Copy, Default)]
struct Hash64(u64);

impl Hash64 {
    #[inline]
    fn and(self, bits: u64) -> Self {
        let [one, other] = [0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03];
        let product = u128::from(self.0.rotate_left(23) ^ one) * u128::from(bits ^ other);
        Hash64((product >> 64) as u64 ^ product as u64 ^ self.0.rotate_left(41))
    }
}

enum Numbers {
    /// See `wide` of [`Load`](crate::data::Load).
    Wide(InMemory<f64>),
    Narrow(InMemory<u8>),
    OnDisk(Prepared),
}

/// Rows of numbers in the order of the table, in the pieces that they were read in, so that what is read becomes them in its own memory.
struct InMemory<T> {
    width: usize,
    pieces: Vec<Vec<T>>,
    starts: Starts,
}

impl<T> InMemory<T> {
    fn new(width: usize) -> Self {
        InMemory {
            width,
            pieces: Vec::new(),
            starts: Starts::new(),
        }
    }

    fn add(&mut self, numbers: Vec<T>) {
        self.starts.push(numbers.len() / self.width);
        self.pieces.push(numbers);
    }

    /// The row with this number among all that are used, in the order of the table.
    #[inline]
    fn get(&self, number: u32) -> &[T] {
        let (piece, row) = self.starts.find(number as usize);
        &self.pieces[piece][row * self.width..][..self.width]
    }
}

/// The codes of some rows, and which rows they are.
pub(super) struct SomeRows {
    rows: Vec<usize>,
    codes: SomeCodes,
}

enum SomeCodes {
    Wide(Vec<f64>),
    Narrow(Vec<u8>),
}

impl SomeRows {
    /// In a layout of bytes if there is one, and then in `memory` that may be enough for them.
    pub(super) fn new(
        rows: Vec<usize>,
        codes: Vec<f64>,
        layout: Option<&Layout>,
        mut memory: Vec<u8>,
    ) -> Self {
        let codes = match layout {
            None => SomeCodes::Wide(codes),
            Some(layout) => {
                memory.clear();
                memory.reserve_exact(rows.len() * layout.bytes());
                let rows = codes.chunks_exact(layout.0.len());
                rows.for_each(|codes| layout.write(codes, &mut memory));
                // There may have been room for rows that are left out, or for numbers that turned out to be categories.
                if memory.capacity() / 5 > memory.len() / 4 {
                    memory.shrink_to_fit();
                }
                SomeCodes::Narrow(memory)
            }
        };
        SomeRows { rows, codes }
    }
}

/// Where the codes of a table go as they are made.
pub(super) enum Store {
    Memory(Codes),
    Disk(RowWriter, Layout),
}

impl Store {
    /// How rows are to be written; none if all numbers keep 64 bits.
    pub(super) fn narrow(&self) -> Option<Layout> {
        match self {
            Store::Memory(codes) => {
                let is_narrow = matches!(codes.numbers, Numbers::Narrow(_));
                is_narrow.then(|| codes.layout.clone())
            }
            Store::Disk(_, layout) => Some(layout.clone()),
        }
    }

    /// Adds rows, in the order of the table.
    pub(super) fn add(&mut self, some: SomeRows) -> Result<()> {
        let SomeRows { rows, codes } = some;
        match (self, codes) {
            (Store::Memory(all), codes) => all.add(codes),
            (Store::Disk(writer, layout), SomeCodes::Narrow(codes)) => {
                // By their places, which stand together for each part: a file is written from front to back.
                let of_rows = rows.into_iter().zip(codes.chunks_exact(layout.bytes()));
                let mut of_rows: Vec<(usize, &[u8])> = of_rows.collect();
                of_rows.sort_unstable_by_key(|(row, _)| *row);
                let mut of_rows = of_rows.into_iter();
                of_rows.try_for_each(|(row, codes)| writer.write(row, codes))
            }
            _ => Err(elsewhere()),
        }
    }
}

/// Rows of another width than that of the others.
fn elsewhere() -> Error {
    Error::Compute("the rows went elsewhere".to_owned())
}

impl Codes {
    /// These, one row after the other.
    pub(super) fn of(codes: Vec<f64>, layout: Layout) -> Self {
        let mut numbers = InMemory::new(layout.0.len());
        numbers.add(codes);
        let numbers = Numbers::Wide(numbers);
        Codes { layout, numbers }
    }

    /// The codes that `prepare` makes, in memory; beside them, what is worth a word.
    pub(super) fn in_memory(
        (rows, wide): (usize, usize),
        layout: Layout,
        prepare: impl FnOnce(&mut Store) -> Result<Vec<String>>,
    ) -> Result<(Self, Vec<String>)> {
        let columns = layout.0.len();
        let numbers = match rows * columns <= wide {
            true => Numbers::Wide(InMemory::new(columns)),
            false => Numbers::Narrow(InMemory::new(layout.bytes())),
        };
        let mut store = Store::Memory(Codes { layout, numbers });
        let remarks = prepare(&mut store)?;
        match store {
            Store::Memory(codes) => Ok((codes, remarks)),
            Store::Disk(..) => Err(elsewhere()),
        }
    }

    /// The same in a file, which may be there from before.
    pub(super) fn prepared(
        path: &Path,
        rows: usize,
        layout: Layout,
        prepare: impl FnOnce(&mut Store) -> Result<Vec<String>>,
    ) -> Result<(Self, Vec<String>)> {
        let width = layout.bytes();
        let on_disk = |(file, remarks)| {
            let (numbers, layout) = (Numbers::OnDisk(file), layout.clone());
            (Codes { layout, numbers }, remarks)
        };
        if let Some(found) = Prepared::open(path, rows, width) {
            return Ok(on_disk(found));
        }
        let mut store = Store::Disk(RowWriter::create(path, width)?, layout.clone());
        let remarks = prepare(&mut store)?;
        if let Store::Disk(writer, _) = store {
            writer.finish(&remarks)?;
        }
        let found = Prepared::open(path, rows, width).map(on_disk);
        found.ok_or_else(|| {
            let fix =
                "look whether the disk is full, or whether another program changes the folder";
            Error::data(
                path.display().to_string(),
                "",
                "the prepared rows are not whole",
                fix,
            )
        })
    }

    /// The same in a file without a name.
    pub(super) fn in_file(
        file: io::Result<File>,
        rows: usize,
        layout: Layout,
        prepare: impl FnOnce(&mut Store) -> Result<Vec<String>>,
    ) -> Result<(Self, Vec<String>)> {
        let writer = RowWriter::unnamed(file, layout.bytes())?;
        let mut store = Store::Disk(writer, layout);
        let remarks = prepare(&mut store)?;
        match store {
            Store::Memory(codes) => Ok((codes, remarks)),
            Store::Disk(writer, layout) => {
                let numbers = Numbers::OnDisk(writer.prepared(rows)?);
                Ok((Codes { layout, numbers }, remarks))
            }
        }
    }

    fn add(&mut self, codes: SomeCodes) -> Result<()> {
        match (&mut self.numbers, codes) {
            (Numbers::Wide(all), SomeCodes::Wide(codes)) => all.add(codes),
            (Numbers::Narrow(all), SomeCodes::Narrow(codes)) => all.add(codes),
            _ => return Err(elsewhere()),
        }
        Ok(())
    }

    /// Hands the codes of each of these rows to `each`, with the place of the row among them; `order` is that of [`Encoded`].
    fn read(&self, rows: &[usize], order: &[u32], mut each: impl FnMut(usize, &[f64])) {
        let mut codes = Vec::with_capacity(self.layout.0.len());
        let mut narrow = |place: usize, bytes: &[u8]| {
            codes.clear();
            codes.extend(self.layout.read(bytes));
            each(place, &codes);
        };
        let in_memory = rows.iter().map(|row| order[*row]).enumerate();
        match &self.numbers {
            Numbers::OnDisk(file) => file.read(rows, narrow),
            Numbers::Narrow(all) => in_memory.for_each(|(place, row)| narrow(place, all.get(row))),
            Numbers::Wide(all) => in_memory.for_each(|(place, row)| each(place, all.get(row))),
        }
    }

    /// Of some rows, a number that is the same for rows whose codes and targets are.
    pub(super) fn hashes(&self, rows: Range<usize>, order: &[u32], targets: &Targets) -> Vec<u64> {
        let rows: Vec<usize> = rows.collect();
        let mut hashes = vec![0; rows.len()];
        self.read(&rows, order, |place, codes| {
            let start = Hash64::default().and((targets.get(rows[place]) + 0.0).to_bits());
            let bits = codes.iter().map(|code| (code + 0.0).to_bits());
            hashes[place] = bits.fold(start, Hash64::and).0;
        });
        hashes
    }
}

impl Encoded {
    /// Turns the codes of some rows into inputs, one row after the other; `number` rounds.
    fn expand<E: Copy>(&self, rows: &[usize], into: &mut [E], number: impl Fn(f64) -> E + Copy) {
        let d_input = self.preprocessing.d_input();
        self.codes.read(rows, &self.order, |place, codes| {
            let into = &mut into[place * d_input..][..d_input];
            self.preprocessing.expand(codes, into, number);
        });
    }
}

impl Source for Encoded {
    fn rows(&self) -> usize {
        self.targets.len()
    }

    fn d_input(&self) -> usize {
        self.preprocessing.d_input()
    }

    fn task(&self) -> &Task {
        &self.task
    }

    fn read_inputs(&self, row: usize, into: &mut [f64]) {
        self.expand(&[row], into, |number| number);
    }

    fn read_inputs_f32(&self, rows: &[usize], into: &mut [f32]) {
        self.expand(rows, into, |number| number as f32);
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        match self.task {
            Task::Classification { .. } => {
                into.fill(0.0);
                into[self.targets.get(row) as usize] = 1.0;
            }
            Task::Binary { .. } | Task::Regression { .. } => into[0] = self.targets.get(row),
        }
    }

    fn line(&self, row: usize) -> Option<usize> {
        self.lines.line(self.order[row])
    }

    fn file(&self, row: usize) -> Option<&str> {
        self.lines.file(self.order[row])
    }

    fn is_on_disk(&self) -> bool {
        matches!(self.codes.numbers, Numbers::OnDisk(_))
    }

    fn read_ahead(&self, rows: &[usize]) {
        if let Numbers::OnDisk(file) = &self.codes.numbers {
            file.read_ahead(rows);
        }
    }

    fn weight(&self, row: usize) -> Option<f64> {
        self.weights.as_ref().map(|weights| weights[row])
    }
}
