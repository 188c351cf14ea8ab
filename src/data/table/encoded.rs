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
    /// Where each stands in its file.
    pub(super) lines: Lines,
}

/// The codes of a table's cells, `[rows, columns]`: see [`TablePreprocessing::encode`].
pub(super) struct Codes {
    layout: Layout,
    numbers: Numbers,
}

/// How a row's codes are written with 32 bits each.
#[derive(Clone)]
pub(super) struct Layout {
    /// Of each column whether it holds dates, whose seconds 32 bits do not hold: what is left of them is a number more.
    dates: Vec<bool>,
}

impl Layout {
    pub(super) fn of(preprocessing: &TablePreprocessing) -> Self {
        let is_date = |column: &Column| matches!(column.kind, ColumnKind::Date { .. });
        Layout {
            dates: preprocessing.columns.iter().map(is_date).collect(),
        }
    }

    /// The bytes of so many rows of 32 bits.
    pub(super) fn bytes(&self, rows: usize) -> usize {
        rows * self.width() * size_of::<f32>()
    }

    /// The numbers of a row.
    fn width(&self) -> usize {
        self.dates.len() + self.dates.iter().filter(|is_date| **is_date).count()
    }

    fn narrow<'a>(&'a self, codes: &'a [f64]) -> impl Iterator<Item = f32> + 'a {
        codes.iter().zip(&self.dates).flat_map(|(code, is_date)| {
            let high = *code as f32;
            let rest = is_date.then(|| (code - f64::from(high)) as f32);
            [Some(high), rest].into_iter().flatten()
        })
    }

    fn wide<'a>(&'a self, numbers: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
        let mut numbers = numbers.iter().map(|number| f64::from(*number));
        let mut next = move || numbers.next().unwrap_or(f64::NAN);
        self.dates.iter().map(move |is_date| match is_date {
            true => next() + next(),
            false => next(),
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
    Narrow(InMemory<f32>),
    OnDisk(Prepared),
}

/// Rows of numbers in the pieces that they were read in, so that what is read becomes them without being copied.
struct InMemory<T> {
    width: usize,
    pieces: Vec<Vec<T>>,
    starts: Starts,
    /// Where each row is among those of all pieces.
    order: Vec<u32>,
}

impl<T> InMemory<T> {
    fn new(rows: usize, width: usize) -> Self {
        InMemory {
            width,
            pieces: Vec::new(),
            starts: Starts::new(),
            order: vec![0; rows],
        }
    }

    fn add(&mut self, rows: &[usize], numbers: Vec<T>) {
        let first = self.starts.rows();
        for (place, row) in (first as u32..).zip(rows) {
            self.order[*row] = place;
        }
        self.starts.push(rows.len());
        self.pieces.push(numbers);
    }

    #[inline]
    fn get(&self, row: usize) -> &[T] {
        let (piece, row) = self.starts.find(self.order[row] as usize);
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
    Narrow(Vec<f32>),
}

impl SomeRows {
    /// In a layout of 32 bits if there is one, and then in `memory` that may be enough for them.
    pub(super) fn new(
        rows: Vec<usize>,
        codes: Vec<f64>,
        layout: Option<&Layout>,
        mut memory: Vec<f32>,
    ) -> Self {
        let codes = match layout {
            None => SomeCodes::Wide(codes),
            Some(layout) => {
                let (width, columns) = (layout.width(), layout.dates.len());
                memory.clear();
                memory.reserve_exact(rows.len() * width);
                match width == columns {
                    true => memory.extend(codes.iter().map(|code| *code as f32)),
                    false => {
                        let rows = codes.chunks_exact(columns);
                        memory.extend(rows.flat_map(|codes| layout.narrow(codes)));
                    }
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
    /// How rows are to be written with 32 bits; none if they keep 64.
    pub(super) fn narrow(&self) -> Option<Layout> {
        match self {
            Store::Memory(codes) => {
                let is_narrow = matches!(codes.numbers, Numbers::Narrow(_));
                is_narrow.then(|| codes.layout.clone())
            }
            Store::Disk(_, layout) => Some(layout.clone()),
        }
    }

    pub(super) fn add(&mut self, some: SomeRows) -> Result<()> {
        let SomeRows { rows, codes } = some;
        let (writer, width) = match self {
            Store::Memory(all) => return all.add(&rows, codes),
            Store::Disk(writer, layout) => (writer, layout.width()),
        };
        let SomeCodes::Narrow(codes) = codes else {
            return Err(elsewhere());
        };
        // By their places, which stand together for each part: a file is written from front to back.
        let of_rows = rows.into_iter().zip(codes.chunks_exact(width));
        let mut of_rows: Vec<(usize, &[f32])> = of_rows.collect();
        of_rows.sort_unstable_by_key(|(row, _)| *row);
        let mut of_rows = of_rows.into_iter();
        of_rows.try_for_each(|(row, codes)| writer.write(row, codes.iter().copied()))
    }
}

/// Rows of another width than that of the others.
fn elsewhere() -> Error {
    Error::Compute("the rows went elsewhere".to_owned())
}

impl Codes {
    /// The codes that `prepare` makes, in memory; beside them, what is worth a word.
    pub(super) fn in_memory(
        (rows, wide): (usize, usize),
        layout: Layout,
        prepare: impl FnOnce(&mut Store) -> Result<Vec<String>>,
    ) -> Result<(Self, Vec<String>)> {
        let columns = layout.dates.len();
        let numbers = match rows * columns <= wide {
            true => Numbers::Wide(InMemory::new(rows, columns)),
            false => Numbers::Narrow(InMemory::new(rows, layout.width())),
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
        let width = layout.width();
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
        let writer = RowWriter::unnamed(file, layout.width())?;
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

    fn add(&mut self, rows: &[usize], codes: SomeCodes) -> Result<()> {
        match (&mut self.numbers, codes) {
            (Numbers::Wide(all), SomeCodes::Wide(codes)) => all.add(rows, codes),
            (Numbers::Narrow(all), SomeCodes::Narrow(codes)) => all.add(rows, codes),
            _ => return Err(elsewhere()),
        }
        Ok(())
    }

    /// Of some rows, a number that is the same for rows whose codes and targets are.
    pub(super) fn hashes(&self, rows: Range<usize>, targets: &Targets) -> Vec<u64> {
        let start = |row: &usize| Hash64::default().and((targets.get(*row) + 0.0).to_bits());
        let narrow = |hash: Hash64, numbers: &[f32]| {
            let bits = numbers.iter().map(|number| (number + 0.0).to_bits());
            bits.fold(hash, |hash, bits| hash.and(bits.into()))
        };
        match &self.numbers {
            Numbers::Wide(numbers) => {
                let hash = |row: usize| {
                    let bits = numbers.get(row).iter();
                    let bits = bits.map(|number| (number + 0.0).to_bits());
                    bits.fold(start(&row), Hash64::and).0
                };
                rows.map(hash).collect()
            }
            Numbers::Narrow(numbers) => rows
                .map(|row| narrow(start(&row), numbers.get(row)).0)
                .collect(),
            Numbers::OnDisk(file) => {
                let rows: Vec<usize> = rows.collect();
                let mut hashes = vec![0; rows.len()];
                file.read(&rows, |place, numbers| {
                    hashes[place] = narrow(start(&rows[place]), numbers).0;
                });
                hashes
            }
        }
    }

    /// Turns the codes of some rows into inputs, one row after the other; `number` rounds.
    fn expand<E: Copy>(
        &self,
        rows: &[usize],
        preprocessing: &TablePreprocessing,
        into: &mut [E],
        number: impl Fn(f64) -> E + Copy,
    ) {
        let d_input = preprocessing.d_input();
        let mut narrow = |place: usize, codes: &[f32]| {
            let into = &mut into[place * d_input..][..d_input];
            preprocessing.expand(self.layout.wide(codes), into, number);
        };
        match &self.numbers {
            Numbers::Wide(codes) => {
                for (row, into) in rows.iter().zip(into.chunks_exact_mut(d_input)) {
                    preprocessing.expand(codes.get(*row).iter().copied(), into, number);
                }
            }
            Numbers::Narrow(codes) => {
                for (place, row) in rows.iter().enumerate() {
                    narrow(place, codes.get(*row));
                }
            }
            Numbers::OnDisk(file) => file.read(rows, narrow),
        }
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
        let number = |number| number;
        self.codes.expand(&[row], &self.preprocessing, into, number);
    }

    fn read_inputs_f32(&self, rows: &[usize], into: &mut [f32]) {
        let number = |number| number as f32;
        self.codes.expand(rows, &self.preprocessing, into, number);
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
        Some(self.lines.line(row))
    }

    fn file(&self, row: usize) -> Option<&str> {
        self.lines.file(row)
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
