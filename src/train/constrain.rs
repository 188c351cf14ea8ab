//! Bounds: on gradients before the optimizer's step, on weights after it.

use burn::tensor::Tensor;

use crate::model::LayerTensors;

/// Brings each partial derivative into `[-bound, bound]`.
pub(super) fn clip_values(gradients: Vec<LayerTensors>, bound: f64) -> Vec<LayerTensors> {
    let clip =
        |layer: LayerTensors| layer.map(|g| g.clamp(-bound, bound), |g| g.clamp(-bound, bound));
    gradients.into_iter().map(clip).collect()
}

/// Scales all gradients down to a norm of at most `bound`.
pub(super) fn clip_norm(gradients: Vec<LayerTensors>, bound: f64) -> Vec<LayerTensors> {
    let squares = gradients.iter().map(LayerTensors::sum_of_squares);
    let Some(sum) = squares.reduce(|a, b| a + b) else {
        return gradients;
    };
    let scale = clip_scale(sum, bound);
    let scaled =
        |layer: LayerTensors| layer.map(|g| g * scale.clone().unsqueeze(), |g| g * scale.clone());
    gradients.into_iter().map(scaled).collect()
}

/// What gradients are multiplied by to have a norm of at most `bound`, from the sum of their squares.
///
/// It stays a tensor, so that a GPU need not wait for it to be read. The small number is PyTorch's, against a division by
/// 0.
pub(super) fn clip_scale<const D: usize>(squares: Tensor<D>, bound: f64) -> Tensor<D> {
    ((squares.sqrt() + 1e-6).recip() * bound).clamp_max(1.0)
}

/// Scales the incoming weights of each unit, a column of `[.., d_input, d_output]`, down to a norm of at
/// most `bound` (Srivastava et al. 2014, section 5.1). Biases are not weights and stay.
pub(super) fn max_norm<const D: usize>(weight: Tensor<D>, bound: f64) -> Tensor<D> {
    let norms = weight.clone().square().sum_dim(D - 2).sqrt(); // [.., 1, d_output]
    // A column within the bound is multiplied by bound / bound, which changes no bit of it.
    let bounds = norms.full_like(bound);
    weight * (bounds / norms.clamp_min(bound))
}
