//! The layers, and one thinned network.

use serde::{Deserialize, Serialize};

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
