//! Which class is taken for which.

use kuva::render::render::{Primitive, Scene, TextAnchor};

use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{Confusion, Explanation};
use crate::report::chart::rectangle;
use crate::report::escape::shortened;
use crate::report::ink::{GRID, LINE, TEXT, VERMILLION, WASH};
use crate::report::picture::{Picture, TEXT_SIZE, headed, hover, letters, words};
use crate::report::table::Table;
use crate::report::words::{count, percent, several};

/// The most classes that leave room for numbers in the cells.
const MOST_NUMBERS: usize = 12;
/// Of more classes than these, the table has the mistakes alone.
const MOST_COLUMNS: usize = 20;
const MOST_PAIRS: usize = 30;
/// Letters of a class's name.
const MOST_LETTERS: usize = 14;
const WIDTH: f64 = 440.0;
const TOP: f64 = 66.0;

/// The confusion matrix of each run.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let lead = "Each row is a class as it is, each column the class that the network takes it for. What is right, on the \
                diagonal, is pale; mistakes stand out, the darker the larger their share of the row.";
    let heading = ("confusion", "Which class is taken for which", lead);
    let found = |run: &Explanation| {
        run.confusion
            .clone()
            .filter(|confusion| is_square(confusion) && all(confusion) > 0)
    };
    super::section_of(heading, runs, found, |confusion| figure(&confusion))
}

fn is_square(confusion: &Confusion) -> bool {
    let classes = confusion.classes.len();
    confusion.counts.len() == classes && confusion.counts.iter().all(|row| row.len() == classes)
}

fn figure(confusion: &Confusion) -> Figure {
    Figure {
        drawings: vec![Drawing::new("matrix", draw(confusion))],
        caption: caption(confusion),
        values: vec![table(confusion)],
    }
}

/// Left, top and side of the cells.
struct Grid {
    left: f64,
    side: f64,
}

fn draw(confusion: &Confusion) -> Picture {
    let classes = confusion.classes.len();
    let names: Vec<_> = confusion
        .classes
        .iter()
        .map(|name| shortened(name, MOST_LETTERS))
        .collect();
    let longest = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    let left = 24.0 + 0.58 * f64::from(TEXT_SIZE) * longest as f64;
    let side = ((WIDTH - left - 4.0) / classes.max(1) as f64).min(56.0);
    let grid = Grid { left, side };
    let size = (WIDTH, TOP + side * classes as f64 + 12.0);
    let title = format!("Confusion, {} rows", confusion.split);
    let subtitle = "actual class downwards, predicted class across";
    let mut scene = headed(size, &title, subtitle);
    draw_names(&mut scene, &names, &grid);
    for actual in 0..classes {
        for predicted in 0..classes {
            draw_cell(&mut scene, confusion, (actual, predicted), &grid);
        }
    }
    Picture::new(scene, &title, &describe(confusion)).in_system_fonts()
}

/// As many names as have room.
fn draw_names(scene: &mut Scene, names: &[String], grid: &Grid) {
    let font = (TEXT_SIZE, false);
    let every = (14.0 / grid.side).ceil().max(1.0) as usize;
    for (k, name) in names.iter().enumerate().step_by(every) {
        let middle = grid.side * (k as f64 + 0.5);
        let at = (grid.left - 6.0, TOP + middle + 4.0);
        scene.add(words(at, name, font, LINE, TextAnchor::End));
        let room = letters(grid.side * every as f64 - 4.0, TEXT_SIZE, 0.58);
        let at = (grid.left + middle, TOP - 7.0);
        scene.add(words(
            at,
            &shortened(name, room),
            font,
            LINE,
            TextAnchor::Middle,
        ));
    }
}

fn draw_cell(scene: &mut Scene, confusion: &Confusion, cell: (usize, usize), grid: &Grid) {
    let (actual, predicted) = cell;
    let (number, is_right) = (confusion.counts[actual][predicted], actual == predicted);
    let has_numbers = confusion.classes.len() <= MOST_NUMBERS;
    let gap = if has_numbers { 1.0 } else { 0.0 };
    let side = grid.side - 2.0 * gap;
    let x = grid.left + grid.side * predicted as f64 + gap;
    let y = TOP + grid.side * actual as f64 + gap;
    let place = [x, y, side, side];
    let in_row: usize = confusion.counts[actual].iter().sum();
    let share = number as f64 / in_row.max(1) as f64;
    let fill = match (number, is_right) {
        // Of many classes, a cell without rows would only make the file larger.
        (0, _) if !has_numbers => return,
        (0, _) => {
            return scene.add(rectangle(
                place,
                WASH,
                Some(if is_right { 1.0 } else { 0.45 }),
            ));
        }
        (_, true) => rectangle(place, GRID, Some(0.8)),
        // Small shares are to be seen too.
        (_, false) => rectangle(place, VERMILLION, Some(0.18 + 0.82 * share.sqrt())),
    };
    let label = has_numbers.then(|| {
        let at = (x + side / 2.0, y + side / 2.0 + 4.0);
        let ink = if is_right { LINE } else { TEXT };
        words(
            at,
            &count(number),
            (TEXT_SIZE, !is_right),
            ink,
            TextAnchor::Middle,
        )
    });
    let drawing: Vec<Primitive> = std::iter::once(fill).chain(label).collect();
    hover(scene, &tip(confusion, cell, in_row), drawing);
}

fn tip(confusion: &Confusion, (actual, predicted): (usize, usize), in_row: usize) -> String {
    let classes = &confusion.classes;
    let rows = format!(
        "{} of {}",
        count(confusion.counts[actual][predicted]),
        count(in_row)
    );
    if actual == predicted {
        format!("{}: {rows} right", classes[actual])
    } else {
        format!(
            "{} taken for {}: {rows}",
            classes[actual], classes[predicted]
        )
    }
}

/// Actual class, predicted class and rows of all kinds of mistakes, the most frequent first.
fn mistakes(confusion: &Confusion) -> Vec<(usize, usize, usize)> {
    let rows = confusion.counts.iter().enumerate();
    let cells = rows.flat_map(|(actual, row)| {
        row.iter()
            .enumerate()
            .map(move |(predicted, count)| (actual, predicted, *count))
    });
    let mut found: Vec<_> = cells
        .filter(|(actual, predicted, count)| actual != predicted && *count > 0)
        .collect();
    found
        .sort_by_key(|(actual, predicted, count)| (std::cmp::Reverse(*count), *actual, *predicted));
    found
}

fn all(confusion: &Confusion) -> usize {
    confusion.counts.iter().flatten().sum()
}

fn table(confusion: &Confusion) -> FigureTable {
    if confusion.classes.len() > MOST_COLUMNS {
        let mut table = Table::new(["actual", "predicted", "rows"]);
        for (actual, predicted, number) in mistakes(confusion).into_iter().take(MOST_PAIRS) {
            let names = [actual, predicted].map(|class| confusion.classes[class].clone());
            table.push(names.into_iter().chain([count(number)]).collect());
        }
        return FigureTable::new("The most frequent mistakes", table);
    }
    let titles = confusion.classes.iter().map(|class| format!("as {class}"));
    let mut table = Table::new(std::iter::once("actual".to_owned()).chain(titles));
    for (class, row) in confusion.classes.iter().zip(&confusion.counts) {
        let cells = row.iter().map(|number| count(*number));
        table.push(std::iter::once(class.clone()).chain(cells).collect());
    }
    FigureTable::new("Rows by actual and predicted class", table)
}

fn describe(confusion: &Confusion) -> String {
    let worst: Vec<_> = mistakes(confusion)
        .into_iter()
        .take(5)
        .map(|found| pair(confusion, found))
        .collect();
    let worst = if worst.is_empty() {
        "no mistake".to_owned()
    } else {
        worst.join("; ")
    };
    format!("A grid of {} classes. {worst}.", confusion.classes.len())
}

fn pair(confusion: &Confusion, (actual, predicted, number): (usize, usize, usize)) -> String {
    let (actual, predicted) = (&confusion.classes[actual], &confusion.classes[predicted]);
    format!(
        "{actual} taken for {predicted} in {}",
        several(number, "row", "rows")
    )
}

fn caption(confusion: &Confusion) -> String {
    let all = all(confusion);
    let mistakes = mistakes(confusion);
    let wrong: usize = mistakes.iter().map(|mistake| mistake.2).sum();
    let mut caption = format!(
        "{} of {} are wrong ({}).",
        count(wrong),
        several(
            all,
            &format!("{} row", confusion.split),
            &format!("{} rows", confusion.split)
        ),
        percent(wrong as f64 / all.max(1) as f64)
    );
    if let Some(worst) = mistakes.first() {
        caption += &format!(" The most frequent mistake: {}.", pair(confusion, *worst));
    }
    if confusion.without_prediction > 0 {
        let rows = several(confusion.without_prediction, "row has", "rows have");
        caption += &format!(" {rows} no prediction that is a number.");
    }
    caption
}
