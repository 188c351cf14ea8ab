//! Loss and error while a network was trained.

use serde::{Deserialize, Serialize};

use dropwise::config::{Loss, ResolvedExperiment};
use dropwise::data::{Part, Task};
use dropwise::evaluate::Measure;

/// Loss and error over the steps of a training, a few hundred points a curve.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// What the error is: `error rate`, `RMSE` or `mean absolute error`.
    pub error_name: String,
    /// Losses: `training, dropout on`, `training`, `validation`, as far as they were measured.
    pub losses: Vec<Curve>,
    /// Errors: `training`, `validation`.
    pub errors: Vec<Curve>,
    /// The step of the best network, where there are validation rows.
    pub best_step: Option<usize>,
    /// Whether what is called validation is of the training rows, each as the members of an ensemble say that left it out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cross_validates: bool,
    /// Steps an epoch, to show epochs; none for a training that counts in steps.
    pub steps_an_epoch: Option<f64>,
}

/// One of the curves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Which rows it is of.
    pub name: String,
    /// Step and value, in order of steps; values are finite.
    pub points: Vec<(usize, f64)>,
}

/// A line of a run's metrics, as far as curves are made of it. What is not a finite number is none.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MetricsLine {
    /// Epochs so far.
    pub epoch: usize,
    /// Training steps so far.
    pub step: usize,
    /// Which rows the metrics are of.
    pub split: Part,
    /// The loss while training, dropout on.
    #[serde(default)]
    pub training_loss: Option<f64>,
    /// Whether the network is the best so far.
    #[serde(default)]
    pub best: Option<bool>,
    /// The loss, dropout off.
    #[serde(default)]
    pub loss: Option<f64>,
    /// Of classes, the share of rows that are wrong.
    #[serde(default)]
    pub error_rate: Option<f64>,
    /// Of a regression, the root of the mean squared error.
    #[serde(default)]
    pub rmse: Option<f64>,
    /// The mean of `|target - prediction|`.
    #[serde(default)]
    pub mean_absolute_error: Option<f64>,
}

/// Makes [`Curves`] of lines as they are read. It holds a few hundred points a curve, however many lines there are.
#[derive(Debug, Clone)]
pub struct CurvesReader {
    loss: Loss,
    task: Task,
    counts_epochs: bool,
    training_loss: SampledCurve,
    train: SplitCurves,
    validation: SplitCurves,
    best_step: Option<usize>,
    cross_validates: bool,
    steps_an_epoch: Option<f64>,
}

/// What is measured on a part of the data with dropout off: the loss, the error of the task, and the error of the
/// tutorial.
#[derive(Debug, Clone, Default)]
struct SplitCurves {
    loss: SampledCurve,
    error: SampledCurve,
    mean_absolute_error: SampledCurve,
}

impl CurvesReader {
    /// For the lines of a training of this experiment, on this task.
    #[must_use]
    pub fn new(experiment: &ResolvedExperiment, task: &Task) -> Self {
        CurvesReader {
            loss: experiment.loss(),
            task: task.clone(),
            counts_epochs: experiment.train.epochs.is_some(),
            training_loss: SampledCurve::default(),
            train: SplitCurves::default(),
            validation: SplitCurves::default(),
            best_step: None,
            cross_validates: experiment.train.cross_validation.is_some(),
            steps_an_epoch: None,
        }
    }

    /// Takes the next line.
    pub fn push(&mut self, line: &MetricsLine) {
        // With validation rows the error is that of the task.
        let measure = Measure::of(self.loss, &self.task, true);
        let curves = match line.split {
            Part::Train => &mut self.train,
            Part::Validation => &mut self.validation,
            Part::Test | Part::Calibration => return,
        };
        curves.push(line, measure);
        self.training_loss.push(line.step, line.training_loss);
        if self.counts_epochs && line.epoch > 0 {
            // Such a training is evaluated at the end of epochs alone.
            self.steps_an_epoch = Some(line.step as f64 / line.epoch as f64);
        }
        if line.best == Some(true) {
            self.best_step = Some(line.step);
            self.training_loss.mark(line.step);
            self.train.mark(line.step);
            self.validation.mark(line.step);
        }
    }

    /// The curves of all lines so far.
    #[must_use]
    pub fn curves(self) -> Curves {
        let has_validation = self.validation.loss.seen > 0;
        let measure = Measure::of(self.loss, &self.task, has_validation);
        let error = |curves: &SplitCurves| match measure {
            Measure::MeanAbsoluteError => curves.mean_absolute_error.points(),
            _ => curves.error.points(),
        };
        let errors = [
            ("training", error(&self.train)),
            ("validation", error(&self.validation)),
        ];
        let losses = [
            ("training, dropout on", self.training_loss.points()),
            ("training", self.train.loss.points()),
            ("validation", self.validation.loss.points()),
        ];
        let curve = |(name, points): (&str, Vec<(usize, f64)>)| {
            let name = name.to_owned();
            (!points.is_empty()).then_some(Curve { name, points })
        };
        Curves {
            error_name: measure.name().to_owned(),
            losses: losses.into_iter().filter_map(curve).collect(),
            errors: errors.into_iter().filter_map(curve).collect(),
            best_step: self.best_step,
            cross_validates: self.cross_validates,
            steps_an_epoch: self.steps_an_epoch,
        }
    }
}

impl MetricsLine {
    fn error(&self, measure: Measure) -> Option<f64> {
        match measure {
            Measure::MeanAbsoluteError => self.mean_absolute_error,
            Measure::ErrorRate => self.error_rate,
            _ => self.rmse,
        }
    }
}

impl SplitCurves {
    fn push(&mut self, line: &MetricsLine, measure: Measure) {
        self.loss.push(line.step, line.loss);
        self.error.push(line.step, line.error(measure));
        self.mean_absolute_error
            .push(line.step, line.mean_absolute_error);
    }

    fn mark(&mut self, step: usize) {
        self.loss.mark(step);
        self.error.mark(step);
        self.mean_absolute_error.mark(step);
    }
}

/// A curve of any length in few points, evenly spaced among those that came, and besides them the last one, the
/// smallest one and one that is marked.
#[derive(Debug, Clone, Default)]
struct SampledCurve {
    /// One point in `2^doublings`.
    points: Vec<(usize, f64)>,
    doublings: u32,
    seen: usize,
    last: Option<(usize, f64)>,
    smallest: Option<(usize, f64)>,
    marked: Option<(usize, f64)>,
}

impl SampledCurve {
    /// The most points that are shown.
    const MOST: usize = 400;

    fn push(&mut self, step: usize, value: Option<f64>) {
        let Some(value) = value.filter(|value| value.is_finite()) else {
            return;
        };
        let point = (step, value);
        if self.seen.is_multiple_of(1 << self.doublings) {
            self.points.push(point);
        }
        if self.points.len() == 2 * Self::MOST {
            let mut places = 0..;
            self.points
                .retain(|_| places.next().is_some_and(|place| place % 2 == 0));
            self.doublings += 1;
        }
        self.seen += 1;
        self.last = Some(point);
        if self.smallest.is_none_or(|(_, smallest)| value < smallest) {
            self.smallest = self.last;
        }
    }

    /// Keeps the last point, if it is of this step.
    fn mark(&mut self, step: usize) {
        if self.last.is_some_and(|(last, _)| last == step) {
            self.marked = self.last;
        }
    }

    fn points(&self) -> Vec<(usize, f64)> {
        let places = super::spaced(self.points.len(), Self::MOST - 3);
        let mut points: Vec<(usize, f64)> = places.map(|place| self.points[place]).collect();
        points.extend(
            [self.last, self.smallest, self.marked]
                .into_iter()
                .flatten(),
        );
        points.sort_by_key(|(step, _)| *step);
        points.dedup_by_key(|(step, _)| *step);
        points
    }
}
