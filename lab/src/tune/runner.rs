//! Who trains the trials.

use burn::tensor::Device;

use super::{Trial, TrialOutcome, TuneSplits};
use dropwise::error::Result;

/// Trains the trials of a study. It alone knows rows, devices, threads, files and clocks.
pub trait TrialRunner {
    /// Trains the networks of `trials`, at once or in any order, and returns how they ended, in the order of
    /// `trials`; `None` if cancelled. An outcome must depend on nothing but its trial and the rows.
    ///
    /// # Errors
    /// Anything that keeps a trial from being trained, but not divergence, which is an outcome:
    /// [`TrialEnd::Diverged`](super::TrialEnd::Diverged).
    fn run(&mut self, trials: &[Trial]) -> Result<Option<Vec<TrialOutcome>>>;

    /// Whether there is time for more trials; called before each width and each generation but the first.
    fn has_time(&mut self) -> bool {
        true
    }
}

/// Trains one trial after another, and keeps nothing.
pub struct SequentialRunner<'a> {
    splits: &'a TuneSplits,
    device: Device,
}

impl<'a> SequentialRunner<'a> {
    /// Trains on `splits`, on `device`.
    #[must_use]
    pub fn new(splits: &'a TuneSplits, device: &Device) -> Self {
        SequentialRunner {
            splits,
            device: device.clone(),
        }
    }
}

impl TrialRunner for SequentialRunner<'_> {
    fn run(&mut self, trials: &[Trial]) -> Result<Option<Vec<TrialOutcome>>> {
        let run = |trial: &Trial| trial.run(self.splits, &self.device, &|| true);
        trials.iter().map(run).collect()
    }
}
