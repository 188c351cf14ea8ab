//! The parts of the data, by name.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Dataset, Splits};
use crate::error::{Error, Result};

/// A part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The rows to train on.
    Train,
    /// The rows that decide when to stop and what to choose.
    Validation,
    /// The rows to be looked at once, at the end.
    Test,
    /// The rows that say how far predictions are off, for intervals that hold.
    Calibration,
}

impl FromStr for Part {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = Part::ALL.into_iter().find(|part| part.name() == name);
        known.ok_or_else(|| {
            Error::invalid(
                "split",
                "`train`, `validation`, `test` or `calibration`",
                format!("`{name}`"),
            )
        })
    }
}

impl Part {
    /// All of them.
    #[doc(hidden)]
    pub const ALL: [Part; 4] = [Part::Train, Part::Validation, Part::Test, Part::Calibration];

    /// In the order in which a network is best judged by them.
    #[doc(hidden)]
    pub const BY_PREFERENCE: [Part; 3] = [Part::Test, Part::Validation, Part::Train];

    /// The name in flags and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Part::Train => "train",
            Part::Validation => "validation",
            Part::Test => "test",
            Part::Calibration => "calibration",
        }
    }

    /// The name in sentences.
    #[must_use]
    #[doc(hidden)]
    pub fn word(self) -> &'static str {
        match self {
            Part::Train => "training",
            _ => self.name(),
        }
    }
}

impl Splits {
    /// The rows of a part, where there are any.
    #[must_use]
    pub fn part(&self, part: Part) -> Option<&Dataset> {
        match part {
            Part::Train => Some(&self.train),
            Part::Validation => self.validation.as_ref(),
            Part::Test => self.test.as_ref(),
            Part::Calibration => self.calibration.as_ref(),
        }
    }
}
