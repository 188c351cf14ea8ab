//! How active the units of a hidden layer are.

use serde::{Deserialize, Serialize};

/// How active the units of a hidden layer are, dropout off (the paper's Figure 8: dropout makes activations sparse).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// The hidden layer, counted from 1.
    pub layer: usize,
    /// Its units.
    pub units: usize,
    /// Rows that the activations are of.
    pub rows: usize,
    /// The name of the activation.
    pub activation: String,
    /// All activations, of every row and unit.
    pub activations: Histogram,
    /// Each unit's mean over the rows.
    pub means: Histogram,
    /// The mean of all activations.
    pub mean: f64,
    /// The share of activations that are near zero: less than a hundredth of the largest magnitude.
    pub near_zero: f64,
}

/// How many values lie between two edges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// One more than there are counts, from small to large, evenly spaced.
    pub edges: Vec<f64>,
    /// Values between an edge and the next; the last bin holds its upper edge too.
    pub counts: Vec<usize>,
}
