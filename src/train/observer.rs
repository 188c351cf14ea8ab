//! Observers of a training.

use super::Trainer;
use crate::error::Result;
use crate::evaluate::Evaluation;

/// Whether training goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// Take the next step.
    Continue,
    /// Stop after this step; the trainer can be asked for a [snapshot](Trainer::snapshot) to go on
    /// from later.
    Stop,
}

/// Callbacks during training. An error that one returns ends the training.
pub trait Observer {
    /// Training is about to take its next step: its first, or the first since it was resumed.
    ///
    /// # Errors
    /// Whatever the observer cannot deal with.
    fn started(&mut self, _trainer: &Trainer<'_>) -> Result<()> {
        Ok(())
    }

    /// The network was evaluated, with dropout off, after its last step.
    ///
    /// # Errors
    /// Whatever the observer cannot deal with.
    fn evaluated(&mut self, _trainer: &Trainer<'_>, _report: &Report) -> Result<()> {
        Ok(())
    }

    /// A step was taken, and the network evaluated if it was time for that. Members of an ensemble take up to a few
    /// hundred steps between two calls.
    ///
    /// # Errors
    /// Whatever the observer cannot deal with.
    fn stepped(&mut self, _trainer: &Trainer<'_>) -> Result<Flow> {
        Ok(Flow::Continue)
    }

    /// Whether [`stepped`](Self::stepped) is to be called after step `step`, counted from 1, of an ensemble too.
    fn looks_after(&self, _step: usize) -> bool {
        false
    }
}

/// No-op observer.
impl Observer for () {}

/// What is known at an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Training steps so far.
    pub step: usize,
    /// Epochs so far.
    pub epoch: usize,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// The loss while training, dropout on: its mean over the rows seen since the last evaluation.
    pub training_loss: f64,
    /// The dropout rates that are learned, from the input on; of an ensemble the means over its members. Empty where none is.
    pub rates: Vec<f64>,
    /// On the training rows, where there are no validation rows.
    pub train: Option<Evaluation>,
    /// On the validation rows; with `train.cross_validation` on the training rows, each predicted by the members that left it out.
    pub validation: Option<Evaluation>,
    /// Whether no evaluation before had so small a validation loss.
    pub best: bool,
}
