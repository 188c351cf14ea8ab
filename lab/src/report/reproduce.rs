//! A published experiment beside what ours comes to: table, words, figure.

use super::Table;
use super::tune::capital;
use crate::reproduce::{
    ClaimResult, Holds, PaperMeasure, RowSummary, RowVerdict, Summary, in_line,
};

/// Everything in words: the table, what was chosen, what is claimed. Markdown, or for a terminal.
#[must_use]
pub fn reproduce_text(summary: &Summary, is_markdown: bool) -> String {
    let table = table(summary);
    let table = if is_markdown {
        format!("# {}\n\n{}", summary.title, table.to_markdown())
    } else {
        format!("{table}\n")
    };
    let mut parts = vec![table];
    let notes = notes(summary);
    parts.push(notes.join(if is_markdown { "\n\n" } else { "\n" }));
    if is_markdown && summary.rows.iter().any(|row| !row.values.is_empty()) {
        parts.push(format!("\n![{}](figure.svg)", summary.title));
    }
    if summary.rows.iter().any(|row| !row.candidates.is_empty()) {
        let title = if is_markdown {
            "## Chosen on validation rows\n\n"
        } else {
            "Chosen on validation rows:\n"
        };
        let chosen = candidates(summary);
        parts.push(if is_markdown {
            format!("\n{title}{}", chosen.to_markdown().trim_end())
        } else {
            format!("\n{title}{chosen}")
        });
    }
    if !summary.claims.is_empty() {
        let title = if is_markdown {
            "\n## Claims\n"
        } else {
            "\nClaims:"
        };
        parts.push(title.to_owned());
        parts.extend(
            summary
                .claims
                .iter()
                .map(|claim| said(summary.measure, claim)),
        );
    }
    let text = parts.join("\n");
    text.trim_end().to_owned() + if is_markdown { "\n" } else { "" }
}

fn table(summary: &Summary) -> Table {
    let others = others(summary);
    let mut titles = vec!["method", "published", "ours"];
    titles.extend(&others);
    titles.extend(["networks", "epochs", "minutes", "verdict"]);
    let mut table = Table::new(titles);
    let number =
        |value: Option<f64>| value.map_or("-".to_owned(), |value| summary.measure.number(value));
    for row in &summary.rows {
        let mut cells = vec![
            row.method.clone(),
            number(row.published),
            ours(summary.measure, row),
        ];
        cells.extend(others.iter().map(|name| {
            let found = row.others.iter().find(|(other, _)| other == name);
            found.map_or("-".to_owned(), |(_, value)| format!("{value:.1}"))
        }));
        let minutes = if row.seconds > 0.0 {
            format!("{:.1}", row.seconds / 60.0)
        } else {
            "-".to_owned()
        };
        cells.extend([
            row.values.len().to_string(),
            row.epochs
                .map_or("-".to_owned(), |epochs| epochs.to_string()),
            minutes,
            verdict(summary, row),
        ]);
        table.push(cells);
    }
    table
}

/// What else the rows have, in the order in which it comes.
fn others(summary: &Summary) -> Vec<&'static str> {
    let mut names = Vec::new();
    for (name, _) in summary.rows.iter().flat_map(|row| &row.others) {
        if !names.contains(name) {
            names.push(*name);
        }
    }
    names
}

/// Mean and standard deviation, then each number.
fn ours(measure: PaperMeasure, row: &RowSummary) -> String {
    let Some(found) = &row.distribution else {
        return "-".to_owned();
    };
    let mean = measure.number(found.mean);
    let Some(deviation) = found.standard_deviation else {
        return mean;
    };
    let each: Vec<_> = row
        .values
        .iter()
        .map(|(_, value)| measure.number(*value))
        .collect();
    let each = match each.len() {
        2..=5 => format!(" ({})", each.join(", ")),
        _ => String::new(),
    };
    format!("{mean} ± {}{each}", measure.number(deviation))
}

fn verdict(summary: &Summary, row: &RowSummary) -> String {
    let number = |value: f64| summary.measure.number(value);
    let diverged = match row.diverged {
        0 => String::new(),
        count => format!("; {count} diverged"),
    };
    let words = match row.verdict {
        None if summary.is_quick && row.distribution.is_some() => "ran".to_owned(),
        None => "-".to_owned(),
        Some(RowVerdict::AsGood) => "as good".to_owned(),
        Some(RowVerdict::Within(_)) if row.published.is_none() => "within the bound".to_owned(),
        Some(RowVerdict::Within(more)) => format!("within the bound, +{}", number(more)),
        Some(RowVerdict::Missed(more)) => format!(
            "missed: {} above the bound of {}",
            number(more),
            number(row.bound.unwrap_or_default())
        ),
    };
    words + &diverged
}

/// What the numbers are.
fn notes(summary: &Summary) -> Vec<String> {
    let mut notes = vec![format!(
        "{}: mean and standard deviation over networks that differ in their seeds. Published: {}.",
        capital(summary.measure.name()),
        summary.source
    )];
    if summary.is_quick {
        notes.push(
            "A quick run: small networks and few data, which show that all of it works. Its numbers are not to be compared \
             with those of the paper."
                .to_owned(),
        );
    }
    if !summary.shows.is_empty() {
        notes.push(format!("The paper: {}", summary.shows));
    }
    notes
}

fn candidates(summary: &Summary) -> Table {
    let titles = ["row", "values", "validation error", "chosen"];
    let mut table = Table::new(titles);
    for row in &summary.rows {
        for candidate in &row.candidates {
            table.push(vec![
                row.name.clone(),
                in_line(&candidate.values),
                candidate
                    .score
                    .map_or("-".to_owned(), |score| format!("{:.4}", score.error)),
                if candidate.is_chosen { "yes" } else { "" }.to_owned(),
            ]);
        }
    }
    table
}

fn said(measure: PaperMeasure, result: &ClaimResult) -> String {
    let number = |value: f64| match measure {
        PaperMeasure::Errors => format!("{value:+.1}"),
        _ => format!("{value:+.3}"),
    };
    let by = match (result.difference, result.interval) {
        (Some(difference), Some(interval)) => format!(
            " ({} [{}, {}])",
            number(difference),
            number(interval.low),
            number(interval.high)
        ),
        (Some(difference), None) => format!(" ({})", number(difference)),
        _ => String::new(),
    };
    let mark = match result.holds {
        Holds::Clearly | Holds::OnAverage => "ok ",
        Holds::No => "no ",
        Holds::Unknown => "?  ",
    };
    format!(
        "- {mark}{}: {}{by}",
        result.claim.says,
        result.holds.words()
    )
}
