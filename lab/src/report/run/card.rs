//! Where the networks come from, and how good they are.

use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{Explanation, MeasuredMetric};
use crate::report::axes::{Axes, SIZE, no_format};
use crate::report::chart::Chart;
use crate::report::escape::shortened;
use crate::report::ink::of_run;
use crate::report::picture::Picture;
use crate::report::range::Range;
use crate::report::table::Table;
use crate::report::words::{capital, count, percent, several, value};

/// Letters of a run's name beside its interval.
const MOST_LETTERS: usize = 24;

/// Metrics and facts of all runs.
pub(super) fn section(runs: &[Explanation]) -> Section {
    Section {
        name: "card",
        title: "How good, and where from".to_owned(),
        lead: "Measured with dropout off. Brackets are 95 % intervals: what another draw of as many rows could come to."
            .to_owned(),
        combined: Some(combined(runs)),
        runs: runs.iter().map(|run| Some(facts(run))).collect(),
    }
}

/// The preferred part of the data in sight, the others behind it.
fn combined(runs: &[Explanation]) -> Figure {
    let drawings = compared(runs).map(|picture| Drawing::new("compared", picture));
    let most = runs
        .iter()
        .find_map(preferred_metric)
        .map(|measured| measured.split.clone());
    let mut splits: Vec<&str> = most.iter().map(String::as_str).collect();
    for measured in runs.iter().flat_map(|run| &run.card.measured) {
        if !splits.contains(&measured.split.as_str()) {
            splits.push(&measured.split);
        }
    }
    let values = splits.iter().enumerate().map(|(k, split)| FigureTable {
        title: format!("On the {split} rows"),
        table: metrics(runs, split),
        is_figure: k == 0,
    });
    Figure {
        drawings: drawings.into_iter().collect(),
        caption: String::new(),
        values: values.collect(),
    }
}

/// A line for each metric of a part of the data that a run has, a column for each run.
fn metrics(runs: &[Explanation], split: &str) -> Table {
    let names = runs.iter().map(|run| match runs.len() {
        1 => "value [95 %]".to_owned(),
        _ => run.name.clone(),
    });
    let measured = runs.iter().flat_map(|run| &run.card.measured);
    let all: Vec<&MeasuredMetric> = measured
        .filter(|measured| measured.split == split)
        .collect();
    let rows = all.first().map_or(0, |measured| measured.rows);
    let title = format!("{split}, {}", several(rows, "row", "rows"));
    let mut table = Table::new(std::iter::once(title).chain(names));
    let mut lines: Vec<&str> = Vec::new();
    for measured in all {
        if !lines.contains(&measured.metric.as_str()) {
            lines.push(&measured.metric);
        }
    }
    for metric in lines {
        let cells = runs
            .iter()
            .map(|run| find(run, split, metric).map_or("-".to_owned(), words));
        table.push(std::iter::once(metric.to_owned()).chain(cells).collect());
    }
    table
}

fn find<'a>(run: &'a Explanation, split: &str, metric: &str) -> Option<&'a MeasuredMetric> {
    run.card
        .measured
        .iter()
        .find(|measured| measured.split == split && measured.metric == metric)
}

/// The value and its interval.
fn words(measured: &MeasuredMetric) -> String {
    let number = |number: f64| value(number, measured.is_share);
    let interval = measured.interval.map(|interval| match measured.is_share {
        // The sign once is enough.
        true => format!(
            " [{}, {}]",
            percent(interval.low).trim_end_matches(" %"),
            percent(interval.high).trim_end_matches(" %")
        ),
        false => format!(" [{}, {}]", number(interval.low), number(interval.high)),
    });
    number(measured.value) + &interval.unwrap_or_default()
}

/// The metric that says most: the first one of the split that is furthest from training.
pub(super) fn preferred_metric(run: &Explanation) -> Option<&MeasuredMetric> {
    let of = |split: &str| {
        run.card
            .measured
            .iter()
            .find(|measured| measured.split == split)
    };
    of("test")
        .or_else(|| of("validation"))
        .or_else(|| run.card.measured.first())
}

/// The preferred metric of all runs, one under the other; `None` for one run, or where they are measured
/// differently.
fn compared(runs: &[Explanation]) -> Option<Picture> {
    let first = preferred_metric(runs.first()?)?;
    let found =
        |run| find(run, &first.split, &first.metric).filter(|found| found.value.is_finite());
    let measured: Vec<&MeasuredMetric> = runs.iter().map(found).collect::<Option<_>>()?;
    if runs.len() < 2 {
        return None;
    }
    let title = format!("{} on the {} rows", capital(&first.metric), first.split);
    let mut chart = Chart::new(&Axes {
        title: &title,
        ..axes(runs, &measured)?
    });
    let scale = scale(first);
    let mut labels = Vec::new();
    for (k, (run, found)) in runs.iter().zip(&measured).enumerate() {
        let (y, ink) = (-(k as f64), of_run(k));
        let interval = found.interval.map(|interval| [interval.low, interval.high]);
        let ends = interval.unwrap_or([found.value; 2]);
        chart.line(&ends.map(|end| (scale * end, y)), ink, 2.0);
        let tip = format!("{}: {}", run.name, words(found));
        chart.ball((scale * found.value, y), 6.0, ink, &tip);
        labels.push((y, shortened(&run.name, MOST_LETTERS), ink));
    }
    chart.end_labels(&labels);
    let rows = runs
        .iter()
        .zip(&measured)
        .map(|(run, found)| format!("{}: {}", run.name, words(found)));
    let rows: Vec<_> = rows.collect();
    let description = format!("A dot and an interval for each run. {}.", rows.join("; "));
    Some(chart.into_picture(&title, &description))
}

fn scale(measured: &MeasuredMetric) -> f64 {
    if measured.is_share { 100.0 } else { 1.0 }
}

/// From 0 to the end of the longest interval, a height for each run; none without a number.
fn axes(runs: &[Explanation], measured: &[&MeasuredMetric]) -> Option<Axes<'static>> {
    let ends = measured.iter().flat_map(|found| {
        let high = found.interval.map_or(found.value, |interval| interval.high);
        let low = found.interval.map_or(found.value, |interval| interval.low);
        [scale(found) * low, scale(found) * high]
    });
    let is_share = measured.first()?.is_share;
    let rows = runs.len() as f64;
    Some(Axes {
        x_label: if is_share { "%" } else { "" },
        y_label: "dot: this network; line: 95 % interval",
        x: Range::of(ends.chain([0.0]))?.widened(0.0, 0.06),
        y: Range {
            low: 0.4 - rows,
            high: 0.6,
        },
        y_format: Some(no_format()),
        ends: runs
            .iter()
            .map(|run| shortened(&run.name, MOST_LETTERS))
            .collect(),
        is_plain: true,
        size: (SIZE.0, 102.0 + 30.0 * rows),
        ..Axes::default()
    })
}

/// All that is known of a run, as a table of two columns.
fn facts(run: &Explanation) -> Figure {
    let card = &run.card;
    let mut table = Table::new(["", ""]);
    let mut push = |name: &str, value: &str| table.push(vec![name.to_owned(), value.to_owned()]);
    push("network", &card.network);
    push(
        "model",
        &format!("{}, of step {}", card.model, count(card.model_step)),
    );
    push("seed", &card.seed.to_string());
    for (name, value) in &card.facts {
        push(name, value);
    }
    push("data, SHA-256", &card.data_sha256);
    Figure {
        values: vec![FigureTable {
            title: "Facts".to_owned(),
            table,
            is_figure: true,
        }],
        ..Figure::default()
    }
}

/// The preferred metric of each run, in a sentence.
pub(super) fn caption(runs: &[Explanation]) -> String {
    match runs {
        [one] => preferred_metric(one).map_or("Nothing is measured.".to_owned(), |measured| {
            let rows = format!("{} {} rows", count(measured.rows), measured.split);
            format!(
                "The {} on the {rows} is {}.",
                measured.metric,
                words(measured)
            )
        }),
        [one, other] => two(one, other).unwrap_or_else(|| each(runs)),
        runs => each(runs),
    }
}

/// Two networks that were measured alike.
fn two(one: &Explanation, other: &Explanation) -> Option<String> {
    let first = preferred_metric(one)?;
    let second = find(other, &first.split, &first.metric)?;
    let overlap = match (first.interval, second.interval) {
        (Some(one), Some(other)) if one.low <= other.high && other.low <= one.high => {
            " Their intervals overlap: one network of each kind does not say which is better. Train many with dropwise study."
        }
        (Some(_), Some(_)) => " Their intervals do not overlap.",
        _ => "",
    };
    Some(format!(
        "On the {} rows the {} of {} is {}, that of {} {}.{overlap}",
        first.split,
        first.metric,
        one.name,
        value(first.value, first.is_share),
        other.name,
        value(second.value, second.is_share)
    ))
}

/// Networks that may have learned different things.
fn each(runs: &[Explanation]) -> String {
    let of_run = |run: &Explanation| match preferred_metric(run) {
        Some(found) => format!(
            "{}: {} {} on the {} rows",
            run.name,
            found.metric,
            value(found.value, found.is_share),
            found.split
        ),
        None => format!("{}: nothing is measured", run.name),
    };
    let runs: Vec<_> = runs.iter().map(of_run).collect();
    if runs.is_empty() {
        "There is nothing to show.".to_owned()
    } else {
        runs.join("; ") + "."
    }
}
