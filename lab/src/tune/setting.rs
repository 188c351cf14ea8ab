//! What a trial tries.

use serde::{Deserialize, Serialize};

use dropwise::config::{CheckedExperiment, Momentum};
use dropwise::error::Result;

/// What a trial tries, by the keys of the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialSetting {
    /// Units of each hidden layer.
    #[serde(rename = "network.hidden")]
    pub width: usize,
    /// The dropout rate of the hidden layers.
    #[serde(rename = "dropout.hidden")]
    pub hidden_rate: f64,
    /// The dropout rate of the input layer.
    #[serde(rename = "dropout.input")]
    pub input_rate: f64,
    /// The learning rate at the start.
    #[serde(rename = "train.learning_rate")]
    pub learning_rate: f64,
    /// The momentum of gradient descent; none where the optimizer has none, or for the experiment's own.
    #[serde(
        rename = "train.momentum",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub momentum: Option<f64>,
    /// The bound on the norm of each unit's incoming weights; none means no bound.
    #[serde(
        rename = "train.max_norm",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub max_norm: Option<f64>,
    /// The L1 penalty; none for the experiment's own.
    #[serde(rename = "train.l1", default, skip_serializing_if = "Option::is_none")]
    pub l1: Option<f64>,
    /// The decay of Adam's second moment; none for the experiment's own.
    #[serde(
        rename = "train.beta2",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub beta2: Option<f64>,
}

impl TrialSetting {
    /// Neither dropout nor a bound, at the experiment's learning rate and first width.
    pub(super) fn plain(base: &CheckedExperiment) -> Self {
        TrialSetting {
            width: base.network.hidden.first().copied().unwrap_or(1),
            hidden_rate: 0.0,
            input_rate: 0.0,
            learning_rate: base.train.learning_rate,
            momentum: None,
            max_norm: None,
            l1: (base.train.l1 > 0.0).then_some(base.train.l1),
            beta2: base.train.has_beta2().then_some(base.train.beta2),
        }
    }

    /// The experiment with this setting in it. All hidden layers get the same width.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](dropwise::Error::InvalidValue) for a value out of its range.
    pub fn apply(&self, base: &CheckedExperiment) -> Result<CheckedExperiment> {
        let mut experiment = base.clone().into_inner();
        experiment.network.hidden.fill(self.width);
        experiment.dropout.hidden = self.hidden_rate.into();
        experiment.dropout.input = self.input_rate.into();
        experiment.train.learning_rate = self.learning_rate;
        experiment.train.max_norm = self.max_norm;
        experiment.train.l1 = self.l1.unwrap_or(experiment.train.l1);
        experiment.train.beta2 = self.beta2.unwrap_or(experiment.train.beta2);
        if let Some(momentum) = self.momentum {
            experiment.train.momentum = Momentum::Constant(momentum);
        }
        experiment.check()
    }
}

/// Rounds to `digits` significant digits.
pub(super) fn round(value: f64, digits: i32) -> f64 {
    let text = format!("{value:.*e}", digits as usize - 1);
    text.parse().unwrap_or(value)
}
