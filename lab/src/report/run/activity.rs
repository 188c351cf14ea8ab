//! How active hidden units are.

use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{Activity, Explanation, Histogram};
use crate::report::histogram::{self, Frame, Kind, bins, ends, highest};
use crate::report::picture::Picture;
use crate::report::range::Range;
use crate::report::table::Table;
use crate::report::words::{count, number, percent};

const SIZE: (f64, f64) = (272.0, 220.0);

/// The activity of each run.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let lead = "How active hidden units are, dropout off: each activation of every row and unit, and each unit's mean over \
                the rows. The paper finds that dropout makes activations sparse, with few units active for any one row \
                and small means (its Figure 8, Srivastava et al. 2014).";
    let heading = ("activity", "Sparsity", lead);
    let shared = [Kind::Activations, Kind::Means].map(|kind| shared(runs, kind));
    let found = |run: &Explanation| (!run.activity.is_empty()).then(|| run.activity.clone());
    let mut section = super::section_of(heading, runs, found, |layers| figure(&layers, shared))?;
    section.combined = combined(runs);
    Some(section)
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
    let ranges: Vec<_> = layers.filter_map(|layer| ends(kind.of(layer))).collect();
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
            figure
                .values
                .push(FigureTable::new(title, table(histogram)));
        }
    }
    figure.caption = layers.iter().map(caption).collect::<Vec<_>>().join("\n");
    figure
}

fn draw(layer: &Activity, kind: Kind, shared: Shared) -> Picture {
    let title = format!("Hidden layer {}: {}", layer.layer, kind.name());
    let frame = Frame {
        title: &title,
        size: SIZE,
        x: shared.x,
        highest: shared.highest,
        lowest: None,
        has_mean: kind == Kind::Activations,
    };
    histogram::draw(layer, kind, &frame)
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
fn combined(runs: &[Explanation]) -> Option<Figure> {
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
        values: vec![FigureTable {
            title: "Sparsity of all runs".to_owned(),
            table,
            is_figure: true,
        }],
        ..Figure::default()
    })
}
