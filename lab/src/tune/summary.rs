//! What a study comes to.

use std::cmp::Ordering;

use serde::Serialize;

use super::again::Finalist;
use super::drop::Search;
use super::{Outcome, Score, Setting, Space, TrialEnd};
use crate::statistics::{Distribution, Interval};
use dropwise::config::CheckedExperiment;

/// With dropout, or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// With dropout.
    Dropout,
    /// Without.
    NoDropout,
}

impl Arm {
    pub(super) const BOTH: [Arm; 2] = [Arm::Dropout, Arm::NoDropout];

    /// Its name in sentences.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Arm::Dropout => "dropout",
            Arm::NoDropout => "no dropout",
        }
    }
}

/// What a width came to while growing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WidthSummary {
    /// Units of each hidden layer.
    pub width: usize,
    /// The smallest learning rate that fits, or else the one with the best score.
    pub learning_rate: f64,
    /// Whether the network fits its training rows.
    pub fits: bool,
    /// Epochs that it was trained for.
    pub epochs: usize,
    /// Its score on the training rows, dropout off; none if it diverged.
    pub score: Option<Score>,
}

impl WidthSummary {
    /// Which is better: one that fits, with the smaller learning rate, as the paper's guide for dropout counts from a
    /// rate that a plain network is content with; else the one with the better score.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let fits = other.fits.cmp(&self.fits);
        let rate = match self.fits && other.fits {
            true => self.learning_rate.total_cmp(&other.learning_rate),
            false => Ordering::Equal,
        };
        let score = match (&self.score, &other.score) {
            (Some(one), Some(other)) => one.compare(other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        };
        fits.then(rate).then(score)
    }
}

/// The width to go on with: the one that fits, or else the one with the best score.
pub(super) fn grown_to(grown: &[WidthSummary]) -> Option<&WidthSummary> {
    grown.iter().min_by(|one, other| one.compare(other))
}

/// What one of the searches, and the networks of its best setting, came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmSummary {
    /// Which one.
    pub arm: Arm,
    /// What was searched.
    pub space: Space,
    /// How many trials it had.
    pub trials: usize,
    /// How many of them were given up.
    pub pruned: usize,
    /// How many of them diverged.
    pub diverged: usize,
    /// The best settings by the search, which were trained again with other seeds.
    pub finalists: Vec<Finalist>,
    /// The number of the trial that is best by the mean over all its seeds.
    pub best_trial: usize,
    /// Its setting.
    pub setting: Setting,
    /// Its mean score on the validation rows.
    pub validation: Score,
    /// The networks of this setting on the test rows.
    pub test: Tested,
}

/// Networks of one setting on the test rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tested {
    /// How many diverged, and are not in the errors.
    pub diverged: usize,
    /// The error of each of the others, in the order of their seeds.
    pub errors: Vec<f64>,
    /// How they are spread; none if all diverged.
    pub error: Option<Distribution>,
}

impl Tested {
    fn of(outcomes: &[Outcome]) -> Self {
        let errors = outcomes.iter().filter_map(|outcome| outcome.test.as_ref());
        let errors: Vec<f64> = errors.map(|metrics| metrics.headline().1).collect();
        Tested {
            diverged: outcomes.len() - errors.len(),
            error: Distribution::of(&errors),
            errors,
        }
    }
}

/// Whether dropout helps on these data, by the test rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Its mean error is smaller, and the interval of the difference excludes 0.
    Helps,
    /// Its mean error is larger, and the interval excludes 0.
    Hurts,
    /// The seeds alone could make such a difference.
    CannotBeTold,
}

/// What a study comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TuneSummary {
    /// The seed of everything; those of the last networks count on from it.
    pub seed: u64,
    /// What errors are: `error rate` or `RMSE`.
    pub measure: &'static str,
    /// Each width that was tried.
    pub grown: Vec<WidthSummary>,
    /// The width that it grew to.
    pub width: usize,
    /// Whether that fits the training rows.
    pub fits: bool,
    /// With dropout, then without.
    pub arms: Vec<ArmSummary>,
    /// The mean test error with dropout less that without, where there are both.
    pub difference: Option<f64>,
    /// Welch's interval of the difference, at 95 %.
    pub difference_interval: Option<Interval>,
    /// What that says.
    pub verdict: Verdict,
    /// The arm with the better score on validation rows: test rows only measure.
    pub recommended: Arm,
}

impl TuneSummary {
    pub(super) fn new(
        base: &CheckedExperiment,
        grown: Vec<WidthSummary>,
        searches: &[Search; 2],
        tested: [Vec<Outcome>; 2],
    ) -> Self {
        let arms: Vec<_> = searches
            .iter()
            .zip(&tested)
            .filter_map(|(search, tested)| ArmSummary::of(search, tested))
            .collect();
        let best = arms
            .iter()
            .min_by(|one, other| one.validation.compare(&other.validation));
        let recommended = best.map_or(Arm::NoDropout, |best| best.arm);
        let errors = |place: usize| arms.get(place).and_then(|arm| arm.test.error.as_ref());
        let (difference, interval) = match (errors(0), errors(1)) {
            (Some(with), Some(without)) => (
                Some(with.mean - without.mean),
                Interval::of_difference(with, without),
            ),
            _ => (None, None),
        };
        let verdict = match interval {
            Some(interval) if interval.high < 0.0 => Verdict::Helps,
            Some(interval) if interval.low > 0.0 => Verdict::Hurts,
            _ => Verdict::CannotBeTold,
        };
        let headline = tested
            .iter()
            .flatten()
            .find_map(|outcome| outcome.test.as_ref());
        let to = grown_to(&grown);
        TuneSummary {
            seed: base.seed,
            measure: headline.map_or("error", |metrics| metrics.headline().0),
            width: to.map_or(0, |to| to.width),
            fits: to.is_some_and(|to| to.fits),
            grown,
            arms,
            difference,
            difference_interval: interval,
            verdict,
            recommended,
        }
    }

    /// What one of the searches came to.
    #[must_use]
    pub fn arm(&self, arm: Arm) -> Option<&ArmSummary> {
        self.arms.iter().find(|summary| summary.arm == arm)
    }
}

impl ArmSummary {
    fn of(search: &Search, tested: &[Outcome]) -> Option<Self> {
        let best = search.best()?;
        let ended = |end| {
            search
                .told
                .iter()
                .filter(|(_, outcome)| outcome.end == end)
                .count()
        };
        Some(ArmSummary {
            arm: search.arm,
            space: search.space.clone(),
            trials: search.told.len(),
            pruned: ended(TrialEnd::Pruned),
            diverged: ended(TrialEnd::Diverged),
            finalists: search.finalists.clone(),
            best_trial: best.trial,
            setting: best.setting.clone(),
            validation: best.mean,
            test: Tested::of(tested),
        })
    }
}
