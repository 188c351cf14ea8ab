//! What the units of the first hidden layer see.

use serde::{Deserialize, Serialize};

/// The incoming weights of the first hidden layer's first units (the paper's Figure 7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Features {
    /// Height and width of the images that the inputs are, where they are images.
    pub image: Option<(usize, usize)>,
    /// The names of the inputs, where they are no images.
    pub input_names: Vec<String>,
    /// The first units.
    pub units: Vec<Feature>,
    /// Units in the layer.
    pub all_units: usize,
}

/// One unit's incoming weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// The unit, counted from 0.
    pub unit: usize,
    /// `[d_input]`, or of a wide table those of the first inputs.
    pub weights: Vec<f32>,
}
