//! Quantities over another one, each as a line: the data of the figure.

use serde::Serialize;

/// A figure of lines over the same axes, such as the error over the dropout rate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lines {
    /// What the figure shows.
    pub title: String,
    /// What its marks mean; may be empty.
    pub subtitle: String,
    /// What x is, with its unit.
    pub x_label: String,
    /// What the lines are, with their unit. Their axis is logarithmic where the largest value is more than ten
    /// times the least, and none is below 1e-9.
    pub y_label: String,
    /// Whether x is on a logarithmic axis; points whose x is below 1e-9 are not shown on one.
    pub is_x_logarithmic: bool,
    /// Up to six have a color of their own.
    pub series: Vec<LineSeries>,
    /// Values that are the same for every x.
    pub levels: Vec<Level>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineSeries {
    /// What it is of; stands at its end.
    pub label: String,
    /// In any order.
    pub points: Vec<LinePoint>,
}

/// A point of a line; one that is not finite is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LinePoint {
    /// Where it is.
    pub x: f64,
    /// How high it is: a mean, or the only value there is.
    pub mean: f64,
    /// The lower end of its error bar; without both ends it has none.
    pub low: Option<f64>,
    /// The upper end of its error bar.
    pub high: Option<f64>,
}

/// A dashed line across the figure, such as a network to compare with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Level {
    /// What it is; stands at its end.
    pub label: String,
    /// How high it is; one that is not finite is not shown.
    pub value: f64,
    /// The lower edge of the pale band around it; without both edges it has none.
    pub low: Option<f64>,
    /// The upper edge.
    pub high: Option<f64>,
}
