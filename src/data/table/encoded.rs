//! A table's rows as they are held for training.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use super::lines::Lines;
use super::on_disk::{Prepared, RowWriter};
use super::target::Targets;
use crate::data::preprocessing::{Column, ColumnKind, TablePreprocessing};
use crate::data::{Source, Task};
use crate::error::{Error, Result};

/// Up to so many cells are held with 64 bits each; those of larger tables with the 32 that a step computes with.
const WIDE: usize = 1 << 23;

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

/// The codes of a table's cells, `[rows, columns]`, row after row: see [`TablePreprocessing::encode`].
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
    Wide(Vec<f64>),
    Narrow(Vec<f32>),
    OnDisk(Prepared),
}

/// Where the codes of a table go as they are made.
pub(super) enum Store {
    Memory(Codes),
    Disk(RowWriter, Layout),
}

impl Store {
    pub(super) fn set(&mut self, row: usize, codes: &[f64]) -> Result<()> {
        match self {
            Store::Memory(all) => {
                all.set(row, codes);
                Ok(())
            }
            Store::Disk(writer, layout) => writer.write(row, layout.narrow(codes)),
        }
    }
}

impl Codes {
    /// The codes that `prepare` makes, in memory; beside them, what is worth a word.
    pub(super) fn in_memory(
        rows: usize,
        layout: Layout,
        prepare: impl FnOnce(&mut Store) -> Result<Vec<String>>,
    ) -> Result<(Self, Vec<String>)> {
        let numbers = match rows * layout.dates.len() {
            few @ ..=WIDE => Numbers::Wide(vec![0.0; few]),
            _ => Numbers::Narrow(vec![0.0; rows * layout.width()]),
        };
        let mut store = Store::Memory(Codes { layout, numbers });
        let remarks = prepare(&mut store)?;
        match store {
            Store::Memory(codes) => Ok((codes, remarks)),
            Store::Disk(..) => Err(Error::Compute("the rows went elsewhere".to_owned())),
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

    pub(super) fn are_on_disk(&self) -> bool {
        matches!(self.numbers, Numbers::OnDisk(_))
    }

    fn set(&mut self, row: usize, codes: &[f64]) {
        match &mut self.numbers {
            Numbers::Wide(numbers) => {
                numbers[row * codes.len()..][..codes.len()].copy_from_slice(codes);
            }
            Numbers::Narrow(numbers) => {
                let width = self.layout.width();
                let into = &mut numbers[row * width..][..width];
                if width == codes.len() {
                    let pairs = into.iter_mut().zip(codes);
                    pairs.for_each(|(number, code)| *number = *code as f32);
                    return;
                }
                for (number, code) in into.iter_mut().zip(self.layout.narrow(codes)) {
                    *number = code;
                }
            }
            // They are written before.
            Numbers::OnDisk(_) => {}
        }
    }

    /// Of some rows, a number that is the same for rows whose codes and targets are.
    pub(super) fn hashes(&self, rows: Range<usize>, targets: &Targets) -> Vec<u64> {
        let start = |row: &usize| Hash64::default().and((targets.get(*row) + 0.0).to_bits());
        let narrow = |hash: Hash64, numbers: &[f32]| {
            let bits = numbers.iter().map(|number| (number + 0.0).to_bits());
            bits.fold(hash, |hash, bits| hash.and(bits.into()))
        };
        let place = |row: usize, width: usize| row * width..(row + 1) * width;
        match &self.numbers {
            Numbers::Wide(numbers) => {
                let hash = |row: usize| {
                    let numbers = &numbers[place(row, self.layout.dates.len())];
                    let bits = numbers.iter().map(|number| (number + 0.0).to_bits());
                    bits.fold(start(&row), Hash64::and).0
                };
                rows.map(hash).collect()
            }
            Numbers::Narrow(numbers) => {
                let numbers = |row: usize| &numbers[place(row, self.layout.width())];
                rows.map(|row| narrow(start(&row), numbers(row)).0)
                    .collect()
            }
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
                    let width = self.layout.dates.len();
                    let codes = &codes[row * width..][..width];
                    preprocessing.expand(codes.iter().copied(), into, number);
                }
            }
            Numbers::Narrow(codes) => {
                let width = self.layout.width();
                for (place, row) in rows.iter().enumerate() {
                    narrow(place, &codes[row * width..][..width]);
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
        self.codes.are_on_disk()
    }

    fn weight(&self, row: usize) -> Option<f64> {
        self.weights.as_ref().map(|weights| weights[row])
    }
}
