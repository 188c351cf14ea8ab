//! Distributions side by side, each as a strip of dots: the data of the figure.

use serde::Serialize;

use crate::statistics::{Distribution, Interval};

/// A figure of several distributions of the same quantity, one under the other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Strips {
    /// What the figure shows.
    pub title: String,
    /// What its marks mean.
    pub subtitle: String,
    /// What the values are, with their unit.
    pub value_label: String,
    /// What the strips' labels are.
    pub strip_label: String,
    /// What the strips' notes are; empty where there are none.
    pub note_label: String,
    /// From top to bottom.
    pub strips: Vec<Strip>,
}

/// One distribution.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Strip {
    /// Which one.
    pub label: String,
    /// A number that belongs to it, shown at its end; may be empty.
    pub note: String,
    /// A dot for each; those that are not finite are not shown.
    pub values: Vec<f64>,
}

impl Strips {
    /// All values that can be shown.
    pub(crate) fn values(&self) -> impl Iterator<Item = f64> {
        let strips = self.strips.iter().flat_map(|strip| &strip.values);
        strips.copied().filter(|value| value.is_finite())
    }

    /// The smallest and the largest value; none if there is none.
    pub(crate) fn range(&self) -> Option<Interval> {
        let low = self.values().min_by(f64::total_cmp)?;
        let high = self.values().max_by(f64::total_cmp)?;
        Some(Interval { low, high })
    }

    /// Whether the values are better seen in powers of ten: all are above 0, and they span so many that the
    /// small ones would lie on top of each other.
    pub(crate) fn is_logarithmic(&self) -> bool {
        self.range()
            .is_some_and(|range| range.low > 0.0 && range.high / range.low > 20.0)
    }
}

impl Strip {
    pub(crate) fn distribution(&self) -> Option<Distribution> {
        let finite = self.values.iter().filter(|value| value.is_finite());
        Distribution::of(&finite.copied().collect::<Vec<_>>())
    }
}
