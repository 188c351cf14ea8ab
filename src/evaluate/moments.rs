//! Mean and variance of a network with dropout left on, without sampling.
//!
//! A number with mean `m` and variance `v` that is multiplied by noise of mean 1 and variance `s^2`, which is `p / (1 - p)` for dropout,
//! has the variance `v (1 + s^2) + m^2 s^2`. Sums of independent numbers add means and variances, and with `r = m / sqrt(v)`
//!
//! ```text
//! E max(0, x)   = m Phi(r) + sqrt(v) phi(r)
//! E max(0, x)^2 = (m^2 + v) Phi(r) + m sqrt(v) phi(r)
//! ```
//!
//! for a normal `x` (Wang and Manning 2013). With one hidden layer and dropout on it alone that is exact: the output is a sum of
//! independent terms. Elsewhere it is an approximation: units are taken to be normal and independent of each other.

use crate::activation::Activation;
use crate::error::{Error, Result};
use crate::model::{LayerWeights, Mlp};

/// A network whose moments can be followed.
#[derive(Debug)]
pub(super) struct Moments {
    layers: Vec<LayerWeights>,
    /// The variance of the noise on the inputs of each layer.
    noise: Vec<f64>,
    activation: Activation,
    output: Activation,
}

impl Moments {
    /// # Errors
    /// [`Error::InvalidValue`] for an activation but `relu` and `identity`.
    pub(super) fn new(network: &Mlp) -> Result<Self> {
        let moments = Moments {
            layers: network.weights()?,
            noise: network.noises().map(|noise| noise.variance()).collect(),
            activation: network.activation(),
            output: network.output_activation(),
        };
        let hidden = (moments.layers.len() > 1).then_some(moments.activation);
        let refused = |activation: &Activation| {
            !matches!(activation, Activation::Relu | Activation::Identity)
        };
        match hidden.into_iter().chain([moments.output]).find(refused) {
            None => Ok(moments),
            Some(activation) => Err(Error::invalid(
                "analytic samples",
                "the activation `relu`, whose mean and variance have a formula, or `identity`",
                format!("`{activation}`"),
            )),
        }
    }

    /// The mean and the variance of each output for one row.
    ///
    /// # Shapes
    /// - `inputs`: `[d_input]`; results: `[d_output]`
    pub(super) fn of(&self, inputs: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (mut mean, mut variance) = (inputs.to_vec(), vec![0.0; inputs.len()]);
        let last = self.layers.len() - 1;
        for (k, (layer, noise)) in self.layers.iter().zip(&self.noise).enumerate() {
            for (mean, variance) in mean.iter().zip(&mut variance) {
                *variance += noise * (*variance + mean * mean);
            }
            let bias = layer.bias.clone();
            let mut sums = bias.unwrap_or_else(|| vec![0.0; layer.d_output]);
            let mut squares = vec![0.0; layer.d_output];
            let rows = layer.weight.chunks_exact(layer.d_output);
            for (row, (mean, variance)) in rows.zip(mean.iter().zip(&variance)) {
                for (weight, (sum, square)) in row.iter().zip(sums.iter_mut().zip(&mut squares)) {
                    *sum += weight * mean;
                    *square += weight * weight * variance;
                }
            }
            (mean, variance) = (sums, squares);
            let activation = if k == last {
                self.output
            } else {
                self.activation
            };
            if activation == Activation::Relu {
                for (mean, variance) in mean.iter_mut().zip(&mut variance) {
                    (*mean, *variance) = rectified(*mean, *variance);
                }
            }
        }
        (mean, variance)
    }
}

/// Mean and variance of `max(0, x)` for a normal `x`.
fn rectified(mean: f64, variance: f64) -> (f64, f64) {
    if variance <= 0.0 {
        return (mean.max(0.0), 0.0);
    }
    let deviation = variance.sqrt();
    let r = mean / deviation;
    let density = (-0.5 * r * r).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let below = normal_cdf(r);
    let first = mean * below + deviation * density;
    let second = (mean * mean + variance) * below + mean * deviation * density;
    (first.max(0.0), (second - first * first).max(0.0))
}

/// The share of a standard normal distribution that is below `x`, to 14 digits or so.
fn normal_cdf(x: f64) -> f64 {
    let size = x.abs();
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let tail = if size < 4.0 {
        // 1/2 + phi(x) (x + x^3/3 + x^5/(3 5) + ..), Marsaglia 2004: all terms are positive.
        let (mut term, mut sum, mut odd) = (size, size, 1.0);
        while term > 1e-17 * sum {
            odd += 2.0;
            term *= size * size / odd;
            sum += term;
        }
        0.5 - density * sum
    } else {
        // phi(x) / (x + 1/(x + 2/(x + ..)))
        let fraction = (1..=60)
            .rev()
            .fold(size, |below, k| size + f64::from(k) / below);
        density / fraction
    };
    if x > 0.0 { 1.0 - tail } else { tail }
}

#[cfg(test)]
mod tests {
    use super::{normal_cdf, rectified};

    /// By SciPy 1.17.1, `norm.cdf`.
    #[test]
    fn the_normal_distribution_is_that_of_scipy() {
        for (x, expected) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_542_9),
            (-2.5, 0.006_209_665_325_776_132),
            (3.99, 0.999_966_963_352_370_6),
            (-6.0, 9.865_876_450_376_946e-10),
        ] {
            let found = normal_cdf(x);
            assert!((found / expected - 1.0).abs() < 1e-10, "{x}: {found}");
        }
    }

    #[test]
    fn a_rectified_normal_has_the_moments_of_its_integral() {
        for (mean, variance) in [(0.0_f64, 1.0_f64), (1.5, 0.3), (-0.7, 2.0)] {
            let deviation = variance.sqrt();
            let (mut first, mut second, step) = (0.0, 0.0, 1e-4);
            for k in 0..200_000 {
                let x = (f64::from(k) + 0.5) * step;
                let density = (-0.5 * ((x - mean) / deviation).powi(2)).exp()
                    / (deviation * (2.0 * std::f64::consts::PI).sqrt());
                first += x * density * step;
                second += x * x * density * step;
            }
            let found = rectified(mean, variance);
            assert!((found.0 - first).abs() < 1e-6, "{found:?}");
            assert!(
                (found.1 - (second - first * first)).abs() < 1e-6,
                "{found:?}"
            );
        }
        assert_eq!(rectified(-1.0, 0.0), (0.0, 0.0));
    }
}
