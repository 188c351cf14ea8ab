//! The error over the value of one weight, with the ball that lies on it.

use super::{Drawing, Figure, Section, Values};
use crate::explain::{Explanation, Landscape};
use crate::report::chart::{Axes, Chart, evenly};
use crate::report::ink::{BLUE, LINE, PALE_BLUE, VERMILLION};
use crate::report::picture::Picture;
use crate::report::range::Range;
use crate::report::table::Table;
use crate::report::words::{count, number, several};

/// No table has more rows; all points are in the JSON.
const MOST_ROWS: usize = 25;
/// More dots of a trail would lie on one another.
const MOST_DOTS: usize = 60;

/// The landscape of a weight in each run.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let ranges: Vec<_> = runs
        .iter()
        .filter_map(|run| range(run.landscape.as_ref()?))
        .collect();
    let shared = if ranges.len() > 1 {
        Range::shared(&ranges)
    } else {
        None
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
        |landscape| figure(&landscape, shared),
    )
}

/// The loss over the value of one weight: that of the whole network, those of thinned ones pale behind it, their mean, and
/// a ball at the value that the weight has.
#[must_use]
pub fn landscape_figure(landscape: &Landscape) -> Picture {
    draw(landscape, None)
}

fn figure(landscape: &Landscape, shared: Option<Range>) -> Figure {
    Figure {
        drawings: vec![Drawing::new("weight", draw(landscape, shared))],
        caption: caption(landscape),
        values: vec![Values::new("Loss by value of the weight", table(landscape))],
    }
}

/// Of the loss: the whole network and the mean of the thinned ones decide, one thinned network alone does not.
fn range(landscape: &Landscape) -> Option<Range> {
    let losses = landscape.losses.iter().chain(&landscape.thinned_mean);
    Range::of(losses.copied().chain([landscape.loss])).map(|range| range.widened(0.06, 0.14))
}

fn draw(landscape: &Landscape, shared: Option<Range>) -> Picture {
    let unit = Range {
        low: 0.0,
        high: 1.0,
    };
    let title = title(landscape);
    let is_thinned = !landscape.thinned_mean.is_empty();
    let labels = ["whole network", "thinned, mean"];
    let mut chart = Chart::new(&Axes {
        title: &title,
        x_label: "value of the weight",
        y_label: "loss",
        x: Range::of(landscape.values.iter().copied().chain([landscape.value])).unwrap_or(unit),
        y: shared.or_else(|| range(landscape)).unwrap_or(unit),
        ends: labels[..1 + usize::from(is_thinned)]
            .iter()
            .map(|label| (*label).to_owned())
            .collect(),
        ..Axes::default()
    });
    chart.clip();
    for losses in &landscape.thinned {
        chart.line(&curve(landscape, losses), PALE_BLUE, 1.0);
    }
    let (mean, whole) = (
        curve(landscape, &landscape.thinned_mean),
        curve(landscape, &landscape.losses),
    );
    chart.line(&mean, LINE, 1.8);
    chart.line(&whole, BLUE, 2.4);
    draw_trail(&mut chart, landscape);
    chart.end_clip();
    let ends = [(&whole, labels[0], BLUE), (&mean, labels[1], LINE)].into_iter();
    let ends =
        ends.filter_map(|(curve, label, ink)| Some((curve.last()?.1, label.to_owned(), ink)));
    chart.end_labels(&ends.collect::<Vec<_>>());
    chart.bands(&tips(landscape));
    let (value, loss) = (number(landscape.value), number(landscape.loss));
    let tip = format!("trained value {value}: loss {loss}");
    chart.ball((landscape.value, landscape.loss), 7.0, VERMILLION, &tip);
    chart.into_picture(&title, &describe(landscape))
}

fn title(landscape: &Landscape) -> String {
    let weight = &landscape.weight;
    format!(
        "Weight from {} to hidden unit {}",
        weight.input_name, weight.unit
    )
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
        if let Some(loss) = loss_at(landscape, *value) {
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

/// The loss of the whole network between two of the values, in proportion; none outside.
fn loss_at(landscape: &Landscape, value: f64) -> Option<f64> {
    let above = landscape.values.partition_point(|other| *other < value);
    let (high, low) = (*landscape.values.get(above)?, above.checked_sub(1));
    let Some(below) = low else {
        return (high == value).then_some(*landscape.losses.get(above)?);
    };
    let share = (value - landscape.values[below]) / (high - landscape.values[below]);
    let (from, to) = (landscape.losses.get(below)?, landscape.losses.get(above)?);
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
        caption += &match landscape.loss <= loss * 1.001 || landscape.loss <= loss {
            true => " No other value that was tried is better.".to_owned(),
            false => format!(
                " The lowest loss on this line is {}, at {}.",
                number(loss),
                number(value)
            ),
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
