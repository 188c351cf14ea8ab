//! A table's rows as they are held for training.

use crate::data::prepare::TablePreparation;
use crate::data::{Source, Task};

/// A table in memory, a number a cell: categories become inputs, and classes targets, as a row is read.
pub(super) struct Encoded {
    pub(super) preparation: TablePreparation,
    pub(super) d_input: usize,
    pub(super) task: Task,
    /// `[rows, columns]`, row after row: see [`TablePreparation::encode`].
    pub(super) codes: Vec<f64>,
    /// `[rows]`: the number of the class, counted from 0, or the number to be learned.
    pub(super) targets: Vec<f64>,
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
        let width = self.preparation.columns.len();
        self.preparation
            .expand(&self.codes[row * width..][..width], into);
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
}
