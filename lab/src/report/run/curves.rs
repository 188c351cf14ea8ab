//! Loss and error over the steps of a training.

mod combined;
mod words;

use self::words::{at, caption, describe, table, tips};
use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{Curve, Curves, Explanation};
use crate::report::axes::{Axes, SIZE, percent_format, step_format};
use crate::report::chart::Chart;
use crate::report::ink::{BLUE, Ink, LINE, VERMILLION};
use crate::report::picture::Picture;
use crate::report::range::Range;
use crate::report::words::{capital, value};

/// The loss of training as it goes.
/// Where the largest loss is more times the least one, it is on a logarithmic axis.
const MOST_TIMES: f64 = 30.0;
const DROPOUT_ON: &str = "training, dropout on";

/// One of the two quantities.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantity {
    Loss,
    Error,
}

/// The size of a chart; in a terminal, the width of a letter, and whether to leave out what would hide the curves.
pub(super) struct Frame {
    pub(super) size: (f64, f64),
    pub(super) letter: f64,
    pub(super) is_plain: bool,
}

impl Default for Frame {
    fn default() -> Self {
        Frame {
            size: SIZE,
            letter: 0.58,
            is_plain: false,
        }
    }
}

/// Learning curves of all runs.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let curves: Vec<&Curves> = runs.iter().map(|run| &run.curves).collect();
    let ranges = [Quantity::Loss, Quantity::Error].map(|quantity| shared(&curves, quantity));
    let found = |run: &Explanation| {
        let curves = named(run);
        let all = curves.losses.iter().chain(&curves.errors);
        all.clone()
            .any(|curve| !curve.points.is_empty())
            .then(|| curves.clone())
    };
    let lead = "Loss and error while the network learned. Where the two part, the network goes on to learn its training \
                rows by heart and no longer gets better on rows that it has not seen.";
    let heading = ("curves", "Learning curves", lead);
    let mut section = super::section_of(heading, runs, found, |curves| figure(&curves, ranges))?;
    section.combined = combined::combined(runs);
    Some(section)
}

/// The curves of a run. Without dropout the loss that training measures as it goes is that of the training rows,
/// while the network changes.
pub(super) fn named(run: &Explanation) -> Curves {
    let mut curves = run.curves.clone();
    let layers = &run.diagram.layers;
    let has_dropout = layers.is_empty() || layers.iter().any(|layer| layer.rate > 0.0);
    let has_training = curves.losses.iter().any(|curve| curve.name == "training");
    if !has_dropout && !has_training {
        for curve in &mut curves.losses {
            if curve.name == DROPOUT_ON {
                curve.name = "training".to_owned();
            }
        }
    }
    curves
}

/// A curve's name at the end of its line.
fn label(name: &str) -> String {
    match name {
        DROPOUT_ON => "dropout on".to_owned(),
        name => name.to_owned(),
    }
}

fn figure(curves: &Curves, ranges: [Option<Range>; 2]) -> Figure {
    let mut drawings = Vec::new();
    let mut values = Vec::new();
    for (quantity, range) in [Quantity::Loss, Quantity::Error].into_iter().zip(ranges) {
        if let Some(picture) = draw(curves, quantity, range, &Frame::default()) {
            drawings.push(Drawing::new(quantity.name(), picture));
            values.push(FigureTable::new(
                capital(quantity.words(curves)),
                table(curves, quantity),
            ));
        }
    }
    Figure {
        drawings,
        caption: caption(curves),
        values,
    }
}

/// The charts of both quantities, as far as there are values.
pub(super) fn charts(curves: &Curves, frame: &Frame) -> Vec<Picture> {
    let quantities = [Quantity::Loss, Quantity::Error].into_iter();
    quantities
        .filter_map(|quantity| draw(curves, quantity, None, frame))
        .collect()
}

impl Quantity {
    fn name(self) -> &'static str {
        match self {
            Quantity::Loss => "loss",
            Quantity::Error => "error",
        }
    }

    fn words(self, curves: &Curves) -> &str {
        match self {
            Quantity::Loss => "loss",
            Quantity::Error => &curves.error_name,
        }
    }

    fn of(self, curves: &Curves) -> &[Curve] {
        match self {
            Quantity::Loss => &curves.losses,
            Quantity::Error => &curves.errors,
        }
    }

    fn is_share(self, curves: &Curves) -> bool {
        self == Quantity::Error && curves.error_name == "error rate"
    }
}

fn values_of(curves: &[Curve]) -> impl Iterator<Item = f64> + Clone {
    let points = curves.iter().flat_map(|curve| &curve.points);
    points
        .map(|point| point.1)
        .filter(|value| value.is_finite())
}

fn range(curves: &Curves, quantity: Quantity) -> Option<Range> {
    Range::of(values_of(quantity.of(curves)))
}

/// One range for all runs, where they measure the same.
fn shared(all: &[&Curves], quantity: Quantity) -> Option<Range> {
    let first = all.first()?;
    let ranges: Vec<_> = all
        .iter()
        .filter_map(|curves| range(curves, quantity))
        .collect();
    let is_same = all
        .iter()
        .all(|curves| curves.error_name == first.error_name);
    if is_same {
        Range::shared(&ranges)
    } else {
        None
    }
}

fn draw(
    curves: &Curves,
    quantity: Quantity,
    range: Option<Range>,
    frame: &Frame,
) -> Option<Picture> {
    let own = self::range(curves, quantity)?;
    let name = capital(quantity.words(curves));
    let axes = axes(curves, quantity, range.unwrap_or(own), frame);
    let mut chart = Chart::new(&Axes {
        title: &name,
        ..axes
    });
    draw_best(&mut chart, curves, quantity);
    let mut ends = Vec::new();
    for curve in quantity.of(curves) {
        let ink = ink(&curve.name);
        let points: Vec<_> = points(curve).collect();
        if curve.name == DROPOUT_ON {
            chart.dashed(&points, ink)
        } else {
            chart.line(&points, ink, 2.0)
        }
        if let [only] = points[..] {
            chart.dot(only, 3.0, ink, 1.0, "");
        }
        ends.extend(points.last().map(|last| (last.1, label(&curve.name), ink)));
    }
    chart.end_labels(&ends);
    chart.bands(&tips(curves, quantity));
    Some(chart.into_picture(&name, &describe(curves, quantity)))
}

fn axes(curves: &Curves, quantity: Quantity, range: Range, frame: &Frame) -> Axes<'static> {
    let is_log_y = quantity == Quantity::Loss && range.spans(MOST_TIMES);
    let logarithmic = Range {
        low: range.low / 1.1,
        high: range.high * 1.1,
    };
    Axes {
        x_label: "training step",
        x: steps(quantity.of(curves)),
        y: if is_log_y {
            logarithmic
        } else {
            range.with_zero().widened(0.0, 0.05)
        },
        is_log_y,
        ends: quantity
            .of(curves)
            .iter()
            .map(|curve| label(&curve.name))
            .collect(),
        size: frame.size,
        x_format: Some(step_format()),
        y_format: quantity.is_share(curves).then(percent_format),
        is_plain: frame.is_plain,
        letter: frame.letter,
        ..Axes::default()
    }
}

/// Step and value of each point, as numbers.
fn points(curve: &Curve) -> impl Iterator<Item = (f64, f64)> {
    curve
        .points
        .iter()
        .map(|(step, value)| (*step as f64, *value))
}

/// From the start to the last step of all curves.
fn steps(curves: &[Curve]) -> Range {
    let steps = curves.iter().flat_map(points).map(|point| point.0);
    Range::of(steps.chain([0.0])).unwrap_or(Range {
        low: 0.0,
        high: 1.0,
    })
}

/// The step that the best network is of, and the value there.
fn draw_best(chart: &mut Chart, curves: &Curves, quantity: Quantity) {
    let Some(best) = curves.best_step else {
        return;
    };
    let is_validation = |curve: &&Curve| curve.name == "validation";
    let found = quantity.of(curves).iter().find(is_validation);
    if let Some(value) = found.and_then(|curve| at(curve, best)) {
        let words = self::value(value, quantity.is_share(curves));
        chart.mark(best as f64, &format!("best {words}"));
        chart.dot((best as f64, value), 4.0, ink("validation"), 1.0, "");
    }
}

fn ink(name: &str) -> Ink {
    match name {
        "validation" => VERMILLION,
        DROPOUT_ON => LINE,
        _ => BLUE,
    }
}
