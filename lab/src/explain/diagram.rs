//! The layers, and one thinned network.

use serde::{Deserialize, Serialize};

use dropwise::dropout::Noise;
use dropwise::model::Mlp;

use super::thinned;

/// The network as it is drawn: its layers, and one of the thinned networks that dropout trains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diagram {
    /// From the input to the output.
    pub layers: Vec<DiagramLayer>,
}

/// Units side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiagramLayer {
    /// `input`, `hidden 1`, ..., `output`.
    pub name: String,
    /// Units in the layer.
    pub units: usize,
    /// The activation of the units; none for inputs.
    pub activation: Option<String>,
    /// The dropout rate of the units, 0 for outputs.
    pub rate: f64,
    /// Which of the first units one mask keeps; all of them without dropout.
    pub kept: Vec<bool>,
}

/// The most units of a layer that are shown.
const UNITS: usize = 16;

/// The layers, and the first of the thinned networks of a seed.
pub(super) fn diagram(network: &Mlp, seed: u64) -> Diagram {
    let masks = thinned::masks(network, seed, 0).into_iter();
    let layers = network.noises().zip(masks).enumerate();
    let layer = |(k, (noise, mask)): (usize, (Noise, Vec<f64>))| DiagramLayer {
        name: match k {
            0 => "input".to_owned(),
            k => format!("hidden {k}"),
        },
        units: mask.len(),
        activation: (k > 0).then(|| network.activation().to_string()),
        rate: noise.rate(),
        kept: mask.iter().take(UNITS).map(|scale| *scale > 0.0).collect(),
    };
    let [_, d_output] = network.dims();
    let output = DiagramLayer {
        name: "output".to_owned(),
        units: d_output,
        activation: Some(network.output_activation().to_string()),
        rate: 0.0,
        kept: vec![true; d_output.min(UNITS)],
    };
    Diagram {
        layers: layers.map(layer).chain([output]).collect(),
    }
}
