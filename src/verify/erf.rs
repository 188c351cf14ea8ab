//! The error function, `erf(x) = 2 / sqrt(pi) * integral from 0 to x of exp(-t^2) dt`, independent of
//! the one that Burn's backends take.
//!
//! Near 0 the series of DLMF 7.6.2, all of whose terms have one sign, so that none cancel; further out
//! the continued fraction of DLMF 7.9.1 for `1 - erf(x)`.

use std::f64::consts::FRAC_2_SQRT_PI;

/// Within 1e-15 of the true value.
pub(super) fn erf(x: f64) -> f64 {
    if x.abs() < 2.0 {
        series(x)
    } else {
        x.signum() * (1.0 - complement(x.abs()))
    }
}

/// `2 / sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (1 * 3 * 5 ... (2n+1))`
fn series(x: f64) -> f64 {
    let mut term = x;
    let mut sum = x;
    for n in 1..60 {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        sum += term;
    }
    FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

/// `exp(-x^2) / sqrt(pi) / (x + (1/2) / (x + (2/2) / (x + (3/2) / (x + ...))))`
fn complement(x: f64) -> f64 {
    let fraction = (1..100)
        .rev()
        .fold(x, |rest, n| x + f64::from(n) / 2.0 / rest);
    FRAC_2_SQRT_PI / 2.0 * (-x * x).exp() / fraction
}

#[cfg(test)]
mod tests {
    use super::erf;

    /// From mpmath in 40 digits: `mp.erf(x)`.
    const KNOWN: [(f64, f64); 12] = [
        (1e-10, 1.1283791670955126e-10),
        (0.01, 0.011283415555849618),
        (0.25, 0.27632639016823696),
        (0.5, 0.5204998778130465),
        (0.9, 0.7969082124228322),
        (1.0, 0.8427007929497149),
        (1.5, 0.9661051464753108),
        (1.999, 0.9953015566513705),
        (2.0, 0.9953222650189527),
        (2.5, 0.999593047982555),
        (3.5, 0.9999992569016276),
        (6.0, 1.0),
    ];

    #[test]
    fn the_error_function_is_within_1e_15_of_known_values_and_odd() {
        for (x, expected) in KNOWN {
            assert!((erf(x) - expected).abs() <= 1e-15, "erf({x})");
            assert_eq!(erf(-x), -erf(x), "erf(-{x})");
        }
        assert_eq!(erf(f64::INFINITY), 1.0);
        assert!(erf(f64::NAN).is_nan());
    }

    #[test]
    fn near_zero_the_relative_error_is_small_too() {
        for (x, expected) in KNOWN {
            if x < 1.0 {
                assert!((erf(x) / expected - 1.0).abs() <= 1e-15, "erf({x})");
            }
        }
    }
}
