//! The error over the value of one weight, all others held.

use serde::{Deserialize, Serialize};

/// A weight of the first layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightAt {
    /// The input it comes from, counted from 0.
    pub input: usize,
    /// That input's name.
    pub input_name: String,
    /// The hidden unit it goes to, counted from 0.
    pub unit: usize,
}

/// What to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct LandscapeOptions {
    /// Values of the weight at which the error is computed.
    pub points: usize,
    /// Thinned networks to sample, where the network has dropout.
    pub networks: usize,
    /// The seed of their masks.
    pub seed: u64,
}

/// The loss over the value of one weight: of the whole network, and of thinned ones as dropout trains them, each with
/// one mask for all rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Landscape {
    /// Which weight.
    pub weight: WeightAt,
    /// Its value in the trained network.
    pub value: f64,
    /// The loss there, dropout off.
    pub loss: f64,
    /// Rows that the loss is measured on.
    pub rows: usize,
    /// The values that the weight is given, from small to large.
    pub values: Vec<f64>,
    /// The loss at each of them, dropout off.
    pub losses: Vec<f64>,
    /// The loss at each of them of each sampled thinned network; empty without dropout.
    pub thinned: Vec<Vec<f64>>,
    /// The mean over the thinned networks at each value; empty without dropout.
    pub thinned_mean: Vec<f64>,
    /// Step and value of the weight while it was trained, where that was recorded.
    pub trail: Vec<(usize, f64)>,
}
