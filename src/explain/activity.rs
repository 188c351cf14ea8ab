//! How active the units of a hidden layer are.

use serde::{Deserialize, Serialize};

use super::HiddenUnits;

/// How active the units of a hidden layer are, dropout off (the paper's Figure 8: dropout makes activations sparse).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// The hidden layer, counted from 1.
    pub layer: usize,
    /// Its units.
    pub units: usize,
    /// Rows that the activations are of.
    pub rows: usize,
    /// The name of the activation.
    pub activation: String,
    /// All activations, of every row and unit.
    pub activations: Histogram,
    /// Each unit's mean over the rows.
    pub means: Histogram,
    /// The mean of all activations.
    pub mean: f64,
    /// The share of activations that are near zero: less than a hundredth of the largest magnitude.
    pub near_zero: f64,
}

/// How many values lie between two edges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// One more than there are counts, from small to large, evenly spaced.
    pub edges: Vec<f64>,
    /// Values between an edge and the next; the last bin holds its upper edge too.
    pub counts: Vec<usize>,
}

/// As many bins as a small drawing can show.
const BINS: usize = 40;

/// An activation below this share of the largest one is near zero.
const NEAR_ZERO: f64 = 0.01;

/// How active the units are; none without rows, and where an activation is not finite.
pub(super) fn activity(hidden: &HiddenUnits) -> Option<Activity> {
    let values = &hidden.values;
    let mut means = vec![0.0; hidden.units];
    for row in values.chunks_exact(hidden.units) {
        for (mean, value) in means.iter_mut().zip(row) {
            *mean += value / hidden.rows as f64;
        }
    }
    let count = values.len() as f64;
    let largest = values
        .iter()
        .fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let is_near = |value: &&f64| largest == 0.0 || value.abs() < NEAR_ZERO * largest;
    Some(Activity {
        layer: hidden.layer,
        units: hidden.units,
        rows: hidden.rows,
        activation: hidden.activation.to_string(),
        activations: Histogram::of(values)?,
        mean: means.iter().sum::<f64>() / hidden.units as f64,
        means: Histogram::of(&means)?,
        near_zero: values.iter().filter(is_near).count() as f64 / count,
    })
}

impl Histogram {
    /// Forty bins from the smallest value to the largest, of width 1/40 around values that are all the same; none if there
    /// is no value, or one that is not finite.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let is_finite = (high - low).is_finite() && values.iter().all(|value| value.is_finite());
        if !is_finite {
            return None;
        }
        let (low, high) = if low < high {
            (low, high)
        } else {
            (low - 0.5, high + 0.5)
        };
        let edge = |k: usize| low + (high - low) * (k as f64 / BINS as f64);
        let edges: Vec<f64> = (0..BINS).map(edge).chain([high]).collect();
        let mut counts = vec![0; BINS];
        for value in values {
            let place = ((value - low) / (high - low) * BINS as f64) as usize;
            let place = place.min(BINS - 1);
            // Rounding may have put a value that is near an edge on its other side.
            let place = match place {
                place if *value < edges[place] => place.saturating_sub(1),
                place if place + 1 < BINS && *value >= edges[place + 1] => place + 1,
                place => place,
            };
            counts[place] += 1;
        }
        Some(Histogram { edges, counts })
    }
}
