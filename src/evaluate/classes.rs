//! Predictions of classes: right or wrong.

use crate::data::Task;

use super::Metrics;
use super::predictions::predicted_class;

/// How many guesses [`Metrics::top_5_accuracy`] allows.
const GUESSES: usize = 5;

/// Counts of right and wrong rows.
#[derive(Debug, Clone)]
pub(super) struct ClassificationCounts {
    right: usize,
    among_guesses: usize,
    count: usize,
}

impl ClassificationCounts {
    pub(super) fn new(task: &Task) -> Self {
        ClassificationCounts {
            right: 0,
            among_guesses: 0,
            count: task.classes().len(),
        }
    }

    /// `class` is the true class; the result is whether it was predicted. A prediction that is not
    /// a number is wrong.
    pub(super) fn add(&mut self, task: &Task, prediction: &[f64], class: usize) -> bool {
        let predicted = predicted_class(task, prediction);
        let right = predicted == Some(class);
        self.right += usize::from(right);
        let guessed = predicted.is_some() && guesses_before(prediction, class) < GUESSES;
        self.among_guesses += usize::from(guessed);
        right
    }

    /// Adds the metrics of classes. A row that was not found right is wrong.
    pub(super) fn finish(&self, metrics: &mut Metrics) {
        let share = |count: usize| count as f64 / metrics.rows as f64;
        let errors = metrics.rows - self.right;
        let (error_rate, accuracy) = (share(errors), share(self.right));
        // With five classes or fewer, five guesses are always right.
        let top_5_accuracy = (self.count > GUESSES).then(|| share(self.among_guesses));
        metrics.errors = Some(errors);
        metrics.error_rate = Some(error_rate);
        metrics.accuracy = Some(accuracy);
        metrics.top_5_accuracy = top_5_accuracy;
    }
}

/// How many classes are guessed before this one: larger predictions, and equal ones that come first.
fn guesses_before(prediction: &[f64], class: usize) -> usize {
    let Some(own) = prediction.get(class) else {
        return 0; // two classes with one output: no five guesses there
    };
    let before = |(other, value): &(usize, &f64)| *value > own || (*value == own && *other < class);
    prediction.iter().enumerate().filter(before).count()
}
