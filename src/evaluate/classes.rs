//! Predictions of classes: right or wrong.

use crate::data::Task;

use super::predictions::predicted_class;

/// How many guesses [`Metrics::top_5_accuracy`](super::Metrics::top_5_accuracy) allows.
const GUESSES: usize = 5;

/// Counts of right and wrong rows.
#[derive(Debug, Clone)]
pub(super) struct Classes {
    right: usize,
    among_guesses: usize,
    count: usize,
}

impl Classes {
    pub(super) fn new(task: &Task) -> Self {
        Classes {
            right: 0,
            among_guesses: 0,
            count: task.classes().len(),
        }
    }

    /// `class` is the one that came; the result is whether it was predicted. A prediction that is not
    /// a number is wrong.
    pub(super) fn add(&mut self, task: &Task, prediction: &[f64], class: usize) -> bool {
        let predicted = predicted_class(task, prediction);
        let right = predicted == Some(class);
        self.right += usize::from(right);
        let guessed = predicted.is_some() && guesses_before(prediction, class) < GUESSES;
        self.among_guesses += usize::from(guessed);
        right
    }

    /// Of `rows` all those that were not found right.
    pub(super) fn errors(&self, rows: usize) -> usize {
        rows - self.right
    }

    /// None where five guesses would be right by themselves.
    pub(super) fn top_5_accuracy(&self, rows: usize) -> Option<f64> {
        (self.count > GUESSES).then(|| self.among_guesses as f64 / rows as f64)
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
