//! The rows that a network is furthest off on.

use kuva::render::render::{Scene, TextAnchor};

use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{Explanation, Mistake, Mistakes};
use crate::report::escape::shortened;
use crate::report::ink::{Ink, LINE, TEXT};
use crate::report::picture::{Picture, TEXT_SIZE, headed, letters, words};
use crate::report::pixels::{Palette, Pixels};
use crate::report::table::Table;
use crate::report::words::{count, number, percent, several};

const WIDTH: f64 = 440.0;
const TOP: f64 = 46.0;
const COLUMNS: usize = 6;
const GAP: f64 = 12.0;
/// Room for two lines under an image.
const WORDS: f64 = 42.0;
/// Rows of a table that are shown.
const MOST_ROWS: usize = 12;
/// Inputs of a table that have a column.
const MOST_INPUTS: usize = 12;

/// The worst mistakes of each run.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let lead = "The rows that the network is furthest off on, the worst first. A good network's worst mistakes are rows \
                that people find hard too, or rows whose label is wrong.";
    let heading = ("mistakes", "The worst mistakes", lead);
    let found = |run: &Explanation| run.mistakes.clone();
    super::section_of(heading, runs, found, |mistakes| figure(&mistakes))
}

fn figure(mistakes: &Mistakes) -> Figure {
    let images = images(mistakes);
    let drawings = images.map(|size| Drawing::new("images", draw(mistakes, size)));
    let values = FigureTable {
        title: "The worst mistakes".to_owned(),
        table: table(mistakes),
        is_figure: images.is_none() && !mistakes.rows.is_empty(),
    };
    Figure {
        drawings: drawings.into_iter().collect(),
        caption: caption(mistakes),
        values: if mistakes.rows.is_empty() {
            Vec::new()
        } else {
            vec![values]
        },
    }
}

/// Height and width of the images, if there is one and all pixels are there.
fn images(mistakes: &Mistakes) -> Option<(usize, usize)> {
    let is_whole = |(height, width): &(usize, usize)| {
        let pixels = height.checked_mul(*width).filter(|pixels| *pixels > 0);
        !mistakes.rows.is_empty()
            && mistakes
                .rows
                .iter()
                .all(|row| Some(row.inputs.len()) == pixels)
    };
    mistakes.image.filter(is_whole)
}

fn draw(mistakes: &Mistakes, (height, width): (usize, usize)) -> Picture {
    let cell = (WIDTH - GAP * (COLUMNS - 1) as f64) / COLUMNS as f64;
    // Whatever the images are, they have to fit on a page.
    let tall = cell * (height as f64 / width as f64).clamp(0.25, 4.0);
    let rows = mistakes.rows.len().div_ceil(COLUMNS);
    let size = (WIDTH, TOP + rows as f64 * (tall + WORDS));
    let title = format!("Worst mistakes, {} rows", mistakes.split);
    let subtitle = "what it is, what it was taken for, and how sure the network was";
    let mut scene = headed(size, &title, subtitle);
    let mut images = Vec::new();
    for (k, row) in mistakes.rows.iter().enumerate() {
        let x = (k % COLUMNS) as f64 * (cell + GAP);
        let y = TOP + (k / COLUMNS) as f64 * (tall + WORDS);
        images.push(Pixels {
            place: [x, y, cell, tall],
            columns: width,
            palette: Palette::Ink,
            values: row.inputs.clone(),
            tip: tip(row),
        });
        draw_words(&mut scene, row, (x, y + tall), cell + GAP - 2.0);
    }
    Picture::new(scene, &title, &describe(mistakes))
        .with_images(images)
        .in_system_fonts()
}

/// What it is and what it was taken for, and the probability of that.
fn draw_words(scene: &mut Scene, row: &Mistake, (x, y): (f64, f64), width: f64) {
    let words = |y: f64, words: &str, is_bold: bool, ink: Ink| {
        self::words((x, y), words, (TEXT_SIZE, is_bold), ink, TextAnchor::Start)
    };
    let label = format!("{} \u{2192} {}", row.actual, row.predicted);
    let label = shortened(&label, letters(width, TEXT_SIZE, 0.62));
    scene.add(words(y + 14.0, &label, true, TEXT));
    let sure = row.probability.map_or(String::new(), percent);
    scene.add(words(y + 28.0, &sure, false, LINE));
}

/// All images, and of the rows of a table, which take more room, the first.
fn shown(mistakes: &Mistakes) -> &[Mistake] {
    match mistakes.image {
        Some(_) => &mistakes.rows,
        None => &mistakes.rows[..mistakes.rows.len().min(MOST_ROWS)],
    }
}

/// Where the row is: its line in the file, or which one of its part it is.
fn place(row: &Mistake) -> String {
    match row.line {
        Some(line) => format!("line {line}"),
        None => format!("row {}", row.row),
    }
}

fn tip(row: &Mistake) -> String {
    let sure = row
        .probability
        .map_or(String::new(), |sure| format!(", {} sure", percent(sure)));
    format!(
        "{}: {}, predicted {}{sure}",
        place(row),
        row.actual,
        row.predicted
    )
}

fn table(mistakes: &Mistakes) -> Table {
    let is_image = mistakes.image.is_some();
    let inputs = if is_image {
        0
    } else {
        mistakes.input_names.len().min(MOST_INPUTS)
    };
    let has_probability = mistakes.rows.iter().any(|row| row.probability.is_some());
    let sure = has_probability.then(|| "probability".to_owned());
    let names = mistakes.input_names.iter().take(inputs).cloned();
    let has_lines = mistakes.rows.iter().all(|row| row.line.is_some());
    let titles = [
        if has_lines { "line" } else { "row" },
        "actual",
        "predicted",
    ]
    .map(str::to_owned)
    .into_iter();
    let mut table = Table::new(titles.chain(sure).chain(names));
    for row in shown(mistakes) {
        let mut cells = vec![
            row.line.unwrap_or(row.row).to_string(),
            row.actual.clone(),
            row.predicted.clone(),
        ];
        if has_probability {
            cells.push(row.probability.map_or("-".to_owned(), percent));
        }
        cells.extend(
            row.inputs
                .iter()
                .take(inputs)
                .map(|value| number(f64::from(*value))),
        );
        table.push(cells);
    }
    table
}

fn describe(mistakes: &Mistakes) -> String {
    let rows: Vec<_> = mistakes.rows.iter().take(8).map(tip).collect();
    format!("Images of the worst mistakes. {}.", rows.join("; "))
}

fn caption(mistakes: &Mistakes) -> String {
    let (shown, split) = (shown(mistakes).len(), &mistakes.split);
    let is_regression =
        mistakes.rows.iter().all(|row| row.probability.is_none()) && mistakes.all > 0;
    if mistakes.rows.is_empty() {
        return format!("All {split} rows are right.");
    }
    let mut caption = if is_regression {
        format!(
            "The worst {shown} of {}.",
            several(
                mistakes.all,
                &format!("{split} row"),
                &format!("{split} rows")
            )
        )
    } else {
        format!(
            "{} of the {} that are wrong.",
            count(shown),
            several(
                mistakes.all,
                &format!("{split} row"),
                &format!("{split} rows")
            )
        )
    };
    if mistakes.image.is_none() && mistakes.all_inputs > MOST_INPUTS {
        let all = count(mistakes.all_inputs);
        caption += &format!(" {MOST_INPUTS} of {all} inputs are shown.");
    }
    if let Some(row) = mistakes.rows.first() {
        caption += &format!(
            " The worst is {}: {}, predicted {}.",
            place(row),
            row.actual,
            row.predicted
        );
    }
    caption
}
