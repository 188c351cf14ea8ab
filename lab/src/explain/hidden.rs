//! What the hidden units do on some rows.

use burn::module::Module;

use dropwise::backend::read;
use dropwise::config::Activation;
use dropwise::data::Dataset;
use dropwise::error::Result;
use dropwise::model::Mlp;
use dropwise::threads::in_pool;

use super::spaced;

/// The most rows that activations are of; and fewer of wide layers, down to `FEWEST_ROWS`, so that all layers
/// together have `NUMBERS` activations at most.
const ROWS: usize = 2_000;
const FEWEST_ROWS: usize = 200;
const NUMBERS: usize = 1 << 24;

/// The activations of a hidden layer, dropout off.
pub(crate) struct HiddenUnits {
    /// The layer, counted from 1.
    pub(super) layer: usize,
    pub(super) units: usize,
    pub(super) rows: usize,
    pub(super) activation: Activation,
    /// `[rows, units]`, row after row.
    pub(crate) values: Vec<f64>,
}

impl HiddenUnits {
    /// The hidden layers, from the input on, on rows that are evenly spaced; on none without data.
    pub(crate) fn of(network: &Mlp, data: Option<&Dataset>) -> Result<Vec<Self>> {
        let widths: Vec<usize> = network.widths().skip(1).collect();
        let numbers: usize = widths.iter().sum();
        let most = (NUMBERS / numbers.max(1)).clamp(FEWEST_ROWS, ROWS);
        let rows = data.map_or(0, |data| data.len().min(most));
        let mut values = vec![Vec::new(); widths.len()];
        if let Some(data) = data {
            let places: Vec<usize> = spaced(data.len(), most).collect();
            values = activations(&network.valid(), &data.select(&places))?;
        }
        let layers = widths.into_iter().zip(values).enumerate();
        let layer = |(k, (units, values))| HiddenUnits {
            layer: k + 1,
            units,
            rows,
            activation: network.activation(),
            values,
        };
        Ok(layers.map(layer).collect())
    }
}

/// `[layers][rows, units]`
fn activations(network: &Mlp, data: &Dataset) -> Result<Vec<Vec<f64>>> {
    let inputs = data.inputs((&network.device(), network.dtype()));
    let mut layers = Vec::new();
    in_pool(network.largest_product(data.len()), || {
        network.forward_with(inputs, |k, h| {
            if k > 0 {
                layers.push(h.clone());
            }
            h
        })
    });
    layers.into_iter().map(read).collect()
}
