//! Distributions side by side, each as a strip of dots: the data of the figure.

use serde::Serialize;

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
    /// What others have published for it, a ring; none if there is nothing to compare with, or if it is not finite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<f64>,
}
