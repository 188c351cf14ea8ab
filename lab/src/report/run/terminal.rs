//! The report in a terminal: what was measured, the curves, and what became of the units.

use super::curves::{self, Frame};
use super::{Report, card, rotation};
use crate::explain::{Explanation, MeasuredMetric};
use crate::report::escape::printable;
use crate::report::ink::{BLUE, LINE, TEXT, VERMILLION};
use crate::report::table::Table;
use crate::report::words::{count, number, percent, value, wrapped};

/// A cell of a terminal, in the units of a drawing.
const CELL: (f64, f64) = (8.0, 16.0);
/// Lines of a chart.
const LINES: usize = 15;
const LEAST_COLUMNS: usize = 40;
const MOST_COLUMNS: usize = 120;

impl Report {
    /// The report as lines of at most `columns` characters, at least 40; in color with the codes of a terminal.
    #[must_use]
    pub fn to_text(&self, columns: usize, is_colored: bool) -> String {
        let columns = columns.clamp(LEAST_COLUMNS, MOST_COLUMNS);
        let runs = self
            .runs()
            .iter()
            .map(|run| of_run(run, columns, is_colored));
        runs.collect::<Vec<_>>().join("\n")
    }
}

fn of_run(run: &Explanation, columns: usize, is_colored: bool) -> String {
    let name = wrapped(&run.name, columns);
    let name = if is_colored {
        format!("\u{1b}[1m{name}\u{1b}[0m")
    } else {
        name
    };
    let mut parts = vec![format!("{name}\n{}", wrapped(&run.card.network, columns))];
    parts.push(table(measured(run), columns));
    let size = (CELL.0 * columns as f64, CELL.1 * LINES as f64);
    let frame = Frame {
        size,
        letter: 0.68,
        is_plain: true,
    };
    for chart in curves::charts(&curves::named(run), &frame) {
        parts.push(colored(&chart.to_ansi(columns, LINES), is_colored));
    }
    parts.push(table(layers(run), columns));
    parts.extend(run.notes.iter().map(|note| wrapped(note, columns)));
    parts.retain(|part| !part.is_empty());
    // What was asked for by its own flag.
    if let Some(rotation) = &run.rotation {
        let caption = format!("A rotated image: {}", rotation::caption(rotation));
        parts.push(wrapped(&caption, columns));
        parts.push(table(rotation::table(rotation), columns));
    }
    parts.join("\n\n") + "\n"
}

/// The metrics of the preferred part of the data.
fn measured(run: &Explanation) -> Table {
    let split = card::preferred_metric(run).map(|measured| &measured.split);
    let of_split = |measured: &&MeasuredMetric| Some(&measured.split) == split;
    let mut table = Table::new(["rows", "metric", "value", "95 %"]);
    for measured in run.card.measured.iter().filter(of_split) {
        let words = |number| value(number, measured.is_share);
        let interval = measured.interval;
        table.push(vec![
            measured.split.clone(),
            measured.metric.clone(),
            words(measured.value),
            interval.map_or("-".to_owned(), |interval| {
                format!("{} to {}", words(interval.low), words(interval.high))
            }),
        ]);
    }
    table
}

/// What became of the units of each hidden layer.
fn layers(run: &Explanation) -> Table {
    let mut table = Table::new([
        "layer",
        "units",
        "near-duplicates",
        "directions",
        "near zero",
    ]);
    for layer in &run.redundancy {
        let activity = run
            .activity
            .iter()
            .find(|activity| activity.layer == layer.layer);
        table.push(vec![
            format!("hidden {}", layer.layer),
            count(layer.units),
            count(layer.activations.near_duplicates),
            number(layer.activations.effective_rank),
            activity.map_or("-".to_owned(), |activity| percent(activity.near_zero)),
        ]);
    }
    table
}

/// The lines of a table with rows, cut where the terminal ends.
fn table(table: Table, columns: usize) -> String {
    if table.rows().is_empty() {
        return String::new();
    }
    let cut = |line: &str| {
        if line.chars().count() > columns {
            line.chars().take(columns - 1).chain(['\u{2026}']).collect()
        } else {
            line.to_owned()
        }
    };
    let text = table.to_string();
    text.lines()
        .map(|line| cut(&printable(line)))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The library writes exact colors, which suit one background alone. A terminal's own suit the background that its
/// user has.
fn colored(ansi: &str, is_colored: bool) -> String {
    let mut text = String::new();
    let mut parts = ansi.split('\u{1b}');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (code, rest) = part.split_once('m').unwrap_or(("", part));
        if is_colored {
            text.push_str(own_color(code));
        }
        text.push_str(rest);
    }
    let lines: Vec<_> = text
        .trim_end_matches(['\n', ' '])
        .lines()
        .map(str::trim_end)
        .collect();
    let end = if is_colored { "\u{1b}[0m" } else { "" };
    lines.join("\n").trim_end_matches(end).to_owned() + end
}

/// The code of a terminal's own color in place of an exact one.
fn own_color(code: &str) -> &'static str {
    let Some(exact) = code.strip_prefix("[38;2;") else {
        return "\u{1b}[0m";
    };
    let mut parts = exact
        .split(';')
        .map(|part| part.parse::<u8>().unwrap_or_default());
    let hex = format!(
        "#{:02x}{:02x}{:02x}",
        parts.next().unwrap_or(0),
        parts.next().unwrap_or(0),
        parts.next().unwrap_or(0)
    );
    match hex.as_str() {
        hex if hex == BLUE.light => "\u{1b}[94m",
        hex if hex == VERMILLION.light => "\u{1b}[93m",
        hex if hex == TEXT.light => "\u{1b}[0m",
        hex if hex == LINE.light => "\u{1b}[90m",
        _ => "\u{1b}[2;90m",
    }
}
