//! The weights of all hidden units from one input, as balls that roll while the network learns.

use std::sync::Arc;

use kuva::render::layout::TickFormat;

use super::{Drawing, Figure, Section, Values};
use crate::explain::{Explanation, Paths, UnitPath};
use crate::report::chart::{Axes, Chart};
use crate::report::ink::of_start;
use crate::report::picture::{Picture, hover};
use crate::report::range::Range;
use crate::report::table::Table;
use crate::report::words::{count, number, several};
use crate::statistics::Distribution;

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
                start at the top to its end at the bottom. Its colour says where it started, orange for low and blue for \
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
        values: vec![Values::new(
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
    let title = format!("Weights from {}", paths.input_name);
    let heights = heights(&paths.steps);
    let mut chart = Chart::new(&Axes {
        title: &title,
        x_label: "value of the weight",
        y_label: "training step",
        x: shared.or_else(|| range(paths)).unwrap_or(unit),
        y: Range::of(heights.iter().copied())
            .unwrap_or(unit)
            .widened(0.03, 0.0),
        y_format: Some(step_format(&paths.steps)),
        size: (440.0, 360.0),
        ..Axes::default()
    });
    let starts = in_order(paths);
    let last = starts.len().saturating_sub(1).max(1) as f64;
    for (rank, unit) in starts.iter().enumerate() {
        let ink = of_start(rank as f64 / last);
        let points: Vec<_> = unit
            .values
            .iter()
            .copied()
            .zip(heights.iter().copied())
            .collect();
        let line = chart.stroke(
            &points,
            ink,
            if starts.len() > 40 { 1.0 } else { 1.6 },
            None,
        );
        hover(&mut chart.scene, &tip(unit), line);
    }
    // All balls over all lines.
    for (rank, unit) in starts.iter().enumerate() {
        let end = unit
            .values
            .iter()
            .copied()
            .zip(heights.iter().copied())
            .last();
        if let Some(end) = end {
            let radius = if starts.len() > 40 { 4.0 } else { 6.0 };
            chart.ball(end, radius, of_start(rank as f64 / last), &tip(unit));
        }
    }
    chart.into_picture(&title, &describe(paths))
}

/// Steps that are evenly spaced stand at their own heights, others each a line lower than the one before; time runs
/// downwards.
fn heights(steps: &[usize]) -> Vec<f64> {
    let is_even = is_even(steps);
    let height = |(k, step): (usize, &usize)| -(if is_even { *step as f64 } else { k as f64 });
    steps.iter().enumerate().map(height).collect()
}

/// All gaps are alike, but perhaps for the last one, at which training ended.
fn is_even(steps: &[usize]) -> bool {
    let gap = |pair: &[usize]| pair[1].saturating_sub(pair[0]);
    let inner = &steps[..steps.len().saturating_sub(1)];
    let mut gaps = inner.windows(2).map(gap);
    let first = gaps.next().unwrap_or(0);
    gaps.all(|gap| gap.abs_diff(first) <= 1 + first / 20)
}

/// The step at a height.
fn step_format(steps: &[usize]) -> TickFormat {
    if is_even(steps) {
        return TickFormat::Custom(Arc::new(|height: f64| count(height.abs().round() as usize)));
    }
    let steps = steps.to_vec();
    TickFormat::Custom(Arc::new(move |height: f64| {
        let is_whole = (height - height.round()).abs() < 1e-6;
        let step = steps
            .get(height.abs().round() as usize)
            .filter(|_| is_whole);
        step.map_or(String::new(), |step| count(*step))
    }))
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
    let of = match paths.all_units > paths.units.len() {
        true => format!("The first {shown} of {}", count(paths.all_units)),
        false => format!("All {shown}"),
    };
    let steps = paths.steps.last().copied().unwrap_or(0);
    let mut caption = format!(
        "{of} from {} over {}.",
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
    const FEW: usize = 32;
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
