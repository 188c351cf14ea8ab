//! What hidden units see, drawn: their incoming weights as images, or as bars where the inputs are none.

use kuva::render::render::{Scene, TextAnchor};

use super::chart::{frame, rectangle};
use super::escape::shortened;
use super::ink::{BLUE, FAINT, LINE, VERMILLION};
use super::picture::{Picture, TEXT_SIZE, headed, hover, letters, line, words};
use super::pixels::{Palette, Pixels};
use super::words::{count, number};
use crate::explain::{Feature, Features};

const TOP: f64 = 46.0;
/// The top of the bars, under the numbers of the units.
const BARS: f64 = TOP + 18.0;
/// Between two images.
const GAP: f64 = 4.0;
/// Units that have a column of bars, and inputs that have a row.
pub(super) const MOST_UNITS: usize = 8;
pub(super) const MOST_INPUTS: usize = 24;
/// Letters of an input's name; the bars take the room that is left.
const MOST_LETTERS: usize = 60;
/// Height of a row of bars, and the least width of a column.
const ROW: f64 = 17.0;
const COLUMN: f64 = 32.0;
/// A narrower picture has fewer words over it.
const NARROW: f64 = 400.0;

/// How units are drawn.
pub(super) struct View<'a> {
    pub(super) title: &'a str,
    pub(super) width: f64,
    /// The magnitude that has the fullest color; the units' own if there is none.
    pub(super) scale: Option<f32>,
}

impl Default for View<'_> {
    fn default() -> Self {
        View {
            title: "Incoming weights",
            width: 440.0,
            scale: None,
        }
    }
}

impl View<'_> {
    fn scale(&self, features: &Features) -> f32 {
        self.scale.unwrap_or_else(|| scale(features))
    }

    /// Which units are shown, and what is the largest that is.
    fn subtitle(&self, features: &Features, shown: usize, fullest: &str) -> String {
        let (is_narrow, all) = (self.width < NARROW, count(features.all_units));
        let which = match features.all_units > shown {
            true if is_narrow => format!("{shown} of {all} units"),
            true => format!("the first {shown} of {all} hidden units"),
            false => format!("all {shown} hidden units"),
        };
        let scale = number(f64::from(self.scale(features)));
        if is_narrow {
            format!("{which}; {fullest} from {scale} on")
        } else {
            format!("{which}; {fullest} at {scale} and above")
        }
    }
}

/// Images of the units, or bars where the inputs are no images.
pub(super) fn draw(features: &Features, view: &View<'_>) -> Picture {
    match images(features) {
        Some(size) => mosaic(features, size, view),
        None => bars(features, view),
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

/// The magnitude that has the fullest color: all but one in 200 weights are below it.
pub(super) fn scale(features: &Features) -> f32 {
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
fn mosaic(features: &Features, (height, width): (usize, usize), view: &View<'_>) -> Picture {
    let count = features.units.len();
    // Whatever the images are, they have to fit on a page.
    let aspect = (height as f64 / width as f64).clamp(0.25, 4.0);
    let columns = ((count as f64 * aspect).sqrt().ceil() as usize).clamp(1, count.max(1));
    let cell = ((view.width - 2.0 - GAP * (columns - 1) as f64) / columns as f64).min(72.0);
    let tall = cell * aspect;
    let rows = count.div_ceil(columns);
    let size = (view.width, TOP + rows as f64 * (tall + GAP));
    let mut scene = headed(
        size,
        view.title,
        &view.subtitle(features, count, "full color"),
    );
    let scale = view.scale(features);
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
    Picture::new(scene, view.title, &describe(features))
        .with_images(images)
        .in_system_fonts()
}

/// A column of bars for each unit, a row for each input.
fn bars(features: &Features, view: &View<'_>) -> Picture {
    let units = &features.units[..features.units.len().min(MOST_UNITS)];
    let inputs = units.iter().map(|unit| unit.weights.len()).max();
    let inputs = inputs.unwrap_or(0).min(MOST_INPUTS);
    let names: Vec<String> = (0..inputs)
        .map(|input| shortened(&name_of(features, input), MOST_LETTERS))
        .collect();
    let longest = names.iter().map(|name| name.chars().count()).max();
    let left = 0.58 * f64::from(TEXT_SIZE) * longest.unwrap_or(0) as f64 + 12.0;
    // Long names must not take the bars' room.
    let width = view.width.max(left + COLUMN * units.len() as f64);
    let size = (width, BARS + ROW * inputs as f64 + 8.0);
    let mut scene = headed(
        size,
        view.title,
        &view.subtitle(features, units.len(), "the longest bars"),
    );
    for (input, name) in names.iter().enumerate() {
        let at = (left - 8.0, BARS + ROW * (input as f64 + 0.5) + 4.0);
        scene.add(words(at, name, (TEXT_SIZE, false), LINE, TextAnchor::End));
    }
    let column = (width - left) / units.len().max(1) as f64;
    for (k, unit) in units.iter().enumerate() {
        let middle = left + column * (k as f64 + 0.5);
        draw_column(&mut scene, (features, unit), (middle, column), view);
    }
    Picture::new(scene, view.title, &describe(features)).in_system_fonts()
}

/// A unit's weights as bars, to the right and left of the middle of its column.
fn draw_column(
    scene: &mut Scene,
    (features, unit): (&Features, &Feature),
    (middle, width): (f64, f64),
    view: &View<'_>,
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
    let scale = view.scale(features);
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

pub(super) fn name_of(features: &Features, input: usize) -> String {
    let name = features.input_names.get(input).cloned();
    name.unwrap_or_else(|| format!("input {input}"))
}

fn describe(features: &Features) -> String {
    let units: Vec<_> = features.units.iter().take(6).map(tip).collect();
    let what = match features.image {
        Some((height, width)) => format!("An image of {height} by {width} weights for each unit"),
        None => "A column of bars for each unit, a bar for each input".to_owned(),
    };
    format!("{what}. {}.", units.join("; "))
}
