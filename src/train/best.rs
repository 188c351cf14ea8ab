//! Which network was the best on the validation rows, and how long ago that was.

use crate::config::EarlyStopping;
use crate::model::Mlp;

/// The best network so far, if any was evaluated on validation rows.
pub(super) struct BestSoFar {
    stopping: Option<EarlyStopping>,
    pub(super) best: Option<BestNetwork>,
}

pub(super) struct BestNetwork {
    pub(super) step: usize,
    pub(super) loss: f64,
    pub(super) evaluations_since: usize,
    /// Without a graph: one, or the members of an ensemble.
    pub(super) members: Vec<Mlp>,
}

impl BestSoFar {
    pub(super) fn new(stopping: Option<EarlyStopping>) -> Self {
        BestSoFar {
            stopping,
            best: None,
        }
    }

    /// Keeps the network, or the members of an ensemble, if no other had so small a validation loss, and says whether it did.
    pub(super) fn compare(&mut self, step: usize, loss: f64, members: Vec<Mlp>) -> bool {
        let margin = self
            .stopping
            .map_or(0.0, |stopping| stopping.min_improvement);
        match &mut self.best {
            Some(best) if !(loss.is_finite() && loss < best.loss - margin) => {
                best.evaluations_since += 1;
                return false;
            }
            None if !loss.is_finite() => return false,
            _ => {}
        }
        self.best = Some(BestNetwork {
            step,
            loss,
            evaluations_since: 0,
            members,
        });
        true
    }

    /// Whether it is time to stop.
    pub(super) fn patience_is_over(&self) -> bool {
        match (self.stopping, &self.best) {
            (Some(stopping), Some(best)) => best.evaluations_since >= stopping.patience,
            _ => false,
        }
    }
}
