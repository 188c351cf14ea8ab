//! Numbers in memory, row after row.

use super::{Dataset, Source, Task, round};
use crate::error::{Error, Result};

/// Rows of numbers, ready for use.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rows {
    pub(super) task: Task,
    pub(super) d_input: usize,
    /// `[rows, d_input]`, row after row.
    pub(super) inputs: Vec<f64>,
    /// `[rows, d_output]`, row after row, as [`Source::read_targets`] has them.
    pub(super) targets: Vec<f64>,
}

impl Source for Rows {
    fn rows(&self) -> usize {
        self.inputs.len() / self.d_input
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

    fn read_inputs_f32(&self, rows: &[usize], into: &mut [f32]) {
        for (row, into) in rows.iter().zip(into.chunks_exact_mut(self.d_input)) {
            round(&self.inputs[row * self.d_input..][..self.d_input], into);
        }
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        let d_output = self.task.d_output();
        into.copy_from_slice(&self.targets[row * d_output..][..d_output]);
    }
}

impl Dataset {
    /// Rows that are in memory: `inputs` are the rows' inputs, `targets` what is to be learned of each. A row of
    /// targets is the number of the class, counted from 0, or, for a regression, a number for each of
    /// [`Task::d_output`] targets, standardized as the task says.
    ///
    /// ```
    /// use dropwise::Dataset;
    /// use dropwise::data::Task;
    ///
    /// let task = Task::Binary { classes: ["false", "true"].map(str::to_owned) };
    /// let and = Dataset::from_rows(&[[0., 0.], [0., 1.], [1., 0.], [1., 1.]], &[[0.], [0.], [0.], [1.]], task)?;
    /// assert_eq!((and.len(), and.d_input(), and.target_row(3)), (4, 2, vec![1.0]));
    /// # Ok::<(), dropwise::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] if there are not as many rows of targets as of inputs, or a row is not as wide as it has to be;
    /// [`Error::InvalidValue`] if there is no row or no input, a number is not finite, or a class is none of the
    /// task's.
    pub fn from_rows(
        inputs: &[impl AsRef<[f64]>],
        targets: &[impl AsRef<[f64]>],
        task: Task,
    ) -> Result<Dataset> {
        let d_input = inputs.first().map_or(0, |row| row.as_ref().len());
        if d_input == 0 {
            let found = if inputs.is_empty() {
                "no row"
            } else {
                "no input"
            };
            return Err(Error::invalid(
                "inputs",
                "at least one row of at least one input",
                found,
            ));
        }
        if inputs.len() != targets.len() {
            return Err(Error::Shape {
                what: "targets".to_owned(),
                expected: vec![inputs.len()],
                found: vec![targets.len()],
            });
        }
        if task.d_output() == 0 {
            return Err(Error::invalid(
                "task",
                "at least one class or target",
                "none",
            ));
        }
        let inputs = flat("inputs", inputs, d_input)?;
        let targets = match &task {
            Task::Regression { targets: names } => flat("targets", targets, names.len())?,
            Task::Binary { .. } => {
                let classes = classes(targets, 2)?.into_iter();
                classes.map(|class| class as f64).collect()
            }
            Task::Classification { classes: names } => {
                let one_hot = |class| (0..names.len()).map(move |k| f64::from(k == class));
                let classes = classes(targets, names.len())?.into_iter();
                classes.flat_map(one_hot).collect()
            }
        };
        Ok(Dataset::new(Rows {
            task,
            d_input,
            inputs,
            targets,
        }))
    }
}

/// The rows one after the other, each of which must have `width` finite numbers.
fn flat(what: &str, rows: &[impl AsRef<[f64]>], width: usize) -> Result<Vec<f64>> {
    let mut all = Vec::with_capacity(rows.len() * width);
    for (k, row) in rows.iter().map(AsRef::as_ref).enumerate() {
        if row.len() != width {
            return Err(Error::Shape {
                what: format!("{what}[{k}]"),
                expected: vec![width],
                found: vec![row.len()],
            });
        }
        if let Some(at) = row.iter().position(|number| !number.is_finite()) {
            return Err(Error::invalid(
                format!("{what}[{k}][{at}]"),
                "a finite number",
                row[at],
            ));
        }
        all.extend_from_slice(row);
    }
    Ok(all)
}

/// The class of each row, counted from 0.
fn classes(rows: &[impl AsRef<[f64]>], count: usize) -> Result<Vec<usize>> {
    let numbers = flat("targets", rows, 1)?;
    let is_class = |class: &f64| class.fract() == 0.0 && (0.0..count as f64).contains(class);
    if let Some(row) = numbers.iter().position(|class| !is_class(class)) {
        let expected = format!("a class, a whole number of 0 to {}", count - 1);
        return Err(Error::invalid(
            format!("targets[{row}][0]"),
            expected,
            numbers[row],
        ));
    }
    Ok(numbers.into_iter().map(|class| class as usize).collect())
}
