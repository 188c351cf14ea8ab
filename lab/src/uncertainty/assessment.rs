//! How good intervals, sets and probabilities are, on rows whose truth is known.

use std::collections::BTreeMap;

use dropwise::Dataset;
use dropwise::data::Task;
use dropwise::error::Result;
use dropwise::evaluate::{BINS, Spread, areas, predicted_class, thresholds};
use serde::Serialize;
use statrs::function::gamma::ln_gamma;

use super::conformal::{Calibration, Conformal, covered_share, of_each_class, target_of};
use super::scores::{
    accuracy_over_confidence, brier, crps_of_normal, equal_mass_calibration_error,
    equal_width_calibration_error, interval_score, log_likelihood_of_normal,
};
use super::temperature::scaled;
use crate::statistics::normal_quantile;

/// The levels at which intervals and sets are measured.
pub const LEVELS: [f64; 4] = [0.5, 0.8, 0.9, 0.95];

/// The level at which groups of rows are measured.
const GROUP_LEVEL: f64 = 0.9;

/// How good what networks say about rows is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// Rows that were looked at.
    pub rows: usize,
    /// Networks that were asked; none for all of them, in closed form.
    pub samples: Option<usize>,
    /// Calibration rows; none where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration_rows: Option<usize>,
    /// Of a regression, each target.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetAssessment>,
    /// Of classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<ClassAssessment>,
    /// Of each group of rows the coverage at 90 %, by the first score that there is; the most rows first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupCoverage>,
}

/// How often intervals or sets of a level hold the truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// The conformity score that they are made by; `none` is the normal interval of the networks' deviation, without calibration.
    pub score: &'static str,
    /// The share that they say.
    pub level: f64,
    /// The share of the rows whose truth is inside.
    pub coverage: f64,
    /// Between which shares the coverage is in 95 of 100 cases, with so many calibration rows and so many rows that are looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<[f64; 2]>,
    /// The mean width of the intervals, in the units of the target; of sets the mean number of classes.
    pub mean_width: f64,
    /// The mean interval score (Winkler 1972), the smaller the better; of intervals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_score: Option<f64>,
}

/// How often the intervals or sets of 90 % hold the truth among some rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupCoverage {
    /// What the rows have in common.
    pub group: String,
    /// How many there are.
    pub rows: usize,
    /// The share of them whose truth is inside; of several targets the mean.
    pub coverage: f64,
    /// Between which shares it would be in 95 of 100 cases, if the group were like all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<[f64; 2]>,
    /// The mean width of the intervals, or the mean number of classes.
    pub mean_width: f64,
}

/// A target of a regression.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetAssessment {
    /// Its name.
    pub target: String,
    /// Intervals of each score and level.
    pub coverage: Vec<Coverage>,
    /// The mean continuous ranked probability score of normal distributions around the means, with the variance of the networks and the
    /// noise together, in units of the target.
    pub crps: f64,
    /// Of the same the mean negative logarithm of the density, in nats.
    pub negative_log_likelihood: f64,
    /// The root mean squared error of the means.
    pub rmse: f64,
    /// The mean standard deviation of the networks.
    pub mean_std: f64,
    /// The standard deviation of what no network can tell, from calibration rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
}

/// Probabilities of classes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassAssessment {
    /// Sets of each score and level.
    pub coverage: Vec<Coverage>,
    /// The share of rows whose likeliest class is not the true one.
    pub error_rate: f64,
    /// The mean of `-log p` of the true class.
    pub negative_log_likelihood: f64,
    /// The mean squared distance of the probabilities from the truth, over all classes.
    pub brier_score: f64,
    /// In 15 bins of equal width.
    pub expected_calibration_error: f64,
    /// In 15 bins of as many rows each.
    pub adaptive_calibration_error: f64,
    /// The temperature from calibration rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The negative log likelihood at that temperature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaled_negative_log_likelihood: Option<f64>,
    /// The expected calibration error at that temperature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaled_expected_calibration_error: Option<f64>,
    /// How well mistakes are told from right answers: the area under the ROC curve of the mutual information; none without both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutual_information_auroc: Option<f64>,
    /// The same of the entropy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entropy_auroc: Option<f64>,
    /// The same of `1 - p` of the likeliest class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_probability_auroc: Option<f64>,
    /// `(confidence, share of the rows, accuracy)` of the rows that are at least so sure.
    pub accuracy_over_confidence: Vec<(f64, f64, Option<f64>)>,
}

/// Intervals or sets that are measured: by what name, at which level, and how.
struct Measured {
    score: &'static str,
    level: f64,
    expected: Option<[f64; 2]>,
    /// None for the normal interval of the deviation.
    conformal: Option<Conformal>,
    /// Half the width of that one, in deviations.
    z: f64,
}

impl Assessment {
    /// How good `spread` is, which networks say about the rows of `data`. `groups` names the group of each row.
    ///
    /// # Errors
    /// None but those of [`Calibration::at`], which the levels here do not have.
    pub fn new(
        data: &Dataset,
        spread: &Spread,
        calibration: Option<&Calibration>,
        groups: Option<&[String]>,
    ) -> Result<Self> {
        let all = measured(data, spread, calibration)?;
        let mut found = Assessment {
            rows: data.len(),
            samples: Some(spread.samples()).filter(|samples| *samples < usize::MAX),
            calibration_rows: calibration.map(|calibration| calibration.rows),
            targets: Vec::new(),
            classes: None,
            groups: Vec::new(),
        };
        if let Task::Regression { targets } = data.task() {
            let target = |(k, target): (usize, &dropwise::data::Target)| {
                let noise = calibration.and_then(|calibration| calibration.noise(k));
                of_target((data, spread), (k, &target.name), &all, noise)
            };
            found.targets = targets.iter().enumerate().map(target).collect();
        } else {
            found.classes = Some(of_classes(data, spread, &all, calibration));
        }
        let at_level =
            |measured: &&Measured| measured.conformal.is_some() && measured.level == GROUP_LEVEL;
        if let (Some(groups), Some(measured)) = (groups, all.iter().find(at_level)) {
            found.groups = by_group((data, spread), measured, groups, calibration);
        }
        Ok(found)
    }
}

/// All that is measured: of a regression the normal intervals first.
fn measured(
    data: &Dataset,
    spread: &Spread,
    calibration: Option<&Calibration>,
) -> Result<Vec<Measured>> {
    let mut all = Vec::new();
    if matches!(data.task(), Task::Regression { .. }) && spread.samples() > 1 {
        all.extend(LEVELS.map(|level| Measured {
            score: "none",
            level,
            expected: None,
            conformal: None,
            z: normal_quantile(0.5 + level / 2.0),
        }));
    }
    let Some(calibration) = calibration else {
        return Ok(all);
    };
    let supported = LEVELS.map(|level| {
        let is_supported = calibration.rows >= super::rows_needed(level);
        (
            level,
            is_supported.then(|| expected(calibration.rows, data.len(), level)),
        )
    });
    for score in calibration.scores() {
        for (level, expected) in supported {
            if expected.is_none() {
                continue;
            }
            all.push(Measured {
                score: score.name(),
                level,
                expected,
                conformal: Some(calibration.at(Some(score), level)?),
                z: normal_quantile(0.5 + level / 2.0),
            });
        }
    }
    Ok(all)
}

impl Measured {
    /// Whether the truth of a row is inside, and how wide that is.
    fn interval(&self, spread: &Spread, (row, k): (usize, usize)) -> [f64; 2] {
        let said = (spread.mean_of(row)[k], spread.deviation_of(row)[k]);
        match &self.conformal {
            Some(conformal) => conformal.interval(k, said),
            None => [said.0 - self.z * said.1, said.0 + self.z * said.1],
        }
    }
}

fn of_target(
    (data, spread): (&Dataset, &Spread),
    (k, name): (usize, &str),
    all: &[Measured],
    noise: Option<f64>,
) -> TargetAssessment {
    let rows = data.len() as f64;
    let mean = |of: &dyn Fn(usize) -> f64| (0..data.len()).map(of).sum::<f64>() / rows;
    let truths: Vec<f64> = (0..data.len()).map(|row| target_of(data, row, k)).collect();
    let residual = |row: usize| truths[row] - spread.mean_of(row)[k];
    let total = |row: usize| {
        let (deviation, noise) = (spread.deviation_of(row)[k], noise.unwrap_or(0.0));
        deviation.hypot(noise)
    };
    let coverage = |measured: &Measured| {
        let (mut inside, mut width, mut score) = (0.0, 0.0, 0.0);
        for (row, truth) in truths.iter().enumerate() {
            let interval = measured.interval(spread, (row, k));
            inside += holds(interval, *truth);
            width += interval[1] - interval[0];
            score += interval_score(interval, measured.level, *truth);
        }
        Coverage {
            score: measured.score,
            level: measured.level,
            coverage: inside / rows,
            expected: measured.expected,
            mean_width: width / rows,
            interval_score: Some(score / rows),
        }
    };
    TargetAssessment {
        target: name.to_owned(),
        coverage: all.iter().map(coverage).collect(),
        crps: mean(&|row| crps_of_normal(residual(row), total(row))),
        negative_log_likelihood: -mean(&|row| log_likelihood_of_normal(residual(row), total(row))),
        rmse: mean(&|row| residual(row).powi(2)).sqrt(),
        mean_std: mean(&|row| spread.deviation_of(row)[k]),
        noise,
    }
}

fn holds([lower, upper]: [f64; 2], truth: f64) -> f64 {
    f64::from(u8::from(lower <= truth && truth <= upper))
}

fn of_classes(
    data: &Dataset,
    spread: &Spread,
    all: &[Measured],
    calibration: Option<&Calibration>,
) -> ClassAssessment {
    let class = |row: usize| predicted_class(data.task(), &data.target_row(row));
    let rows: Vec<(usize, usize)> = (0..data.len())
        .filter_map(|row| Some((row, class(row)?)))
        .collect();
    let classes: Vec<usize> = rows.iter().map(|(_, class)| *class).collect();
    let probabilities: Vec<Vec<f64>> = rows
        .iter()
        .map(|(row, _)| of_each_class(spread.mean_of(*row)))
        .collect();
    let count = rows.len() as f64;
    let right: Vec<bool> = rows
        .iter()
        .map(|(row, class)| predicted_class(data.task(), spread.mean_of(*row)) == Some(*class))
        .collect();
    let answers = |probabilities: &[Vec<f64>]| -> Vec<(f64, bool)> {
        let confidence = |row: &Vec<f64>| row.iter().copied().fold(0.0, f64::max);
        let pairs = probabilities.iter().map(confidence);
        pairs.zip(right.iter().copied()).collect()
    };
    let nll = |probabilities: &[Vec<f64>]| {
        let rows = probabilities.iter().zip(&classes);
        rows.map(|(row, class)| -row[*class].ln()).sum::<f64>() / count
    };
    let auroc = |score: &dyn Fn(usize) -> f64| {
        let scores = rows.iter().map(|(row, _)| score(*row));
        areas(thresholds(scores.zip(right.iter().map(|right| !right)))?).0
    };
    let temperature = calibration.and_then(Calibration::temperature);
    let cooled = temperature.map(|temperature| -> Vec<Vec<f64>> {
        let rows = probabilities.iter();
        rows.map(|row| scaled(row, temperature)).collect()
    });
    let coverage = |measured: &Measured| {
        let sets: Vec<Vec<usize>> = match &measured.conformal {
            Some(conformal) => rows
                .iter()
                .map(|(row, _)| conformal.set(spread.mean_of(*row)))
                .collect(),
            None => Vec::new(),
        };
        let inside = sets.iter().zip(&classes);
        let inside = inside.filter(|(set, class)| set.contains(class)).count();
        Coverage {
            score: measured.score,
            level: measured.level,
            coverage: inside as f64 / count,
            expected: measured.expected,
            mean_width: sets.iter().map(Vec::len).sum::<usize>() as f64 / count,
            interval_score: None,
        }
    };
    let said = answers(&probabilities);
    ClassAssessment {
        coverage: all.iter().map(coverage).collect(),
        error_rate: right.iter().filter(|right| !**right).count() as f64 / count,
        negative_log_likelihood: nll(&probabilities),
        brier_score: brier(&probabilities, &classes),
        expected_calibration_error: equal_width_calibration_error(&said, BINS),
        adaptive_calibration_error: equal_mass_calibration_error(&said, BINS),
        temperature,
        scaled_negative_log_likelihood: cooled.as_deref().map(nll),
        scaled_expected_calibration_error: cooled
            .as_deref()
            .map(|cooled| equal_width_calibration_error(&answers(cooled), BINS)),
        mutual_information_auroc: (spread.samples() > 1)
            .then(|| auroc(&|row| spread.mutual_information(row)))
            .flatten(),
        entropy_auroc: auroc(&|row| spread.entropy(row)),
        max_probability_auroc: auroc(&|row| {
            -of_each_class(spread.mean_of(row))
                .into_iter()
                .fold(0.0, f64::max)
        }),
        accuracy_over_confidence: accuracy_over_confidence(&said),
    }
}

fn by_group(
    (data, spread): (&Dataset, &Spread),
    measured: &Measured,
    groups: &[String],
    calibration: Option<&Calibration>,
) -> Vec<GroupCoverage> {
    let mut rows_of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, group) in groups.iter().enumerate() {
        rows_of.entry(group).or_default().push(row);
    }
    // Of a row the share of its targets that is inside, and the mean width.
    let of_row = |row: usize| -> (f64, f64) {
        let Task::Regression { targets } = data.task() else {
            let conformal = measured.conformal.as_ref();
            let set = conformal.map_or_else(Vec::new, |all| all.set(spread.mean_of(row)));
            let class = predicted_class(data.task(), &data.target_row(row));
            let inside = class.is_some_and(|class| set.contains(&class));
            return (f64::from(u8::from(inside)), set.len() as f64);
        };
        let each = (0..targets.len()).map(|k| {
            let interval = measured.interval(spread, (row, k));
            let inside = holds(interval, target_of(data, row, k));
            (inside, interval[1] - interval[0])
        });
        let (inside, width) = each.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let count = targets.len() as f64;
        (inside / count, width / count)
    };
    let group = |(group, rows): (&str, Vec<usize>)| {
        let each = rows.iter().map(|row| of_row(*row));
        let (inside, width) = each.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let count = rows.len() as f64;
        GroupCoverage {
            group: group.to_owned(),
            rows: rows.len(),
            coverage: inside / count,
            expected: calibration
                .map(|calibration| expected(calibration.rows, rows.len(), measured.level)),
            mean_width: width / count,
        }
    };
    let mut found: Vec<GroupCoverage> = rows_of.into_iter().map(group).collect();
    found.sort_by_key(|group| std::cmp::Reverse(group.rows));
    found
}

/// Between which shares the coverage of `rows` rows is in 95 of 100 cases, by `calibration` calibration rows: the quantiles of 0.025 and
/// 0.975 of the beta-binomial distribution.
fn expected(calibration: usize, rows: usize, level: f64) -> [f64; 2] {
    let (a, b) = covered_share(calibration, level);
    let n = rows as f64;
    let ln_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let ln_choose = |k: f64| ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
    let chance = |k: f64| (ln_choose(k) + ln_beta(k + a, n - k + b) - ln_beta(a, b)).exp();
    let quantile = |share: f64| {
        let mut sum = 0.0;
        let reached = |k: &usize| {
            sum += chance(*k as f64);
            sum >= share
        };
        (0..=rows).find(reached).unwrap_or(rows) as f64 / n
    };
    [quantile(0.025), quantile(0.975)]
}
