//! One number that makes probabilities honest: temperature scaling (Guo et al. 2017).
//!
//! ```text
//! p_T(c) = p(c)^(1/T) / sum_k p(k)^(1/T)
//! ```
//!
//! Above 1 it takes confidence away, below 1 it gives some; the order of the classes stays. Of several networks the mean of
//! their probabilities is scaled, not each of them: averages of honest members are not honest (Rahaman and Thiery 2021).

use super::numeric::lowest;

/// The temperature that makes the true classes of some rows most likely; 1 for no rows.
///
/// # Shapes
/// - `probabilities`: `[rows, classes]`, of each row the probability of every class; `classes`: `[rows]`, counted from 0
#[must_use]
pub fn fit_temperature(probabilities: &[Vec<f64>], classes: &[usize]) -> f64 {
    /// The range of temperatures, 1/100 to 100, as a logarithm.
    const RANGE: f64 = 4.605_170_185_988_092;

    if classes.is_empty() {
        return 1.0;
    }
    // Convex in 1/T, so that there is one valley.
    let loss = |log: f64| -> f64 {
        let temperature = log.exp();
        let rows = probabilities.iter().zip(classes);
        rows.map(|(row, class)| -log_scaled(row, *class, temperature))
            .sum()
    };
    lowest(-RANGE, RANGE, loss).exp()
}

/// The probabilities of a row at a temperature.
///
/// # Shapes
/// - `probabilities`, result: `[classes]`
#[must_use]
pub fn scaled(probabilities: &[f64], temperature: f64) -> Vec<f64> {
    let classes = 0..probabilities.len();
    classes
        .map(|class| log_scaled(probabilities, class, temperature).exp())
        .collect()
}

/// The logarithm of the probability of a class at a temperature.
fn log_scaled(probabilities: &[f64], class: usize, temperature: f64) -> f64 {
    // A probability of 0 has a logarithm that nothing can be added to.
    let log = |p: f64| p.max(f64::MIN_POSITIVE).ln() / temperature;
    let largest = probabilities
        .iter()
        .map(|p| log(*p))
        .fold(f64::MIN, f64::max);
    let sum: f64 = probabilities
        .iter()
        .map(|p| (log(*p) - largest).exp())
        .sum();
    log(probabilities[class]) - largest - sum.ln()
}
