//! Bounds: on gradients before the optimizer's step, on weights after it.

use burn::tensor::Tensor;

use crate::config::Clip;
use crate::model::LayerTensors;

impl Clip {
    /// Clips the gradients of all layers.
    pub(super) fn apply(self, gradients: Vec<LayerTensors>) -> Vec<LayerTensors> {
        let gradients = gradients.into_iter();
        match self {
            Clip::Value(bound) => gradients
                .map(|layer| layer.map(|g| g.clamp(-bound, bound), |g| g.clamp(-bound, bound)))
                .collect(),
            Clip::Norm(bound) => {
                let squares = gradients.clone().map(|layer| layer.sum_of_squares());
                let Some(sum) = squares.reduce(|a, b| a + b) else {
                    return Vec::new();
                };
                // The scale stays a tensor, so that a GPU need not wait for it to be read. The small
                // number is PyTorch's, against a division by 0.
                let scale = ((sum.sqrt() + 1e-6).recip() * bound).clamp_max(1.0);
                let scaled = |layer: LayerTensors| {
                    layer.map(|g| g * scale.clone().unsqueeze(), |g| g * scale.clone())
                };
                gradients.map(scaled).collect()
            }
        }
    }
}

/// Scales the incoming weights of each unit, a column of `[.., d_input, d_output]`, down to a norm of at
/// most `bound` (Srivastava et al. 2014, section 5.1). Biases are not weights and stay.
pub(super) fn max_norm<const D: usize>(weight: Tensor<D>, bound: f64) -> Tensor<D> {
    let norms = weight.clone().square().sum_dim(D - 2).sqrt(); // [.., 1, d_output]
    // A column within the bound is multiplied by bound / bound, which changes no bit of it.
    let bounds = norms.full_like(bound);
    weight * (bounds / norms.clamp_min(bound))
}
