//! All runs in one chart.

use super::super::{Drawing, Figure, FigureTable};
use super::Quantity;
use super::words::{describe, table, tips};
use crate::explain::{Curve, Curves, Explanation};
use crate::report::axes::{Axes, percent_format, step_format};
use crate::report::chart::Chart;
use crate::report::escape::shortened;
use crate::report::ink::of_run;
use crate::report::picture::Picture;
use crate::report::words::capital;

/// Letters of a run's name at the end of its line.
const MOST_LETTERS: usize = 18;

/// The errors on rows that no run has learned from, in one chart; none for one run, or where they measure
/// differently.
pub(super) fn combined(runs: &[Explanation]) -> Option<Figure> {
    let first = &runs.first()?.curves;
    let is_same = runs
        .iter()
        .all(|run| run.curves.error_name == first.error_name);
    let validation = |run: &Explanation| {
        let errors = &run.curves.errors;
        errors
            .iter()
            .find(|curve| curve.name == "validation" && !curve.points.is_empty())
            .cloned()
    };
    let curves: Vec<_> = runs.iter().map(validation).collect::<Option<_>>()?;
    if runs.len() < 2 || !is_same {
        return None;
    }
    let names = runs.iter().map(|run| shortened(&run.name, MOST_LETTERS));
    let all = Curves {
        error_name: first.error_name.clone(),
        losses: Vec::new(),
        errors: curves
            .into_iter()
            .zip(names)
            .map(|(curve, name)| Curve { name, ..curve })
            .collect(),
        ..Curves::default()
    };
    let picture = draw_combined(&all)?;
    Some(Figure {
        drawings: vec![Drawing::new("validation", picture)],
        caption: format!(
            "The {} on the validation rows, dropout off, of all runs.",
            all.error_name
        ),
        values: vec![FigureTable::new(
            capital(&all.error_name),
            table(&all, Quantity::Error),
        )],
    })
}

fn draw_combined(all: &Curves) -> Option<Picture> {
    let range = super::range(all, Quantity::Error)?;
    let title = format!("{} on the validation rows", capital(&all.error_name));
    let mut chart = Chart::new(&Axes {
        title: &title,
        x_label: "training step",
        x_format: Some(step_format()),
        x: super::steps(&all.errors),
        y: range.with_zero().widened(0.0, 0.05),
        y_format: Quantity::Error.is_share(all).then(percent_format),
        ends: all.errors.iter().map(|curve| curve.name.clone()).collect(),
        ..Axes::default()
    });
    let mut ends = Vec::new();
    for (k, curve) in all.errors.iter().enumerate() {
        let points: Vec<_> = super::points(curve).collect();
        chart.line(&points, of_run(k), 2.0);
        ends.extend(
            points
                .last()
                .map(|last| (last.1, curve.name.clone(), of_run(k))),
        );
    }
    chart.end_labels(&ends);
    chart.bands(&tips(all, Quantity::Error));
    Some(chart.into_picture(&title, &describe(all, Quantity::Error)))
}
