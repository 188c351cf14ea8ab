//! Learning curves in words and numbers.

use super::Quantity;
use crate::explain::{Curve, Curves};
use crate::report::chart::evenly;
use crate::report::table::Table;
use crate::report::words::{count, value};

/// No table has more rows; all points are in the JSON.
const MOST_ROWS: usize = 40;

/// The value at the last point that is not after a step.
pub(super) fn at(curve: &Curve, step: usize) -> Option<f64> {
    let after = curve.points.partition_point(|point| point.0 <= step);
    let point = curve.points.get(after.saturating_sub(1))?;
    Some(point.1).filter(|value| value.is_finite())
}

fn step_words(curves: &Curves, step: usize) -> String {
    match curves.steps_an_epoch {
        Some(steps) if steps > 0.0 => {
            format!("step {} (epoch {:.1})", count(step), step as f64 / steps)
        }
        _ => format!("step {}", count(step)),
    }
}

/// The steps of the curve with most points, and what all of them are there.
pub(super) fn tips(curves: &Curves, quantity: Quantity) -> Vec<(f64, String)> {
    let shown = quantity.of(curves);
    let longest = shown.iter().max_by_key(|curve| curve.points.len());
    let tip = |step: usize| {
        let line = |curve: &Curve| {
            let value = value(at(curve, step)?, quantity.is_share(curves));
            Some(format!("; {} {value}", curve.name))
        };
        let values: String = shown.iter().filter_map(line).collect();
        (step as f64, step_words(curves, step) + &values)
    };
    let points = longest.map_or(&[][..], |curve| &curve.points);
    points.iter().map(|point| tip(point.0)).collect()
}

pub(super) fn table(curves: &Curves, quantity: Quantity) -> Table {
    let shown = quantity.of(curves);
    let mut table = Table::new(
        ["step"]
            .into_iter()
            .chain(shown.iter().map(|curve| curve.name.as_str())),
    );
    let longest = shown.iter().max_by_key(|curve| curve.points.len());
    let points = longest.map_or(&[][..], |curve| &curve.points);
    for (step, _) in evenly(points, MOST_ROWS) {
        let words = |found| value(found, quantity.is_share(curves));
        let values = shown
            .iter()
            .map(|curve| at(curve, *step).map_or("-".to_owned(), words));
        table.push(std::iter::once(count(*step)).chain(values).collect());
    }
    table
}

pub(super) fn describe(curves: &Curves, quantity: Quantity) -> String {
    let words = |found| value(found, quantity.is_share(curves));
    let curve = |curve: &Curve| {
        let (first, last) = (curve.points.first()?, curve.points.last()?);
        let (from, to) = (words(first.1), words(last.1));
        Some(format!(
            "{}: from {from} at step {} to {to} at step {}",
            curve.name,
            count(first.0),
            count(last.0)
        ))
    };
    let parts: Vec<_> = quantity.of(curves).iter().filter_map(curve).collect();
    format!("Lines over the training steps. {}.", parts.join("; "))
}

pub(super) fn caption(curves: &Curves) -> String {
    let is_share = Quantity::Error.is_share(curves);
    let words = |found| value(found, is_share);
    let last = |name: &str| {
        let curve = curves.errors.iter().find(|curve| curve.name == name)?;
        Some(curve.points.last()?.1).filter(|value| value.is_finite())
    };
    let name = &curves.error_name;
    let end = match (last("training"), last("validation")) {
        (Some(training), Some(validation)) => format!(
            "At the end the {name} is {} on the training rows and {} on {}.",
            words(training),
            words(validation),
            judged(curves)
        ),
        (Some(training), None) => format!(
            "At the end the {name} is {} on the training rows.",
            words(training)
        ),
        (None, Some(validation)) => {
            format!(
                "At the end the {name} is {} on {}.",
                words(validation),
                judged(curves)
            )
        }
        (None, None) => String::new(),
    };
    [best(curves), end]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The rows that choose the network.
fn judged(curves: &Curves) -> &'static str {
    match curves.cross_validates {
        true => "the rows that each network left out",
        false => "the validation rows",
    }
}

/// When the network was best, and whether it got worse.
fn best(curves: &Curves) -> String {
    let validation = curves
        .losses
        .iter()
        .find(|curve| curve.name == "validation");
    let (Some(step), Some(curve)) = (curves.best_step, validation) else {
        return String::new();
    };
    let (Some(best), Some(last)) = (at(curve, step), curve.points.last()) else {
        return String::new();
    };
    let then = match last.1 / best {
        ratio if ratio > 1.05 && best > 0.0 => format!(
            "; from there it rises to {}, {:.0} % more{}",
            value(last.1, false),
            100.0 * (ratio - 1.0),
            if ratio > 1.5 {
                ": the network learns its training rows by heart"
            } else {
                ""
            }
        ),
        _ => ", and hardly rises from there".to_owned(),
    };
    let then = if step >= last.0 {
        ", at the end".to_owned()
    } else {
        then
    };
    format!(
        "The loss on {} is smallest at {}: {}{then}.",
        judged(curves),
        step_words(curves, step),
        value(best, false)
    )
}
