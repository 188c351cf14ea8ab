//! How active the hidden units of several networks are and what they see, side by side (the paper's Figures 7 and
//! 8).

use super::escape::shortened;
use super::histogram::{self, Frame, Kind, ends, highest, lowest};
use super::picture::{Picture, TEXT_SIZE, headed, letters};
use super::range::Range;
use super::units::{self, View, scale};
use super::words::{number, percent};
use crate::explain::{Activity, Features};

/// Of a column, and between two.
const WIDTH: f64 = 340.0;
const GAP: f64 = 28.0;
/// Height of a histogram, and the room between what is one under the other.
const HEIGHT: f64 = 220.0;
const BETWEEN: f64 = 16.0;
/// Room for title and subtitle.
const TOP: f64 = 50.0;
/// Scales of weights that differ by more are not shared, for the smaller weights would not be seen.
const MOST_SCALES: f32 = 3.0;

const SUBTITLE: &str =
    "the weights of the first hidden units, and how active all of them are, dropout off";

/// One network of [`sparsity_figure`].
#[derive(Debug, Clone, Copy)]
pub struct SparsityColumn<'a> {
    /// What to call it beside the others.
    pub name: &'a str,
    /// What its units see.
    pub features: &'a Features,
    /// How active they are. The bars of all networks can be compared if one call of
    /// [`hidden_activity`](crate::explain::hidden_activity) looked at all of them.
    pub activity: &'a Activity,
}

/// A column for each network: the incoming weights of its first units, each unit's mean activation, and all
/// activations, whose shares are on a logarithmic axis because most of them may be near zero. All networks share
/// their axes.
#[must_use]
pub fn sparsity_figure(title: &str, columns: &[SparsityColumn<'_>]) -> Picture {
    let width = (WIDTH + GAP) * columns.len().max(1) as f64 - GAP;
    let axes = [Kind::Means, Kind::Activations].map(|kind| (kind, Shared::of(columns, kind)));
    let scale = shared_scale(columns);
    let units = columns.iter().map(|column| {
        let view = View {
            title: column.name,
            width: WIDTH,
            scale,
        };
        units::draw(column.features, &view)
    });
    let units: Vec<_> = units.collect();
    let tallest = units.iter().map(|units| units.size().1).fold(0.0, f64::max);
    let bottom = TOP + tallest + (BETWEEN + HEIGHT) * axes.len() as f64;
    let mut parts = Vec::new();
    let mut descriptions = Vec::new();
    for (k, (column, units)) in columns.iter().zip(units).enumerate() {
        let left = (WIDTH + GAP) * k as f64;
        let mut seen = vec![words(column), units.description().to_owned()];
        parts.push(((left, TOP), units));
        for (row, (kind, shared)) in axes.iter().enumerate() {
            let histogram = shared.draw(column.activity, *kind);
            seen.push(histogram.description().to_owned());
            let top = TOP + tallest + BETWEEN + (BETWEEN + HEIGHT) * row as f64;
            parts.push(((left, top), histogram));
        }
        descriptions.push(seen.join(" "));
    }
    let subtitle = shortened(SUBTITLE, letters(width - 4.0, TEXT_SIZE, 0.56));
    let scene = headed((width, bottom), title, &subtitle);
    Picture::arranged(scene, (title, &descriptions.join(" ")), parts)
}

/// A network's sparsity in a sentence.
fn words(column: &SparsityColumn<'_>) -> String {
    let SparsityColumn { name, activity, .. } = column;
    let (mean, near) = (number(activity.mean), percent(activity.near_zero));
    format!("{name}: mean activation {mean}, {near} near zero.")
}

/// The magnitude that has the fullest color in all columns; none if they are too far apart.
fn shared_scale(columns: &[SparsityColumn<'_>]) -> Option<f32> {
    let scales: Vec<f32> = columns
        .iter()
        .map(|column| scale(column.features))
        .collect();
    let largest = scales.iter().copied().reduce(f32::max)?;
    let smallest = scales.iter().copied().reduce(f32::min)?;
    (largest <= MOST_SCALES * smallest).then_some(largest)
}

/// What the histograms of all networks have in common.
struct Shared {
    x: Option<Range>,
    highest: Option<f64>,
    lowest: Option<f64>,
}

impl Shared {
    fn of(columns: &[SparsityColumn<'_>], kind: Kind) -> Self {
        let histograms = columns.iter().map(|column| kind.of(column.activity));
        let lowest = histograms.clone().filter_map(lowest).reduce(f64::min);
        Shared {
            x: histograms.clone().filter_map(ends).reduce(Range::with),
            highest: histograms.map(highest).reduce(f64::max),
            lowest: lowest.filter(|_| kind == Kind::Activations),
        }
    }

    fn draw(&self, layer: &Activity, kind: Kind) -> Picture {
        let title = match kind {
            Kind::Activations => {
                let near = percent(layer.near_zero);
                format!("All activations, {near} near zero")
            }
            Kind::Means => "Mean activation of each unit".to_owned(),
        };
        let frame = Frame {
            title: &title,
            size: (WIDTH, HEIGHT),
            x: self.x,
            highest: self.highest,
            lowest: self.lowest,
            has_mean: true,
        };
        histogram::draw(layer, kind, &frame)
    }
}
