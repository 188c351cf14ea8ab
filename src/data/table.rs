//! Numbers in memory, row after row.

use super::{Source, Task};

/// A source whose rows are held in memory as numbers, ready for use.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    pub(super) task: Task,
    pub(super) d_input: usize,
    /// `[rows, d_input]`, row after row.
    pub(super) inputs: Vec<f64>,
    /// `[rows, d_output]`, row after row.
    pub(super) targets: Vec<f64>,
}

impl Source for Table {
    fn rows(&self) -> usize {
        self.targets.len() / self.task.d_output()
    }

    fn d_input(&self) -> usize {
        self.d_input
    }

    fn task(&self) -> &Task {
        &self.task
    }

    fn read_inputs(&self, row: usize, into: &mut [f64]) {
        into.copy_from_slice(&self.inputs[row * self.d_input..][..self.d_input]);
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        let d_output = self.task.d_output();
        into.copy_from_slice(&self.targets[row * d_output..][..d_output]);
    }
}
