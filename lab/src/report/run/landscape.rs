//! The error over the value of one weight, with the ball that lies on it.

use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{Explanation, Landscape, WeightAt};
use crate::report::axes::Axes;
use crate::report::chart::{Chart, evenly};
use crate::report::ink::{BLUE, LINE, PALE_BLUE, VERMILLION};
use crate::report::picture::Picture;
use crate::report::range::Range;
use crate::report::table::Table;
use crate::report::words::{count, number, several};

/// No table has more rows; all points are in the JSON.
const MOST_ROWS: usize = 25;
/// More dots of a trail would lie on one another.
const MOST_DOTS: usize = 60;

/// How landscapes are drawn side by side.
#[derive(Clone, Copy)]
struct View {
    /// Each line from its own loss at the trained value on, so that the forms of the hills can be compared where
    /// the hills are low and far apart.
    is_relative: bool,
    range: Option<Range>,
}

/// The landscape of a weight in each run.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let landscapes: Vec<&Landscape> = runs
        .iter()
        .filter_map(|run| run.landscape.as_ref())
        .collect();
    let is_relative = landscapes.iter().any(|landscape| is_low(landscape));
    let shown = landscapes
        .iter()
        .map(|landscape| shown(landscape, is_relative));
    let ranges: Vec<_> = shown.filter_map(|landscape| range(&landscape)).collect();
    let shared = Range::shared(&ranges).filter(|_| ranges.len() > 1);
    let look = View {
        is_relative,
        range: shared,
    };
    let lead = "The loss over the value of one weight, all others held: the hill that the weight rolls down while the \
                network learns. The ball is the weight as it was trained; the dots are where it has been, the older the \
                paler. Dropout trains thinned networks, and each of them has a landscape of its own: the weight has \
                to be good in all of them, which is their mean.";
    let heading = ("landscape", "The error landscape of one weight", lead);
    super::section_of(
        heading,
        runs,
        |run| run.landscape.clone(),
        |landscape| figure(&landscape, look),
    )
}

/// The loss over the value of one weight: that of the whole network, those of thinned ones pale behind it, their
/// mean, and a ball at the value that the weight has.
#[must_use]
pub fn landscape_figure(landscape: &Landscape) -> Picture {
    let is_relative = is_low(landscape);
    draw(
        landscape,
        View {
            is_relative,
            range: None,
        },
    )
}

fn figure(landscape: &Landscape, look: View) -> Figure {
    Figure {
        drawings: vec![Drawing::new("weight", draw(landscape, look))],
        caption: caption(landscape),
        values: vec![FigureTable::new(
            "Loss by value of the weight",
            table(landscape),
        )],
    }
}

/// Whether the hill is hardly to be seen beside how high it lies, or how far the thinned networks lie from it.
fn is_low(landscape: &Landscape) -> bool {
    let height = |losses: &[f64]| {
        Range::of(losses.iter().copied()).map_or(0.0, |range| range.high - range.low)
    };
    let (whole, mean) = (height(&landscape.losses), height(&landscape.thinned_mean));
    let apart = at(landscape, &landscape.thinned_mean, landscape.value)
        .map_or(0.0, |mean| (mean - landscape.loss).abs());
    whole < 0.2 * landscape.loss.abs() || apart > 2.0 * whole.max(mean)
}

/// The landscape as it is drawn.
fn shown(landscape: &Landscape, is_relative: bool) -> Landscape {
    let mut shown = landscape.clone();
    if is_relative {
        let lower = |losses: &mut Vec<f64>| {
            let rest = at(landscape, losses, landscape.value).unwrap_or(0.0);
            losses.iter_mut().for_each(|loss| *loss -= rest);
        };
        lower(&mut shown.losses);
        lower(&mut shown.thinned_mean);
        shown.thinned.iter_mut().for_each(lower);
        shown.loss = at(&shown, &shown.losses, shown.value).unwrap_or(0.0);
    }
    shown
}

/// Of the loss: the whole network and the mean of the thinned ones decide, one thinned network alone does not.
fn range(landscape: &Landscape) -> Option<Range> {
    let losses = landscape.losses.iter().chain(&landscape.thinned_mean);
    Range::of(losses.copied().chain([landscape.loss])).map(|range| range.widened(0.06, 0.14))
}

fn draw(landscape: &Landscape, look: View) -> Picture {
    let unit = Range {
        low: 0.0,
        high: 1.0,
    };
    let title = title(landscape);
    let drawn = shown(landscape, look.is_relative);
    let x = drawn.values.iter().copied().chain([drawn.value]);
    let labels = ["whole network", "thinned, mean"].map(str::to_owned);
    let count = if drawn.thinned_mean.is_empty() { 1 } else { 2 };
    let mut chart = Chart::new(&Axes {
        title: &title,
        x_label: "value of the weight",
        y_label: if look.is_relative {
            "loss beyond that at the trained value"
        } else {
            "loss"
        },
        x: Range::of(x).unwrap_or(unit),
        y: look.range.or_else(|| range(&drawn)).unwrap_or(unit),
        ends: labels[..count].to_vec(),
        ..Axes::default()
    });
    draw_lines(&mut chart, &drawn, &labels);
    chart.bands(&tips(landscape));
    let (value, loss) = (number(landscape.value), number(landscape.loss));
    let tip = format!("trained value {value}: loss {loss}");
    chart.ball((drawn.value, drawn.loss), 7.0, VERMILLION, &tip);
    chart.into_picture(&title, &describe(landscape))
}

fn draw_lines(chart: &mut Chart, drawn: &Landscape, labels: &[String; 2]) {
    chart.clip();
    for losses in &drawn.thinned {
        chart.line(&curve(drawn, losses), PALE_BLUE, 1.0);
    }
    let (mean, whole) = (
        curve(drawn, &drawn.thinned_mean),
        curve(drawn, &drawn.losses),
    );
    chart.line(&mean, LINE, 1.8);
    chart.line(&whole, BLUE, 2.4);
    draw_trail(chart, drawn);
    chart.end_clip();
    let ends = [(whole, &labels[0], BLUE), (mean, &labels[1], LINE)].into_iter();
    let ends = ends.filter_map(|(curve, label, ink)| Some((curve.last()?.1, label.clone(), ink)));
    chart.end_labels(&ends.collect::<Vec<_>>());
}

fn title(landscape: &Landscape) -> String {
    let WeightAt {
        input_name, unit, ..
    } = &landscape.weight;
    format!("Weight from \u{201c}{input_name}\u{201d} to hidden unit {unit}")
}

fn curve(landscape: &Landscape, losses: &[f64]) -> Vec<(f64, f64)> {
    landscape
        .values
        .iter()
        .copied()
        .zip(losses.iter().copied())
        .collect()
}

/// Where the weight has been, on the landscape as it is at the end.
fn draw_trail(chart: &mut Chart, landscape: &Landscape) {
    let dots: Vec<_> = evenly(&landscape.trail, MOST_DOTS).collect();
    let last = dots.len().saturating_sub(1).max(1) as f64;
    for (k, (step, value)) in dots.into_iter().enumerate() {
        if let Some(loss) = at(landscape, &landscape.losses, *value) {
            let tip = format!("step {}: {}", count(*step), number(*value));
            chart.dot(
                (*value, loss),
                3.0,
                VERMILLION,
                0.15 + 0.6 * k as f64 / last,
                &tip,
            );
        }
    }
}

/// A loss between two of the values, in proportion; none outside.
fn at(landscape: &Landscape, losses: &[f64], value: f64) -> Option<f64> {
    let values = &landscape.values;
    let above = values.partition_point(|other| *other < value);
    let high = *values.get(above)?;
    let Some(below) = above.checked_sub(1) else {
        return losses.get(above).copied().filter(|_| high == value);
    };
    let share = (value - values[below]) / (high - values[below]);
    let (from, to) = (losses.get(below)?, losses.get(above)?);
    Some(from + (to - from) * share)
}

fn tips(landscape: &Landscape) -> Vec<(f64, String)> {
    let tip = |(k, value): (usize, &f64)| {
        let whole = landscape.losses.get(k)?;
        let mean = landscape
            .thinned_mean
            .get(k)
            .map(|mean| format!("; thinned, mean {}", number(*mean)));
        let words = format!(
            "{}: loss {}{}",
            number(*value),
            number(*whole),
            mean.unwrap_or_default()
        );
        Some((*value, words))
    };
    landscape
        .values
        .iter()
        .enumerate()
        .filter_map(tip)
        .collect()
}

fn table(landscape: &Landscape) -> Table {
    let is_thinned = !landscape.thinned_mean.is_empty();
    let titles = ["value", "whole network", "thinned, mean"];
    let mut table = Table::new(titles[..2 + usize::from(is_thinned)].iter().copied());
    let places: Vec<usize> = (0..landscape.values.len()).collect();
    for k in evenly(&places, MOST_ROWS) {
        let cells = [
            &landscape.values,
            &landscape.losses,
            &landscape.thinned_mean,
        ];
        let cells = cells.iter().filter_map(|column| column.get(*k));
        table.push(cells.map(|value| number(*value)).collect());
    }
    table
}

/// The value with the smallest loss, and that loss.
fn lowest(landscape: &Landscape, losses: &[f64]) -> Option<(f64, f64)> {
    curve(landscape, losses)
        .into_iter()
        .min_by(|one, other| one.1.total_cmp(&other.1))
}

fn describe(landscape: &Landscape) -> String {
    let ends = [landscape.values.first(), landscape.values.last()];
    let ends = ends.map(|value| value.map_or("?".to_owned(), |value| number(*value)));
    let highest = landscape
        .losses
        .iter()
        .copied()
        .fold(landscape.loss, f64::max);
    format!(
        "A line from {} to {}: the loss reaches {}. A ball lies on it at {}, where the loss is {}.",
        ends[0],
        ends[1],
        number(highest),
        number(landscape.value),
        number(landscape.loss)
    )
}

fn caption(landscape: &Landscape) -> String {
    let mut caption = format!(
        "The weight came to rest at {}, where the loss on {} is {}.",
        number(landscape.value),
        several(landscape.rows, "row", "rows"),
        number(landscape.loss)
    );
    if let Some((value, loss)) = lowest(landscape, &landscape.losses) {
        caption += &if landscape.loss <= loss * 1.001 || landscape.loss <= loss {
            " No other value that was tried is better.".to_owned()
        } else {
            format!(
                " The lowest loss on this line is {}, at {}.",
                number(loss),
                number(value)
            )
        };
    }
    if let Some((value, loss)) = lowest(landscape, &landscape.thinned_mean) {
        caption += &format!(
            " The mean of {} is lowest at {}, with a loss of {}: that is the hill that dropout trains on.",
            several(
                landscape.thinned.len(),
                "thinned network",
                "thinned networks"
            ),
            number(value),
            number(loss)
        );
    }
    caption
}
