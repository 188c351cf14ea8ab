//! A rotated image: what thinned networks see in it, and how far they disagree.

use kuva::render::render::TextAnchor;

use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{Explanation, Rotation};
use crate::report::axes::{Axes, percent_format};
use crate::report::chart::Chart;
use crate::report::escape::shortened;
use crate::report::ink::{BLUE, Ink, LINE, TEXT, VERMILLION, of_run};
use crate::report::picture::{Picture, TEXT_SIZE, headed, letters, words};
use crate::report::pixels::{Palette, Pixels};
use crate::report::range::Range;
use crate::report::table::Table;
use crate::report::words::{count, number, percent};

const WIDTH: f64 = 700.0;
const TOP: f64 = 46.0;
const GAP: f64 = 8.0;
const SIZE: (f64, f64) = (620.0, 320.0);

/// The rotated image of each run.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let lead = "An image is turned, and many thinned networks are asked at each angle: a dot is what one of them says of a class. Where \
                the dots of a class lie far apart, the networks disagree, and the prediction is not to be believed, whatever its mean.";
    let heading = ("rotation", "A rotated image", lead);
    let found = |run: &Explanation| run.rotation.clone();
    super::section_of(heading, runs, found, |rotation| figure(&rotation))
}

fn figure(rotation: &Rotation) -> Figure {
    Figure {
        drawings: vec![
            Drawing::new("images", images(rotation)),
            Drawing::new("probabilities", probabilities(rotation)),
            Drawing::new("uncertainty", uncertainty(rotation)),
        ],
        caption: caption(rotation),
        values: vec![FigureTable::new("Over the angle", table(rotation))],
    }
}

/// The images beside each other, with what each was taken for.
fn images(rotation: &Rotation) -> Picture {
    let (height, width) = rotation.image;
    let shown = rotation.steps.len().max(1) as f64;
    let cell = (WIDTH - GAP * (shown - 1.0)) / shown;
    let tall = cell * (height as f64 / width.max(1) as f64).clamp(0.25, 4.0);
    let title = format!("{} row {}, turned", rotation.split, rotation.row);
    let mut scene = headed(
        (WIDTH, TOP + tall + 42.0),
        &title,
        "angle, and what it is taken for",
    );
    let mut images = Vec::new();
    for (k, step) in rotation.steps.iter().enumerate() {
        let x = k as f64 * (cell + GAP);
        images.push(Pixels {
            place: [x, TOP, cell, tall],
            columns: width,
            palette: Palette::Ink,
            values: step.pixels.clone(),
            tip: format!("{}: {}", angle(step.angle), step.predicted),
        });
        let mut say = |y: f64, text: &str, is_bold: bool, ink: Ink| {
            let font = (TEXT_SIZE, is_bold);
            let at = (x, TOP + tall + y);
            scene.add(words(at, text, font, ink, TextAnchor::Start));
        };
        say(14.0, &angle(step.angle), false, LINE);
        let room = letters(cell + GAP - 2.0, TEXT_SIZE, 0.62);
        say(28.0, &shortened(&step.predicted, room), true, TEXT);
    }
    Picture::new(scene, &title, &caption(rotation))
        .with_images(images)
        .in_system_fonts()
}

fn angle(degrees: f64) -> String {
    format!("{degrees}\u{b0}")
}

fn axes<'a>(title: &'a str, y_label: &'a str, rotation: &Rotation, high: f64) -> Axes<'a> {
    let last = rotation.steps.last().map_or(180.0, |step| step.angle);
    Axes {
        title,
        x_label: "angle in degrees",
        y_label,
        x: Range {
            low: -5.0,
            high: last + 5.0,
        },
        y: Range { low: 0.0, high },
        x_ticks: (0..=6).map(|k| 30.0 * f64::from(k)).collect(),
        size: SIZE,
        ..Axes::default()
    }
}

/// What each network says of the classes that are shown, and the mean.
fn probabilities(rotation: &Rotation) -> Picture {
    let title = format!("What {} networks say", count(rotation.networks));
    let mut chart = Chart::new(&Axes {
        y_format: Some(percent_format()),
        ends: rotation.classes.clone(),
        ..axes(&title, "probability", rotation, 1.0)
    });
    let classes = rotation.classes.len();
    let mut ends = Vec::new();
    for (class, name) in rotation.classes.iter().enumerate() {
        // Classes stand beside each other at an angle.
        let shift = 2.5 * (class as f64 - (classes as f64 - 1.0) / 2.0);
        for step in &rotation.steps {
            for sample in &step.samples {
                let at = (step.angle + shift, sample[class]);
                chart.dot(at, 1.8, of_run(class), 0.35, "");
            }
        }
        let mean = rotation.steps.iter();
        let mean: Vec<_> = mean
            .map(|step| (step.angle + shift, step.probabilities[class]))
            .collect();
        chart.line(&mean, of_run(class), 1.8);
        ends.extend(mean.last().map(|at| (at.1, name.clone(), of_run(class))));
        for (step, at) in rotation.steps.iter().zip(mean) {
            let tip = format!("{name} at {}: {}", angle(step.angle), percent(at.1));
            chart.ball(at, 3.4, of_run(class), &tip);
        }
    }
    chart.end_labels(&ends);
    chart.into_picture(&title, &caption(rotation))
}

/// Entropy and mutual information.
fn uncertainty(rotation: &Rotation) -> Picture {
    let title = "What is not known".to_owned();
    let high = rotation.steps.iter().map(|step| step.entropy);
    let high = high.fold(0.1, f64::max) * 1.05;
    let names = ["entropy", "mutual information"];
    let mut chart = Chart::new(&Axes {
        ends: names.map(str::to_owned).to_vec(),
        ..axes(&title, "nats", rotation, high)
    });
    let of = [
        rotation
            .steps
            .iter()
            .map(|step| (step.angle, step.entropy))
            .collect::<Vec<_>>(),
        rotation
            .steps
            .iter()
            .map(|step| (step.angle, step.mutual_information))
            .collect(),
    ];
    let mut ends = Vec::new();
    for ((points, ink), name) in of.iter().zip([BLUE, VERMILLION]).zip(names) {
        ends.extend(points.last().map(|at| (at.1, name.to_owned(), ink)));
        chart.line(points, ink, 1.8);
        for point in points {
            let tip = format!("{name} at {}: {}", angle(point.0), number(point.1));
            chart.ball(*point, 3.4, ink, &tip);
        }
    }
    chart.end_labels(&ends);
    chart.into_picture(&title, &caption(rotation))
}

pub(super) fn table(rotation: &Rotation) -> Table {
    let head = ["angle", "predicted"].map(str::to_owned).into_iter();
    let head = head.chain(rotation.classes.iter().cloned());
    let more = ["entropy", "mutual information"].map(str::to_owned);
    let mut table = Table::new(head.chain(more));
    for step in &rotation.steps {
        let mut cells = vec![angle(step.angle), step.predicted.clone()];
        cells.extend(step.probabilities.iter().copied().map(percent));
        cells.extend([step.entropy, step.mutual_information].map(number));
        table.push(cells);
    }
    table
}

pub(super) fn caption(rotation: &Rotation) -> String {
    let mut seen: Vec<&str> = Vec::new();
    for step in &rotation.steps {
        if seen.last() != Some(&step.predicted.as_str()) {
            seen.push(&step.predicted);
        }
    }
    let by_entropy = |a: &&crate::explain::RotationStep, b: &&crate::explain::RotationStep| {
        a.entropy.total_cmp(&b.entropy)
    };
    let most = rotation.steps.iter().max_by(by_entropy);
    let most = most.map_or(String::new(), |step| {
        format!(
            " The entropy is largest at {}, {} nats, of which {} are mutual information.",
            angle(step.angle),
            number(step.entropy),
            number(step.mutual_information)
        )
    });
    format!(
        "{} row {}, a {}, is taken for {}.{most}",
        rotation.split,
        rotation.row,
        rotation.actual,
        seen.join(", then ")
    )
}
