//! A network to train, and how it ended.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Measurement;
use dropwise::config::CheckedExperiment;

/// What a network is trained for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Its error on validation rows chooses a row's open values: the candidate's number, counted from 0.
    Choose(usize),
    /// It is measured, on test rows.
    Measure,
}

/// Which network it is. Displayed as the path of its folder, such as `standard/seed-1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NetworkId {
    /// The name of its row.
    pub row: String,
    /// What it is trained for.
    pub stage: Stage,
    /// The number that all its randomness comes from.
    pub seed: u64,
}

impl fmt::Display for NetworkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NetworkId { row, stage, seed } = self;
        match stage {
            Stage::Choose(candidate) => {
                write!(f, "{row}/candidate-{}-seed-{seed}", candidate + 1)
            }
            Stage::Measure => write!(f, "{row}/seed-{seed}"),
        }
    }
}

/// A network to train.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperNetwork {
    /// Which one.
    pub id: NetworkId,
    /// How to train it. One to choose by has validation rows.
    pub experiment: CheckedExperiment,
    /// What its row leaves open, and this network has: by dotted names, as TOML.
    pub values: Vec<(String, String)>,
}

/// How the training of a network ended, and what it came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetworkOutcome {
    /// The hash of the data that it was trained and measured on.
    pub data_sha256: String,
    /// Epochs that it was trained for.
    pub epochs: usize,
    /// How long its training took, over all processes.
    pub seconds: f64,
    /// The [`values`](PaperNetwork::values) of the network; none if nothing is open, or in what an older version
    /// wrote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<(String, String)>,
    /// The network in words, with its sizes.
    pub network: String,
    /// What was measured: on validation rows of a network to choose by, else on test rows. None if its loss or a
    /// weight was not finite.
    pub measured: Option<Measurement>,
}

/// How networks ended.
pub type Outcomes = BTreeMap<NetworkId, NetworkOutcome>;
