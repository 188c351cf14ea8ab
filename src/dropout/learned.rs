//! Dropout whose rate is learned with the weights: concrete dropout (Gal, Hron and Kendall 2017, "Concrete Dropout").
//!
//! Whether a value is dropped has no slope in the rate. So while training a gate takes the place of the mask, which is nearly 0
//! or 1 and has one. With `l = log(p / (1 - p))`, the logit of the rate, and `u` uniform between 0 and 1,
//!
//! ```text
//! drop = sigmoid((l + log(u / (1 - u))) / t),   t = 0.1             equation 5
//! y    = x (1 - drop) / (1 - p)
//! ```
//!
//! and the loss of `N` rows gets a penalty for each such layer, with `W` its weights and `K` its inputs:
//!
//! ```text
//! KL     = s^2 / 2 |W|^2 / (1 - p) - K H(p)                          equation 3; s is the length scale of the prior
//! H(p)   = -p log p - (1 - p) log(1 - p)
//! dH/dl  = -l p (1 - p)
//! ```
//!
//! The paper's weights are `W / (1 - p)` here, where what is kept is scaled while training.

use std::f64::consts::{LN_2, SQRT_2};
use std::sync::OnceLock;

use burn::tensor::{Tensor, activation};

/// The temperature of the gates, the paper's.
const TEMPERATURE: f64 = 0.1;

/// `log(1 / 9)`: rates start at 0.1, as in the paper's code.
pub(super) const START: f64 = -2.197_224_577_336_219_6;

/// The gates of a layer: what its inputs are multiplied by.
///
/// # Shapes
/// - `logistic`: `log(u / (1 - u))` for each input
/// - `logit`: that of the rate, one for all inputs or one for each network's
/// - output: as `logistic`
pub(crate) fn gate(logistic: Tensor<2>, logit: Tensor<2>) -> Tensor<2> {
    let kept = activation::sigmoid((logistic + logit.clone()) * (-1.0 / TEMPERATURE));
    // 1 / (1 - p) = 1 + exp(l)
    kept * (logit.exp() + 1.0)
}

/// The penalty `KL` of a layer of `inputs` inputs, the squares of whose weights have this sum.
///
/// # Shapes
/// - `squares`, `logit`, output: the same
pub(crate) fn penalty(
    squares: Tensor<2>,
    logit: Tensor<2>,
    inputs: usize,
    length_scale: f64,
) -> Tensor<2> {
    let (l, size) = (logit.clone(), logit.clone().abs());
    let p = activation::sigmoid(l.clone());
    // -log(1 - p) = log(1 + exp(l)), which does not overflow here.
    let softplus = (l.clone() + size.clone()) * 0.5 + size.neg().exp().log1p();
    let entropy = softplus - p * l;
    let prior = squares * (logit.exp() + 1.0) * (length_scale * length_scale / 2.0);
    prior - entropy * inputs as f64
}

/// `log(u / (1 - u))` for the `u` that each 16 bits stand for, `(bits + 1/2) / 65536`.
pub(super) fn logistic_table() -> &'static [f64] {
    static TABLE: OnceLock<Vec<f64>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let number = |k: u32| ln(2 * k + 1) - ln(131_071 - 2 * k);
        (0..1 << 16).map(number).collect()
    })
}

/// The natural logarithm of a whole number of at least 1, by operations that round the same on every machine.
fn ln(number: u32) -> f64 {
    let (mut part, mut halvings) = (f64::from(number), 0.0);
    while part > SQRT_2 {
        part /= 2.0;
        halvings += 1.0;
    }
    // log((1 + s) / (1 - s)) = 2 (s + s^3 / 3 + s^5 / 5 + ..), with |s| below 0.18
    let s = (part - 1.0) / (part + 1.0);
    let (mut power, mut sum, mut odd) = (s, s, 1.0);
    for _ in 0..12 {
        odd += 2.0;
        power *= s * s;
        sum += power / odd;
    }
    2.0 * sum + halvings * LN_2
}

#[cfg(test)]
mod tests {
    use super::{START, logistic_table};

    #[test]
    fn logistic_numbers_are_logarithms_of_odds() {
        let table = logistic_table();
        for (k, found) in table.iter().enumerate() {
            let share = (k as f64 + 0.5) / 65536.0;
            let expected = (share / (1.0 - share)).ln();
            assert!((found - expected).abs() < 1e-13, "{k}: {found} {expected}");
        }
        // The variance of the logistic distribution is pi^2 / 3.
        let variance = table.iter().map(|x| x * x).sum::<f64>() / 65536.0;
        assert!((variance - std::f64::consts::PI.powi(2) / 3.0).abs() < 0.005);
        assert!((START - (0.1_f64 / 0.9).ln()).abs() < 1e-15);
    }
}
