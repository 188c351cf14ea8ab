//! Where a network comes from, and how good it is.

use serde::{Deserialize, Serialize};

use crate::statistics::Interval;

/// Where a network comes from, and how good it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The network in one line.
    pub network: String,
    /// The resolved configuration, as TOML.
    pub config: String,
    /// SHA-256 of the data that it was trained on, in hexadecimal.
    pub data_sha256: String,
    /// The seed of all randomness.
    pub seed: u64,
    /// The model that is looked at, `best` or `last`, and the step it comes from.
    pub model: String,
    /// The training step of that model.
    pub model_step: usize,
    /// Name and value of all else that is known: backend, versions, how training ended, steps, epochs, seconds.
    pub facts: Vec<(String, String)>,
    /// How good the network is, dropout off; a line a split and metric.
    pub measured: Vec<Measured>,
}

/// One metric on one part of the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// `training`, `validation` or `test`.
    pub split: String,
    /// Rows in it.
    pub rows: usize,
    /// The metric's name, such as `error rate`.
    pub metric: String,
    /// Its value.
    pub value: f64,
    /// Its interval at 95 %, where one is known: Wilson's for a share, Student's for a mean over rows; that of an RMSE
    /// is the root of the mean squared error's.
    pub interval: Option<Interval>,
    /// Whether the value is a share, to be shown in percent.
    pub is_share: bool,
}
