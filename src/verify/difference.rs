//! Slopes of the reference's loss by central differences, sharpened by extrapolation.
//!
//! `D(h) = (L(w + h) - L(w - h)) / 2h` is off by an even series in `h`. Ridders' method (Advances in
//! Engineering Software 4, 1982) shrinks `h` step by step and extrapolates the series to `h = 0`,
//! keeping the estimate whose neighbors agree best, so that neither a large `h` (curvature) nor a
//! small one (rounding) spoils the result.

use super::reference::Reference;

const LARGEST_STEP: f64 = 0.02;
const SHRINK: f64 = 1.6;
const ROUNDS: usize = 12;

/// The slope of the loss in the number at `position` of layer `k`, in the order of
/// [`LayerWeights::values`](crate::LayerWeights::values); behind the layers stand the logits of learned rates.
///
/// `None` where a ReLU or SELU unit switches on or off within every step tried: there the loss has a kink,
/// and no slope.
pub(super) fn slope(reference: &Reference, k: usize, position: usize) -> Option<f64> {
    let mut probe = reference.clone();
    let here = *probe.parameter(k, position)?;
    let (_, pattern) = reference.loss_and_pattern();
    let mut loss_at = |shift: f64| {
        if let Some(value) = probe.parameter(k, position) {
            *value = here + shift;
        }
        let (loss, pattern_there) = probe.loss_and_pattern();
        (pattern_there == pattern).then_some(loss)
    };

    let mut step = LARGEST_STEP;
    while loss_at(step).is_none() || loss_at(-step).is_none() {
        step /= 10.0;
        if step < 1e-5 {
            return None;
        }
    }
    ridders(step, |step| {
        Some((loss_at(step)? - loss_at(-step)?) / (2.0 * step))
    })
}

fn ridders(mut step: f64, mut difference: impl FnMut(f64) -> Option<f64>) -> Option<f64> {
    let mut previous = vec![difference(step)?];
    let mut best = previous[0];
    let mut least_error = f64::INFINITY;
    for _ in 1..ROUNDS {
        step /= SHRINK;
        let mut row = vec![difference(step)?];
        let mut factor = SHRINK * SHRINK;
        for order in 0..previous.len() {
            let estimate = (row[order] * factor - previous[order]) / (factor - 1.0);
            let error = f64::max(
                (estimate - row[order]).abs(),
                (estimate - previous[order]).abs(),
            );
            if error <= least_error {
                least_error = error;
                best = estimate;
            }
            row.push(estimate);
            factor *= SHRINK * SHRINK;
        }
        previous = row;
    }
    Some(best)
}
