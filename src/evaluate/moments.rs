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
//!
//! With such noise on a weight in place of an input, as in DropConnect, a product has the same mean and variance, and the sums of a layer
//! have no noise in common. So it is exact for up to two layers of `identity` too, whichever of them has the noise.

use crate::activation::Activation;
use crate::dropout::Noise;
use crate::error::{Error, Result};
use crate::model::{LayerWeights, Mlp};
use crate::normal;

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
        let variances: Option<Vec<f64>> = network.noises().map(Noise::variance).collect();
        let Some(noise) = variances else {
            let expected = "dropout, DropConnect or Gaussian noise, which a value is multiplied by";
            return Err(Error::invalid(
                "analytic samples",
                expected,
                "alpha dropout",
            ));
        };
        let moments = Moments {
            layers: network.weights()?,
            noise,
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
    let (density, below) = (normal::density(r), normal::cdf(r));
    let first = mean * below + deviation * density;
    let second = (mean * mean + variance) * below + mean * deviation * density;
    (first.max(0.0), (second - first * first).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::rectified;

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
