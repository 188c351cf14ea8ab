//! Initial weights: what they are drawn from, and the drawing.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use crate::check::check_above_zero;
use crate::error::Result;

/// What the initial weights of a layer with `d_input` inputs and `d_output` outputs are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Initializer {
    /// Uniform in `[-bound, bound)`, biases too; the bound is a finite number above 0.
    Uniform(f64),
    /// Normal with mean 0 and this standard deviation, a finite number above 0; biases 0.
    Normal(f64),
    /// Uniform with the bound `sqrt(6 / (d_input + d_output))`; biases 0. For sigmoid and tanh
    /// (Glorot and Bengio 2010, equation 16).
    Xavier,
    /// Normal with the standard deviation `sqrt(2 / d_input)`; biases 0. For ReLU and the like (He et
    /// al. 2015, equation 10).
    He,
    /// Normal with the standard deviation `sqrt(1 / d_input)`; biases 0. For SELU (LeCun et al. 1998, section 4.6; Klambauer et al. 2017).
    Lecun,
}

impl Default for Initializer {
    fn default() -> Self {
        Initializer::Uniform(1.0)
    }
}

impl Initializer {
    pub(crate) fn check(self, what: &str) -> Result<()> {
        match self {
            Initializer::Uniform(bound) => check_above_zero(&format!("{what}.uniform"), bound),
            Initializer::Normal(deviation) => {
                check_above_zero(&format!("{what}.normal"), deviation)
            }
            Initializer::Xavier | Initializer::He | Initializer::Lecun => Ok(()),
        }
    }

    /// Draws a layer's weights, `[d_input, d_output]` row after row, then its biases. They are drawn as 32-bit numbers, so
    /// that a 64-bit network starts from the very same values.
    pub(crate) fn draw(
        self,
        (d_input, d_output): (usize, usize),
        bias: bool,
        generator: &mut ChaCha8Rng,
    ) -> (Vec<f64>, Option<Vec<f64>>) {
        let count = d_input * d_output;
        let zeros = || bias.then(|| vec![0.0; d_output]);
        match self {
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
            Initializer::Lecun => {
                let deviation = (1.0 / d_input as f64).sqrt();
                (normal(deviation, count, generator), zeros())
            }
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
