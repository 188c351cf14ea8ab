//! The figure of a published experiment: strips of networks beside published numbers, or lines.

use super::{Level, LinePoint, LineSeries, Lines, Picture, Strip, Strips};
use crate::reproduce::{Outcomes, PaperMeasure, RowSummary, Summary};
use crate::statistics::Distribution;
use dropwise::evaluate::SampledErrors;

/// What the rows come to: lines where the paper has a figure over some quantity, or over the number of networks
/// that are averaged, else a strip a row with the published number in it. None while there are no networks to draw.
#[must_use]
pub fn reproduce_figure(summary: &Summary, outcomes: &Outcomes) -> Option<Picture> {
    match (summary.measure, &summary.axis) {
        (PaperMeasure::Averages, _) => averages(summary, outcomes),
        (_, Some((label, is_logarithmic))) => lines(summary, label, *is_logarithmic),
        _ => strips(summary),
    }
}

fn strips(summary: &Summary) -> Option<Picture> {
    let rows = summary.rows.iter().filter(|row| !row.values.is_empty());
    let strips: Vec<Strip> = rows
        .map(|row| Strip {
            label: row.method.clone(),
            note: String::new(),
            values: row.values.iter().map(|(_, value)| *value).collect(),
            published: row.published.filter(|_| !summary.is_quick),
        })
        .collect();
    let figure = Strips {
        title: summary.title.clone(),
        subtitle: "dots: networks; diamond: mean with its 95 % interval".to_owned(),
        value_label: summary.measure.name().to_owned(),
        strip_label: String::new(),
        note_label: String::new(),
        strips,
    };
    (!figure.strips.is_empty()).then(|| figure.to_picture())
}

/// A line for each series of rows, in the order in which they come.
fn lines(summary: &Summary, x_label: &str, is_x_logarithmic: bool) -> Option<Picture> {
    let mut series: Vec<LineSeries> = Vec::new();
    for row in &summary.rows {
        let Some(point) = point_of(row) else { continue };
        let label = row.series.clone().unwrap_or_default();
        match series.iter_mut().find(|series| series.label == label) {
            Some(series) => series.points.push(point),
            None => series.push(LineSeries {
                label,
                points: vec![point],
            }),
        }
    }
    let figure = Lines {
        title: summary.title.clone(),
        subtitle: "mean over networks; bars: one standard deviation to either side".to_owned(),
        x_label: x_label.to_owned(),
        y_label: summary.measure.name().to_owned(),
        is_x_logarithmic,
        series,
        levels: Vec::new(),
    };
    (!figure.series.is_empty()).then(|| figure.to_picture())
}

fn point_of(row: &RowSummary) -> Option<LinePoint> {
    Some(point(row.x?, row.distribution.as_ref()?))
}

/// The mean, and a standard deviation to either side.
fn point(x: f64, found: &Distribution) -> LinePoint {
    let deviation = found.standard_deviation;
    LinePoint {
        x,
        mean: found.mean,
        low: deviation.map(|deviation| found.mean - deviation),
        high: deviation.map(|deviation| found.mean + deviation),
    }
}

/// The error of averages over the number of networks in them, of the first network of each row, beside weight
/// scaling.
fn averages(summary: &Summary, outcomes: &Outcomes) -> Option<Picture> {
    let mut series = Vec::new();
    let mut levels = Vec::new();
    for row in &summary.rows {
        let sampled = outcomes.iter().find_map(|(id, outcome)| {
            let measured = outcome.measured.as_ref()?;
            measured.sampled.as_ref().filter(|_| id.row == row.name)
        });
        let Some(sampled) = sampled else { continue };
        series.push(LineSeries {
            label: format!("{}: average of samples", row.method),
            points: points(sampled),
        });
        levels.push(Level {
            label: format!("{}: weight scaling", row.method),
            value: 100.0 * sampled.weight_scaling,
            low: None,
            high: None,
        });
    }
    let figure = Lines {
        title: summary.title.clone(),
        subtitle: "mean over sets of samples; bars: one standard deviation to either side"
            .to_owned(),
        x_label: "thinned networks that are averaged".to_owned(),
        y_label: "test error, %".to_owned(),
        is_x_logarithmic: true,
        series,
        levels,
    };
    (!figure.series.is_empty()).then(|| figure.to_picture())
}

fn points(sampled: &SampledErrors) -> Vec<LinePoint> {
    let point = |average: &dropwise::evaluate::SampledError| {
        let percent: Vec<f64> = average
            .error_rates
            .iter()
            .map(|rate| 100.0 * rate)
            .collect();
        Some(point(average.samples as f64, &Distribution::of(&percent)?))
    };
    sampled.averages.iter().filter_map(point).collect()
}
