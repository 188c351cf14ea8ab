//! Initial weights.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::LayerWeights;
use crate::config::Initializer;

impl Initializer {
    /// Draws a layer's weights, then its biases. They are drawn as 32-bit numbers, so that a 64-bit
    /// network starts from the very same values.
    pub(super) fn draw(
        self,
        (d_input, d_output): (usize, usize),
        bias: bool,
        generator: &mut ChaCha8Rng,
    ) -> LayerWeights {
        let count = d_input * d_output;
        let zeros = || bias.then(|| vec![0.0; d_output]);
        let (weight, bias) = match self {
            Initializer::Uniform(bound) => (
                uniform(bound, count, generator),
                bias.then(|| uniform(bound, d_output, generator)),
            ),
            Initializer::Normal(deviation) => (normal(deviation, count, generator), zeros()),
            Initializer::Xavier => {
                let bound = (6.0 / (d_input + d_output) as f64).sqrt();
                (uniform(bound, count, generator), zeros())
            }
            Initializer::He => {
                let deviation = (2.0 / d_input as f64).sqrt();
                (normal(deviation, count, generator), zeros())
            }
        };
        LayerWeights {
            d_input,
            d_output,
            weight,
            bias,
        }
    }
}

/// Uniform in `[-bound, bound)`.
fn uniform(bound: f64, count: usize, generator: &mut ChaCha8Rng) -> Vec<f64> {
    let bound = bound as f32;
    (0..count)
        .map(|_| f64::from(generator.random_range(-bound..bound)))
        .collect()
}

/// Normal with mean 0.
fn normal(deviation: f64, count: usize, generator: &mut ChaCha8Rng) -> Vec<f64> {
    let deviation = deviation as f32;
    let draw = |standard: f32| f64::from(deviation * standard);
    let standard = generator.sample_iter(StandardNormal).take(count);
    standard.map(draw).collect()
}
