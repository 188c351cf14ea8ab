//! A table's rows as they are held for training.

use super::rows::Row;
use crate::data::preprocessing::TablePreprocessing;
use crate::data::{Source, Task};

/// A table in memory, a number a cell: categories become inputs, and classes targets, as a row is read.
pub(super) struct Encoded {
    preprocessing: TablePreprocessing,
    d_input: usize,
    task: Task,
    /// `[rows, columns]`, row after row: see [`TablePreprocessing::encode`].
    codes: Vec<f64>,
    /// `[rows]`: the number of the class, counted from 0, or the number to be learned.
    targets: Vec<f64>,
    /// `[rows]`: what each counts in the training loss; none where all count the same.
    weights: Option<Vec<f64>>,
    /// `[rows]`: the line of each in its file.
    lines: Vec<usize>,
}

impl Encoded {
    pub(super) fn new(
        preprocessing: TablePreprocessing,
        task: Task,
        codes: Vec<f64>,
        (targets, weights): (Vec<f64>, Option<Vec<f64>>),
        rows: &[Row],
    ) -> Self {
        Encoded {
            d_input: preprocessing.d_input(),
            preprocessing,
            task,
            codes,
            targets,
            weights,
            lines: rows.iter().map(|row| row.line()).collect(),
        }
    }

    fn codes(&self, row: usize) -> &[f64] {
        let width = self.preprocessing.columns.len();
        &self.codes[row * width..][..width]
    }
}

impl Source for Encoded {
    fn rows(&self) -> usize {
        self.targets.len()
    }

    fn d_input(&self) -> usize {
        self.d_input
    }

    fn task(&self) -> &Task {
        &self.task
    }

    fn read_inputs(&self, row: usize, into: &mut [f64]) {
        self.preprocessing
            .expand(self.codes(row), into, |number| number);
    }

    fn read_inputs_f32(&self, rows: &[usize], into: &mut [f32]) {
        for (row, into) in rows.iter().zip(into.chunks_exact_mut(self.d_input)) {
            self.preprocessing
                .expand(self.codes(*row), into, |number| number as f32);
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
        Some(self.lines[row])
    }

    fn weight(&self, row: usize) -> Option<f64> {
        self.weights.as_ref().map(|weights| weights[row])
    }
}
