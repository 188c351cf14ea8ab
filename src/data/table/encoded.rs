//! A table's rows as they are held for training.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::data::preprocessing::TablePreprocessing;
use crate::data::{Source, Task};

/// Up to so many cells are held with 64 bits each; those of larger tables with the 32 that a step computes with.
const WIDE: usize = 1 << 23;

/// A table in memory, a number a cell: categories become inputs, and classes targets, as a row is read.
pub(super) struct Encoded {
    pub(super) preprocessing: TablePreprocessing,
    pub(super) task: Task,
    pub(super) codes: Codes,
    /// `[rows]`: the number of the class, counted from 0, or the number to be learned.
    pub(super) targets: Vec<f64>,
    /// `[rows]`: what each counts in the training loss; none where all count the same.
    pub(super) weights: Option<Vec<f64>>,
    /// `[rows]`: the line of each in its file.
    pub(super) lines: Vec<u32>,
}

/// The codes of a table's cells, `[rows, columns]`, row after row: see [`TablePreprocessing::encode`].
pub(super) struct Codes {
    width: usize,
    numbers: Numbers,
}

enum Numbers {
    Wide(Vec<f64>),
    Narrow(Vec<f32>),
}

impl Codes {
    pub(super) fn new(rows: usize, width: usize) -> Self {
        let numbers = match rows * width {
            few @ ..=WIDE => Numbers::Wide(vec![0.0; few]),
            many => Numbers::Narrow(vec![0.0; many]),
        };
        Codes { width, numbers }
    }

    pub(super) fn set(&mut self, row: usize, codes: &[f64]) {
        let place = row * self.width..(row + 1) * self.width;
        match &mut self.numbers {
            Numbers::Wide(numbers) => numbers[place].copy_from_slice(codes),
            Numbers::Narrow(numbers) => {
                for (number, code) in numbers[place].iter_mut().zip(codes) {
                    *number = *code as f32;
                }
            }
        }
    }

    /// A number that is the same for rows whose codes and targets are.
    pub(super) fn hash(&self, row: usize, target: f64) -> u64 {
        let mut hash = DefaultHasher::new();
        (target + 0.0).to_bits().hash(&mut hash);
        let place = row * self.width..(row + 1) * self.width;
        match &self.numbers {
            Numbers::Wide(numbers) => {
                let bits = numbers[place].iter().map(|number| (number + 0.0).to_bits());
                bits.for_each(|bits| bits.hash(&mut hash));
            }
            Numbers::Narrow(numbers) => {
                let bits = numbers[place].iter().map(|number| (number + 0.0).to_bits());
                bits.for_each(|bits| bits.hash(&mut hash));
            }
        }
        hash.finish()
    }

    fn expand<E: Copy>(
        &self,
        row: usize,
        preprocessing: &TablePreprocessing,
        into: &mut [E],
        number: impl Fn(f64) -> E,
    ) {
        let place = row * self.width..(row + 1) * self.width;
        match &self.numbers {
            Numbers::Wide(codes) => {
                preprocessing.expand(codes[place].iter().copied(), into, number);
            }
            Numbers::Narrow(codes) => {
                let codes = codes[place].iter().map(|code| f64::from(*code));
                preprocessing.expand(codes, into, number);
            }
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
        self.codes.expand(row, &self.preprocessing, into, number);
    }

    fn read_inputs_f32(&self, rows: &[usize], into: &mut [f32]) {
        let d_input = self.preprocessing.d_input();
        for (row, into) in rows.iter().zip(into.chunks_exact_mut(d_input)) {
            let number = |number| number as f32;
            self.codes.expand(*row, &self.preprocessing, into, number);
        }
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        match self.task {
            Task::Classification { .. } => {
                into.fill(0.0);
                into[self.targets[row] as usize] = 1.0;
            }
            Task::Binary { .. } | Task::Regression { .. } => into[0] = self.targets[row],
        }
    }

    fn line(&self, row: usize) -> Option<usize> {
        Some(self.lines[row] as usize)
    }

    fn weight(&self, row: usize) -> Option<f64> {
        self.weights.as_ref().map(|weights| weights[row])
    }
}
