//! Split conformal prediction: intervals and sets that hold the truth as often as they say, whatever the network.
//!
//! A score says how badly a prediction fits a row's target. The scores of `n` calibration rows, on which nothing was learned or
//! chosen, give the quantile
//!
//! ```text
//! q = the k-th smallest score,   k = ceil((n + 1) level)
//! ```
//!
//! and a new row is answered with every target whose score is at most `q`: it holds the true one with a probability of at
//! least `level`, over calibration rows and new rows drawn alike (Vovk et al. 2005; Lei et al. 2018). Given the calibration rows, the
//! share that is covered has the distribution `Beta(k, n + 1 - k)`. The scores, by the names that MAPIE has for them:
//!
//! | score | of a row | answer |
//! |---|---|---|
//! | `absolute` | `abs(y - mean)` | `mean ± q` |
//! | `residual_normalized` | `abs(y - mean) / std` | `mean ± q std` |
//! | `lac` | `1 - p_y` | classes with `p >= 1 - q` (Sadinle et al. 2019) |
//! | `aps` | sum of the probabilities of `y` and of all classes before it, the likeliest first | classes up to that sum (Romano et al. 2020, without its random number) |
//!
//! ```
//! use dropwise_lab::uncertainty::rows_needed;
//!
//! assert_eq!(rows_needed(0.9), 9);
//! assert_eq!(rows_needed(0.95), 19);
//! ```

use std::fmt;
use std::str::FromStr;

use dropwise::Dataset;
use dropwise::data::Task;
use dropwise::error::{Error, Result};
use dropwise::evaluate::{Spread, predicted_class};
use serde::{Deserialize, Serialize};

use super::numeric::lowest;
use super::scores::log_likelihood_of_normal;
use super::temperature::fit_temperature;

/// How badly a prediction fits a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConformityScore {
    /// The distance of the target from the mean: intervals of one width.
    Absolute,
    /// The same in standard deviations of what the networks say: wide where they differ.
    ResidualNormalized,
    /// What the true class lacks of certainty: the smallest sets.
    Lac,
    /// The probability of the true class and of all likelier ones: larger sets, whose coverage varies less from row to row.
    Aps,
}

impl ConformityScore {
    /// All of them.
    pub const ALL: [ConformityScore; 4] = [
        ConformityScore::Absolute,
        ConformityScore::ResidualNormalized,
        ConformityScore::Lac,
        ConformityScore::Aps,
    ];

    /// The name, as MAPIE has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ConformityScore::Absolute => "absolute",
            ConformityScore::ResidualNormalized => "residual_normalized",
            ConformityScore::Lac => "lac",
            ConformityScore::Aps => "aps",
        }
    }

    /// Whether it is a score of classes.
    #[must_use]
    pub fn is_of_classes(self) -> bool {
        matches!(self, ConformityScore::Lac | ConformityScore::Aps)
    }
}

impl fmt::Display for ConformityScore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ConformityScore {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = ConformityScore::ALL
            .into_iter()
            .find(|score| score.name() == name);
        known.ok_or_else(|| {
            let expected = "`absolute`, `residual_normalized`, `lac` or `aps`";
            Error::invalid("the conformity score", expected, format!("`{name}`"))
        })
    }
}

/// How many calibration rows an interval at a level takes, at least: below that its quantile would be infinite.
#[must_use]
pub fn rows_needed(level: f64) -> usize {
    let rows = level / (1.0 - level);
    (rows - 1e-9).ceil().max(1.0) as usize
}

/// The place of the quantile among `rows` scores in order, counted from 1.
fn place(rows: usize, level: f64) -> usize {
    // Rounding is not to make 10 of 9.000000000000002.
    (((rows + 1) as f64 * level - 1e-9).ceil() as usize).max(1)
}

/// The parameters of the distribution `Beta(a, b)` of the share that is covered, given `rows` calibration rows.
#[must_use]
pub fn covered_share(rows: usize, level: f64) -> (f64, f64) {
    let place = place(rows, level).min(rows);
    (place as f64, (rows + 1 - place) as f64)
}

/// What calibration rows say about predictions: their scores, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// How many rows there were.
    pub rows: usize,
    /// Of a regression, each target's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    targets: Vec<TargetScores>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    classes: Option<ClassScores>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct TargetScores {
    absolute: Vec<f64>,
    /// None where one network was asked, which has no spread.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    residual_normalized: Vec<f64>,
    /// The variance of what no network can tell.
    noise: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ClassScores {
    lac: Vec<f64>,
    aps: Vec<f64>,
    temperature: f64,
}

impl Calibration {
    /// The scores of the rows of `data`, about which networks say `spread`.
    ///
    /// # Errors
    /// [`Error::Compute`] if a prediction is not a number.
    pub fn new(data: &Dataset, spread: &Spread) -> Result<Self> {
        let all = spread.mean().iter().chain(spread.deviation());
        if !all.into_iter().all(|number| number.is_finite()) {
            let problem = "a prediction of a calibration row is not a finite number";
            return Err(Error::Compute(problem.to_owned()));
        }
        let rows = 0..data.len();
        let mut found = Calibration {
            rows: data.len(),
            targets: Vec::new(),
            classes: None,
        };
        if let Task::Regression { targets } = data.task() {
            for k in 0..targets.len() {
                let row = |row: usize| {
                    let residual = target_of(data, row, k) - spread.mean_of(row)[k];
                    (residual, spread.deviation_of(row)[k])
                };
                let pairs: Vec<(f64, f64)> = rows.clone().map(row).collect();
                found
                    .targets
                    .push(TargetScores::new(&pairs, spread.samples()));
            }
        } else {
            let class = |row: usize| predicted_class(data.task(), &data.target_row(row));
            let probabilities = rows.clone().map(|row| of_each_class(spread.mean_of(row)));
            let known = rows.clone().zip(probabilities);
            let (classes, probabilities): (Vec<usize>, Vec<Vec<f64>>) = known
                .filter_map(|(row, probabilities)| Some((class(row)?, probabilities)))
                .unzip();
            found.rows = classes.len();
            found.classes = Some(ClassScores::new(&probabilities, &classes));
        }
        Ok(found)
    }

    /// The scores that there are, the one that is used where none is asked for first.
    #[must_use]
    pub fn scores(&self) -> Vec<ConformityScore> {
        match self.targets.first() {
            None => vec![ConformityScore::Lac, ConformityScore::Aps],
            Some(target) if target.residual_normalized.is_empty() => {
                vec![ConformityScore::Absolute]
            }
            Some(_) => vec![
                ConformityScore::ResidualNormalized,
                ConformityScore::Absolute,
            ],
        }
    }

    /// The standard deviation of what no network can tell about target `k`, in its units: with it the calibration rows are most
    /// likely, each normal around the mean with the variance of the networks and this one together.
    #[must_use]
    pub fn noise(&self, k: usize) -> Option<f64> {
        Some(self.targets.get(k)?.noise.sqrt())
    }

    /// The temperature of probabilities of classes.
    #[must_use]
    pub fn temperature(&self) -> Option<f64> {
        Some(self.classes.as_ref()?.temperature)
    }

    /// Intervals or sets that hold the truth at a level in (0, 1), by a score, else by the first of [`scores`](Self::scores).
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a level outside of (0, 1), for a score that there is not, and for a level that so few rows cannot
    /// support.
    pub fn at(&self, score: Option<ConformityScore>, level: f64) -> Result<Conformal> {
        if !(level > 0.0 && level < 1.0) {
            let expected = "a share above 0 and below 1, such as 0.9";
            return Err(Error::invalid("the confidence level", expected, level));
        }
        let scores = self.scores();
        let score = score.unwrap_or(scores[0]);
        if !scores.contains(&score) {
            let names: Vec<String> = scores.iter().map(|score| format!("`{score}`")).collect();
            return Err(Error::invalid(
                "the conformity score",
                format!("{} for this network", names.join(" or ")),
                format!("`{score}`"),
            ));
        }
        let needed = rows_needed(level);
        if self.rows < needed {
            return Err(Error::invalid(
                "the calibration rows",
                format!("at least {needed} for a confidence level of {level}"),
                self.rows,
            ));
        }
        let place = place(self.rows, level);
        let quantile = |sorted: &Vec<f64>| sorted[place.min(sorted.len()) - 1];
        let quantiles = match (score, &self.classes) {
            (ConformityScore::Lac, Some(classes)) => vec![quantile(&classes.lac)],
            (ConformityScore::Aps, Some(classes)) => vec![quantile(&classes.aps)],
            (ConformityScore::ResidualNormalized, _) => {
                let targets = self.targets.iter();
                targets
                    .map(|target| quantile(&target.residual_normalized))
                    .collect()
            }
            _ => {
                let targets = self.targets.iter();
                targets.map(|target| quantile(&target.absolute)).collect()
            }
        };
        Ok(Conformal { score, quantiles })
    }
}

impl TargetScores {
    /// Of residuals and standard deviations.
    fn new(pairs: &[(f64, f64)], samples: usize) -> Self {
        let sorted = |score: &dyn Fn(&(f64, f64)) -> f64| {
            let mut scores: Vec<f64> = pairs.iter().map(score).collect();
            scores.sort_unstable_by(f64::total_cmp);
            scores
        };
        let residual_normalized = |(residual, deviation): &(f64, f64)| {
            let score = residual.abs() / deviation;
            // Of a row about which all networks say the same; JSON has no word for infinity.
            if score.is_finite() {
                score
            } else if *residual == 0.0 {
                0.0
            } else {
                f64::MAX
            }
        };
        TargetScores {
            absolute: sorted(&|(residual, _)| residual.abs()),
            residual_normalized: if samples > 1 {
                sorted(&residual_normalized)
            } else {
                Vec::new()
            },
            noise: noise(pairs),
        }
    }
}

/// The variance beside that of the networks which makes normal residuals most likely.
fn noise(pairs: &[(f64, f64)]) -> f64 {
    let squares: f64 = pairs.iter().map(|(residual, _)| residual * residual).sum();
    let largest = squares / pairs.len().max(1) as f64;
    if largest == 0.0 {
        return 0.0;
    }
    let loss = |log: f64| -> f64 {
        let noise = log.exp();
        let likely = |(residual, deviation): &(f64, f64)| {
            log_likelihood_of_normal(*residual, (deviation * deviation + noise).sqrt())
        };
        -pairs.iter().map(likely).sum::<f64>()
    };
    // Never more than the mean square of the residuals, which is what it is without any spread.
    let high = largest.ln() + 0.01;
    lowest(high - 14.0, high, loss).exp()
}

impl ClassScores {
    fn new(probabilities: &[Vec<f64>], classes: &[usize]) -> Self {
        let rows = || probabilities.iter().zip(classes);
        let mut lac: Vec<f64> = rows().map(|(row, class)| 1.0 - row[*class]).collect();
        let mut aps: Vec<f64> = rows().map(|(row, class)| cumulated(row)[*class]).collect();
        lac.sort_unstable_by(f64::total_cmp);
        aps.sort_unstable_by(f64::total_cmp);
        ClassScores {
            lac,
            aps,
            temperature: fit_temperature(probabilities, classes),
        }
    }
}

/// Of each class the sum of its probability and of those of all classes before it, the likeliest first; of equals the first.
fn cumulated(probabilities: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]));
    let (mut sums, mut sum) = (vec![0.0; probabilities.len()], 0.0);
    for class in order {
        sum += probabilities[class];
        sums[class] = sum;
    }
    sums
}

/// Target `k` of a row, in its units.
pub(super) fn target_of(data: &Dataset, row: usize, k: usize) -> f64 {
    let learned = data.target_row(row)[k];
    match data.task() {
        Task::Regression { targets } => learned * targets[k].deviation + targets[k].mean,
        _ => learned,
    }
}

/// The probability of each class; two classes with one output have the second's only.
pub(crate) fn of_each_class(row: &[f64]) -> Vec<f64> {
    match row {
        [p] => vec![1.0 - p, *p],
        all => all.to_vec(),
    }
}

/// Intervals or sets at a level. Made by [`Calibration::at`].
#[derive(Debug, Clone, PartialEq)]
pub struct Conformal {
    score: ConformityScore,
    /// Of each target; of classes one.
    quantiles: Vec<f64>,
}

impl Conformal {
    /// The score that they are made by.
    #[must_use]
    pub fn score(&self) -> ConformityScore {
        self.score
    }

    /// The lower and the upper end of the interval of target `k`, of which networks say a mean and a standard deviation.
    #[must_use]
    pub fn interval(&self, k: usize, (mean, deviation): (f64, f64)) -> [f64; 2] {
        let quantile = self.quantiles[k];
        let half = match self.score {
            // Where all networks say the same, even the largest score makes no interval of it.
            ConformityScore::ResidualNormalized => (quantile * deviation).min(f64::MAX),
            _ => quantile,
        };
        [mean - half, mean + half]
    }

    /// The classes that may be the true one, in their order; there may be none, where no class fits as well as nearly all calibration
    /// rows do.
    ///
    /// # Shapes
    /// - `prediction`: `[d_output]`, as the network gives them
    #[must_use]
    pub fn set(&self, prediction: &[f64]) -> Vec<usize> {
        let probabilities = of_each_class(prediction);
        let scores = match self.score {
            ConformityScore::Aps => cumulated(&probabilities),
            _ => probabilities.iter().map(|p| 1.0 - p).collect(),
        };
        let fits = |(class, score): (usize, &f64)| (*score <= self.quantiles[0]).then_some(class);
        scores.iter().enumerate().filter_map(fits).collect()
    }
}
