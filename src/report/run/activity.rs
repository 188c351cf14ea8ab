//! How active hidden units are.

use super::{Drawing, Figure, Section, Values};
use crate::explain::{Activity, Explanation, Histogram};
use crate::report::axes::Axes;
use crate::report::chart::Chart;
use crate::report::ink::BLUE;
use crate::report::picture::Picture;
use crate::report::range::Range;
use crate::report::table::Table;
use crate::report::words::{count, number, percent};

const SIZE: (f64, f64) = (272.0, 220.0);

/// The two histograms of a layer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Activations,
    Means,
}

/// The activity of each run.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let lead = "How active hidden units are, dropout off: each activation of every row and unit, and each unit's mean over \
                the rows. The paper finds that dropout makes activations sparse, with few units active for any one row \
                and small means (its Figure 8, Srivastava et al. 2014).";
    let heading = ("activity", "Sparsity", lead);
    let shared = [Kind::Activations, Kind::Means].map(|kind| shared(runs, kind));
    let found = |run: &Explanation| (!run.activity.is_empty()).then(|| run.activity.clone());
    let mut section = super::section_of(heading, runs, found, |layers| figure(&layers, shared))?;
    section.together = together(runs);
    Some(section)
}

impl Kind {
    fn of(self, layer: &Activity) -> &Histogram {
        match self {
            Kind::Activations => &layer.activations,
            Kind::Means => &layer.means,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Activations => "activations",
            Kind::Means => "means",
        }
    }
}

/// The axes that all layers and runs have in common, so that they can be compared.
#[derive(Clone, Copy)]
struct Shared {
    x: Option<Range>,
    /// The highest bar, as a share.
    highest: Option<f64>,
}

fn shared(runs: &[Explanation], kind: Kind) -> Shared {
    let layers = runs.iter().flat_map(|run| &run.activity);
    let ranges: Vec<_> = layers
        .filter_map(|layer| Range::of(kind.of(layer).edges.iter().copied()))
        .collect();
    let x = Range::shared(&ranges);
    let heights = runs
        .iter()
        .flat_map(|run| &run.activity)
        .map(|layer| highest(kind.of(layer)));
    let (low, high) = heights.fold((f64::INFINITY, 0.0_f64), |(low, high), height| {
        (low.min(height), high.max(height))
    });
    Shared {
        x,
        highest: (high <= 8.0 * low).then_some(high),
    }
}

fn highest(histogram: &Histogram) -> f64 {
    bins(histogram).map(|bin| bin.2).fold(0.0, f64::max)
}

fn figure(layers: &[Activity], shared: [Shared; 2]) -> Figure {
    let mut figure = Figure::default();
    for layer in layers {
        for (kind, shared) in [Kind::Activations, Kind::Means].into_iter().zip(shared) {
            let histogram = kind.of(layer);
            if histogram.counts.is_empty() {
                continue;
            }
            let name = format!("layer-{}-{}", layer.layer, kind.name());
            figure
                .drawings
                .push(Drawing::new(name, draw(layer, kind, shared)));
            let title = format!("Hidden layer {}: {}", layer.layer, kind.name());
            figure.values.push(Values::new(title, table(histogram)));
        }
    }
    figure.caption = layers.iter().map(caption).collect::<Vec<_>>().join("\n");
    figure
}

/// Of each bin, from where to where, how many, and their share.
fn bins(histogram: &Histogram) -> impl Iterator<Item = ((f64, f64), usize, f64)> {
    let all = histogram.counts.iter().sum::<usize>().max(1) as f64;
    let edges = histogram.edges.windows(2).map(|pair| (pair[0], pair[1]));
    edges
        .zip(&histogram.counts)
        .map(move |(edges, count)| (edges, *count, *count as f64 / all))
}

fn draw(layer: &Activity, kind: Kind, shared: Shared) -> Picture {
    let histogram = kind.of(layer);
    let unit = Range {
        low: 0.0,
        high: 1.0,
    };
    let highest = shared.highest.unwrap_or_else(|| highest(histogram));
    let title = match kind {
        Kind::Activations => format!("Hidden layer {}: activations", layer.layer),
        Kind::Means => format!("Hidden layer {}: means", layer.layer),
    };
    let (x_label, y_label) = match kind {
        Kind::Activations => ("activation", "% of activations"),
        Kind::Means => ("mean activation of a unit", "% of units"),
    };
    let mut chart = Chart::new(&Axes {
        title: &title,
        x_label,
        y_label,
        x: shared
            .x
            .or_else(|| Range::of(histogram.edges.iter().copied()))
            .unwrap_or(unit),
        y: Range {
            low: 0.0,
            high: (108.0 * highest).max(1.0),
        },
        size: SIZE,
        ..Axes::default()
    });
    for ((low, high), number, share) in bins(histogram) {
        if number > 0 {
            let edges = format!("{} to {}", self::number(low), self::number(high));
            let tip = format!("{edges}: {} ({})", count(number), percent(share));
            chart.bar((low, high), 100.0 * share, BLUE, &tip);
        }
    }
    if kind == Kind::Activations {
        chart.mark(layer.mean, &format!("mean {}", number(layer.mean)));
    }
    chart.into_picture(&title, &describe(layer, kind))
}

fn table(histogram: &Histogram) -> Table {
    let mut table = Table::new(["from", "to", "count", "share"]);
    for ((low, high), number, share) in bins(histogram) {
        table.push(vec![
            self::number(low),
            self::number(high),
            count(number),
            percent(share),
        ]);
    }
    table
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

fn caption(layer: &Activity) -> String {
    format!(
        "Hidden layer {} ({}): {} of all activations are near zero, and the mean is {}.",
        layer.layer,
        layer.activation,
        percent(layer.near_zero),
        number(layer.mean)
    )
}

/// The numbers of all runs in one table; none for one run.
fn together(runs: &[Explanation]) -> Option<Figure> {
    if runs.len() < 2 {
        return None;
    }
    let mut table = Table::new(["run", "layer", "activation", "mean", "near zero"]);
    for run in runs {
        for layer in &run.activity {
            table.push(vec![
                run.name.clone(),
                format!("hidden {}", layer.layer),
                layer.activation.clone(),
                number(layer.mean),
                percent(layer.near_zero),
            ]);
        }
    }
    Some(Figure {
        caption: "Near zero is less than a hundredth of the largest magnitude in the layer."
            .to_owned(),
        values: vec![Values {
            title: "Sparsity of all runs".to_owned(),
            table,
            is_figure: true,
        }],
        ..Figure::default()
    })
}
