//! The error over the value of one weight, all others held.

use serde::{Deserialize, Serialize};

use dropwise::data::Dataset;
use dropwise::error::Result;
use dropwise::model::Mlp;

use super::one_weight::OneWeight;
use super::trail::{Trail, first_units, most_varying_inputs, weights};
use super::{ExplainOptions, Subject, spaced, thinned};

/// The most training rows that the loss is measured on; and fewer for several wide layers, down to `FEWEST_ROWS`,
/// so that the landscape takes `MULTIPLICATIONS` multiplications at most.
const ROWS: usize = 300;
const FEWEST_ROWS: usize = 50;
const MULTIPLICATIONS: usize = 150_000_000_000;

/// The landscape reaches beyond all that is drawn on it by this share of its width, on both sides.
const ROOM: f64 = 0.35;

/// A weight of the first layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightAt {
    /// The input it comes from, counted from 0.
    pub input: usize,
    /// That input's name.
    pub input_name: String,
    /// The hidden unit it goes to, counted from 0.
    pub unit: usize,
}

/// What to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct LandscapeOptions {
    /// Values of the weight at which the error is computed.
    pub points: usize,
    /// Thinned networks to sample, where the network has dropout.
    pub networks: usize,
    /// The seed of their masks.
    pub seed: u64,
}

/// The loss over the value of one weight: of the whole network, and of thinned ones as dropout trains them, each
/// with one mask for all rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Landscape {
    /// Which weight.
    pub weight: WeightAt,
    /// Its value in the trained network.
    pub value: f64,
    /// The loss there, dropout off.
    pub loss: f64,
    /// Rows that the loss is measured on.
    pub rows: usize,
    /// The values that the weight is given, from small to large.
    pub values: Vec<f64>,
    /// The loss at each of them, dropout off.
    pub losses: Vec<f64>,
    /// The loss at each of them of each sampled thinned network; empty without dropout.
    pub thinned: Vec<Vec<f64>>,
    /// The mean over the thinned networks at each value; empty without dropout.
    pub thinned_mean: Vec<f64>,
    /// Step and value of the weight while it was trained, where that was recorded.
    pub trail: Vec<(usize, f64)>,
}

impl Default for LandscapeOptions {
    fn default() -> Self {
        LandscapeOptions {
            points: 101,
            networks: 10,
            seed: 1,
        }
    }
}

/// The landscape of the weight that is asked for, else of the default one; `None` without data or hidden units.
pub(super) fn landscape(
    subject: &Subject<'_>,
    options: &ExplainOptions,
    notes: &mut Vec<String>,
) -> Result<Option<Landscape>> {
    let all = subject.splits.map(|splits| &splits.train);
    let Some(all) = all.filter(|rows| !rows.is_empty() && subject.first_units() > 0) else {
        return Ok(None);
    };
    let (input, unit) = match options.weight {
        Some(weight) => weight,
        None => default_weight(subject, all)?,
    };
    let rows: Vec<usize> = spaced(all.len(), most_rows(subject.network(), options)).collect();
    let rows = all.select(&rows);
    let whole = OneWeight::new(subject, &rows, (input, unit), None)?;
    let value = weights(subject.network(), &[input], unit + 1)?[unit];
    let values = range(subject, (input, unit), options.landscape.points)?;
    let trail = subject.trail.and_then(|trail| trail.path(input, unit));
    let found = Landscape {
        weight: WeightAt {
            input,
            input_name: subject.input_name(input),
            unit,
        },
        value,
        loss: whole.losses(&[value])?[0],
        rows: rows.len(),
        losses: whole.losses(&values)?,
        thinned: thinned_losses(subject, options, &rows, (input, unit), &values)?,
        thinned_mean: Vec::new(),
        trail: trail.unwrap_or_default(),
        values,
    };
    Ok(found.finite(notes))
}

/// The layers behind the second are computed anew for each value in each network.
fn most_rows(network: &Mlp, options: &ExplainOptions) -> usize {
    let [_, d_output] = network.dims();
    let widths: Vec<usize> = network.widths().chain([d_output]).collect();
    let behind = widths.windows(2).skip(2).map(|pair| pair[0] * pair[1]);
    let a_row = behind.sum::<usize>().max(1);
    let times = options.landscape.points * (options.landscape.networks + 1);
    (MULTIPLICATIONS / a_row / times).clamp(FEWEST_ROWS, ROWS)
}

/// The losses of each thinned network at each value; none without dropout.
fn thinned_losses(
    subject: &Subject<'_>,
    options: &ExplainOptions,
    rows: &Dataset,
    weight: (usize, usize),
    values: &[f64],
) -> Result<Vec<Vec<f64>>> {
    let networks = if subject.network().has_dropout() {
        options.landscape.networks
    } else {
        0
    };
    let losses = |number| {
        let masks = thinned::masks(subject.network(), options.landscape.seed, number);
        OneWeight::new(subject, rows, weight, Some(&masks))?.losses(values)
    };
    (0..networks).map(losses).collect()
}

/// The weight that moved most while it was recorded, else the largest one of an input that varies.
fn default_weight(subject: &Subject<'_>, rows: &Dataset) -> Result<(usize, usize)> {
    if let Some(weight) = subject.trail.and_then(Trail::moved_most) {
        return Ok(weight);
    }
    let (inputs, units) = (most_varying_inputs(rows), first_units(subject.network()));
    let weights = weights(subject.network(), &inputs, units)?;
    let size = |place: &usize| weights[*place].abs();
    let largest = (0..weights.len()).reduce(|best, place| {
        if size(&place) > size(&best) {
            place
        } else {
            best
        }
    });
    let largest = largest.unwrap_or_default();
    Ok((inputs[largest / units], largest % units))
}

/// `points` values of a weight, evenly spaced: from the smallest to the largest of all that is drawn on the
/// landscape, which are the weights from the same input, what this one was before, and 0, with room on both sides.
fn range(subject: &Subject<'_>, (input, unit): (usize, usize), points: usize) -> Result<Vec<f64>> {
    let trail = subject.trail.and_then(|trail| trail.path(input, unit));
    let units = first_units(subject.network()).max(unit + 1);
    let now = weights(subject.network(), &[input], units)?;
    let before = trail.into_iter().flatten().map(|(_, value)| value);
    let (low, high) = before
        .chain(now)
        .fold((0.0, 0.0), |(low, high): (f64, f64), value| {
            (low.min(value), high.max(value))
        });
    let room = if low < high { ROOM * (high - low) } else { 1.0 };
    let (low, high) = (low - room, high + room);
    let last = (points - 1) as f64;
    let value = |point: usize| low + (high - low) * (point as f64 / last);
    Ok((0..points).map(value).collect())
}

impl Landscape {
    /// With the mean of the thinned networks, and without values at which a loss is not finite; none if none is
    /// left.
    fn finite(mut self, notes: &mut Vec<String>) -> Option<Self> {
        let is_finite = |place: &usize| {
            let mut thinned = self.thinned.iter();
            self.losses[*place].is_finite() && thinned.all(|losses| losses[*place].is_finite())
        };
        let kept: Vec<usize> = (0..self.values.len()).filter(is_finite).collect();
        if kept.is_empty() || !self.loss.is_finite() {
            notes.push("There is no landscape: the loss is not finite.".to_owned());
            return None;
        }
        let pick = |of: &[f64]| kept.iter().map(|place| of[*place]).collect::<Vec<f64>>();
        self.values = pick(&self.values);
        self.losses = pick(&self.losses);
        self.thinned = self.thinned.iter().map(|losses| pick(losses)).collect();
        let networks = self.thinned.len();
        if networks > 0 {
            let at = |place| {
                self.thinned
                    .iter()
                    .map(move |losses: &Vec<f64>| losses[place])
            };
            let mean = |place| at(place).sum::<f64>() / networks as f64;
            self.thinned_mean = (0..self.values.len()).map(mean).collect();
        }
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{ExplainOptions, most_rows};
    use dropwise::{Backend, MlpConfig};

    #[test]
    fn of_a_network_with_several_wide_layers_fewer_rows_are_looked_at() {
        let device = Backend::default().device().expect("a backend that starts");
        let rows = |hidden: &[usize]| {
            let network = MlpConfig::new(2, hidden, 1).init(1, &device);
            most_rows(&network.expect("a network"), &ExplainOptions::default())
        };
        assert_eq!(rows(&[4]), 300);
        assert_eq!(rows(&[1_000, 1_000]), 300);
        // 101 values in 11 networks, 1,001,000 multiplications each.
        assert_eq!(rows(&[8, 1_000, 1_000]), 134);
        assert_eq!(rows(&[8, 1_000, 1_000, 1_000, 1_000]), 50);
    }
}
