//! What is measured over all rows together: of each class, and of predictions in order.

use serde::Serialize;

use super::Metrics;
use super::predictions::predicted_class;
use super::ranks::{Areas, median, spearman};
use super::sorting::{Memory, Order, Sorted, Sorter, key, number};
use crate::data::{Target, Task};
use crate::error::Result;

/// At most this many classes have curves, and targets are put in order: each sorts all rows.
const MOST_SORTED: usize = 100;

/// How well one class is told from the others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassScores {
    /// Its name.
    pub class: String,
    /// Rows of this class.
    pub rows: usize,
    /// Rows that are predicted to be.
    pub predicted: usize,
    /// The share of its rows that are predicted to be; none without a row.
    pub recall: Option<f64>,
    /// The share of the rows predicted to be that are; none if no row is.
    pub precision: Option<f64>,
    /// The harmonic mean of both, `2 right / (rows + predicted)`; none if it neither occurs nor is predicted.
    pub f1: Option<f64>,
    /// The area under the ROC curve of this class against the others; none without rows of both.
    pub roc_auc: Option<f64>,
    /// The average precision of this class against the others; none without a row of it.
    pub average_precision: Option<f64>,
}

/// How well the classes are told apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassReport {
    /// Each class, in the order of the task.
    pub classes: Vec<ClassScores>,
    /// `confusion[true class][predicted class]`: rows. A row whose prediction is not a number is in none.
    pub confusion: Vec<Vec<usize>>,
}

impl ClassReport {
    /// Adds what the classes come to together: of two classes the second's, of several the mean over those that have it.
    fn finish(&self, metrics: &mut Metrics) {
        let mean = |of: fn(&ClassScores) -> Option<f64>| {
            let found: Vec<f64> = self.classes.iter().filter_map(of).collect();
            (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
        };
        let together = |of: fn(&ClassScores) -> Option<f64>| match &self.classes[..] {
            [_, second] => of(second),
            _ => mean(of),
        };
        metrics.balanced_accuracy = mean(|class| class.recall);
        metrics.f1 = together(|class| class.f1);
        metrics.roc_auc = together(|class| class.roc_auc);
        metrics.average_precision = together(|class| class.average_precision);
    }
}

/// What is kept of the rows so far.
#[derive(Debug)]
pub(super) enum AllRows<'a> {
    Classes(Classes<'a>),
    Numbers(Numbers<'a>),
}

impl<'a> AllRows<'a> {
    /// Of two classes the second is predicted in the report where its probability is above `threshold`; of several the most
    /// probable is, whatever the threshold.
    pub(super) fn new(task: &'a Task, threshold: f64, memory: Memory<'a>) -> Self {
        match task {
            Task::Regression { targets } => AllRows::Numbers(Numbers::new(targets, memory)),
            _ => AllRows::Classes(Classes::new(task, threshold, memory)),
        }
    }

    /// # Shapes
    /// - `prediction`, `target`: `[d_output]`, `target` as the network learns it
    ///
    /// # Errors
    /// Those of a sorter's file.
    pub(super) fn add(&mut self, prediction: &[f64], target: &[f64]) -> Result<()> {
        match self {
            AllRows::Classes(classes) => classes.add(prediction, target),
            AllRows::Numbers(numbers) => numbers.add(prediction, target),
        }
    }

    /// Adds the metrics that look at all rows together, where there are any.
    ///
    /// # Errors
    /// Those of a sorter's file.
    pub(super) fn finish(self, metrics: &mut Metrics) -> Result<Option<ClassReport>> {
        match self {
            AllRows::Classes(classes) => classes.finish(metrics).map(Some),
            AllRows::Numbers(numbers) => numbers.finish(metrics).map(|()| None),
        }
    }
}

/// Counts of classes, and what their curves are made of.
#[derive(Debug)]
pub(super) struct Classes<'a> {
    task: &'a Task,
    threshold: f64,
    /// Of each class.
    rows: Vec<usize>,
    confusion: Vec<Vec<usize>>,
    /// By the threshold of the report.
    by_threshold: Vec<Vec<usize>>,
    /// Of each output the scores of the rows that are of its class, then of those that are not: with one output for two classes those
    /// of the second class, of the first, and of neither. None if there are too many classes.
    scores: Option<Sorter<'a, 1>>,
    /// The outputs that were not a number in some row.
    unknown: Vec<bool>,
}

impl<'a> Classes<'a> {
    fn new(task: &'a Task, threshold: f64, memory: Memory<'a>) -> Self {
        let count = task.classes().len();
        let sequences = match task {
            Task::Binary { .. } => 3,
            _ => 2 * count,
        };
        let confusion = vec![vec![0; count]; count];
        Classes {
            task,
            threshold,
            rows: vec![0; count],
            by_threshold: confusion.clone(),
            confusion,
            scores: (count <= MOST_SORTED).then(|| Sorter::new(sequences, memory)),
            unknown: vec![false; task.d_output()],
        }
    }

    fn add(&mut self, prediction: &[f64], target: &[f64]) -> Result<()> {
        let truth = predicted_class(self.task, target);
        if let Some(truth) = truth {
            self.rows[truth] += 1;
            if let Some(predicted) = predicted_class(self.task, prediction) {
                self.confusion[truth][predicted] += 1;
                let moved = match (self.task, prediction) {
                    (Task::Binary { .. }, [p]) => usize::from(*p > self.threshold),
                    _ => predicted,
                };
                self.by_threshold[truth][moved] += 1;
            }
        }
        let Some(scores) = &mut self.scores else {
            return Ok(());
        };
        for (k, score) in prediction.iter().enumerate() {
            let sequence = match (self.task, truth) {
                (Task::Binary { .. }, truth) => truth.map_or(2, |class| 1 - class),
                (_, truth) => 2 * k + usize::from(truth != Some(k)),
            };
            if score.is_nan() {
                self.unknown[k] = true;
            } else if !self.unknown[k] {
                scores.push(sequence, [key(*score)])?;
            }
        }
        Ok(())
    }

    fn finish(mut self, metrics: &mut Metrics) -> Result<ClassReport> {
        let scores = self.scores.take().map(Sorter::sorted).transpose()?;
        let classes = 0..self.rows.len();
        let curves = classes.map(|class| match &scores {
            Some(scores) => self.areas(scores, class),
            None => Ok((None, None)),
        });
        let curves = curves.collect::<Result<Vec<_>>>()?;
        self.report(self.confusion.clone(), &curves).finish(metrics);
        Ok(self.report(self.by_threshold.clone(), &curves))
    }

    /// The area under the ROC curve of a class, and the average precision; none if a score is not a number.
    fn areas(&self, scores: &Sorted<'_, 1>, class: usize) -> Result<(Option<f64>, Option<f64>)> {
        let mut areas = Areas::default();
        match (self.task, class) {
            (Task::Binary { .. }, _) if self.unknown[0] => return Ok((None, None)),
            // The less the second class is likely, the more the first is.
            (Task::Binary { .. }, 0) => {
                let first =
                    |[second, first, neither]: [usize; 3]| areas.add([first, second + neither]);
                scores.each_key([0, 1, 2], Order::Ascending, first)?;
            }
            (Task::Binary { .. }, _) => {
                let second =
                    |[second, first, neither]: [usize; 3]| areas.add([second, first + neither]);
                scores.each_key([0, 1, 2], Order::Descending, second)?;
            }
            _ if self.unknown[class] => return Ok((None, None)),
            _ => scores.each_key([2 * class, 2 * class + 1], Order::Descending, |counts| {
                areas.add(counts)
            })?,
        }
        Ok(areas.finish())
    }

    fn report(
        &self,
        confusion: Vec<Vec<usize>>,
        curves: &[(Option<f64>, Option<f64>)],
    ) -> ClassReport {
        let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        let classes = self.task.classes().iter().zip(curves).enumerate();
        let classes = classes.map(|(class, (name, (roc_auc, average_precision)))| {
            let (rows, right) = (self.rows[class], confusion[class][class]);
            let predicted = confusion.iter().map(|row| row[class]).sum();
            ClassScores {
                class: name.clone(),
                rows,
                predicted,
                recall: share(right, rows),
                precision: share(right, predicted),
                f1: share(2 * right, rows + predicted),
                roc_auc: *roc_auc,
                average_precision: *average_precision,
            }
        });
        ClassReport {
            classes: classes.collect(),
            confusion,
        }
    }
}

/// The targets of a regression with what is predicted for them.
#[derive(Debug)]
pub(super) struct Numbers<'a> {
    scales: &'a [Target],
    memory: Memory<'a>,
    /// The keys of truth and prediction, a sequence a target. None if there are too many targets, or one of these is not a number.
    pairs: Option<Sorter<'a, 2>>,
    is_unknown: bool,
}

impl<'a> Numbers<'a> {
    fn new(scales: &'a [Target], memory: Memory<'a>) -> Self {
        // The other half is for what is made of the pairs in the end, one after the other.
        let memory = memory.share(2);
        let pairs = || Sorter::new(scales.len(), memory);
        Numbers {
            scales,
            memory,
            pairs: (scales.len() <= MOST_SORTED).then(pairs),
            is_unknown: false,
        }
    }

    fn add(&mut self, prediction: &[f64], target: &[f64]) -> Result<()> {
        let Some(pairs) = &mut self.pairs else {
            return Ok(());
        };
        for (k, scale) in self.scales.iter().enumerate() {
            let truth = target[k] * scale.deviation + scale.mean;
            if truth.is_nan() || prediction[k].is_nan() {
                (self.pairs, self.is_unknown) = (None, true);
                return Ok(());
            }
            pairs.push(k, [key(truth), key(prediction[k])])?;
        }
        Ok(())
    }

    fn finish(self, metrics: &mut Metrics) -> Result<()> {
        if self.is_unknown {
            metrics.median_absolute_error = Some(f64::NAN);
        }
        let Some(pairs) = self.pairs else {
            return Ok(());
        };
        let pairs = pairs.sorted()?;
        let (mut medians, mut correlations) = (0.0, Some(0.0));
        for k in 0..self.scales.len() {
            medians += median_error(&pairs, k, self.memory)?;
            let correlation = spearman(&pairs, k, self.memory)?;
            correlations = correlations.and_then(|sum| Some(sum + correlation?));
        }
        let count = self.scales.len() as f64;
        metrics.median_absolute_error = Some(medians / count);
        metrics.spearman = correlations.map(|sum| sum / count);
        Ok(())
    }
}

/// The median of the absolute errors of a target; NaN if one is not a number, as between infinite ones.
fn median_error(pairs: &Sorted<'_, 2>, target: usize, memory: Memory<'_>) -> Result<f64> {
    let mut errors = Sorter::new(1, memory);
    let mut pairs = pairs.read(target, Order::Ascending)?;
    while let Some([truth, found]) = pairs.next()? {
        let error = (number(truth) - number(found)).abs();
        if error.is_nan() {
            return Ok(f64::NAN);
        }
        errors.push(0, [key(error)])?;
    }
    median(&errors.sorted()?)
}
