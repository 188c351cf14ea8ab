//! What follows from the data and from other values: loss, output layer, initializer.

use std::ops::Deref;

use super::{Activation, CheckedExperiment, Experiment, Initializer, Loss, check_output};
use crate::error::{Error, Result};
use crate::task::Task;

/// An experiment with nothing left open. Made by [`CheckedExperiment::resolve`]; reads like an [`Experiment`] whose
/// every value is named, and is written as one.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedExperiment {
    named: CheckedExperiment,
    loss: Loss,
    output: Activation,
    initializer: Initializer,
    d_output: usize,
}

impl CheckedExperiment {
    /// The experiment with everything named that follows from the data or from other values: the
    /// loss, the output's activation, the initializer. What is named already stays.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the loss does not fit what the data ask for.
    pub fn resolve(&self, task: &Task) -> Result<ResolvedExperiment> {
        let mut named = self.0.clone();
        let loss = *named.train.loss.get_or_insert(Loss::default_for(task));
        if !loss.fits(task) {
            return Err(Error::invalid(
                "train.loss",
                format!("a loss for {task}"),
                format!("`{loss}`"),
            ));
        }
        if named.train.label_smoothing > 0.0 && !loss.takes_logits() {
            let only = "loss = \"cross-entropy\" or \"binary-cross-entropy\"";
            let found = format!("\"{loss}\"");
            return Err(Error::inapplicable("train.label_smoothing", only, found));
        }
        if let Some(measure) = named.train.select {
            measure.check(task)?;
        }
        if let Some(weight) = &named.train.class_weight {
            weight.check_task(task)?;
        }
        let network = &mut named.network;
        let output = *network.output.get_or_insert(default_output(loss, task));
        check_output(loss, output)?;
        let initializer = network.activation.default_initializer();
        let initializer = *network.initializer.get_or_insert(initializer);
        Ok(ResolvedExperiment {
            named: CheckedExperiment(named),
            loss,
            output,
            initializer,
            d_output: task.d_output(),
        })
    }
}

impl ResolvedExperiment {
    /// The loss.
    #[must_use]
    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// The activation of the output layer.
    #[must_use]
    pub fn output(&self) -> Activation {
        self.output
    }

    /// What the initial weights are drawn from.
    #[must_use]
    pub fn initializer(&self) -> Initializer {
        self.initializer
    }

    /// Outputs of the network.
    #[must_use]
    pub fn d_output(&self) -> usize {
        self.d_output
    }

    /// The experiment with everything named, to be resolved for other data.
    #[must_use]
    #[doc(hidden)]
    pub fn into_checked(self) -> CheckedExperiment {
        self.named
    }

    /// The experiment with everything named, to change it; it has to be checked again.
    #[must_use]
    #[doc(hidden)]
    pub fn into_inner(self) -> Experiment {
        self.named.into_inner()
    }
}

impl Deref for ResolvedExperiment {
    type Target = CheckedExperiment;

    fn deref(&self) -> &CheckedExperiment {
        &self.named
    }
}

fn default_output(loss: Loss, task: &Task) -> Activation {
    if loss.takes_logits() || matches!(task, Task::Regression { .. }) {
        Activation::Identity
    } else {
        Activation::Sigmoid
    }
}
