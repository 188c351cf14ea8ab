//! How active the units of a hidden layer are.

use serde::{Deserialize, Serialize};

use super::HiddenUnits;
use dropwise::data::Dataset;
use dropwise::error::{Error, Result};
use dropwise::model::Mlp;

/// How active the units of a hidden layer are, dropout off (the paper's Figure 8: dropout makes activations
/// sparse).
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

/// How active the hidden units of networks are on the same rows, dropout off: for each network its hidden layers,
/// from the input on. The histograms of the same layer have the same edges for all networks, so that they can be
/// compared. Of more than 2,000 rows evenly spaced ones are taken. What is learned does not matter: a network with
/// as many outputs as inputs (the paper's autoencoder, section 7.2) is looked at like any other.
///
/// # Errors
/// [`Error::InvalidValue`] without rows, and if an activation is not finite; [`Error::Shape`] if a network has
/// other inputs than the rows; [`Error::Compute`] if the backend fails.
pub fn hidden_activity(networks: &[&Mlp], data: &Dataset) -> Result<Vec<Vec<Activity>>> {
    if data.is_empty() {
        let expected = "at least one row";
        return Err(Error::invalid("the rows to look at", expected, "none"));
    }
    let mut seen = Vec::new();
    for network in networks {
        let found = network.dims()[0];
        if found != data.d_input() {
            return Err(Error::Shape {
                what: "the inputs of a network to look at".to_owned(),
                expected: vec![data.d_input()],
                found: vec![found],
            });
        }
        let layers = HiddenUnits::of(network, Some(data))?.into_iter();
        seen.push(layers.map(Seen::of).collect::<Vec<_>>());
    }
    let activity = |layer: &Seen| {
        let place = layer.hidden.layer - 1;
        let same = seen.iter().filter_map(|layers| layers.get(place));
        let edges = same
            .map(Seen::edges)
            .reduce(|one, other| Some(one?.with(other?)));
        let found = edges.flatten().and_then(|edges| layer.activity(edges));
        found.ok_or_else(|| {
            let what = format!("the activations of hidden layer {}", layer.hidden.layer);
            Error::invalid(what, "finite numbers", "others")
        })
    };
    let of_network = |layers: &Vec<Seen>| layers.iter().map(activity).collect();
    seen.iter().map(of_network).collect()
}

/// How active the units are; none without rows, and where an activation is not finite.
pub(super) fn activity(hidden: HiddenUnits) -> Option<Activity> {
    let seen = Seen::of(hidden);
    seen.activity(seen.edges()?)
}

/// A layer's activations and each unit's mean.
struct Seen {
    hidden: HiddenUnits,
    /// `[units]`
    means: Vec<f64>,
}

/// Smallest and largest value of all activations, and of the means.
#[derive(Debug, Clone, Copy)]
struct Edges {
    activations: (f64, f64),
    means: (f64, f64),
}

impl Edges {
    fn with(self, other: Self) -> Self {
        let wider = |one: (f64, f64), other: (f64, f64)| (one.0.min(other.0), one.1.max(other.1));
        Edges {
            activations: wider(self.activations, other.activations),
            means: wider(self.means, other.means),
        }
    }
}

impl Seen {
    fn of(hidden: HiddenUnits) -> Self {
        let mut means = vec![0.0; hidden.units];
        for row in hidden.values.chunks_exact(hidden.units) {
            for (mean, value) in means.iter_mut().zip(row) {
                *mean += value / hidden.rows as f64;
            }
        }
        Seen { hidden, means }
    }

    /// None without rows, and where a value is not finite.
    fn edges(&self) -> Option<Edges> {
        Some(Edges {
            activations: ends(&self.hidden.values)?,
            means: ends(&self.means)?,
        })
    }

    fn activity(&self, edges: Edges) -> Option<Activity> {
        let Seen { hidden, means } = self;
        let values = &hidden.values;
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
            activations: Histogram::between(values, edges.activations)?,
            mean: means.iter().sum::<f64>() / hidden.units as f64,
            means: Histogram::between(means, edges.means)?,
            near_zero: values.iter().filter(is_near).count() as f64 / count,
        })
    }
}

/// The smallest and the largest value; none if there is no value, or one that is not finite.
fn ends(values: &[f64]) -> Option<(f64, f64)> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let is_finite = low <= high && values.iter().all(|value| value.is_finite());
    is_finite.then_some((low, high))
}

impl Histogram {
    /// Forty bins from the smallest value to the largest, of width 1/40 around values that are all the same; none
    /// if there is no value, or one that is not finite.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        Histogram::between(values, ends(values)?)
    }

    /// Forty bins between two numbers that hold all values, or around them if they are the same; none if they are
    /// so far apart that their distance is not finite.
    fn between(values: &[f64], (low, high): (f64, f64)) -> Option<Self> {
        if !(high - low).is_finite() {
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
