//! A regression's predictions beside the targets.

use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{Explanation, Fit};
use crate::report::axes::Axes;
use crate::report::chart::{Chart, evenly};
use crate::report::ink::BLUE;
use crate::report::picture::{self, Picture};
use crate::report::range::Range;
use crate::report::table::Table;
use crate::report::words::{number, several};

const SIZE: (f64, f64) = (400.0, 400.0);
/// Dots that say their values under the pointer: those that are furthest off.
const MOST_TIPS: usize = 40;
const MOST_ROWS: usize = 30;

/// The fit of each run.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let ranges: Vec<_> = runs
        .iter()
        .filter_map(|run| range(run.fit.as_ref()?))
        .collect();
    let shared = if ranges.len() > 1 {
        Range::shared(&ranges)
    } else {
        None
    };
    let lead =
        "What the network predicts over what came. A dot is a row; on the diagonal it is right.";
    let heading = ("fit", "Predicted and actual", lead);
    let found = |run: &Explanation| run.fit.clone().filter(|fit| !fit.points.is_empty());
    super::section_of(heading, runs, found, |fit| figure(&fit, shared))
}

fn figure(fit: &Fit, shared: Option<Range>) -> Figure {
    Figure {
        drawings: vec![
            Drawing::new("predictions", draw(fit, shared)),
            Drawing::new("residuals", residuals(fit)),
        ],
        caption: caption(fit),
        values: vec![FigureTable::new(
            "Some rows, evenly spaced over the targets",
            table(fit),
        )],
    }
}

/// The same for both axes, so that the diagonal is one.
fn range(fit: &Fit) -> Option<Range> {
    let values = fit
        .points
        .iter()
        .flat_map(|(actual, predicted)| [*actual, *predicted]);
    Range::of(values).map(|range| range.widened(0.04, 0.04))
}

fn draw(fit: &Fit, shared: Option<Range>) -> Picture {
    let range = shared.or_else(|| range(fit)).unwrap_or(Range {
        low: 0.0,
        high: 1.0,
    });
    let title = format!("{}, {} rows", fit.target, fit.split);
    let mut chart = Chart::new(&Axes {
        title: &title,
        x_label: "actual",
        y_label: "predicted",
        x: range,
        y: range,
        size: SIZE,
        ..Axes::default()
    });
    let ends = [range.low, range.high].map(|end| chart.at((end, end)));
    chart.scene.add(picture::dashed(ends[0], ends[1]));
    let opacity = if fit.points.len() > 300 { 0.35 } else { 0.55 };
    let mut points: Vec<_> = fit.points.iter().collect();
    points.sort_by(|one, other| off(one).total_cmp(&off(other)));
    let plain = points.len().saturating_sub(MOST_TIPS);
    for (k, point) in points.into_iter().enumerate() {
        let tip = if k < plain { String::new() } else { tip(point) };
        chart.dot(*point, 3.2, BLUE, opacity, &tip);
    }
    chart.into_picture(&title, &describe(fit))
}

/// What is left over, over the prediction: a trend or a funnel says what the network has missed.
fn residuals(fit: &Fit) -> Picture {
    let left = |(actual, predicted): &(f64, f64)| (*predicted, actual - predicted);
    let points: Vec<_> = fit.points.iter().map(left).collect();
    let range = |values: &mut dyn Iterator<Item = f64>| {
        let range = Range::of(values).map(|range| range.widened(0.04, 0.04));
        range.unwrap_or(Range {
            low: 0.0,
            high: 1.0,
        })
    };
    let title = format!("Residuals, {} rows", fit.split);
    let mut chart = Chart::new(&Axes {
        title: &title,
        x_label: "predicted",
        y_label: "actual - predicted",
        x: range(&mut points.iter().map(|point| point.0)),
        y: range(&mut points.iter().map(|point| point.1).chain([0.0])),
        size: SIZE,
        ..Axes::default()
    });
    chart.level(0.0, None, "right");
    let opacity = if points.len() > 300 { 0.35 } else { 0.55 };
    for point in points {
        chart.dot(point, 3.2, BLUE, opacity, "");
    }
    chart.into_picture(&title, &describe(fit))
}

fn off((actual, predicted): &(f64, f64)) -> f64 {
    (actual - predicted).abs()
}

fn tip((actual, predicted): &(f64, f64)) -> String {
    format!(
        "actual {}, predicted {}",
        number(*actual),
        number(*predicted)
    )
}

fn table(fit: &Fit) -> Table {
    let mut points = fit.points.clone();
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut table = Table::new(["actual", "predicted", "off by"]);
    for (actual, predicted) in evenly(&points, MOST_ROWS) {
        table.push(
            [*actual, *predicted, predicted - actual]
                .map(number)
                .to_vec(),
        );
    }
    table
}

/// Pearson's correlation of targets and predictions; none where one of them is always the same.
fn correlation(fit: &Fit) -> Option<f64> {
    let count = fit.points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| fit.points.iter().map(of).sum::<f64>() / count;
    let (actual, predicted) = (mean(|point| point.0), mean(|point| point.1));
    let sum = |of: &dyn Fn(f64, f64) -> f64| {
        fit.points
            .iter()
            .map(|point| of(point.0 - actual, point.1 - predicted))
            .sum::<f64>()
    };
    let found = sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt();
    found.is_finite().then_some(found)
}

fn describe(fit: &Fit) -> String {
    let worst = fit
        .points
        .iter()
        .max_by(|one, other| off(one).total_cmp(&off(other)));
    let worst = worst.map_or(String::new(), |point| {
        format!(" Furthest off: {}.", tip(point))
    });
    format!(
        "{} beside the diagonal.{worst}",
        several(fit.points.len(), "dot", "dots")
    )
}

fn caption(fit: &Fit) -> String {
    let mut sizes: Vec<f64> = fit
        .points
        .iter()
        .map(off)
        .filter(|off| off.is_finite())
        .collect();
    sizes.sort_by(f64::total_cmp);
    let median = sizes.get(sizes.len() / 2).copied().unwrap_or(0.0);
    let shown = if fit.rows > fit.points.len() {
        format!(
            "{} of {}",
            fit.points.len(),
            several(fit.rows, "row", "rows")
        )
    } else {
        several(fit.rows, "row", "rows")
    };
    let correlation = correlation(fit).map_or(String::new(), |found| {
        format!(" Predictions and targets have a correlation of {found:.3}.")
    });
    format!(
        "{shown}; half of the predictions are off by less than {}.{correlation}",
        number(median)
    )
}
