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
    /// The dropout rate of the units, or with DropConnect of the weights behind them; 0 for outputs.
    pub rate: f64,
    /// Which of the first units one mask keeps; all of them without dropout.
    pub kept: Vec<bool>,
    /// With DropConnect, which of the weights from these units to the first of the next layer one mask keeps; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_weights: Vec<Vec<bool>>,
}

/// The most units of a layer that are shown.
const UNITS: usize = 16;

/// The layers, and the first of the thinned networks of a seed.
pub(super) fn diagram(network: &Mlp, seed: u64) -> Diagram {
    let masks = network.noises().zip(thinned::masks(network, seed, 0));
    let layers = network.widths().zip(masks).enumerate();
    let kept = |mask: &[f64]| mask.iter().take(UNITS).map(|scale| *scale > 0.0).collect();
    let layer = |(k, (units, (noise, mask))): (usize, (usize, (Noise, Vec<f64>)))| {
        let of_weights = noise.on_weights().is_some();
        DiagramLayer {
            name: match k {
                0 => "input".to_owned(),
                k => format!("hidden {k}"),
            },
            units,
            activation: (k > 0).then(|| network.activation().to_string()),
            rate: noise.rate(),
            kept: match of_weights {
                true => vec![true; units.min(UNITS)],
                false => kept(&mask),
            },
            kept_weights: match of_weights {
                true => mask
                    .chunks(mask.len() / units)
                    .take(UNITS)
                    .map(kept)
                    .collect(),
                false => Vec::new(),
            },
        }
    };
    let [_, d_output] = network.dims();
    let output = DiagramLayer {
        name: "output".to_owned(),
        units: d_output,
        activation: Some(network.output_activation().to_string()),
        rate: 0.0,
        kept: vec![true; d_output.min(UNITS)],
        kept_weights: Vec::new(),
    };
    Diagram {
        layers: layers.map(layer).chain([output]).collect(),
    }
}
