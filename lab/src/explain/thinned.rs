//! One of the thinned networks that dropout trains.

use dropwise::dropout::{MaskAt, Noise, SeededMasks};
use dropwise::model::Mlp;

/// The masks of thinned network `number`, counted from 0, of those of a seed: for the inputs of each layer, or with DropConnect its
/// weights, 0 or what they are scaled by. One mask serves all rows, so that all are seen by the same network.
///
/// # Shapes
/// - result: `[layers][inputs of the layer]`, or `[layers][inputs and outputs of the layer]`
pub(super) fn masks(network: &Mlp, seed: u64, number: usize) -> Vec<Vec<f64>> {
    let masks = SeededMasks::new(seed);
    let [_, d_output] = network.dims();
    let outputs = network.widths().skip(1).chain([d_output]);
    let layers = network.widths().zip(outputs).zip(network.noises());
    let mask = |(layer, ((width, outputs), noise)): (usize, ((usize, usize), Noise))| {
        let stride = width * noise.on_weights().map_or(1, |_| outputs);
        let at = MaskAt {
            step: number + 1,
            layer,
            stride,
        };
        let mut mask = vec![0.0; stride];
        masks.fill(at, noise, &mut mask);
        mask
    };
    let layers = layers.enumerate();
    layers.map(mask).collect()
}
