//! Rows that a test makes up.

use dropwise::data::{Source, Task};

/// Rows made up by a test, held in memory.
pub struct Rows {
    pub task: Task,
    pub d_input: usize,
    pub inputs: Vec<f64>,
    pub targets: Vec<f64>,
}

impl Source for Rows {
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
        let width = self.task.d_output();
        into.copy_from_slice(&self.targets[row * width..][..width]);
    }
}
