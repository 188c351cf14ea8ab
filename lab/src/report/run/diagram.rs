//! The network, and one of the thinned networks that dropout trains.

use kuva::render::color::Color;
use kuva::render::render::{PathData, Primitive, Scene, TextAnchor};

use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{Diagram, DiagramLayer, Explanation};
use crate::report::chart::circle;
use crate::report::escape::shortened;
use crate::report::ink::{BLUE, FAINT, LINE, PAPER, TEXT};
use crate::report::picture::{Picture, TEXT_SIZE, headed, letters, words};
use crate::report::table::Table;
use crate::report::words::{count, several};

/// Room for the words of a layer, and the least and most for all.
const LAYER: f64 = 76.0;
const WIDTHS: (f64, f64) = (272.0, 440.0);
const TOP: f64 = 34.0;
/// Units of a layer that are drawn, and the distance between two of them.
const MOST_UNITS: usize = 10;
const STEP: f64 = 24.0;
const RADIUS: f64 = 8.0;
/// Room for four lines under the units.
const WORDS: f64 = 78.0;

/// The diagram of each run.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let lead = "The layers, and beside the whole network one of the thinned networks that dropout trains: for every row \
                another part of the units is left out, the hollow ones here, with all that leads to and from them; with \
                DropConnect another part of the weights for every step.";
    let heading = ("network", "The network", lead);
    let found = |run: &Explanation| (run.diagram.layers.len() > 1).then(|| run.diagram.clone());
    super::section_of(heading, runs, found, |diagram| figure(&diagram))
}

fn figure(diagram: &Diagram) -> Figure {
    let has_dropout = diagram.layers.iter().any(|layer| layer.rate > 0.0);
    let mut drawings = vec![Drawing::new("whole", draw(diagram, false))];
    if has_dropout {
        drawings.push(Drawing::new("thinned", draw(diagram, true)));
    }
    Figure {
        drawings,
        caption: caption(diagram),
        values: vec![FigureTable::new("Layers", table(diagram))],
    }
}

/// The units of a layer that are drawn: their places, and whether they are in the network.
fn places(diagram: &Diagram, is_thinned: bool) -> Vec<Vec<((f64, f64), bool)>> {
    let tallest = diagram.layers.iter().map(drawn).max().unwrap_or(1) as f64;
    let middle = TOP + STEP * tallest / 2.0;
    let room = width(diagram) / diagram.layers.len().max(1) as f64;
    let layer = |(k, layer): (usize, &DiagramLayer)| {
        let x = room * (k as f64 + 0.5);
        let top = middle - STEP * (drawn(layer) as f64 - 1.0) / 2.0;
        let place = move |unit: usize| {
            let is_kept = !is_thinned || layer.kept.get(unit).copied().unwrap_or(true);
            ((x, top + STEP * unit as f64), is_kept)
        };
        (0..drawn(layer)).map(place).collect()
    };
    diagram.layers.iter().enumerate().map(layer).collect()
}

fn drawn(layer: &DiagramLayer) -> usize {
    layer.units.min(MOST_UNITS)
}

fn draw(diagram: &Diagram, is_thinned: bool) -> Picture {
    let layers = places(diagram, is_thinned);
    let tallest = layers.iter().map(Vec::len).max().unwrap_or(1) as f64;
    let below = TOP + STEP * tallest;
    let title = if is_thinned {
        "One thinned network"
    } else {
        "The whole network"
    };
    let mut scene = headed((width(diagram), below + WORDS), title, "");
    for (layer, pair) in diagram.layers.iter().zip(layers.windows(2)) {
        let kept: &[Vec<bool>] = match is_thinned {
            true => &layer.kept_weights,
            false => &[],
        };
        scene.elements.extend(connections(&pair[0], &pair[1], kept));
    }
    for (layer, places) in diagram.layers.iter().zip(&layers) {
        for (at, is_kept) in places {
            scene.add(unit(*at, *is_kept));
        }
        draw_words(
            &mut scene,
            layer,
            places,
            (below, width(diagram) / layers.len().max(1) as f64),
        );
    }
    Picture::new(scene, title, &describe(diagram, is_thinned)).in_system_fonts()
}

/// From each unit to each, as one path; but for those of which `kept` says that they are not.
fn connections(
    from: &[((f64, f64), bool)],
    to: &[((f64, f64), bool)],
    kept: &[Vec<bool>],
) -> Option<Primitive> {
    let is_kept = |i: usize, j: usize| {
        let weight = kept.get(i).and_then(|row| row.get(j));
        from[i].1 && to[j].1 && *weight.unwrap_or(&true)
    };
    let line = |i: usize, j: usize| {
        let (((x1, y1), _), ((x2, y2), _)) = (from[i], to[j]);
        format!("M {x1:.1} {y1:.1} L {x2:.1} {y2:.1} ")
    };
    let pairs = (0..from.len()).flat_map(|i| (0..to.len()).map(move |j| (i, j)));
    let d: String = pairs
        .filter(|(i, j)| is_kept(*i, *j))
        .map(|(i, j)| line(i, j))
        .collect();
    (!d.is_empty()).then(|| {
        Primitive::Path(Box::new(PathData {
            d,
            fill: None,
            stroke: Color::from(FAINT.light),
            stroke_width: 0.6,
            opacity: None,
            stroke_dasharray: None,
        }))
    })
}

/// Full, or hollow where it is left out.
fn unit((cx, cy): (f64, f64), is_kept: bool) -> Primitive {
    Primitive::Circle {
        cx,
        cy,
        r: if is_kept { RADIUS } else { RADIUS - 1.0 },
        fill: Color::from(if is_kept { BLUE.light } else { PAPER.light }),
        fill_opacity: None,
        stroke: Some(Color::from(if is_kept { PAPER.light } else { LINE.light })),
        stroke_width: Some(1.2),
    }
}

/// Name, units, activation and rate under a layer.
fn draw_words(
    scene: &mut Scene,
    layer: &DiagramLayer,
    places: &[((f64, f64), bool)],
    (below, room): (f64, f64),
) {
    let Some(((x, _), _)) = places.first() else {
        return;
    };
    if layer.units > places.len() {
        let dot = |k: u8| circle((*x, below - 5.0 + 5.0 * f64::from(k)), 1.3, LINE, 1.0);
        scene.elements.extend([0, 1, 2].map(dot));
    }
    let rate = if layer.rate > 0.0 {
        let weights = if drops_weights(layer) {
            " of weights"
        } else {
            ""
        };
        format!("drops {} %{weights}", rate(layer))
    } else {
        String::new()
    };
    let lines = [
        layer.name.clone(),
        several(layer.units, "unit", "units"),
        layer.activation.clone().unwrap_or_default(),
        rate,
    ];
    let most = letters(room, TEXT_SIZE, 0.58);
    let lines = lines.iter().filter(|line| !line.is_empty()).enumerate();
    for (k, line) in lines {
        let at = (*x, below + 24.0 + 15.0 * k as f64);
        let ink = if k == 0 { TEXT } else { LINE };
        let line = shortened(line, most);
        scene.add(words(
            at,
            &line,
            (TEXT_SIZE, k == 0),
            ink,
            TextAnchor::Middle,
        ));
    }
}

/// The width of the drawing, in which each layer has as much room.
fn width(diagram: &Diagram) -> f64 {
    (LAYER * diagram.layers.len() as f64).clamp(WIDTHS.0, WIDTHS.1)
}

fn table(diagram: &Diagram) -> Table {
    let mut table = Table::new(["layer", "units", "activation", "dropout"]);
    for layer in &diagram.layers {
        table.push(vec![
            layer.name.clone(),
            count(layer.units),
            layer.activation.clone().unwrap_or("-".to_owned()),
            layer.rate.to_string(),
        ]);
    }
    table
}

/// In percent.
fn rate(layer: &DiagramLayer) -> f64 {
    (1000.0 * layer.rate).round() / 10.0
}

fn describe(diagram: &Diagram, is_thinned: bool) -> String {
    let layer = |layer: &DiagramLayer| {
        let shown = drawn(layer);
        let kept = layer.kept.iter().take(shown).filter(|kept| **kept).count();
        let kept = if is_thinned && layer.rate > 0.0 && !drops_weights(layer) {
            format!(", {kept} of the first {shown} kept")
        } else {
            String::new()
        };
        format!("{}: {} units{kept}", layer.name, count(layer.units))
    };
    let layers: Vec<_> = diagram.layers.iter().map(layer).collect();
    format!(
        "Circles in columns, joined by lines. {}.",
        layers.join("; ")
    )
}

fn caption(diagram: &Diagram) -> String {
    let dropped = diagram.layers.iter().filter(|layer| layer.rate > 0.0);
    let rates: Vec<_> = dropped
        .map(|layer| match drops_weights(layer) {
            true => format!("{} % of the weights behind {}", rate(layer), layer.name),
            false => format!("{} % of the units of {}", rate(layer), layer.name),
        })
        .collect();
    if rates.is_empty() {
        return "This network was trained whole, without dropout.".to_owned();
    }
    let rates = rates.join(", ");
    match diagram.layers.iter().any(drops_weights) {
        true => {
            format!("In training, DropConnect leaves out {rates} for every step (Wan et al. 2013).")
        }
        false => format!(
            "In training, dropout leaves out {rates} for every row (the paper's Figure 1, Srivastava et al. 2014)."
        ),
    }
}

fn drops_weights(layer: &DiagramLayer) -> bool {
    !layer.kept_weights.is_empty()
}
