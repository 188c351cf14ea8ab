//! The weights of all hidden units from one input, as balls that roll while the network learns.

use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{Explanation, Paths, UnitPath};
use crate::report::axes::{Axes, step_format};
use crate::report::chart::{Chart, evenly};
use crate::report::ink::of_start;
use crate::report::picture::{Picture, hover};
use crate::report::range::Range;
use crate::report::table::Table;
use crate::report::words::{count, number, several};
use crate::statistics::Distribution;

/// Points of all lines together, and the least of one.
const MOST_POINTS: usize = 6_000;
const LEAST_POINTS: usize = 40;
/// The most units that are drawn one by one.
const FEW: usize = 32;

/// The paths of each run.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let ranges: Vec<_> = runs
        .iter()
        .filter_map(|run| range(run.paths.as_ref()?))
        .collect();
    let shared = if ranges.len() > 1 {
        Range::shared(&ranges)
    } else {
        None
    };
    let lead = "The tutorial's rolling balls: every line is the weight of one hidden unit from the same input, from its \
                start at the top to its end at the bottom. Its color says where it started, orange for low and blue for \
                high. Balls that end in the same place do the same work for this input.";
    let heading = ("paths", "Rolling balls", lead);
    let found = |run: &Explanation| {
        run.paths
            .clone()
            .filter(|paths| !paths.units.is_empty() && paths.steps.len() > 1)
    };
    super::section_of(heading, runs, found, |paths| figure(&paths, shared))
}

fn figure(paths: &Paths, shared: Option<Range>) -> Figure {
    Figure {
        drawings: vec![Drawing::new("weights", draw(paths, shared))],
        caption: caption(paths),
        values: vec![FigureTable::new(
            "Where the weights started and ended",
            table(paths),
        )],
    }
}

fn range(paths: &Paths) -> Option<Range> {
    let values = paths
        .units
        .iter()
        .flat_map(|unit| unit.values.iter().copied());
    Range::of(values).map(|range| range.widened(0.05, 0.05))
}

fn draw(paths: &Paths, shared: Option<Range>) -> Picture {
    let unit = Range {
        low: 0.0,
        high: 1.0,
    };
    let title = format!("Weights from \u{201c}{}\u{201d}", paths.input_name);
    // Time runs downwards.
    let heights = paths.steps.iter().map(|step| -(*step as f64));
    let mut chart = Chart::new(&Axes {
        title: &title,
        x_label: "value of the weight",
        y_label: "training step",
        x: shared.or_else(|| range(paths)).unwrap_or(unit),
        y: Range::of(heights).unwrap_or(unit).widened(0.03, 0.0),
        y_format: Some(step_format()),
        size: (440.0, 360.0),
        ..Axes::default()
    });
    let starts = in_order(paths);
    let last = starts.len().saturating_sub(1).max(1) as f64;
    let (width, radius) = if starts.len() > FEW {
        (1.0, 4.0)
    } else {
        (1.6, 6.0)
    };
    for (rank, unit) in starts.iter().enumerate() {
        let line = chart.stroke(
            &path(paths, unit),
            of_start(rank as f64 / last),
            width,
            None,
        );
        hover(&mut chart.scene, &tip(unit), line);
    }
    // All balls over all lines.
    for (rank, unit) in starts.iter().enumerate() {
        if let Some(end) = path(paths, unit).last() {
            chart.ball(*end, radius, of_start(rank as f64 / last), &tip(unit));
        }
    }
    chart.into_picture(&title, &describe(paths))
}

/// Value and height of a unit's weight, at no more points than can be told apart where there are many units.
fn path(paths: &Paths, unit: &UnitPath) -> Vec<(f64, f64)> {
    let points = unit.values.iter().zip(&paths.steps);
    let points: Vec<_> = points
        .map(|(value, step)| (*value, -(*step as f64)))
        .collect();
    let most = (MOST_POINTS / paths.units.len().max(1)).max(LEAST_POINTS);
    evenly(&points, most).copied().collect()
}

/// The units by where they started.
fn in_order(paths: &Paths) -> Vec<&UnitPath> {
    let start = |unit: &UnitPath| unit.values.first().copied().unwrap_or(0.0);
    let mut units: Vec<_> = paths.units.iter().collect();
    units.sort_by(|one, other| start(one).total_cmp(&start(other)));
    units
}

fn ends(unit: &UnitPath) -> (f64, f64) {
    let value = |value: Option<&f64>| value.copied().unwrap_or(f64::NAN);
    (value(unit.values.first()), value(unit.values.last()))
}

fn tip(unit: &UnitPath) -> String {
    let (start, end) = ends(unit);
    format!(
        "hidden unit {}: from {} to {}",
        unit.unit,
        number(start),
        number(end)
    )
}

fn table(paths: &Paths) -> Table {
    let mut table = Table::new(["hidden unit", "start", "end"]);
    for unit in &paths.units {
        let (start, end) = ends(unit);
        table.push(vec![unit.unit.to_string(), number(start), number(end)]);
    }
    table
}

/// How far apart the weights are at the start, or at the end.
fn spread(paths: &Paths, of: impl Fn((f64, f64)) -> f64) -> Option<f64> {
    let values: Vec<f64> = paths.units.iter().map(|unit| of(ends(unit))).collect();
    Distribution::of(&values)?.standard_deviation
}

fn describe(paths: &Paths) -> String {
    let units: Vec<_> = paths.units.iter().take(12).map(tip).collect();
    let more = paths.units.len().saturating_sub(units.len());
    let more = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    format!(
        "A line for each unit, downwards. {}{more}.",
        units.join("; ")
    )
}

fn caption(paths: &Paths) -> String {
    let shown = several(paths.units.len(), "weight", "weights");
    let of = if paths.all_units > paths.units.len() {
        format!("The first {shown} of {}", count(paths.all_units))
    } else {
        format!("All {shown}")
    };
    let steps = paths.steps.last().copied().unwrap_or(0);
    let mut caption = format!(
        "{of} from \u{201c}{}\u{201d} over {}.",
        paths.input_name,
        several(steps, "step", "steps")
    );
    if let (Some(start), Some(end)) = (spread(paths, |ends| ends.0), spread(paths, |ends| ends.1)) {
        let does = if end >= start {
            "spread out"
        } else {
            "draw together"
        };
        caption += &format!(
            " They {does}: the standard deviation between them goes from {} to {}.",
            number(start),
            number(end)
        );
    }
    caption + &together(paths)
}

/// How many of a few weights end beside another one.
fn together(paths: &Paths) -> String {
    let Some(range) = range(paths).filter(|_| (2..=FEW).contains(&paths.units.len())) else {
        return String::new();
    };
    let near = 0.02 * (range.high - range.low);
    let ends: Vec<f64> = paths.units.iter().map(|unit| ends(unit).1).collect();
    let is_beside = |k: usize| {
        let mut others = ends.iter().enumerate().filter(|(other, _)| *other != k);
        others.any(|(_, end)| (end - ends[k]).abs() <= near)
    };
    match (0..ends.len()).filter(|k| is_beside(*k)).count() {
        0 => " No two of them end in the same place.".to_owned(),
        beside => format!(" {beside} of them end beside another one."),
    }
}
