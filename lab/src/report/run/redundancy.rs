//! How alike the units of a hidden layer are.

use kuva::render::render::{Scene, TextAnchor};

use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{Explanation, Redundancy, Similarities};
use crate::report::chart::{frame, rectangle};
use crate::report::ink::{LINE, TEXT};
use crate::report::picture::{Picture, TEXT_SIZE, headed, hover, words};
use crate::report::pixels::{Palette, Pixels};
use crate::report::table::Table;
use crate::report::words::{count, number};

const WIDTH: f64 = 272.0;
const TOP: f64 = 46.0;
/// The side of the map.
const SIDE: f64 = 268.0;
const LEFT: f64 = 2.0;
/// Pairs in the table.
const MOST_PAIRS: usize = 12;
/// More cells would be too small to point at.
const MOST_CELLS: usize = 16;

/// The similarities of each run.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let lead = "How much hidden units repeat each other, dropout off. Blue cells are units that do the same, orange \
                ones that do the opposite, and a map without color off its diagonal is one of units that all do work of \
                their own. The claim that is measured here: dropout keeps units from becoming redundant.";
    let heading = ("redundancy", "Redundancy", lead);
    let found = |run: &Explanation| (!run.redundancy.is_empty()).then(|| run.redundancy.clone());
    let mut section = super::section_of(heading, runs, found, |layers| figure(&layers))?;
    section.combined = combined(runs);
    Some(section)
}

fn figure(layers: &[Redundancy]) -> Figure {
    let mut figure = Figure::default();
    for layer in layers {
        let kinds = [
            ("activations", &layer.activations),
            ("weights", &layer.weights),
        ];
        for (kind, similarities) in kinds {
            if similarities.matrix.is_empty() {
                continue;
            }
            let name = format!("layer-{}-{kind}", layer.layer);
            figure
                .drawings
                .push(Drawing::new(name, draw(layer, kind, similarities)));
            let title = format!(
                "Hidden layer {}: the pairs with most alike {kind}",
                layer.layer
            );
            figure
                .values
                .push(FigureTable::new(title, pairs(similarities)));
        }
    }
    figure
        .values
        .insert(0, FigureTable::new("In numbers", summary(layers)));
    figure.caption = layers.iter().map(caption).collect::<Vec<_>>().join("\n");
    figure
}

fn draw(layer: &Redundancy, kind: &str, similarities: &Similarities) -> Picture {
    let measure = match kind {
        "weights" => "cosines",
        _ => "correlations",
    };
    let title = format!("Hidden layer {}: {kind}", layer.layer);
    let shown = similarities.matrix.len();
    let of = if layer.units > shown {
        format!(", {shown} of {} units", count(layer.units))
    } else {
        String::new()
    };
    let size = (WIDTH, TOP + SIDE + 40.0);
    let mut scene = headed(size, &title, &format!("{measure}{of}"));
    scene.add(frame([LEFT, TOP, SIDE, SIDE]));
    draw_cells(&mut scene, similarities);
    let legend = draw_legend(&mut scene);
    let map = Pixels {
        place: [LEFT, TOP, SIDE, SIDE],
        columns: shown,
        palette: Palette::Signed,
        values: similarities.matrix.iter().flatten().copied().collect(),
        tip: String::new(),
    };
    let description = describe(layer, (measure, kind), similarities);
    Picture::new(scene, &title, &description)
        .with_images(vec![map, legend])
        .in_system_fonts()
}

/// Of few units, what each cell is, under the pointer.
fn draw_cells(scene: &mut Scene, similarities: &Similarities) {
    let shown = similarities.matrix.len();
    if shown > MOST_CELLS {
        return;
    }
    let side = SIDE / shown as f64;
    for (row, values) in similarities.matrix.iter().enumerate() {
        for (column, value) in values.iter().enumerate() {
            let units = [row, column].map(|k| unit(similarities, k));
            let tip = format!("units {} and {}: {value:.2}", units[0], units[1]);
            let place = [
                LEFT + side * column as f64,
                TOP + side * row as f64,
                side,
                side,
            ];
            hover(scene, &tip, [rectangle(place, TEXT, Some(0.0))]);
        }
    }
}

/// From orange to blue, with words.
fn draw_legend(scene: &mut Scene) -> Pixels {
    let (y, width) = (TOP + SIDE + 12.0, 90.0);
    let left = LEFT + (SIDE - width) / 2.0;
    let mut say = |x: f64, content: &str, anchor: TextAnchor| {
        scene.add(words(
            (x, y + 9.0),
            content,
            (TEXT_SIZE, false),
            LINE,
            anchor,
        ));
    };
    say(left - 6.0, "-1 opposite", TextAnchor::End);
    say(left + width + 6.0, "1 alike", TextAnchor::Start);
    Pixels {
        place: [left, y, width, 10.0],
        columns: 63,
        palette: Palette::Signed,
        values: (0..63).map(|k| k as f32 / 31.0 - 1.0).collect(),
        tip: String::new(),
    }
}

fn unit(similarities: &Similarities, k: usize) -> usize {
    similarities.shown.get(k).copied().unwrap_or(k)
}

/// The pairs that are shown, the most alike first.
fn pairs(similarities: &Similarities) -> Table {
    let mut pairs = Vec::new();
    for (row, values) in similarities.matrix.iter().enumerate() {
        let above = values.iter().enumerate().skip(row + 1);
        pairs.extend(above.map(|(column, value)| (*value, row, column)));
    }
    pairs.sort_by(|one, other| other.0.abs().total_cmp(&one.0.abs()));
    let mut table = Table::new(["unit", "unit", "similarity"]);
    for (value, row, column) in pairs.into_iter().take(MOST_PAIRS) {
        let units = [row, column].map(|k| unit(similarities, k).to_string());
        table.push(units.into_iter().chain([format!("{value:.3}")]).collect());
    }
    table
}

fn titles() -> [&'static str; 5] {
    [
        "layer",
        "measure",
        "mean magnitude",
        "near-duplicates",
        "effective rank",
    ]
}

fn rows(layer: &Redundancy) -> [Vec<String>; 2] {
    [
        ("activations", &layer.activations),
        ("weights", &layer.weights),
    ]
    .map(|(kind, found)| {
        vec![
            format!("hidden {}", layer.layer),
            kind.to_owned(),
            format!("{:.3}", found.mean_magnitude),
            format!("{} of {}", count(found.near_duplicates), count(layer.units)),
            format!("{} of {}", number(found.effective_rank), count(layer.units)),
        ]
    })
}

fn summary(layers: &[Redundancy]) -> Table {
    let mut table = Table::new(titles());
    for row in layers.iter().flat_map(rows) {
        table.push(row);
    }
    table
}

/// The numbers of all runs in one table; none for one run.
fn combined(runs: &[Explanation]) -> Option<Figure> {
    if runs.len() < 2 {
        return None;
    }
    let mut table = Table::new(["run"].into_iter().chain(titles()));
    for run in runs {
        for row in run.redundancy.iter().flat_map(rows) {
            table.push(std::iter::once(run.name.clone()).chain(row).collect());
        }
    }
    let title = "Redundancy of all runs".to_owned();
    Some(Figure {
        caption: format!(
            "A near-duplicate has another unit with a similarity above {}; the effective rank is the number of directions \
             that the units take.",
            Redundancy::NEAR
        ),
        values: vec![FigureTable {
            title,
            table,
            is_figure: true,
        }],
        ..Figure::default()
    })
}

fn describe(layer: &Redundancy, (measure, kind): (&str, &str), found: &Similarities) -> String {
    format!(
        "A map of {} by {} {measure} of {kind}. Over all pairs of the {} units the mean magnitude is {:.3}; {} have a \
         near-duplicate.",
        found.matrix.len(),
        found.matrix.len(),
        count(layer.units),
        found.mean_magnitude,
        count(found.near_duplicates)
    )
}

fn caption(layer: &Redundancy) -> String {
    let (activations, weights) = (&layer.activations, &layer.weights);
    let constant = match layer.constant_units {
        0 => String::new(),
        units => format!(" {} never change and correlate with nothing.", count(units)),
    };
    format!(
        "Hidden layer {}: {} of {} units have a near-duplicate by what they do and {} by their weights; the mean \
         correlation is {:.2}, and they take {} directions.{constant}",
        layer.layer,
        count(activations.near_duplicates),
        count(layer.units),
        count(weights.near_duplicates),
        activations.mean_magnitude,
        number(activations.effective_rank)
    )
}
