//! One of the thinned networks that dropout trains.

use dropwise::dropout::{MaskAt, Noise, SeededMasks};
use dropwise::model::Mlp;

/// The masks of thinned network `number`, counted from 0, of those of a seed: for the inputs of each layer 0 or
/// what they are scaled by. One mask serves all rows, so that all are seen by the same network.
///
/// # Shapes
/// - result: `[layers][inputs of the layer]`
pub(super) fn masks(network: &Mlp, seed: u64, number: usize) -> Vec<Vec<f64>> {
    let masks = SeededMasks::new(seed);
    let layers = network.widths().zip(network.noises()).enumerate();
    let mask = |(layer, (width, noise)): (usize, (usize, Noise))| {
        let at = MaskAt {
            step: number + 1,
            layer,
            stride: width,
        };
        let mut mask = vec![0.0; width];
        masks.fill(at, noise, &mut mask);
        mask
    };
    layers.map(mask).collect()
}
