//! What the units of the first hidden layer see: their incoming weights.

use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{Explanation, Feature, Features};
use crate::report::table::Table;
use crate::report::units::{self, MOST_INPUTS, MOST_UNITS, View, name_of};
use crate::report::words::{count, number};

/// The features of each run.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let lead = "The incoming weights of the first hidden layer: blue where an input makes the unit more active, orange \
                where it makes it less. With dropout, units tend to find spots and strokes of their own; without, \
                many weights mean something only together (the paper's Figure 7, Srivastava et al. 2014).";
    let heading = ("features", "What units see", lead);
    let found = |run: &Explanation| (!run.features.units.is_empty()).then(|| run.features.clone());
    super::section_of(heading, runs, found, |features| figure(&features))
}

fn figure(features: &Features) -> Figure {
    let picture = units::draw(features, &View::default());
    let name = if features.image.is_some() {
        "images"
    } else {
        "bars"
    };
    Figure {
        drawings: vec![Drawing::new(name, picture)],
        caption: caption(features),
        values: vec![FigureTable::new("Incoming weights", table(features))],
    }
}

fn table(features: &Features) -> Table {
    if features.image.is_some() {
        return extremes(features);
    }
    let units = &features.units[..features.units.len().min(MOST_UNITS)];
    let titles = units.iter().map(|unit| format!("unit {}", unit.unit));
    let mut table = Table::new(std::iter::once("input".to_owned()).chain(titles));
    let inputs = units
        .iter()
        .map(|unit| unit.weights.len())
        .max()
        .unwrap_or(0);
    for input in 0..inputs.min(MOST_INPUTS) {
        let cell = |unit: &Feature| {
            unit.weights
                .get(input)
                .map_or("-".to_owned(), |weight| number(f64::from(*weight)))
        };
        table.push(
            std::iter::once(name_of(features, input))
                .chain(units.iter().map(cell))
                .collect(),
        );
    }
    table
}

/// Of images, which have too many weights for a table, the ends.
fn extremes(features: &Features) -> Table {
    let mut table = Table::new(["hidden unit", "smallest", "largest", "length of the vector"]);
    for unit in &features.units {
        let weights = unit.weights.iter().map(|weight| f64::from(*weight));
        let least = weights.clone().fold(f64::INFINITY, f64::min);
        let most = weights.clone().fold(f64::NEG_INFINITY, f64::max);
        let length = weights.map(|weight| weight * weight).sum::<f64>().sqrt();
        table.push(vec![
            unit.unit.to_string(),
            number(least),
            number(most),
            number(length),
        ]);
    }
    table
}

/// The share of the weights, in their magnitude, that half of the magnitude is in: the fewer, the more local.
fn half(unit: &Feature) -> Option<f64> {
    let mut sizes: Vec<f64> = unit
        .weights
        .iter()
        .map(|weight| f64::from(weight.abs()))
        .collect();
    sizes.sort_by(|one, other| other.total_cmp(one));
    let all: f64 = sizes.iter().sum();
    if !all.is_finite() || all <= 0.0 {
        return None;
    }
    let mut sum = 0.0;
    let count = sizes.iter().take_while(|size| {
        let goes_on = sum < all / 2.0;
        sum += **size;
        goes_on
    });
    Some(count.count() as f64 / sizes.len() as f64)
}

fn caption(features: &Features) -> String {
    let halves: Vec<f64> = features.units.iter().filter_map(half).collect();
    let mean = halves.iter().sum::<f64>() / halves.len().max(1) as f64;
    let kind = match features.image {
        Some(_) => {
            "Each small image is one hidden unit, each pixel its weight from that pixel of the input."
        }
        None => "Each column is one hidden unit, each bar its weight from one input.",
    };
    let kind = match features.all_inputs > MOST_INPUTS && features.image.is_none() {
        true => format!(
            "{kind} {MOST_INPUTS} of {} inputs are shown.",
            count(features.all_inputs)
        ),
        false => kind.to_owned(),
    };
    if halves.is_empty() {
        return format!("{kind} All weights are 0.");
    }
    format!(
        "{kind} On average half of a unit's weight lies in {:.0} % of its inputs.",
        100.0 * mean
    )
}
