//! Histograms of how active the units of a hidden layer are.

use super::axes::Axes;
use super::chart::Chart;
use super::ink::BLUE;
use super::picture::Picture;
use super::range::Range;
use super::words::{count, number, percent};
use crate::explain::{Activity, Histogram};

/// The two histograms of a layer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Activations,
    Means,
}

impl Kind {
    pub(super) fn of(self, layer: &Activity) -> &Histogram {
        match self {
            Kind::Activations => &layer.activations,
            Kind::Means => &layer.means,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Activations => "activations",
            Kind::Means => "means",
        }
    }
}

/// How a histogram is framed, and what it shares with others.
pub(super) struct Frame<'a> {
    pub(super) title: &'a str,
    pub(super) size: (f64, f64),
    /// From where to where x reaches; its own ends if there are none.
    pub(super) x: Option<Range>,
    /// The highest bar, as a share; its own if there is none.
    pub(super) highest: Option<f64>,
    /// The lowest bar, as a share, of a logarithmic axis.
    pub(super) lowest: Option<f64>,
    /// Whether the mean has a mark.
    pub(super) has_mean: bool,
}

/// From the smallest value to the largest.
pub(super) fn ends(histogram: &Histogram) -> Option<Range> {
    Range::of(histogram.edges.iter().copied())
}

/// The highest bar, as a share.
pub(super) fn highest(histogram: &Histogram) -> f64 {
    bins(histogram).map(|bin| bin.2).fold(0.0, f64::max)
}

/// The lowest bar that there is, as a share.
pub(super) fn lowest(histogram: &Histogram) -> Option<f64> {
    let shares = bins(histogram).map(|bin| bin.2);
    shares.filter(|share| *share > 0.0).reduce(f64::min)
}

/// Of each bin, from where to where, how many, and their share.
pub(super) fn bins(histogram: &Histogram) -> impl Iterator<Item = ((f64, f64), usize, f64)> {
    let all = histogram.counts.iter().sum::<usize>().max(1) as f64;
    let edges = histogram.edges.windows(2).map(|pair| (pair[0], pair[1]));
    edges
        .zip(&histogram.counts)
        .map(move |(edges, count)| (edges, *count, *count as f64 / all))
}

/// A bar for each bin that has values, as high as their share.
pub(super) fn draw(layer: &Activity, kind: Kind, frame: &Frame<'_>) -> Picture {
    let histogram = kind.of(layer);
    let unit = Range {
        low: 0.0,
        high: 1.0,
    };
    let highest = frame.highest.unwrap_or_else(|| highest(histogram));
    let (x_label, y_label) = match kind {
        Kind::Activations => ("activation", "% of activations"),
        Kind::Means => ("mean activation of a unit", "% of units"),
    };
    let y = match frame.lowest {
        Some(lowest) => Range {
            // The lowest bar is to be seen too.
            low: 50.0 * lowest,
            high: 150.0 * highest,
        },
        None => Range {
            low: 0.0,
            high: (108.0 * highest).max(1.0),
        },
    };
    let mut chart = Chart::new(&Axes {
        title: frame.title,
        x_label,
        y_label,
        x: frame.x.or_else(|| ends(histogram)).unwrap_or(unit),
        y,
        is_log_y: frame.lowest.is_some(),
        size: frame.size,
        ..Axes::default()
    });
    for ((low, high), number, share) in bins(histogram) {
        if number > 0 {
            let edges = format!("{} to {}", self::number(low), self::number(high));
            let tip = format!("{edges}: {} ({})", count(number), percent(share));
            chart.bar((low, high), 100.0 * share, BLUE, &tip);
        }
    }
    if frame.has_mean {
        chart.mark(layer.mean, &format!("mean {}", number(layer.mean)));
    }
    chart.into_picture(frame.title, &describe(layer, kind))
}

fn describe(layer: &Activity, kind: Kind) -> String {
    let largest = bins(kind.of(layer)).max_by(|one, other| one.2.total_cmp(&other.2));
    let largest = largest.map_or(String::new(), |((low, high), _, share)| {
        format!(
            " Its highest bar, {}, is from {} to {}.",
            percent(share),
            number(low),
            number(high)
        )
    });
    match kind {
        Kind::Activations => format!(
            "A histogram of all activations of {} units ({}) over {} rows; their mean is {}, and {} are near zero.{largest}",
            count(layer.units),
            layer.activation,
            count(layer.rows),
            number(layer.mean),
            percent(layer.near_zero)
        ),
        Kind::Means => format!(
            "A histogram of the mean activations of {} units over {} rows.{largest}",
            count(layer.units),
            count(layer.rows)
        ),
    }
}
