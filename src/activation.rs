//! Activations: what each computes, and the initial weights that suit it.
//!
//! A new one is a variant here, an entry in [`Activation::ALL`], an arm in each `match`, and its value and derivative in
//! `verify/reference.rs`, by hand.

use std::f64::consts::FRAC_1_SQRT_2;
use std::fmt;

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::initializer::Initializer;

/// The function between a layer's weighted sums and its outputs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Activation {
    /// `1 / (1 + exp(-z))`
    #[default]
    Sigmoid,
    /// `max(z, 0)`
    Relu,
    /// `tanh(z)`
    Tanh,
    /// `z Phi(z)`, with `Phi` the distribution function of the standard normal distribution, not
    /// approximated (Hendrycks and Gimpel 2016).
    Gelu,
    /// `z sigmoid(z)`, also called swish (Hendrycks and Gimpel 2016; Ramachandran et al. 2017).
    Silu,
    /// `lambda z` above 0 and `lambda alpha (exp(z) - 1)` below, with `lambda = 1.0507` and `alpha = 1.6733`: units of mean 0 and variance 1
    /// give units of mean 0 and variance 1, with the initial weights of `lecun` (Klambauer et al. 2017).
    Selu,
    /// `z`
    Identity,
}

/// `lambda` of SELU, and its `lambda alpha`.
const SELU: (f64, f64) = (1.050_700_987_355_480_5, 1.758_099_340_847_376_6);

impl Activation {
    /// All activations.
    #[doc(hidden)]
    pub const ALL: [Activation; 7] = [
        Activation::Sigmoid,
        Activation::Relu,
        Activation::Tanh,
        Activation::Gelu,
        Activation::Silu,
        Activation::Selu,
        Activation::Identity,
    ];

    /// Applies the function to every element; the shape stays.
    #[must_use]
    pub fn forward(self, z: Tensor<2>) -> Tensor<2> {
        match self {
            Activation::Sigmoid => activation::sigmoid(z),
            Activation::Relu => activation::relu(z),
            Activation::Tanh => activation::tanh(z),
            Activation::Gelu => gelu(z),
            Activation::Silu => z.clone() * activation::sigmoid(z),
            Activation::Selu => selu(z),
            Activation::Identity => z,
        }
    }

    /// The default initializer of a network with this activation in its hidden layers: `he` for ReLU and its smooth
    /// relatives, `lecun` for SELU, else `xavier`.
    #[must_use]
    pub(crate) fn default_initializer(self) -> Initializer {
        match self {
            Activation::Relu | Activation::Gelu | Activation::Silu => Initializer::He,
            Activation::Selu => Initializer::Lecun,
            Activation::Sigmoid | Activation::Tanh | Activation::Identity => Initializer::Xavier,
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Activation::Sigmoid => "sigmoid",
            Activation::Relu => "relu",
            Activation::Tanh => "tanh",
            Activation::Gelu => "gelu",
            Activation::Silu => "silu",
            Activation::Selu => "selu",
            Activation::Identity => "identity",
        })
    }
}

/// `z Phi(z)`, made of the error function. Burn's own `gelu` computes the same, but most of its backends
/// then take the slope of an approximation by tanh, which is off by up to 9e-4.
fn gelu(z: Tensor<2>) -> Tensor<2> {
    let twice_phi = (z.clone() * FRAC_1_SQRT_2).erf() + 1.0;
    z * twice_phi * 0.5
}

/// SELU, of operations whose slopes every backend has: with `max(z, 0)` and `min(z, 0) = z - max(z, 0)`. The slope at 0 is that of below.
fn selu(z: Tensor<2>) -> Tensor<2> {
    let above = activation::relu(z.clone());
    let below = (z - above.clone()).exp() - 1.0;
    above * SELU.0 + below * SELU.1
}
