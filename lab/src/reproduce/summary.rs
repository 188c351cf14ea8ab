//! What an experiment comes to, beside what was published.

use serde::Serialize;

use super::paper::in_words;
use super::{
    ClaimResult, Holds, Measurement, NetworkId, NetworkOutcome, Outcomes, Paper, PaperMeasure,
    PaperRow, Stage,
};
use crate::statistics::Distribution;
use crate::tune::Score;
use dropwise::error::{Error, Result};

/// What an experiment comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// What it is about.
    pub title: String,
    /// Where it was published.
    pub source: String,
    /// What the paper shows, in words.
    pub shows: String,
    /// What is measured.
    pub measure: PaperMeasure,
    /// The label of the figure's horizontal axis, and whether it is logarithmic, where rows are points on it.
    pub axis: Option<(String, bool)>,
    /// Whether this is a quick run, whose numbers are not those of the paper's data.
    pub is_quick: bool,
    /// The hash of the data of the networks; empty if there are none yet.
    pub data_sha256: String,
    /// A line of the published table each.
    pub rows: Vec<RowSummary>,
    /// What is claimed, and whether it holds.
    pub claims: Vec<ClaimResult>,
    /// How long all networks took to train, each on its own.
    pub seconds: f64,
}

/// What a row comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowSummary {
    /// Its short name.
    pub name: String,
    /// What the table calls it.
    pub method: String,
    /// The curve that the point belongs to.
    pub series: Option<String>,
    /// Where the point is on the horizontal axis.
    pub x: Option<f64>,
    /// The published number.
    pub published: Option<f64>,
    /// The bound that the mean is held to.
    pub bound: Option<f64>,
    /// What was tried on validation rows, and what it came to.
    pub candidates: Vec<Candidate>,
    /// Seed and number of each network that was measured, by seed.
    pub values: Vec<(u64, f64)>,
    /// Networks that diverged.
    pub diverged: usize,
    /// The distribution of the numbers.
    pub distribution: Option<Distribution>,
    /// What else was measured, by its name with its unit: the mean over the networks.
    pub others: Vec<(&'static str, f64)>,
    /// Whether the mean is within the bound.
    pub verdict: Option<RowVerdict>,
    /// Epochs that the networks were trained for.
    pub epochs: Option<usize>,
    /// How long the networks took to train, those to choose by included, each on its own.
    pub seconds: f64,
}

/// KeyValues that were tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// The values, by their dotted names, as TOML.
    pub values: Vec<(String, String)>,
    /// What they came to on validation rows; none if not known yet, or diverged.
    pub score: Option<Score>,
    /// Whether it is the one that was chosen.
    pub is_chosen: bool,
}

/// What a row's mean is beside the bound that it is held to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowVerdict {
    /// Not larger than the published number.
    AsGood,
    /// Larger than the published number by this, and within the bound.
    Within(f64),
    /// Larger than the bound by this.
    Missed(f64),
}

impl Summary {
    /// What these outcomes come to, of whichever networks there are.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if they come from different data, or if networks of a row that are measured have
    /// other values than those that are chosen, or than each other.
    pub fn of(paper: &Paper, outcomes: &Outcomes) -> Result<Self> {
        for row in &paper.rows {
            check_choice(paper, row, outcomes)?;
        }
        let rows: Vec<_> = paper
            .rows
            .iter()
            .map(|row| RowSummary::of(paper, row, outcomes))
            .collect();
        Ok(Summary {
            title: paper.title.clone(),
            source: paper.source.clone(),
            shows: paper.shows.clone(),
            measure: paper.measure,
            axis: paper.axis.clone(),
            is_quick: paper.is_quick,
            data_sha256: same_data(outcomes)?,
            claims: paper
                .claims
                .iter()
                .map(|claim| claim.check(&rows))
                .collect(),
            seconds: rows.iter().map(|row| row.seconds).sum(),
            rows,
        })
    }

    /// Whether every row is within its bound and every claim holds, if only on average, as far as there are
    /// networks to tell.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let missed = |row: &RowSummary| {
            row.diverged > 0 || matches!(row.verdict, Some(RowVerdict::Missed(_)))
        };
        !self.rows.iter().any(missed) && !self.claims.iter().any(|claim| claim.holds == Holds::No)
    }
}

/// The hash of the data that all outcomes are of.
fn same_data(outcomes: &Outcomes) -> Result<String> {
    let mut hashes = outcomes
        .iter()
        .map(|(id, outcome)| (id, &outcome.data_sha256));
    let Some((first, hash)) = hashes.next() else {
        return Ok(String::new());
    };
    match hashes.find(|(_, other)| *other != hash) {
        None => Ok(hash.clone()),
        Some((other, _)) => Err(Error::invalid(
            "the data",
            format!("the same for all networks, as {first} was trained on"),
            format!("others for {other}"),
        )),
    }
}

/// Refuses networks of a row that were trained with other values than those that are chosen: parts of an experiment
/// may have chosen on machines that do not compute alike.
fn check_choice(paper: &Paper, row: &PaperRow, outcomes: &Outcomes) -> Result<()> {
    let is_own = |id: &NetworkId| id.row == row.name && id.stage == Stage::Measure;
    let chosen = paper.chosen(row, outcomes).map(|chosen| in_words(&chosen));
    let mut expected = chosen.map(|chosen| (chosen, "is chosen".to_owned()));
    for (id, outcome) in outcomes.iter().filter(|(id, _)| is_own(id)) {
        if outcome.values.is_empty() {
            continue;
        }
        match &expected {
            None => expected = Some((outcome.values.clone(), format!("{id} has"))),
            Some((values, _)) if *values == outcome.values => {}
            Some((values, whose)) => {
                return Err(Error::invalid(
                    id.to_string(),
                    format!("{}, as {whose}", in_line(values)),
                    format!(
                        "{}; leave its part out, or delete its folder and train it again",
                        in_line(&outcome.values)
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// KeyValues in a line.
pub(crate) fn in_line(values: &[(String, String)]) -> String {
    let each = values.iter().map(|(key, value)| format!("{key} = {value}"));
    if values.is_empty() {
        "no values".to_owned()
    } else {
        each.collect::<Vec<_>>().join(", ")
    }
}

impl RowSummary {
    fn of(paper: &Paper, row: &PaperRow, outcomes: &Outcomes) -> Self {
        let own: Vec<_> = outcomes
            .iter()
            .filter(|(id, _)| id.row == row.name)
            .collect();
        let measured = own.iter().filter(|(id, _)| id.stage == Stage::Measure);
        let measured: Vec<(u64, &NetworkOutcome)> =
            measured.map(|(id, found)| (id.seed, *found)).collect();
        let value = |(seed, outcome): &(u64, &NetworkOutcome)| {
            let measured = outcome.measured.as_ref()?;
            Some((*seed, measured.value?))
        };
        let values: Vec<(u64, f64)> = measured.iter().filter_map(value).collect();
        let numbers: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
        let distribution = Distribution::of(&numbers);
        let bound = row.bound(paper.tolerance);
        let mean = distribution.as_ref().map(|found| found.mean);
        RowSummary {
            name: row.name.clone(),
            method: row.method.clone(),
            series: row.series.clone(),
            x: row.x,
            published: row.published,
            bound,
            candidates: candidates(paper, row, outcomes),
            diverged: measured
                .iter()
                .filter(|(_, outcome)| outcome.measured.is_none())
                .count(),
            others: others(&measured),
            values,
            verdict: mean
                .zip(bound)
                .map(|(mean, bound)| RowVerdict::of(mean, row.published, bound)),
            distribution,
            epochs: measured.iter().map(|(_, outcome)| outcome.epochs).max(),
            seconds: own.iter().map(|(_, outcome)| outcome.seconds).sum(),
        }
    }
}

/// The means of what is measured beside the number of the measure.
fn others(measured: &[(u64, &NetworkOutcome)]) -> Vec<(&'static str, f64)> {
    let mean = |of: fn(&Measurement) -> Option<f64>| {
        let each = measured
            .iter()
            .filter_map(|(_, outcome)| of(outcome.measured.as_ref()?));
        Some(Distribution::of(&each.collect::<Vec<_>>())?.mean)
    };
    let all = [
        (
            "from least squares, %",
            mean(|found| found.from_least_squares),
        ),
        ("near zero, %", mean(|found| Some(100.0 * found.near_zero?))),
    ];
    all.into_iter()
        .filter_map(|(name, mean)| Some((name, mean?)))
        .collect()
}

fn candidates(paper: &Paper, row: &PaperRow, outcomes: &Outcomes) -> Vec<Candidate> {
    let scores = paper.scores(row, outcomes);
    let chosen = paper.chosen(row, outcomes);
    let scored = row.candidates.iter().zip(scores);
    scored
        .map(|(values, score)| Candidate {
            is_chosen: chosen.as_ref() == Some(values),
            values: in_words(values),
            score: score.flatten(),
        })
        .collect()
}

impl RowVerdict {
    fn of(mean: f64, published: Option<f64>, bound: f64) -> Self {
        // Numbers of two digits after the point are compared as they are written.
        let rounding = 1e-9;
        match published {
            Some(published) if mean <= published + rounding => RowVerdict::AsGood,
            _ if mean <= bound + rounding => RowVerdict::Within(mean - published.unwrap_or(bound)),
            _ => RowVerdict::Missed(mean - bound),
        }
    }
}
