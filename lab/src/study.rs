//! The same networks again and again, with other seeds: what a setting does, apart from luck.
//!
//! A study trains several networks (see [`Replicas`](dropwise::train::Replicas)) at each of several settings, and
//! says how they are spread. All of it is data: an [`StudyOutcome`] for each network, a [`SettingSummary`] for each
//! setting, a [`StudySummary`] for the whole.
//!
//! ```
//! use dropwise::evaluate::Measure;
//! use dropwise::train::{Replica, Replicas};
//! use dropwise::{Backend, Experiment, data};
//! use dropwise_lab::study::{Setting, SettingSummary, StudyOutcome};
//!
//! let text = "[data]\n source = 'xor'\n [network]\n hidden = 4\n \
//!             [train]\n learning_rate = 0.5\n steps = 10\n [study]\n replicas = 3\n";
//! let experiment = Experiment::parse("xor.toml", text)?;
//! let (networks, rows) = (Replica::several(&experiment), data::xor());
//! let device = Backend::default().device()?;
//! let mut replicas = Replicas::new(&experiment, networks, &rows, None, &device)?;
//! replicas.run(&mut ())?;
//!
//! let metrics = replicas.evaluate(&rows)?.into_iter();
//! let outcomes: Vec<_> = metrics
//!     .zip(replicas.replicas())
//!     .map(|(metrics, replica)| StudyOutcome {
//!         setting: Setting::new(),
//!         seed: replica.seed,
//!         fold: None,
//!         diverged: None,
//!         metrics,
//!     })
//!     .collect();
//! let found = SettingSummary::of(Setting::new(), &outcomes, Measure::ErrorRate, 0.0);
//! assert_eq!(found.networks, 3);
//! # Ok::<(), dropwise::Error>(())
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::statistics::{Distribution, Interval};
use dropwise::evaluate::{Measure, Metrics};

/// The values of the keys that a study varies, by their dotted names.
pub type Setting = BTreeMap<String, Value>;

/// One network of a study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyOutcome {
    /// The setting that it was trained at.
    pub setting: Setting,
    /// The number that all its randomness comes from.
    pub seed: u64,
    /// The fold of a cross-validation that it is measured on, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<usize>,
    /// The step after which its loss or a weight was found not to be finite; none if all went well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverged: Option<usize>,
    /// How well it does after its last step, with dropout off.
    pub metrics: Metrics,
}

impl StudyOutcome {
    /// Whether it gets every row right.
    #[must_use]
    pub fn is_solved(&self) -> bool {
        self.diverged.is_none() && self.metrics.errors == Some(0)
    }
}

/// How many of the networks get every row right.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Solved {
    /// Their number.
    pub count: usize,
    /// Their share of all networks of the setting.
    pub share: f64,
    /// Wilson's interval of the share, at 95 %.
    pub interval: Interval,
}

/// What the networks of one setting come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SettingSummary {
    /// The values of the keys that the study varies.
    pub setting: Setting,
    /// How many networks were trained.
    pub networks: usize,
    /// How many of them get every row right; none for a regression, which has no right and wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solved: Option<Solved>,
    /// How many of them diverged. They count as not solved, and are left out of `error`.
    pub diverged: usize,
    /// The distribution over the networks of the study's [`Measure`]; none if all diverged.
    pub error: Option<Distribution>,
    /// How long their training took.
    pub seconds: f64,
}

impl SettingSummary {
    /// What `outcomes` come to, which are all of one setting.
    #[must_use]
    pub fn of(setting: Setting, outcomes: &[StudyOutcome], measure: Measure, seconds: f64) -> Self {
        let networks = outcomes.len();
        let classes = outcomes
            .iter()
            .all(|outcome| outcome.metrics.errors.is_some());
        let count = outcomes
            .iter()
            .filter(|outcome| outcome.is_solved())
            .count();
        let errors: Vec<f64> = finite_errors(outcomes, measure).collect();
        SettingSummary {
            setting,
            networks,
            solved: (classes && networks > 0).then(|| Solved {
                count,
                share: count as f64 / networks as f64,
                interval: Interval::of_share(count, networks),
            }),
            diverged: networks - errors.len(),
            error: Distribution::of_errors(&errors),
            seconds,
        }
    }
}

/// The errors of those networks that did not diverge.
pub fn finite_errors(outcomes: &[StudyOutcome], measure: Measure) -> impl Iterator<Item = f64> {
    let well = outcomes.iter().filter(|outcome| outcome.diverged.is_none());
    well.map(move |outcome| measure.value(&outcome.metrics))
        .filter(|error| error.is_finite())
}

/// What a study comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StudySummary {
    /// This crate's version.
    pub dropwise: &'static str,
    /// Burn's version.
    pub burn: &'static str,
    /// The backend that computed.
    pub backend: String,
    /// The hash of the data.
    pub data_sha256: String,
    /// The keys that are varied, the slowest first.
    pub keys: Vec<String>,
    /// The seed of each setting's first network; those of the others count on from it.
    pub seed: u64,
    /// How many networks each setting was to have; of a cross-validation each fold.
    pub replicas: usize,
    /// The folds of a cross-validation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_validation: Option<usize>,
    /// The rows that the networks were measured on: `train`, `validation` or `test`.
    pub split: &'static str,
    /// The error that they are compared by.
    pub measure: Measure,
    /// The hash of all that the outcomes follow from: the parts of one study have the same.
    pub plan_sha256: String,
    /// The part of the study that this is, as `K/N`; none for all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// `finished` or `interrupted`; `unfinished` while it goes on.
    pub end: &'static str,
    /// Each setting that was finished, in the order they were trained in.
    pub settings: Vec<SettingSummary>,
}
