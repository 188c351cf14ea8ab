//! How sure a network is, and whether its intervals hold.

use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{Explanation, Sure};
use crate::report::axes::{Axes, percent_format};
use crate::report::chart::{Chart, evenly};
use crate::report::ink::{BLUE, FAINT, GREEN, VERMILLION};
use crate::report::picture::{self, Picture};
use crate::report::range::Range;
use crate::report::table::Table;
use crate::report::words::{count, number, percent, several};

const SIZE: (f64, f64) = (400.0, 400.0);
const WIDE: (f64, f64) = (620.0, 320.0);
const MOST_ROWS: usize = 20;

/// How sure each run is.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let lead = "Dropout is left on, and many thinned networks are asked: where they differ, the network does not know. An interval of \
                90 % should hold the truth in 90 of 100 rows: on the diagonal it does.";
    let heading = ("sure", "How sure is it?", lead);
    super::section_of(heading, runs, |run| run.sure.clone(), |sure| figure(&sure))
}

fn figure(sure: &Sure) -> Figure {
    let mut drawings = vec![Drawing::new("coverage", coverage(sure))];
    let mut values = vec![FigureTable::new("How often intervals hold", levels(sure))];
    if !sure.intervals.is_empty() {
        drawings.push(Drawing::new("intervals", intervals(sure)));
        values.push(FigureTable::new(
            "Intervals of 90 %, rows in order of their predictions",
            interval_table(sure),
        ));
    }
    if !sure.band.is_empty() {
        drawings.push(Drawing::new("band", band(sure)));
    }
    if !sure.confidence.is_empty() {
        drawings.push(Drawing::new("confidence", confidence(sure)));
        values.push(FigureTable::new(
            "Accuracy over confidence",
            confidence_table(sure),
        ));
    }
    values.push(FigureTable {
        title: "The rows that it is least sure about".to_owned(),
        table: uncertain(sure),
        is_figure: true,
    });
    Figure {
        drawings,
        caption: caption(sure),
        values,
    }
}

fn coverage(sure: &Sure) -> Picture {
    let title = format!("Coverage, {} rows", sure.split);
    let mut chart = Chart::new(&Axes {
        title: &title,
        x_label: "level that is asked for",
        y_label: "share of rows whose truth is inside",
        x: Range {
            low: 0.0,
            high: 1.0,
        },
        y: Range {
            low: 0.0,
            high: 1.0,
        },
        x_format: Some(percent_format()),
        y_format: Some(percent_format()),
        size: SIZE,
        ..Axes::default()
    });
    let ends = [chart.at((0.0, 0.0)), chart.at((1.0, 1.0))];
    chart.scene.add(picture::dashed(ends[0], ends[1]));
    let alone = sure
        .levels
        .iter()
        .filter_map(|one| Some((one.level, one.alone?)));
    let calibrated = sure
        .levels
        .iter()
        .filter_map(|one| Some((one.level, one.calibrated?)));
    for (points, ink, name) in [
        (alone.collect::<Vec<_>>(), VERMILLION, "std alone"),
        (calibrated.collect(), BLUE, "calibrated"),
    ] {
        chart.line(&points, ink, 1.5);
        for (level, share) in points {
            let tip = format!("{name}: {} says, {} holds", percent(level), percent(share));
            chart.dot((level, share), 3.2, ink, 1.0, &tip);
        }
    }
    chart.into_picture(&title, &caption(sure))
}

fn levels(sure: &Sure) -> Table {
    let mut table = Table::new(["level", "std alone", "calibrated"]);
    let share = |share: Option<f64>| share.map_or("-".to_owned(), percent);
    for one in &sure.levels {
        table.push(vec![
            percent(one.level),
            share(one.alone),
            share(one.calibrated),
        ]);
    }
    table
}

fn intervals(sure: &Sure) -> Picture {
    let title = format!(
        "Intervals of 90 %, {}",
        sure.target.as_deref().unwrap_or("")
    );
    let values = sure
        .intervals
        .iter()
        .flat_map(|row| [row.lower, row.upper, row.actual]);
    let y = Range::of(values).map(|range| range.widened(0.04, 0.04));
    let mut chart = Chart::new(&Axes {
        title: &title,
        x_label: "rows, in order of their predictions",
        y_label: "interval, and what came",
        x: Range {
            low: 0.0,
            high: sure.intervals.len().max(1) as f64,
        },
        y: y.unwrap_or(Range {
            low: 0.0,
            high: 1.0,
        }),
        size: WIDE,
        ..Axes::default()
    });
    for (k, row) in sure.intervals.iter().enumerate() {
        let x = k as f64 + 0.5;
        chart.line(&[(x, row.lower), (x, row.upper)], FAINT, 2.0);
    }
    let means = sure.intervals.iter().enumerate();
    let means: Vec<_> = means
        .map(|(k, row)| (k as f64 + 0.5, row.predicted))
        .collect();
    chart.line(&means, BLUE, 1.5);
    for (k, row) in sure.intervals.iter().enumerate() {
        let inside = (row.lower..=row.upper).contains(&row.actual);
        let tip = format!(
            "actual {}, interval {} to {}",
            number(row.actual),
            number(row.lower),
            number(row.upper)
        );
        let ink = if inside { GREEN } else { VERMILLION };
        chart.dot((k as f64 + 0.5, row.actual), 2.6, ink, 0.9, &tip);
    }
    chart.into_picture(&title, &caption(sure))
}

fn interval_table(sure: &Sure) -> Table {
    let mut table = Table::new(["predicted", "lower", "upper", "actual"]);
    for row in evenly(&sure.intervals, MOST_ROWS) {
        table.push(
            [row.predicted, row.lower, row.upper, row.actual]
                .map(number)
                .to_vec(),
        );
    }
    table
}

fn band(sure: &Sure) -> Picture {
    let title = format!("{} over the input", sure.target.as_deref().unwrap_or(""));
    let half = |k: usize| sure.band[k].half;
    let places = 0..sure.band.len();
    let edge = |sign: f64| -> Vec<(f64, f64)> {
        let point = |k: usize| (sure.band[k].input, sure.band[k].mean + sign * half(k));
        places.clone().map(point).collect()
    };
    let (lower, upper) = (edge(-1.0), edge(1.0));
    let y = Range::of(lower.iter().chain(&upper).map(|point| point.1));
    let x = Range::of(sure.band.iter().map(|point| point.input));
    let unit = Range {
        low: 0.0,
        high: 1.0,
    };
    let mut chart = Chart::new(&Axes {
        title: &title,
        x_label: "input, standardized",
        y_label: "mean, and the interval of 90 %",
        x: x.unwrap_or(unit),
        y: y.map_or(unit, |range| range.widened(0.04, 0.04)),
        size: WIDE,
        ..Axes::default()
    });
    chart.dashed(&lower, BLUE);
    chart.dashed(&upper, BLUE);
    let mean: Vec<_> = sure
        .band
        .iter()
        .map(|point| (point.input, point.mean))
        .collect();
    chart.line(&mean, BLUE, 1.8);
    chart.into_picture(&title, &caption(sure))
}

fn confidence(sure: &Sure) -> Picture {
    let title = format!("Accuracy over confidence, {} rows", sure.split);
    let points: Vec<_> = sure
        .confidence
        .iter()
        .filter_map(|(level, _, accuracy)| Some((*level, (*accuracy)?)))
        .collect();
    let low = points.iter().map(|point| point.1).fold(1.0, f64::min);
    let mut chart = Chart::new(&Axes {
        title: &title,
        x_label: "at least so sure",
        y_label: "share of them that is right",
        x: Range {
            low: 0.0,
            high: 1.0,
        },
        y: Range {
            low: (low - 0.05).max(0.0),
            high: 1.0,
        },
        x_format: Some(percent_format()),
        y_format: Some(percent_format()),
        size: SIZE,
        ..Axes::default()
    });
    chart.line(&points, BLUE, 1.5);
    for (level, share, accuracy) in &sure.confidence {
        let Some(accuracy) = accuracy else { continue };
        let tip = format!(
            "at least {} sure: {} of the rows, {} right",
            percent(*level),
            percent(*share),
            percent(*accuracy)
        );
        chart.ball((*level, *accuracy), 4.0, BLUE, &tip);
    }
    chart.into_picture(&title, &caption(sure))
}

fn confidence_table(sure: &Sure) -> Table {
    let mut table = Table::new(["at least so sure", "rows", "right"]);
    for (level, share, accuracy) in &sure.confidence {
        let accuracy = accuracy.map_or("-".to_owned(), percent);
        table.push(vec![percent(*level), percent(*share), accuracy]);
    }
    table
}

fn uncertain(sure: &Sure) -> Table {
    let (total, model) = match sure.target {
        Some(_) => ("std of all", "std of the networks"),
        None => ("entropy", "mutual information"),
    };
    let mut table = Table::new(["row", "line", "predicted", "actual", total, model]);
    for row in &sure.uncertain {
        table.push(vec![
            count(row.row),
            row.line.map_or("-".to_owned(), count),
            row.predicted.clone(),
            row.actual.clone(),
            number(row.total),
            number(row.model),
        ]);
    }
    table
}

fn caption(sure: &Sure) -> String {
    let at = sure
        .levels
        .iter()
        .find(|one| (one.level - 0.9).abs() < 1e-9);
    let calibrated = at.and_then(|one| one.calibrated);
    let alone = at.and_then(|one| one.alone);
    let of = match (&sure.calibration, calibrated) {
        (Some((part, rows)), Some(share)) => format!(
            " Intervals of 90 % from {} hold the truth in {} of them.",
            several(*rows, &format!("{part} row"), &format!("{part} rows")),
            percent(share)
        ),
        _ => String::new(),
    };
    let alone = alone.map_or(String::new(), |share| {
        format!(
            " Those of the networks' deviation alone hold it in {}.",
            percent(share)
        )
    });
    format!(
        "{} were asked about {}.{of}{alone}",
        sure.networks,
        several(
            sure.rows,
            &format!("{} row", sure.split),
            &format!("{} rows", sure.split)
        )
    )
}
