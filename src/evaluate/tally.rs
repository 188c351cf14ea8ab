//! Row by row to metrics.

use crate::config::{Activation, Loss};
use crate::data::{Target, Task};
use crate::loss::{Link, LossSum};

use super::Metrics;
use super::classes::ClassificationCounts;
use super::numbers::RegressionSums;
use super::predictions::predicted_class;
use super::probabilities::{BINS, Bin, Origin, Probabilities};

/// Sums over rows, in 64 bits.
pub struct Tally<'a> {
    task: &'a Task,
    rows: usize,
    loss: LossSum,
    absolute_errors: f64,
    classes: ClassificationCounts,
    probabilities: Option<Probabilities>,
    /// One a target of a regression; none else.
    numbers: Vec<RegressionSums>,
}

impl<'a> Tally<'a> {
    /// No rows yet, of a network with this loss and output activation.
    #[must_use]
    pub fn new(loss: Loss, output: Activation, task: &'a Task) -> Self {
        let numbers = match task {
            Task::Regression { targets } => vec![RegressionSums::default(); targets.len()],
            Task::Classification { .. } | Task::Binary { .. } => Vec::new(),
        };
        Tally {
            task,
            rows: 0,
            loss: LossSum::new(loss),
            absolute_errors: 0.0,
            classes: ClassificationCounts::new(task),
            probabilities: origin(loss, output, task).map(Probabilities::new),
            numbers,
        }
    }

    /// # Shapes
    /// - `output`, `prediction`, `target`: `[d_output]`, `target` as the network learns it
    pub fn add(&mut self, output: &[f64], prediction: &[f64], target: &[f64]) {
        self.rows += 1;
        self.loss.add(output, target);
        match self.task {
            Task::Regression { targets } => self.add_numbers(prediction, target, targets),
            Task::Classification { .. } | Task::Binary { .. } => {
                self.add_class(output, prediction, target);
            }
        }
    }

    fn add_numbers(&mut self, prediction: &[f64], learned: &[f64], targets: &[Target]) {
        for (k, (learned, target)) in learned.iter().zip(targets).enumerate() {
            let target = learned * target.deviation + target.mean;
            self.absolute_errors += (target - prediction[k]).abs();
            self.numbers[k].add(prediction[k], target);
        }
    }

    fn add_class(&mut self, output: &[f64], prediction: &[f64], target: &[f64]) {
        let pairs = target.iter().zip(prediction);
        self.absolute_errors += pairs.map(|(t, p)| (t - p).abs()).sum::<f64>();
        let Some(class) = predicted_class(self.task, target) else {
            return; // a target that is not a number: no prediction is right
        };
        let right = self.classes.add(self.task, prediction, class);
        if let Some(probabilities) = &mut self.probabilities {
            probabilities.add(output, prediction, target, class, right);
        }
    }

    /// The metrics of the rows so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let (rows, d_output) = (self.rows, self.task.d_output());
        let mut metrics = Metrics {
            rows,
            loss: self.loss.value(rows, d_output),
            mean_absolute_error: self.absolute_errors / rows as f64 / d_output as f64,
            ..Metrics::default()
        };
        match self.task {
            Task::Regression { .. } => RegressionSums::finish(&self.numbers, &mut metrics),
            Task::Classification { .. } | Task::Binary { .. } => self.classes.finish(&mut metrics),
        }
        if let Some(probabilities) = &self.probabilities {
            probabilities.finish(&mut metrics);
        }
        metrics
    }

    /// The rows by their confidence, where predictions are probabilities.
    pub fn bins(&self) -> Option<&[Bin; BINS]> {
        self.probabilities.as_ref().map(Probabilities::bins)
    }
}

/// Where probabilities come from; `None` where predictions are no probabilities. Several sigmoids, one a
/// class, do not add up to 1, and so are none.
pub(super) fn origin(loss: Loss, output: Activation, task: &Task) -> Option<Origin> {
    match (task, loss.link(), output) {
        (Task::Classification { .. }, Some(Link::Softmax), _) => Some(Origin::Softmax),
        (Task::Binary { .. }, Some(Link::Sigmoid), _) => Some(Origin::Sigmoid),
        (Task::Binary { .. }, _, Activation::Sigmoid) => Some(Origin::Probability),
        _ => None,
    }
}
