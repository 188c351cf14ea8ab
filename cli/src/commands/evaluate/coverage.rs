//! What intervals, sets and samples come to on the rows that are looked at.

use std::io::Write;
use std::path::Path;

use dropwise::data::{self, Part, Splits};
use dropwise::{Dataset, Error, Result};
use dropwise_lab::store::{Trained, calibration_of};
use dropwise_lab::uncertainty::{
    Assessment, ClassAssessment, Coverage, GroupCoverage, TargetAssessment,
};

use super::super::sure::SamplesArgs;

/// Whether intervals are measured, and how.
#[derive(clap::Args)]
pub(super) struct CoverageArgs {
    /// Measure intervals of numbers or sets of classes too: how often they hold the true one, and how wide they are
    #[arg(long)]
    coverage: bool,
    #[command(flatten)]
    samples: SamplesArgs,
    /// Measure them for each value of this column of the table too; of many numbers for each quarter of the rows
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
}

/// What was found, and what is said about the rows that intervals are from.
pub(super) struct Found {
    pub(super) assessment: Assessment,
    words: String,
    column: Option<String>,
}

impl CoverageArgs {
    pub(super) fn is_asked(&self) -> bool {
        self.coverage || self.samples.are_asked() || self.by.is_some()
    }

    /// Measures the rows of `part`, or of another file, `input`. `splits` are the run's data, if they are at hand.
    pub(super) fn assess(
        &self,
        (run, trained): (&Path, &Trained),
        rows: &Dataset,
        (part, input): (Option<Part>, Option<&Path>),
        splits: Option<&Splits>,
    ) -> Result<Found> {
        let groups = self.by.as_deref();
        let groups = groups.map(|column| groups_of(trained, rows, input, column));
        let groups = groups.transpose()?;
        let asked = self.samples.asked(trained)?;
        let sampler = asked.sampler(trained)?;
        let spread = sampler.spread(rows)?;
        let (calibration, words) = match calibration_of(run, trained, (asked, &sampler), splits) {
            Ok(found) if Some(found.part) == part => {
                let word = found.part.word();
                (
                    None,
                    format!(
                        "no intervals: they would be from the {word} rows, which are looked at here"
                    ),
                )
            }
            Ok(found) => (Some(found.calibration), found.words),
            // Samples can be measured without.
            Err(error) if self.samples.are_asked() && self.by.is_none() => {
                (None, format!("no calibrated intervals: {error}"))
            }
            Err(error) => return Err(error),
        };
        let assessment = Assessment::new(rows, &spread, calibration.as_ref(), groups.as_deref())?;
        Ok(Found {
            assessment,
            words,
            column: self.by.clone(),
        })
    }
}

/// The most values of a column that are groups of their own, if they are numbers.
const MOST_NUMBERS: usize = 10;

/// The value of a column in each row; of many numbers the quarter of the rows that it is in.
fn groups_of(
    trained: &Trained,
    rows: &Dataset,
    input: Option<&Path>,
    column: &str,
) -> Result<Vec<String>> {
    let text = data::column_text(&trained.experiment.data, input, column);
    let text = text.map_err(|error| match error {
        Error::InvalidValue {
            expected, found, ..
        } => Error::invalid("--by", expected, found),
        error => error,
    })?;
    let value = |row: usize| text.get(rows.file(row)?)?.get(&rows.line(row)?).cloned();
    let values: Option<Vec<String>> = (0..rows.len()).map(value).collect();
    let values = values.ok_or_else(|| {
        let expected = "the table that was read a moment ago";
        Error::invalid("--by", expected, "one whose rows are on other lines")
    })?;
    Ok(quarters(&values).unwrap_or(values))
}

/// The quarter that each number is in; none for few values, and for what are no numbers.
fn quarters(values: &[String]) -> Option<Vec<String>> {
    let numbers: Option<Vec<f64>> = values.iter().map(|value| value.parse().ok()).collect();
    let numbers = numbers.filter(|numbers| numbers.iter().all(|number| number.is_finite()))?;
    let mut sorted = numbers.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let distinct = sorted.chunk_by(|a, b| a == b).count();
    if distinct <= MOST_NUMBERS {
        return None;
    }
    let edges = [1, 2, 3].map(|quarter| sorted[quarter * sorted.len() / 4]);
    let [a, b, c] = edges;
    let name = |number: &f64| match number {
        low if *low < a => format!("below {a}"),
        low if *low < b => format!("{a} to {b}"),
        low if *low < c => format!("{b} to {c}"),
        _ => format!("from {c}"),
    };
    Some(numbers.iter().map(name).collect())
}

/// Shows it all as text.
pub(super) fn show(out: &mut impl Write, found: &Found) -> Result<()> {
    let Found {
        assessment,
        words,
        column,
    } = found;
    let asked = match assessment.samples {
        None => "mean and variance in closed form".to_owned(),
        Some(1) => "dropout off".to_owned(),
        Some(samples) => format!("{samples} networks"),
    };
    writeln!(out, "\nwith {asked}; {words}:")?;
    for target in &assessment.targets {
        if assessment.targets.len() > 1 {
            writeln!(out, "\n{}", target.target)?;
        }
        show_target(out, target)?;
    }
    if let Some(classes) = &assessment.classes {
        show_classes(out, classes)?;
    }
    if let Some(column) = column.as_ref().filter(|_| !assessment.groups.is_empty()) {
        show_groups(out, column, &assessment.groups)?;
    }
    Ok(())
}

fn show_target(out: &mut impl Write, target: &TargetAssessment) -> Result<()> {
    show_coverage(out, &target.coverage, "mean width")?;
    let number = dropwise::evaluate::number;
    let mut lines = vec![
        ("CRPS", number(target.crps)),
        (
            "negative log likelihood",
            number(target.negative_log_likelihood),
        ),
        ("RMSE of the mean", number(target.rmse)),
    ];
    if target.mean_std > 0.0 {
        lines.push(("mean std", number(target.mean_std)));
    }
    if let Some(noise) = target.noise {
        lines.push(("std of the noise", number(noise)));
    }
    show_lines(out, lines)
}

fn show_classes(out: &mut impl Write, classes: &ClassAssessment) -> Result<()> {
    show_coverage(out, &classes.coverage, "classes")?;
    let number = dropwise::evaluate::number;
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let mut lines = vec![
        ("error rate", percent(classes.error_rate)),
        (
            "negative log likelihood",
            number(classes.negative_log_likelihood),
        ),
        ("Brier score", number(classes.brier_score)),
        (
            "ECE, equal width",
            percent(classes.expected_calibration_error),
        ),
        (
            "ECE, equal mass",
            percent(classes.adaptive_calibration_error),
        ),
    ];
    let more = [
        ("temperature", classes.temperature.map(number)),
        (
            "  NLL at it",
            classes.scaled_negative_log_likelihood.map(number),
        ),
        (
            "  ECE at it",
            classes.scaled_expected_calibration_error.map(percent),
        ),
        ("mistakes told by (AUROC)", None),
        (
            "  mutual information",
            classes.mutual_information_auroc.map(number),
        ),
        ("  entropy", classes.entropy_auroc.map(number)),
        (
            "  largest probability",
            classes.max_probability_auroc.map(number),
        ),
    ];
    lines.extend(more.into_iter().filter_map(|(name, value)| match value {
        None if name.starts_with("mistakes") => Some((name, String::new())),
        value => Some((name, value?)),
    }));
    show_lines(out, lines)?;
    writeln!(
        out,
        "\n{:<12}{:>10}{:>12}",
        "confidence", "rows", "accuracy"
    )?;
    for (level, share, accuracy) in &classes.accuracy_over_confidence {
        let accuracy = accuracy.map_or("-".to_owned(), percent);
        writeln!(
            out,
            "{:<12}{:>10}{accuracy:>12}",
            format!("from {level}"),
            percent(*share)
        )?;
    }
    Ok(())
}

fn show_lines(out: &mut impl Write, lines: Vec<(&str, String)>) -> Result<()> {
    writeln!(out)?;
    for (name, value) in lines {
        writeln!(out, "{}", format!("{name:<26}  {value:>12}").trim_end())?;
    }
    Ok(())
}

/// A line a score and level.
fn show_coverage(out: &mut impl Write, coverage: &[Coverage], width: &str) -> Result<()> {
    if coverage.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{:<20}{:>7}{:>10}  {:>18}{width:>12}",
        "conformity score", "level", "coverage", "expected in 95 %"
    )?;
    for one in coverage {
        writeln!(
            out,
            "{:<20}{:>7}{:>10}  {:>18}{:>12}",
            match one.score {
                "none" => "none: std alone",
                score => score,
            },
            format!("{} %", 100.0 * one.level),
            format!("{:.1} %", 100.0 * one.coverage),
            range(one.expected),
            dropwise::evaluate::number(one.mean_width),
        )?;
    }
    Ok(())
}

fn range(expected: Option<[f64; 2]>) -> String {
    expected.map_or(String::new(), |[low, high]| {
        format!("{:.1} to {:.1} %", 100.0 * low, 100.0 * high)
    })
}

/// A line a group, the largest first, and at most so many.
fn show_groups(out: &mut impl Write, column: &str, groups: &[GroupCoverage]) -> Result<()> {
    const LISTED: usize = 20;
    let longest = groups.iter().map(|group| group.group.chars().count()).max();
    let width = longest
        .unwrap_or(0)
        .max(column.chars().count())
        .clamp(5, 30);
    writeln!(
        out,
        "\n{column:<width$}  {:>7}  {:>13}  {:>18}  {:>10}",
        "rows", "90 % covers", "expected in 95 %", "width"
    )?;
    for group in groups.iter().take(LISTED) {
        let GroupCoverage {
            group,
            rows,
            coverage,
            expected,
            mean_width,
        } = group;
        writeln!(
            out,
            "{group:<width$}  {rows:>7}  {:>11.1} %  {:>18}  {:>10}",
            100.0 * coverage,
            range(*expected),
            dropwise::evaluate::number(*mean_width),
        )?;
    }
    if groups.len() > LISTED {
        writeln!(out, "and {} more", groups.len() - LISTED)?;
    }
    Ok(())
}
