//! How alike the units of a hidden layer have become.

use serde::{Deserialize, Serialize};

/// How alike the units of a hidden layer are. The tutorial's claim is that dropout keeps units from doing the same work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Redundancy {
    /// The hidden layer, counted from 1.
    pub layer: usize,
    /// Its units.
    pub units: usize,
    /// Units whose activation is the same in every row, which correlate with nothing.
    pub constant_units: usize,
    /// Rows that the activations are of.
    pub rows: usize,
    /// Pearson's correlations of activations over rows, dropout off.
    pub activations: Similarities,
    /// Cosines of the angles between the vectors of incoming weights, biases left out.
    pub weights: Similarities,
}

/// The similarities of pairs of units, from -1 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Similarities {
    /// The units that the matrix is of, in its order, like ones beside each other.
    pub shown: Vec<usize>,
    /// `[shown, shown]`, row after row.
    pub matrix: Vec<Vec<f32>>,
    /// Over all pairs of units, the mean of the magnitudes.
    pub mean_magnitude: f64,
    /// Units that have a near-duplicate: another unit with a similarity above [`Redundancy::NEAR`].
    pub near_duplicates: usize,
    /// How many directions the units take: `(sum of eigenvalues)^2 / (sum of their squares)` of the matrix over all
    /// units, the participation ratio; 1 if all are alike, the number of units if no two are.
    pub effective_rank: f64,
}

impl Redundancy {
    /// Two units with a similarity above this are near-duplicates.
    pub const NEAR: f64 = 0.95;
}
