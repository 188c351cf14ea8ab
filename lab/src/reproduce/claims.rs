//! What is said of the rows of an experiment, and whether it holds.

use serde::{Deserialize, Serialize};

use super::RowSummary;
use crate::statistics::Interval;

/// That the number of one row is smaller than that of another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// What it means, in words.
    pub says: String,
    /// The name of the row with the smaller number.
    pub less: String,
    /// The name of the row with the larger number.
    pub more: String,
    /// Whether it is to hold in a quick run too.
    #[serde(default)]
    pub quick: bool,
}

/// Whether a claim holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// The mean of the one is smaller, and the interval of the difference says so too.
    Clearly,
    /// The mean of the one is smaller, but luck could explain it.
    OnAverage,
    /// The mean of the one is not smaller.
    No,
    /// There are no networks yet to tell by.
    Unknown,
}

impl Holds {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Holds::Clearly => "holds",
            Holds::OnAverage => "holds on average; luck could explain it",
            Holds::No => "does not hold",
            Holds::Unknown => "not known yet",
        }
    }
}

/// A claim, and what the networks say of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClaimResult {
    /// What is claimed.
    pub claim: Claim,
    /// Whether it holds.
    pub holds: Holds,
    /// The mean of the smaller less that of the larger.
    pub difference: Option<f64>,
    /// Welch's 95 % interval of the difference; none with fewer than two networks in a row.
    pub interval: Option<Interval>,
}

impl Claim {
    /// The names of the rows that it is about.
    pub fn rows(&self) -> impl Iterator<Item = &str> {
        [self.less.as_str(), self.more.as_str()].into_iter()
    }

    /// Whether it holds of these rows.
    #[must_use]
    pub fn check(&self, rows: &[RowSummary]) -> ClaimResult {
        let numbers = |name: &str| {
            let row = rows.iter().find(|row| row.name == name)?;
            row.distribution.as_ref()
        };
        let both = numbers(&self.less).zip(numbers(&self.more));
        let difference = both.map(|(less, more)| less.mean - more.mean);
        let interval = both.and_then(|(less, more)| Interval::of_difference(less, more));
        let holds = match (difference, interval) {
            (None, _) => Holds::Unknown,
            (Some(difference), _) if difference >= 0.0 => Holds::No,
            (_, Some(interval)) if interval.high < 0.0 => Holds::Clearly,
            _ => Holds::OnAverage,
        };
        ClaimResult {
            claim: self.clone(),
            holds,
            difference,
            interval,
        }
    }
}
