//! What the units of the first hidden layer see.

use serde::{Deserialize, Serialize};

use dropwise::backend::read;
use dropwise::data::Preprocessing;
use dropwise::error::{Error, Result};
use dropwise::model::Mlp;

/// The incoming weights of the first hidden layer's first units (the paper's Figure 7); of no unit where there is
/// no hidden layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Features {
    /// Height and width of the images that the inputs are, where they are images.
    pub image: Option<(usize, usize)>,
    /// The names of the inputs, where they are no images.
    pub input_names: Vec<String>,
    /// Inputs of the network.
    #[serde(default)]
    pub all_inputs: usize,
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

/// Of images, as many units as a page shows, and as many pixels as a report has room for.
const IMAGES: usize = 64;
const PIXELS: usize = 1 << 16;

/// Of tables.
const UNITS: usize = 12;
pub(super) const INPUTS: usize = 40;

/// What the first units of the first hidden layer see, whatever the network learns. `preparation` says what its
/// inputs are.
///
/// # Errors
/// [`Error::Shape`] if the network has other inputs, [`Error::Compute`] if the backend fails.
pub fn unit_features(network: &Mlp, preprocessing: &Preprocessing) -> Result<Features> {
    let (expected, found) = (preprocessing.d_input(), network.dims()[0]);
    if expected != found {
        return Err(Error::Shape {
            what: "the inputs of a network to look at".to_owned(),
            expected: vec![expected],
            found: vec![found],
        });
    }
    let weight = network.tensors().swap_remove(0).weight; // [d_input, units]
    let (d_input, all_units) = (
        weight.dims()[0],
        network.widths().nth(1).unwrap_or_default(),
    );
    let image = image_of(preprocessing);
    let (units, inputs) = match image {
        Some(_) => ((PIXELS / d_input).clamp(1, IMAGES), d_input),
        None => (UNITS, d_input.min(INPUTS)),
    };
    let units = units.min(all_units);
    let weights = match units {
        0 => Vec::new(),
        _ => read(weight.slice([0..inputs, 0..units]).transpose())?, // [units, inputs]
    };
    let feature = |(unit, weights): (usize, &[f64])| Feature {
        unit,
        weights: weights.iter().map(|weight| *weight as f32).collect(),
    };
    Ok(Features {
        image,
        input_names: shown_names(preprocessing),
        all_inputs: d_input,
        units: weights
            .chunks_exact(inputs)
            .enumerate()
            .map(feature)
            .collect(),
        all_units,
    })
}

/// Height and width of the images that the inputs are, where they are images.
pub(super) fn image_of(preprocessing: &Preprocessing) -> Option<(usize, usize)> {
    match preprocessing {
        Preprocessing::Images { height, width, .. } => Some((*height, *width)),
        _ => None,
    }
}

/// The names of the first inputs of a table; none for images.
pub(super) fn shown_names(preprocessing: &Preprocessing) -> Vec<String> {
    match preprocessing {
        Preprocessing::Images { .. } => Vec::new(),
        _ => preprocessing
            .input_names()
            .into_iter()
            .take(INPUTS)
            .collect(),
    }
}
