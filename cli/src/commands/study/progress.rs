//! The observer that shows progress on a terminal and watches for Ctrl-C.

use std::time::{Duration, Instant};

use dropwise::Result;
use dropwise::train::{Flow, Replicas, ReplicasObserver};
use indicatif::{HumanDuration, ProgressBar};

use super::super::interrupt;
use super::super::output::Style;

/// Shows progress and watches for Ctrl-C.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    /// Settings, or their folds.
    trainings: usize,
    /// Those that are finished.
    done: usize,
    /// Those that another process had finished.
    skipped: usize,
    started: Instant,
    drawn: Instant,
}

/// Parts of the bar that a setting is.
const PARTS: f64 = 1000.0;

/// Between two drawings.
const REDRAW: Duration = Duration::from_millis(100);

impl Progress {
    pub(super) fn new(trainings: usize, style: Style) -> Self {
        let now = Instant::now();
        Progress {
            bar: style.bar(trainings as u64 * PARTS as u64),
            trainings,
            done: 0,
            skipped: 0,
            started: now,
            drawn: now,
        }
    }

    /// One setting, or fold of it, is finished.
    pub(super) fn next_training(&mut self) {
        self.done += 1;
    }

    /// So many were finished by another process.
    pub(super) fn skip(&mut self, trainings: usize) {
        self.done += trainings;
        self.skipped += trainings;
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl ReplicasObserver for Progress {
    fn stepped(&mut self, replicas: &Replicas<'_>) -> Result<Flow> {
        if let Some(bar) = &self.bar
            && self.drawn.elapsed() >= REDRAW
        {
            self.drawn = Instant::now();
            let (step, steps) = (replicas.step(), replicas.steps());
            let gone = self.done as f64 + step as f64 / steps as f64;
            let (all, own) = (self.trainings as f64, gone - self.skipped as f64);
            let left = self.started.elapsed().as_secs_f64() * (all - gone) / own;
            let left = Duration::from_secs_f64(left.clamp(0.0, 1e9));
            bar.set_position((gone * PARTS) as u64);
            bar.set_prefix(format!("setting {}/{}", self.done + 1, self.trainings));
            bar.set_message(format!("step {step}/{steps}, {} left", HumanDuration(left)));
        }
        if interrupt::requested() {
            return Ok(Flow::Stop);
        }
        Ok(Flow::Continue)
    }
}
