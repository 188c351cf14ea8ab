//! A study as a table and as a figure.

use serde_json::Value;

use super::{Strip, Strips, Table};
use crate::statistics::{Distribution, Interval};
use crate::study::{Setting, SettingSummary, StudyOutcome, StudySummary, finite_errors};
use dropwise::evaluate::Measure;

/// A row for each setting. `with_time` adds how long each took, which is never twice the same.
#[must_use]
pub fn study_table(summary: &StudySummary, with_time: bool) -> Table {
    let solved = any(summary, |setting| setting.solved.is_some());
    let diverged = any(summary, |setting| setting.diverged > 0);
    let measure = summary.measure;
    let mut titles = summary.keys.clone();
    if solved {
        titles.push("solved [95 %]".to_owned());
    }
    titles.push(format!("{} [95 %]", measure.name()));
    titles.extend(["deviation", "quartiles"].map(str::to_owned));
    if diverged {
        titles.push("diverged".to_owned());
    }
    if with_time {
        titles.push("time".to_owned());
    }
    let mut table = Table::new(titles);
    for setting in &summary.settings {
        let mut row: Vec<_> = summary
            .keys
            .iter()
            .map(|key| word(&setting.setting, key))
            .collect();
        if solved {
            row.push(setting.solved.as_ref().map_or("-".to_owned(), |solved| {
                with_interval(
                    &|share| format!("{share:.3}"),
                    solved.share,
                    Some(solved.interval),
                )
            }));
        }
        row.extend(errors(setting.error.as_ref(), measure));
        if diverged {
            row.push(setting.diverged.to_string());
        }
        if with_time {
            row.push(format!("{:.2} s", setting.seconds));
        }
        table.push(row);
    }
    table
}

fn any(summary: &StudySummary, is_so: impl Fn(&SettingSummary) -> bool) -> bool {
    summary.settings.iter().any(is_so)
}

/// Mean, deviation and quartiles.
fn errors(found: Option<&Distribution>, measure: Measure) -> [String; 3] {
    let Some(found) = found else {
        return ["-".to_owned(), "-".to_owned(), "-".to_owned()];
    };
    let number = |value: f64| number(value, measure);
    let quartiles = [found.lower_quartile, found.median, found.upper_quartile];
    [
        with_interval(&number, found.mean, found.mean_interval),
        found.standard_deviation.map_or("-".to_owned(), number),
        quartiles.map(number).join(" "),
    ]
}

fn with_interval(number: &dyn Fn(f64) -> String, value: f64, interval: Option<Interval>) -> String {
    let interval =
        interval.map(|Interval { low, high }| format!(" [{}, {}]", number(low), number(high)));
    number(value) + &interval.unwrap_or_default()
}

fn number(value: f64, measure: Measure) -> String {
    match measure {
        measure if !measure.has_units() => format!("{value:.4}"),
        _ if value == 0.0 || (1e-3..1e6).contains(&value.abs()) => {
            let digits = 3 - (value.abs().max(1e-3).log10().floor() as i32).clamp(-3, 3);
            format!("{value:.*}", digits as usize)
        }
        _ => format!("{value:.3e}"),
    }
}

fn word(setting: &Setting, key: &str) -> String {
    match setting.get(key) {
        Some(Value::String(word)) => word.clone(),
        Some(value) => value.to_string(),
        None => "-".to_owned(),
    }
}

/// What the table's numbers are, in a few lines.
#[must_use]
pub fn study_notes(summary: &StudySummary) -> Vec<String> {
    let rows = match summary.split {
        "train" => "training",
        split => split,
    };
    let (last, seed) = (summary.replicas.saturating_sub(1) as u64, summary.seed);
    let folds = match summary.cross_validation {
        Some(folds) => format!(" of each of {folds} folds"),
        None => String::new(),
    };
    let mut notes = vec![format!(
        "{} networks{folds} a row, seeds {seed} to {}, after their last step, on the {rows} rows, dropout off",
        summary.replicas,
        seed.wrapping_add(last),
    )];
    if any(summary, |setting| setting.solved.is_some()) {
        notes.push(
            "solved: share of networks with every row right; Wilson's 95 % interval, which holds near 0 and 1 too"
                .to_owned(),
        );
    }
    notes.push(format!(
        "{}: mean over the networks; Student's 95 % interval, exact for normal errors, good for others from some \
         thirty networks on",
        summary.measure.name()
    ));
    if summary.cross_validation.is_some() {
        notes.push(
            "the training rows of folds overlap, so that the interval is narrower than it would be for other rows"
                .to_owned(),
        );
    }
    notes.push(
        "deviation: standard deviation; quartiles: a quarter, half and three quarters of the networks are below"
            .to_owned(),
    );
    if any(summary, |setting| setting.diverged > 0) {
        notes.push(
            "diverged: networks whose loss or weights became infinite; not solved, and not in the errors"
                .to_owned(),
        );
    }
    notes
}

/// A strip of dots for each setting. `outcomes` are those of the settings of `summary`, in any order.
#[must_use]
pub fn study_figure(summary: &StudySummary, outcomes: &[StudyOutcome]) -> Strips {
    let solved = any(summary, |setting| setting.solved.is_some());
    let measure = summary.measure;
    let strip = |setting: &SettingSummary| {
        let own = outcomes
            .iter()
            .filter(|outcome| outcome.setting == setting.setting);
        let own: Vec<_> = own.cloned().collect();
        let words = summary.keys.iter().map(|key| word(&setting.setting, key));
        let solved = setting.solved.as_ref();
        Strip {
            label: words.collect::<Vec<_>>().join(", "),
            note: solved.map_or(String::new(), |solved| {
                format!("{:.1} %", 100.0 * solved.share)
            }),
            values: finite_errors(&own, measure).collect(),
            published: None,
        }
    };
    let name = measure.name();
    let name = name[..1].to_uppercase() + &name[1..];
    Strips {
        title: format!("{name} of {} networks a setting", summary.replicas),
        subtitle: "dots: networks; box: quartiles and median; diamond: mean with its 95 % interval"
            .to_owned(),
        value_label: measure.name().to_owned(),
        strip_label: summary.keys.join(", "),
        note_label: if solved { "solved" } else { "" }.to_owned(),
        strips: summary.settings.iter().map(strip).collect(),
    }
}
