//! TOML to a checked experiment.
//!
//! [`Experiment`] mirrors the file: it says what was written, defaults filled in. [`Experiment::check`]
//! turns it into a [`CheckedExperiment`], the only form that [`train`](crate::train::train) accepts.
//! Once the data are known, [`CheckedExperiment::resolve`] names what follows from them, such as the loss: a
//! [`ResolvedExperiment`].
//! A file is strict: an unknown key, a wrong type or a value out of range is an error that points at
//! the place and says what would be right.
//!
//! ```
//! use dropwise::config::Experiment;
//!
//! let experiment = Experiment::parse(
//!     "xor.toml",
//!     "[data]\n source = 'xor'\n [network]\n hidden = [4]\n [train]\n learning_rate = 0.5\n steps = 10\n",
//! )?;
//! assert_eq!(experiment.network.hidden, [4]);
//!
//! let misspelled = Experiment::parse("xor.toml", "[data]\nsuorce = 'xor'\n").unwrap_err();
//! assert!(misspelled.to_string().starts_with("xor.toml:2:1: data.suorce: unknown key"));
//! # Ok::<(), dropwise::Error>(())
//! ```

mod data;
mod document;
mod forms;
mod measure;
mod network;
mod older;
mod resolved;
mod split;
mod table;
mod training;

use std::ops::Deref;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::backend::Backend;
use crate::check::check_count;
use crate::error::{Error, Result};

use document::{Document, Mistake, Table};

pub use crate::activation::Activation;
pub use crate::backend::Precision;
#[doc(hidden)]
pub use crate::check::check_rate;
pub use crate::dropout::Masks;
pub use crate::initializer::Initializer;
pub use crate::loss::Loss;
pub use data::{CsvConfig, DataConfig, DataSource, Delimiter, IdxConfig, ParquetConfig};
#[doc(hidden)]
pub use document::nearest;
#[doc(hidden)]
pub use document::{from_toml, written_at};
pub use measure::Measure;
pub use network::{DropoutConfig, DropoutSchedule, HiddenNoise, NetworkConfig};
pub use resolved::ResolvedExperiment;
pub use split::{Fold, SplitConfig};
pub use table::{ColumnName, Missing, MissingTarget, NewCategory, Scaling, TableConfig, TaskKind};
pub use training::{
    BatchSize, ClassWeight, Clip, EarlyStopping, Momentum, MomentumRamp, Optimizer, Schedule,
    Shuffle, TrainConfig,
};

/// A whole experiment, as written in a file or built in code. Unchecked: see [`Experiment::check`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Experiment {
    /// The whole number that all randomness comes from: split, initial weights, masks, order of the rows. Default 42.
    pub seed: u64,
    /// The backend: `flex`, `ndarray`, `wgpu`, `cuda` or `remote:ADDRESS`. Default: the fastest one compiled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// The type of weights and arithmetic, `float32` or `float64`. Default `float32`.
    pub precision: Precision,
    /// Where the rows come from.
    pub data: DataConfig,
    /// The network's layers.
    pub network: NetworkConfig,
    /// Dropout rates. Default: no dropout.
    pub dropout: DropoutConfig,
    /// How the network is trained.
    pub train: TrainConfig,
    /// What a study trains. Default: one network.
    #[serde(skip_serializing_if = "is_default")]
    pub study: StudyConfig,
}

/// The tables and keys of a file. `data` is read by itself, since its `source` says which keys it has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sections {
    #[serde(default = "default_seed")]
    seed: u64,
    #[serde(default)]
    backend: Option<String>,
    #[serde(default)]
    precision: Precision,
    #[serde(rename = "data")]
    _data: IgnoredAny,
    network: NetworkConfig,
    #[serde(default)]
    dropout: DropoutConfig,
    train: TrainConfig,
    #[serde(default)]
    study: StudyConfig,
}

/// Networks that differ in nothing but their seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StudyConfig {
    /// Networks at each setting, at least 1, trained at once. Their seeds count on from the experiment's: see
    /// [`Replica::several`](crate::train::Replica::several).
    pub replicas: usize,
    /// Folds of a cross-validation, at least 2: all rows but the test rows are dealt into so many parts, and networks are trained on
    /// all parts but one and measured on that, with each part in turn. By time, the parts before each are trained on. Takes the
    /// place of `split.validation`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_validation: Option<usize>,
}

impl Default for StudyConfig {
    fn default() -> Self {
        StudyConfig {
            replicas: 1,
            cross_validation: None,
        }
    }
}

fn yes() -> bool {
    true
}

fn is_yes(flag: &bool) -> bool {
    *flag
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn default_seed() -> u64 {
    42
}

impl Experiment {
    /// Reads and checks the text of a TOML file.
    ///
    /// # Errors
    /// [`Error::Config`], with `file`, line, column, what was expected and what was found.
    pub fn parse(file: &str, text: &str) -> Result<CheckedExperiment> {
        let mut document = Document::parse(file, text)?;
        older::rename(document.root_mut());
        let experiment = document.read(Experiment::read)?;
        experiment.check().map_err(|error| document.place(error))
    }

    fn read(root: Table<'_>) -> std::result::Result<Self, Mistake> {
        let data = root.inner("data", DataConfig::read)?;
        let sections = Sections::deserialize(root)?;
        Ok(Experiment {
            seed: sections.seed,
            backend: sections.backend,
            precision: sections.precision,
            data,
            network: sections.network,
            dropout: sections.dropout,
            train: sections.train,
            study: sections.study,
        })
    }

    /// Checks every value against its range.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] that names the first field out of range, or [`Error::Backend`].
    pub fn check(self) -> Result<CheckedExperiment> {
        if let Some(name) = &self.backend {
            name.parse::<Backend>()?;
        }
        self.data.check()?;
        self.network.check()?;
        let network = &self.network;
        self.dropout
            .check(network.hidden.len(), network.activation)?;
        self.train.check()?;
        check_count("study.replicas", self.study.replicas)?;
        if let Some(folds @ 0..=1) = self.study.cross_validation {
            let expected = "a whole number of at least 2";
            return Err(Error::invalid("study.cross_validation", expected, folds));
        }
        if self.train.ensemble > 1 {
            self.check_ensemble()?;
        }
        if self.train.shards > 1 && self.dropout.masks != Masks::Seeded {
            let expected = "\"seeded\" with `train.shards`, whose rows draw masks of their own";
            return Err(Error::invalid("dropout.masks", expected, "\"framework\""));
        }
        if let (Some(loss), Some(output)) = (self.train.loss, self.network.output) {
            check_output(loss, output)?;
        }
        if self.train.cross_validation.is_some() {
            self.check_cross_validation()?;
        } else if self.train.early_stopping.is_some() && !self.data.validates() {
            return Err(Error::invalid(
                "train.early_stopping",
                "validation rows to look at, such as `split.validation = 0.1` in `[data]`",
                "none",
            ));
        }
        Ok(CheckedExperiment(self))
    }
}

impl Experiment {
    /// The members of an ensemble are trained as replicas, whose masks are always seeded, and a study's are replicas already.
    fn check_ensemble(&self) -> Result<()> {
        if self.dropout.masks != Masks::Seeded {
            let expected = "\"seeded\" with `train.ensemble`";
            return Err(Error::invalid("dropout.masks", expected, "\"framework\""));
        }
        if self.study.replicas > 1 {
            let expected = "1 with `study.replicas`, which are looked at one by one";
            return Err(Error::invalid(
                "train.ensemble",
                expected,
                self.train.ensemble,
            ));
        }
        Ok(())
    }

    /// The folds of an ensemble are dealt row by row, from all training rows.
    fn check_cross_validation(&self) -> Result<()> {
        let Some(split) = &self.data.split else {
            return Ok(());
        };
        let keys = [
            ("group", split.group.is_some()),
            ("time", split.time.is_some()),
        ];
        if let Some((key, _)) = keys.iter().find(|(_, is_there)| *is_there) {
            let expected = format!(
                "none with `split.{key}`, since folds are dealt row by row; use `split.validation`"
            );
            return Err(Error::invalid("train.cross_validation", expected, "one"));
        }
        if split.validates() {
            let expected = "none with validation rows, whose place it takes; remove `split.validation` or `train.cross_validation`";
            return Err(Error::invalid("train.cross_validation", expected, "one"));
        }
        Ok(())
    }
}

fn check_output(loss: Loss, output: Activation) -> Result<()> {
    if loss.takes_logits() && output != Activation::Identity {
        return Err(Error::invalid(
            "network.output",
            format!("`identity` with the loss `{loss}`, which takes logits"),
            format!("`{output}`"),
        ));
    }
    Ok(())
}

/// An experiment whose values are all in range. Made by [`Experiment::check`] and
/// [`Experiment::parse`]; reads like an [`Experiment`].
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedExperiment(Experiment);

impl Deref for CheckedExperiment {
    type Target = Experiment;

    fn deref(&self) -> &Experiment {
        &self.0
    }
}

impl CheckedExperiment {
    /// The experiment, to change it; it has to be checked again.
    #[must_use]
    #[doc(hidden)]
    pub fn into_inner(self) -> Experiment {
        self.0
    }

    /// Values that are allowed but seldom wise, each a sentence that says why.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.dropout.warnings(self.network.hidden.len())
    }
}
