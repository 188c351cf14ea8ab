//! What became of all hidden units' weights from the same input.

use serde::{Deserialize, Serialize};

/// The incoming weights of hidden units from one input, over the steps of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paths {
    /// The input, counted from 0.
    pub input: usize,
    /// Its name.
    pub input_name: String,
    /// The steps at which the weights were recorded, from 0 on.
    pub steps: Vec<usize>,
    /// A path a unit, the first units of a wide layer.
    pub units: Vec<UnitPath>,
    /// Units in the layer.
    pub all_units: usize,
}

/// One unit's weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitPath {
    /// The unit, counted from 0.
    pub unit: usize,
    /// The weight's value at each of the steps.
    pub values: Vec<f64>,
}
