//! What the units of the first hidden layer see: their incoming weights.

use kuva::render::render::{Scene, TextAnchor};

use super::{Drawing, Figure, Section, Values};
use crate::explain::{Explanation, Feature, Features};
use crate::report::chart::{frame, rectangle};
use crate::report::ink::{BLUE, FAINT, LINE, VERMILLION};
use crate::report::picture::{Picture, TEXT_SIZE, headed, hover, letters, line, shortened, words};
use crate::report::pixels::{Palette, Pixels};
use crate::report::table::Table;
use crate::report::words::{count, number};

const WIDTH: f64 = 440.0;
const TOP: f64 = 46.0;
/// The top of the bars, under the numbers of the units.
const BARS: f64 = TOP + 18.0;
const TITLE: &str = "Incoming weights";
/// Between two images.
const GAP: f64 = 4.0;
/// Units that have a column of bars, and inputs that have a row.
const MOST_UNITS: usize = 8;
const MOST_INPUTS: usize = 24;
/// Height of a row of bars.
const ROW: f64 = 17.0;

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
    let picture = match images(features) {
        Some(size) => mosaic(features, size),
        None => bars(features),
    };
    let name = if features.image.is_some() {
        "images"
    } else {
        "bars"
    };
    Figure {
        drawings: vec![Drawing::new(name, picture)],
        caption: caption(features),
        values: vec![Values::new("Incoming weights", table(features))],
    }
}

/// Height and width of the images, if all weights are there.
fn images(features: &Features) -> Option<(usize, usize)> {
    let is_whole = |(height, width): &(usize, usize)| {
        let pixels = height.checked_mul(*width).filter(|pixels| *pixels > 0);
        features
            .units
            .iter()
            .all(|unit| Some(unit.weights.len()) == pixels)
    };
    features.image.filter(is_whole)
}

/// The magnitude that has the fullest colour: all but one in 200 weights are below it.
fn scale(features: &Features) -> f32 {
    let weights = features.units.iter().flat_map(|unit| &unit.weights);
    let mut sizes: Vec<f32> = weights
        .map(|weight| weight.abs())
        .filter(|size| size.is_finite())
        .collect();
    sizes.sort_by(f32::total_cmp);
    let place = (sizes.len() * 199 / 200).min(sizes.len().saturating_sub(1));
    let scale = sizes.get(place).copied().unwrap_or(1.0);
    if scale > 0.0 { scale } else { 1.0 }
}

fn tip(unit: &Feature) -> String {
    let largest = unit
        .weights
        .iter()
        .fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
    format!(
        "hidden unit {}: largest weight {}",
        unit.unit,
        number(f64::from(largest))
    )
}

/// A small image for each unit.
fn mosaic(features: &Features, (height, width): (usize, usize)) -> Picture {
    let count = features.units.len();
    // Whatever the images are, they have to fit on a page.
    let aspect = (height as f64 / width as f64).clamp(0.25, 4.0);
    let columns = ((count as f64 * aspect).sqrt().ceil() as usize).clamp(1, count.max(1));
    let cell = ((WIDTH - 2.0 - GAP * (columns - 1) as f64) / columns as f64).min(72.0);
    let tall = cell * aspect;
    let rows = count.div_ceil(columns);
    let size = (WIDTH, TOP + rows as f64 * (tall + GAP));
    let mut scene = headed(size, TITLE, &subtitle(features, count, "full colour"));
    let scale = scale(features);
    let mut images = Vec::new();
    for (k, unit) in features.units.iter().enumerate() {
        let x = 1.0 + (k % columns) as f64 * (cell + GAP);
        let y = TOP + (k / columns) as f64 * (tall + GAP);
        scene.add(frame([x, y, cell, tall]));
        images.push(Pixels {
            place: [x, y, cell, tall],
            columns: width,
            palette: Palette::Signed,
            values: unit.weights.iter().map(|weight| weight / scale).collect(),
            tip: tip(unit),
        });
    }
    Picture::new(scene, TITLE, &describe(features))
        .with_images(images)
        .in_system_fonts()
}

/// Which units are shown, and what is the largest that is.
fn subtitle(features: &Features, shown: usize, fullest: &str) -> String {
    let which = match features.all_units > shown {
        true => format!(
            "the first {shown} of {} hidden units",
            count(features.all_units)
        ),
        false => format!("all {shown} hidden units"),
    };
    format!(
        "{which}; {fullest} at {} and above",
        number(f64::from(scale(features)))
    )
}

/// A column of bars for each unit, a row for each input.
fn bars(features: &Features) -> Picture {
    let units = &features.units[..features.units.len().min(MOST_UNITS)];
    let inputs = units.iter().map(|unit| unit.weights.len()).max();
    let inputs = inputs.unwrap_or(0).min(MOST_INPUTS);
    let names: Vec<String> = (0..inputs)
        .map(|input| shortened(&name_of(features, input), 20))
        .collect();
    let longest = names.iter().map(|name| name.chars().count()).max();
    let left = 0.58 * f64::from(TEXT_SIZE) * longest.unwrap_or(0) as f64 + 12.0;
    let size = (WIDTH, BARS + ROW * inputs as f64 + 8.0);
    let mut scene = headed(
        size,
        TITLE,
        &subtitle(features, units.len(), "the longest bars"),
    );
    for (input, name) in names.iter().enumerate() {
        let at = (left - 8.0, BARS + ROW * (input as f64 + 0.5) + 4.0);
        scene.add(words(at, name, (TEXT_SIZE, false), LINE, TextAnchor::End));
    }
    let column = (WIDTH - left) / units.len().max(1) as f64;
    for (k, unit) in units.iter().enumerate() {
        let middle = left + column * (k as f64 + 0.5);
        draw_column(&mut scene, features, unit, (middle, column));
    }
    Picture::new(scene, TITLE, &describe(features)).in_system_fonts()
}

/// A unit's weights as bars, to the right and left of the middle of its column.
fn draw_column(
    scene: &mut Scene,
    features: &Features,
    unit: &Feature,
    (middle, width): (f64, f64),
) {
    let label = shortened(&unit.unit.to_string(), letters(width, TEXT_SIZE, 0.58));
    let font = (TEXT_SIZE, false);
    scene.add(words(
        (middle, BARS - 8.0),
        &label,
        font,
        LINE,
        TextAnchor::Middle,
    ));
    let weights = &unit.weights[..unit.weights.len().min(MOST_INPUTS)];
    let bottom = BARS + ROW * weights.len() as f64;
    scene.add(line((middle, BARS), (middle, bottom), FAINT, 1.0));
    let scale = scale(features);
    for (input, weight) in weights.iter().enumerate() {
        let length = f64::from((weight / scale).clamp(-1.0, 1.0)) * 0.47 * width;
        let y = BARS + ROW * input as f64 + 3.0;
        let ink = if length < 0.0 { VERMILLION } else { BLUE };
        let place = [
            middle + length.min(0.0),
            y,
            length.abs().max(0.5),
            ROW - 6.0,
        ];
        let (name, weight) = (name_of(features, input), number(f64::from(*weight)));
        let tip = format!("{name} to hidden unit {}: {weight}", unit.unit);
        hover(scene, &tip, [rectangle(place, ink, None)]);
    }
}

fn name_of(features: &Features, input: usize) -> String {
    let name = features.input_names.get(input).cloned();
    name.unwrap_or_else(|| format!("input {input}"))
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

fn describe(features: &Features) -> String {
    let units: Vec<_> = features.units.iter().take(6).map(tip).collect();
    let what = match features.image {
        Some((height, width)) => format!("An image of {height} by {width} weights for each unit"),
        None => "A column of bars for each unit, a bar for each input".to_owned(),
    };
    format!("{what}. {}.", units.join("; "))
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
    if halves.is_empty() {
        return format!("{kind} All weights are 0.");
    }
    format!(
        "{kind} On average half of a unit's weight lies in {:.0} % of its inputs.",
        100.0 * mean
    )
}
