//! The rows that a network is furthest off on.

use serde::{Deserialize, Serialize};

/// The rows that a network is furthest off on, the worst first: wrong classes by how little probability is given to the
/// right one, numbers by how far the prediction is off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mistakes {
    /// The part of the data: `training`, `validation` or `test`.
    pub split: String,
    /// Height and width of the images that the inputs are, where they are images.
    pub image: Option<(usize, usize)>,
    /// The names of the inputs that are shown, where they are no images.
    pub input_names: Vec<String>,
    /// The worst of them.
    pub rows: Vec<Mistake>,
    /// How many rows are wrong in all; of a regression, how many there are.
    pub all: usize,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// The row of its part of the data, counted from 0.
    pub row: usize,
    /// The right class, or the target, in words.
    pub actual: String,
    /// The predicted class, or the prediction, in words.
    pub predicted: String,
    /// The probability of the predicted class, where predictions are probabilities.
    pub probability: Option<f64>,
    /// The inputs that are shown: all pixels, from 0 to 1, or a table's values in its own units.
    pub inputs: Vec<f32>,
}
