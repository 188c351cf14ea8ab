//! Which columns a network needs.

use kuva::render::render::TextAnchor;

use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{ColumnImportance, Explanation, Importance};
use crate::report::chart::rectangle;
use crate::report::escape::shortened;
use crate::report::ink::{BLUE, FAINT, LINE, TEXT};
use crate::report::picture::{Picture, TEXT_SIZE, headed, hover, line, words};
use crate::report::table::Table;
use crate::report::words::{count, number, several};

const TOP: f64 = 50.0;
const ROW: f64 = 20.0;
/// Columns that have a bar, and a row of the table.
const MOST_BARS: usize = 24;
const MOST_ROWS: usize = 100;
/// A longer name is shortened, and whole under the pointer and in the table.
const MOST_LETTERS: usize = 80;
/// Width of the longest bar, and of the number behind it.
const BAR: f64 = 300.0;
const NUMBER: f64 = 64.0;
/// The width of a letter, as a share of its size.
const LETTER: f64 = 0.58;

/// The importance of the columns for each run.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let lead = "By how much the network gets worse when the values of one column are shuffled among the rows, so that they say \
                nothing any more (permutation importance). Where two columns say the same, each alone may look unimportant; and \
                what the network uses need not be the cause of anything.";
    let heading = ("importance", "Which columns matter", lead);
    let found = |run: &Explanation| {
        let importance = run.importance.clone();
        importance.filter(|importance| !importance.columns.is_empty())
    };
    super::section_of(heading, runs, found, |importance| figure(&importance))
}

fn figure(importance: &Importance) -> Figure {
    Figure {
        drawings: vec![Drawing::new("columns", draw(importance))],
        caption: caption(importance),
        values: vec![FigureTable::new("Columns", table(importance))],
    }
}

fn tip(importance: &Importance, column: &ColumnImportance) -> String {
    format!(
        "{}: {} up by {} ± {}",
        column.column,
        importance.measure,
        number(column.increase),
        number(column.deviation)
    )
}

fn draw(importance: &Importance) -> Picture {
    let shown = &importance.columns[..importance.columns.len().min(MOST_BARS)];
    let names: Vec<String> = shown
        .iter()
        .map(|column| shortened(&column.column, MOST_LETTERS))
        .collect();
    let longest = names.iter().map(|name| name.chars().count()).max();
    let left = LETTER * f64::from(TEXT_SIZE) * longest.unwrap_or(0) as f64 + 12.0;
    let size = (left + BAR + NUMBER, TOP + ROW * shown.len() as f64 + 8.0);
    let title = format!("Permutation importance, {} rows", importance.split);
    let subtitle = format!(
        "{}: increase of the {}",
        part(shown.len(), importance.columns.len()),
        importance.measure
    );
    let mut scene = headed(size, &title, &subtitle);
    let bottom = TOP + ROW * shown.len() as f64;
    scene.add(line((left, TOP), (left, bottom), FAINT, 1.0));
    let most = shown
        .iter()
        .map(|column| column.increase + column.deviation);
    let scale = BAR
        / most
            .filter(|value| value.is_finite())
            .fold(f64::MIN_POSITIVE, f64::max);
    let font = (TEXT_SIZE, false);
    for (k, (column, name)) in shown.iter().zip(&names).enumerate() {
        let middle = TOP + ROW * (k as f64 + 0.5);
        scene.add(words(
            (left - 8.0, middle + 4.0),
            name,
            font,
            LINE,
            TextAnchor::End,
        ));
        let length = |value: f64| (value * scale).clamp(0.0, BAR);
        let (low, high) = (
            length(column.increase - column.deviation),
            length(column.increase + column.deviation),
        );
        let place = [left, middle - 6.0, length(column.increase).max(0.5), 12.0];
        let bar = rectangle(place, BLUE, None);
        let spread = line((left + low, middle), (left + high, middle), LINE, 1.5);
        hover(&mut scene, &tip(importance, column), [bar, spread]);
        let at = (left + high + 6.0, middle + 4.0);
        scene.add(words(
            at,
            &number(column.increase),
            font,
            TEXT,
            TextAnchor::Start,
        ));
    }
    Picture::new(scene, &title, &describe(importance)).in_system_fonts()
}

/// Which of the columns are shown.
fn part(shown: usize, all: usize) -> String {
    match shown == all {
        true => several(all, "column", "columns"),
        false => format!("the first {shown} of {} columns", count(all)),
    }
}

fn table(importance: &Importance) -> Table {
    let mut table = Table::new([
        "column".to_owned(),
        format!("increase of the {}", importance.measure),
        "±".to_owned(),
    ]);
    for column in importance.columns.iter().take(MOST_ROWS) {
        table.push(vec![
            column.column.clone(),
            number(column.increase),
            number(column.deviation),
        ]);
    }
    table
}

fn describe(importance: &Importance) -> String {
    let first = importance.columns.iter().take(6);
    let first: Vec<_> = first.map(|column| tip(importance, column)).collect();
    format!(
        "A bar for each column, the longest first. {}.",
        first.join("; ")
    )
}

fn caption(importance: &Importance) -> String {
    let useless = importance.columns.iter();
    let useless = useless
        .filter(|column| column.increase <= column.deviation)
        .count();
    let columns = match useless {
        0 => "The network needs every column".to_owned(),
        _ => format!(
            "Within the spread, the network does without {} of {}",
            count(useless),
            several(importance.columns.len(), "column", "columns")
        ),
    };
    format!(
        "The {} of {} is {}; each column was shuffled {}. {columns}.",
        importance.measure,
        several(
            importance.rows,
            &format!("{} row", importance.split),
            &format!("{} rows", importance.split)
        ),
        number(importance.baseline),
        several(importance.repeats, "time", "times")
    )
}
