//! Rows that a test makes up.

use dropwise::Dataset;
use dropwise::data::{Source, Target, Task};

/// One number `y`, which is learned as it is.
pub fn number() -> Task {
    standardized(0.0, 1.0)
}

/// One number `y` of this mean and deviation.
pub fn standardized(mean: f64, deviation: f64) -> Task {
    let target = Target {
        name: "y".to_owned(),
        mean,
        deviation,
    };
    Task::Regression {
        targets: vec![target],
    }
}

/// Rows of numbers that lie one after the other. The targets of classes are 1 at the right one and 0 elsewhere.
#[track_caller]
pub fn dataset(task: Task, d_input: usize, inputs: &[f64], targets: &[f64]) -> Dataset {
    let inputs: Vec<&[f64]> = inputs.chunks(d_input).collect();
    let targets = targets.chunks(task.d_output());
    let targets: Vec<Vec<f64>> = match task {
        Task::Classification { .. } => targets.map(|row| vec![class(row)]).collect(),
        _ => targets.map(<[f64]>::to_vec).collect(),
    };
    Dataset::from_rows(&inputs, &targets, task).expect("rows")
}

fn class(one_hot: &[f64]) -> f64 {
    let class = one_hot.iter().position(|target| *target == 1.0);
    class.expect("a class") as f64
}

/// The same for inputs that may be no numbers, which [`Dataset::from_rows`] does not take.
#[track_caller]
pub fn of_any_numbers(task: Task, d_input: usize, inputs: &[f64], targets: &[f64]) -> Dataset {
    Dataset::new(AnyNumbers {
        targets: dataset(task, d_input, &vec![0.0; inputs.len()], targets),
        inputs: inputs.to_vec(),
    })
}

struct AnyNumbers {
    targets: Dataset,
    inputs: Vec<f64>,
}

impl Source for AnyNumbers {
    fn rows(&self) -> usize {
        self.targets.len()
    }

    fn d_input(&self) -> usize {
        self.targets.d_input()
    }

    fn task(&self) -> &Task {
        self.targets.task()
    }

    fn read_inputs(&self, row: usize, into: &mut [f64]) {
        into.copy_from_slice(&self.inputs[row * self.d_input()..][..self.d_input()]);
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        into.copy_from_slice(&self.targets.target_row(row));
    }
}
