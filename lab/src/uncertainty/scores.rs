//! How good a distribution is that was said before the truth was known.

use statrs::distribution::{Continuous, ContinuousCDF, Normal};
use std::f64::consts::PI;

/// The continuous ranked probability score of a normal distribution, at a distance from its mean (Gneiting and Raftery 2007):
///
/// ```text
/// s (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)),   z = distance / s
/// ```
///
/// in the units of the target, the smaller the better; for a deviation of 0 the absolute error.
#[must_use]
pub fn crps_of_normal(distance: f64, deviation: f64) -> f64 {
    let Ok(normal) = Normal::new(0.0, 1.0) else {
        return f64::NAN;
    };
    if deviation == 0.0 {
        return distance.abs();
    }
    let z = distance / deviation;
    deviation * (z * (2.0 * normal.cdf(z) - 1.0) + 2.0 * normal.pdf(z) - 1.0 / PI.sqrt())
}

/// The logarithm of the density of a normal distribution at a distance from its mean.
#[must_use]
pub fn log_likelihood_of_normal(distance: f64, deviation: f64) -> f64 {
    let z = distance / deviation;
    -0.5 * (z * z + (2.0 * PI).ln()) - deviation.ln()
}

/// The interval score (Winkler 1972): the width, and what the target is outside of it `2 / (1 - level)` times. The smaller the better.
#[must_use]
pub fn interval_score([lower, upper]: [f64; 2], level: f64, target: f64) -> f64 {
    let outside = (lower - target).max(0.0) + (target - upper).max(0.0);
    upper - lower + 2.0 / (1.0 - level) * outside
}

/// The mean over rows of the squared distance of the probabilities from the truth, from 0 to 2 (Brier 1950).
///
/// # Shapes
/// - `probabilities`: `[rows, classes]`; `classes`: `[rows]`
#[must_use]
pub fn brier(probabilities: &[Vec<f64>], classes: &[usize]) -> f64 {
    let row = |(row, truth): (&Vec<f64>, &usize)| -> f64 {
        let pairs = row.iter().enumerate();
        pairs
            .map(|(class, p)| (p - f64::from(u8::from(class == *truth))).powi(2))
            .sum()
    };
    let rows = probabilities.iter().zip(classes);
    rows.map(row).sum::<f64>() / classes.len() as f64
}

/// How far confidence is from accuracy, in bins of equal width: the mean over rows of `|accuracy - confidence|` of their bin
/// (Guo et al. 2017).
///
/// # Shapes
/// - `answers`: of each row the confidence, from 0 to 1, and whether it is right
#[must_use]
pub fn equal_width_calibration_error(answers: &[(f64, bool)], bins: usize) -> f64 {
    let mut gaps = vec![0.0; bins.max(1)];
    for (confidence, right) in answers {
        let upper = (confidence * bins as f64).ceil() as usize;
        gaps[upper.clamp(1, bins) - 1] += confidence - f64::from(u8::from(*right));
    }
    gaps.iter().map(|gap| gap.abs()).sum::<f64>() / answers.len() as f64
}

/// The same in bins of as many rows each, by their confidence (Nixon et al. 2019).
#[must_use]
pub fn equal_mass_calibration_error(answers: &[(f64, bool)], bins: usize) -> f64 {
    let mut sorted = answers.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count = sorted.len();
    let gap = |bin: usize| {
        let rows = &sorted[bin * count / bins..(bin + 1) * count / bins];
        let gaps = rows.iter();
        let gap: f64 = gaps
            .map(|(confidence, right)| confidence - f64::from(u8::from(*right)))
            .sum();
        gap.abs()
    };
    (0..bins).map(gap).sum::<f64>() / count as f64
}

/// Of the rows whose confidence is at least each of 0, 0.1 .. 0.9, 0.95 and 0.99: which share of all they are, and which share of them is
/// right (Lakshminarayanan et al. 2017, Figure 6); none where there are none.
#[must_use]
pub fn accuracy_over_confidence(answers: &[(f64, bool)]) -> Vec<(f64, f64, Option<f64>)> {
    let levels = (0..10).map(|tenth| f64::from(tenth) / 10.0);
    let at = |level: f64| {
        let sure = answers
            .iter()
            .filter(|(confidence, _)| *confidence >= level);
        let (rows, right) = sure.fold((0, 0), |(rows, right), (_, is_right)| {
            (rows + 1, right + usize::from(*is_right))
        });
        let accuracy = (rows > 0).then(|| f64::from(right as u32) / f64::from(rows));
        (level, f64::from(rows) / answers.len() as f64, accuracy)
    };
    levels.chain([0.95, 0.99]).map(at).collect()
}
