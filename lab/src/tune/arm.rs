//! The two arms of a study, and what is known of them along the way.

use std::cmp::Ordering;

use serde::Serialize;

use super::{Score, TrialSetting};

/// With dropout, or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// With dropout.
    Dropout,
    /// Without.
    NoDropout,
}

impl Arm {
    pub(super) const BOTH: [Arm; 2] = [Arm::Dropout, Arm::NoDropout];

    /// Its name in sentences.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Arm::Dropout => "dropout",
            Arm::NoDropout => "no dropout",
        }
    }
}

/// What a width came to while growing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WidthSummary {
    /// Units of each hidden layer.
    pub width: usize,
    /// The smallest learning rate that fits, or else the one with the best score.
    pub learning_rate: f64,
    /// Whether the network fits its training rows.
    pub fits: bool,
    /// Epochs that it was trained for.
    pub epochs: usize,
    /// Its score on the training rows, dropout off; none if it diverged.
    pub score: Option<Score>,
}

impl WidthSummary {
    /// Which is better: one that fits, with the smaller learning rate, as the paper's guide for dropout counts from
    /// a rate that a plain network is content with; else the one with the better score.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let fits = other.fits.cmp(&self.fits);
        let rate = if self.fits && other.fits {
            self.learning_rate.total_cmp(&other.learning_rate)
        } else {
            Ordering::Equal
        };
        let score = match (&self.score, &other.score) {
            (Some(one), Some(other)) => one.compare(other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        };
        fits.then(rate).then(score)
    }
}

/// The width to go on with: the one that fits, or else the one with the best score.
pub(super) fn grown_to(grown: &[WidthSummary]) -> Option<&WidthSummary> {
    grown.iter().min_by(|one, other| one.compare(other))
}

/// A setting that was among the best of its search, and its networks of several seeds on the validation rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finalist {
    /// The number of its trial in the search.
    pub trial: usize,
    /// Its setting.
    pub setting: TrialSetting,
    /// The error of each network, that of the search first, in the order of their seeds.
    pub errors: Vec<f64>,
    /// Their mean score.
    pub mean: Score,
}
