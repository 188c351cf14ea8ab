//! Noise by hand: what it makes of values and weights under a mask, and how far a backend is from that.

use super::reference::{SELU, TEMPERATURE, apply};
use super::{larger, relative};
use crate::config::Activation;
use crate::dropout::Noise;

/// The mask that was drawn, and how far the values are from `x * mask / (1 - rate)`.
///
/// Where the value before was 0 the mask cannot be seen, and does not matter: the unit adds nothing
/// above, and a ReLU at 0 passes no gradient below.
pub(super) fn observed_mask(before: &[f64], after: &[f64], rate: f64) -> (Vec<f64>, f64) {
    let mut worst = 0.0;
    let mask = before.iter().zip(after).map(|(before, after)| {
        if *after != 0.0 {
            let expected = before / (1.0 - rate);
            worst = larger(worst, relative(*after, expected, expected.abs()));
        }
        f64::from(*after != 0.0)
    });
    (mask.collect(), worst)
}

/// How far values are from what the formula of a noise makes of them, with the mask that was drawn.
pub(super) fn from_formula(noise: Noise, (before, after): (&[f64], &[f64]), mask: &[f64]) -> f64 {
    let values = before
        .iter()
        .zip(after)
        .zip(indicators(noise, mask.to_vec()));
    let differences = values.map(|((before, after), m)| {
        let expected = before * factor(noise, m) + added(noise, m);
        relative(*after, expected, magnitude(noise, *before, m))
    });
    differences.fold(0.0, larger)
}

/// Of alpha dropout and DropConnect 1 for what is kept and 0 for what is not; of other noise the numbers that were drawn.
pub(super) fn indicators(noise: Noise, mask: Vec<f64>) -> Vec<f64> {
    match noise {
        Noise::Alpha(_) | Noise::DropConnect(_) => {
            mask.iter().map(|m| f64::from(*m != 0.0)).collect()
        }
        _ => mask,
    }
}

/// What an input, or a weight, is multiplied by: `m / (1 - p)` of dropout and DropConnect.
pub(super) fn factor(noise: Noise, m: f64) -> f64 {
    match noise {
        Noise::Bernoulli(p) | Noise::DropConnect(p) => m / (1.0 - p),
        Noise::Gaussian(_) => m,
        Noise::Alpha(p) => alpha(p)[0] * m,
        Noise::Learned(logit) => kept(logit, m) * (1.0 + logit.exp()),
    }
}

/// How far a gate of a learned rate is open: one less how far it is shut, which would be 0 where that is nearly 1.
pub(super) fn kept(logit: f64, m: f64) -> f64 {
    apply(Activation::Sigmoid, -(logit + m) / TEMPERATURE)
}

/// What alpha dropout adds to an input: `a a' (1 - m) + b`.
pub(super) fn added(noise: Noise, m: f64) -> f64 {
    match noise {
        Noise::Alpha(p) => {
            let [a, b] = alpha(p);
            -a * SELU[0] * SELU[1] * (1.0 - m) + b
        }
        _ => 0.0,
    }
}

/// The size of the numbers that noise on a value is computed from: what rounding is relative to.
fn magnitude(noise: Noise, value: f64, m: f64) -> f64 {
    match noise {
        Noise::Bernoulli(_) | Noise::Gaussian(_) | Noise::DropConnect(_) => {
            (value * factor(noise, m)).abs()
        }
        Noise::Alpha(p) => alpha(p)[0] * (value.abs() + SELU[0] * SELU[1]),
        Noise::Learned(logit) => value.abs() * (1.0 + logit.exp()),
    }
}

/// `a` and `b` of alpha dropout.
fn alpha(p: f64) -> [f64; 2] {
    let dropped = -SELU[0] * SELU[1];
    let a = ((1.0 - p) * (1.0 + p * dropped * dropped)).powf(-0.5);
    [a, -a * p * dropped]
}
