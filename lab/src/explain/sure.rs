//! How sure a network is: what many networks in its place say, and whether their intervals hold.

use serde::{Deserialize, Serialize};

use super::spaced;
use super::split_evaluation::SplitEvaluation;
use super::subject::Subject;
use crate::uncertainty::{Calibration, accuracy_over_confidence, rows_needed};
use dropwise::Dataset;
use dropwise::data::{Part, Preprocessing, Task};
use dropwise::error::{Error, Result};
use dropwise::evaluate::{Sampler, Samples, Spread, predicted_class};

/// How sure a network is, on some rows whose truth is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sure {
    /// The part of the data: `training`, `validation` or `test`.
    pub split: String,
    /// Rows that were looked at, at most 1,000 of the part, evenly spaced.
    pub rows: usize,
    /// The networks that were asked, in words.
    pub networks: String,
    /// The rows that intervals are from, and how many there are; none where there are none.
    pub calibration: Option<(String, usize)>,
    /// The target of a regression; none for classes.
    pub target: Option<String>,
    /// How often intervals hold the truth, over what they say.
    pub levels: Vec<LevelCoverage>,
    /// Of a regression at most 150 rows in order of their predictions, with their intervals of 90 %.
    pub intervals: Vec<RowInterval>,
    /// Of a regression with one input: how the answer goes with it, from the least to the largest value.
    pub band: Vec<BandPoint>,
    /// Of classes `(confidence, share of the rows, accuracy)` of the rows that are at least so sure.
    pub confidence: Vec<(f64, f64, Option<f64>)>,
    /// The rows about which the networks are least sure.
    pub uncertain: Vec<UncertainRow>,
}

/// How often intervals or sets of a level hold the truth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LevelCoverage {
    /// What they say.
    pub level: f64,
    /// Of normal intervals of the networks' deviation; none for classes.
    pub alone: Option<f64>,
    /// Of those from calibration rows; none where so few cannot support the level.
    pub calibrated: Option<f64>,
}

/// A row with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RowInterval {
    /// What came.
    pub actual: f64,
    /// The mean.
    pub predicted: f64,
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
}

/// The answer for one value of the only input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BandPoint {
    /// The input, standardized as the network gets it.
    pub input: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation of the networks.
    pub std: f64,
    /// Half the width of the interval of 90 %: from calibration rows, else the normal one of the deviation.
    pub half: f64,
}

/// A row about which the networks are not sure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UncertainRow {
    /// The row of its part, counted from 0.
    pub row: usize,
    /// The line of its file that it begins on, where rows have lines.
    pub line: Option<usize>,
    /// What came, in words.
    pub actual: String,
    /// The prediction, in words.
    pub predicted: String,
    /// Of classes the entropy in nats: all that is not known. Of numbers the deviation of networks and noise together.
    pub total: f64,
    /// Of classes the mutual information, of numbers the deviation of the networks: what more data could tell.
    pub model: f64,
}

/// Most rows that are looked at, as many that intervals are from, and most that are shown.
const ROWS: usize = 1_000;
const SHOWN: usize = 150;
const UNCERTAIN: usize = 12;
const BAND: usize = 101;
const LEVEL: f64 = 0.9;

/// How sure the network is on the rows of `evaluation`, by so many thinned networks of it, or by its members.
pub(super) fn sure(
    subject: &Subject<'_>,
    evaluation: &SplitEvaluation<'_>,
    samples: Samples,
    notes: &mut Vec<String>,
) -> Result<Option<Sure>> {
    let task = evaluation.task();
    let probabilities = evaluation.metrics.negative_log_likelihood.is_some();
    if !task.classes().is_empty() && !probabilities {
        notes.push(
            "How sure the network is cannot be said: its outputs are no probabilities.".to_owned(),
        );
        return Ok(None);
    }
    let sampler = sampler_of(subject, task, samples)?;
    let some = |rows: &Dataset| rows.select(&spaced(rows.len(), ROWS).collect::<Vec<_>>());
    let place: Vec<usize> = spaced(evaluation.rows.len(), ROWS).collect();
    let rows = some(evaluation.rows);
    let spread = sampler.spread(&rows)?;
    let part = subject.splits.and_then(|splits| {
        [Part::Calibration, Part::Validation]
            .into_iter()
            .filter(|part| *part != evaluation.part)
            .find_map(|part| Some((part, splits.part(part)?)))
    });
    let calibration = match part {
        Some((part, rows)) => {
            let rows = some(rows);
            Some((part, Calibration::new(&rows, &sampler.spread(&rows)?)?))
        }
        None => {
            notes.push("Intervals are not calibrated: the run has neither calibration nor validation rows.".to_owned());
            None
        }
    };
    let known = calibration.as_ref().map(|(_, calibration)| calibration);
    let networks = match sampler.networks() {
        usize::MAX => "all thinned networks, in closed form,".to_owned(),
        count => format!("{count} networks"),
    };
    let target = match task {
        Task::Regression { targets } => targets.first().map(|target| target.name.clone()),
        _ => None,
    };
    Ok(Some(Sure {
        split: evaluation.part.word().to_owned(),
        rows: rows.len(),
        networks,
        calibration: calibration
            .as_ref()
            .map(|(part, calibration)| (part.word().to_owned(), calibration.rows)),
        levels: (1..20)
            .map(|k| level(f64::from(k) / 20.0, (&rows, &spread), known))
            .collect::<Result<_>>()?,
        intervals: match target {
            Some(_) => intervals((&rows, &spread), known)?,
            None => Vec::new(),
        },
        band: band(subject, (&rows, &sampler), known)?,
        confidence: match target {
            Some(_) => Vec::new(),
            None => accuracy_over_confidence(&answers(&rows, &spread)),
        },
        uncertain: uncertain((&rows, &place), &spread, known),
        target,
    }))
}

/// So many thinned networks, or the members of an ensemble without dropout.
///
/// # Errors
/// [`Error::InvalidValue`] for one network without dropout, and as [`Sampler::new`].
pub(super) fn sampler_of(subject: &Subject<'_>, task: &Task, samples: Samples) -> Result<Sampler> {
    let (members, loss) = (subject.members, subject.loss());
    if members.iter().any(dropwise::Mlp::has_dropout) {
        return Sampler::new(members, loss, task, (samples, subject.experiment.seed));
    }
    if members.len() > 1 {
        return Sampler::of_members(members, loss, task);
    }
    let (what, expected) = ("--samples", "a network with dropout, or an ensemble");
    Err(Error::invalid(
        what,
        expected,
        "one network without dropout",
    ))
}

/// The first target of a row, in its units.
fn actual(rows: &Dataset, row: usize) -> f64 {
    let learned = rows.target_row(row)[0];
    match rows.task() {
        Task::Regression { targets } => learned * targets[0].deviation + targets[0].mean,
        _ => learned,
    }
}

fn level(
    level: f64,
    (rows, spread): (&Dataset, &Spread),
    calibration: Option<&Calibration>,
) -> Result<LevelCoverage> {
    let count = rows.len() as f64;
    let is_regression = matches!(rows.task(), Task::Regression { .. });
    let share = |inside: &dyn Fn(usize) -> bool| {
        (0..rows.len()).filter(|row| inside(*row)).count() as f64 / count
    };
    let said = |row: usize| (spread.mean_of(row)[0], spread.deviation_of(row)[0]);
    let z = crate::statistics::normal_quantile(0.5 + level / 2.0);
    let alone = is_regression.then(|| {
        share(&|row| {
            let (mean, deviation) = said(row);
            (actual(rows, row) - mean).abs() <= z * deviation
        })
    });
    let supported = calibration.filter(|calibration| calibration.rows >= rows_needed(level));
    let conformal = supported.map(|calibration| calibration.at(None, level));
    let calibrated = conformal.transpose()?.map(|conformal| {
        share(&|row| {
            if is_regression {
                let [lower, upper] = conformal.interval(0, said(row));
                return (lower..=upper).contains(&actual(rows, row));
            }
            let class = predicted_class(rows.task(), &rows.target_row(row));
            class.is_some_and(|class| conformal.set(spread.mean_of(row)).contains(&class))
        })
    });
    Ok(LevelCoverage {
        level,
        alone,
        calibrated,
    })
}

/// The interval of 90 % around a mean, by its deviation: from calibration rows where they support it, else the normal one.
fn intervals_of(calibration: Option<&Calibration>) -> Result<impl Fn((f64, f64)) -> [f64; 2]> {
    let supported = calibration.filter(|calibration| calibration.rows >= rows_needed(LEVEL));
    let conformal = supported.map(|calibration| calibration.at(None, LEVEL));
    let conformal = conformal.transpose()?;
    let z = crate::statistics::normal_quantile(0.5 + LEVEL / 2.0);
    Ok(move |(mean, deviation): (f64, f64)| match &conformal {
        Some(conformal) => conformal.interval(0, (mean, deviation)),
        None => [mean - z * deviation, mean + z * deviation],
    })
}

fn intervals(
    (rows, spread): (&Dataset, &Spread),
    calibration: Option<&Calibration>,
) -> Result<Vec<RowInterval>> {
    let interval = intervals_of(calibration)?;
    let mut all: Vec<RowInterval> = (0..rows.len())
        .map(|row| {
            let (mean, deviation) = (spread.mean_of(row)[0], spread.deviation_of(row)[0]);
            let [lower, upper] = interval((mean, deviation));
            RowInterval {
                actual: actual(rows, row),
                predicted: mean,
                lower,
                upper,
            }
        })
        .collect();
    all.sort_by(|a, b| a.predicted.total_cmp(&b.predicted));
    Ok(spaced(all.len(), SHOWN).map(|place| all[place]).collect())
}

/// Over the only input of a table with one number.
fn band(
    subject: &Subject<'_>,
    (rows, sampler): (&Dataset, &Sampler),
    calibration: Option<&Calibration>,
) -> Result<Vec<BandPoint>> {
    let is_one = subject.preprocessing.d_input() == 1
        && matches!(subject.preprocessing, Preprocessing::Table(_))
        && matches!(rows.task(), Task::Regression { targets } if targets.len() == 1);
    if !is_one {
        return Ok(Vec::new());
    }
    let values: Vec<f64> = (0..rows.len()).map(|row| rows.input_row(row)[0]).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // A quarter of the range beyond both ends, where nothing was seen.
    let beyond = (high - low) / 4.0;
    let at = |k: usize| {
        let share = k as f64 / (BAND - 1) as f64;
        low - beyond + share * (high - low + 2.0 * beyond)
    };
    let inputs: Vec<[f64; 1]> = (0..BAND).map(|k| [at(k)]).collect();
    let zeros = vec![[0.0]; BAND];
    let data = Dataset::from_rows(&inputs, &zeros, rows.task().clone())?;
    let spread = sampler.spread(&data)?;
    let interval = intervals_of(calibration)?;
    let point = |k: usize| {
        let (mean, std) = (spread.mean_of(k)[0], spread.deviation_of(k)[0]);
        BandPoint {
            input: at(k),
            mean,
            std,
            half: interval((mean, std))[1] - mean,
        }
    };
    Ok((0..BAND).map(point).collect())
}

/// Confidence of each row, and whether its likeliest class is the true one.
fn answers(rows: &Dataset, spread: &Spread) -> Vec<(f64, bool)> {
    let answer = |row: usize| {
        let mean = spread.mean_of(row);
        let confidence = match mean {
            [p] => p.max(1.0 - p),
            all => all.iter().copied().fold(0.0, f64::max),
        };
        let class = predicted_class(rows.task(), mean);
        let truth = predicted_class(rows.task(), &rows.target_row(row));
        (confidence, class == truth)
    };
    (0..rows.len()).map(answer).collect()
}

fn uncertain(
    (rows, place): (&Dataset, &[usize]),
    spread: &Spread,
    calibration: Option<&Calibration>,
) -> Vec<UncertainRow> {
    let names = rows.task().classes();
    let noise = calibration.and_then(|calibration| calibration.noise(0));
    let class = |row: &[f64]| {
        let class = predicted_class(rows.task(), row);
        class.map_or_else(|| "?".to_owned(), |class| names[class].clone())
    };
    let mut all: Vec<UncertainRow> = (0..rows.len())
        .map(|row| {
            let mean = spread.mean_of(row);
            let (actual, predicted, total, model) = if names.is_empty() {
                let deviation = spread.deviation_of(row)[0];
                (
                    dropwise::evaluate::number(actual(rows, row)),
                    dropwise::evaluate::number(mean[0]),
                    deviation.hypot(noise.unwrap_or(0.0)),
                    deviation,
                )
            } else {
                let (total, model) = (spread.entropy(row), spread.mutual_information(row));
                (class(&rows.target_row(row)), class(mean), total, model)
            };
            UncertainRow {
                row: place[row],
                line: rows.line(row),
                actual,
                predicted,
                total,
                model,
            }
        })
        .collect();
    all.sort_by(|a, b| b.total.total_cmp(&a.total));
    all.truncate(UNCERTAIN);
    all
}
