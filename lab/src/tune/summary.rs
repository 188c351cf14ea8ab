//! What a study comes to.

use serde::{Serialize, Serializer};

use super::arm::grown_to;
use super::search::Search;
use super::trial::error;
use super::{Arm, Finalist, Score, Space, TrialEnd, TrialOutcome, TrialSetting, WidthSummary};
use crate::statistics::{Distribution, Interval};
use dropwise::config::CheckedExperiment;
use dropwise::evaluate::Measure;

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
    pub setting: TrialSetting,
    /// Its mean score on the validation rows.
    pub validation: Score,
    /// The networks of this setting on the test rows.
    pub test: TestErrors,
}

/// Networks of one setting on the test rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestErrors {
    /// How many diverged, and are not in the errors.
    pub diverged: usize,
    /// The error of each of the others, in the order of their seeds.
    pub errors: Vec<f64>,
    /// How they are spread; none if all diverged.
    pub error: Option<Distribution>,
}

impl TestErrors {
    fn of(outcomes: &[TrialOutcome], select: Option<Measure>) -> Self {
        let errors = outcomes.iter().filter_map(|outcome| outcome.test.as_ref());
        let errors: Vec<f64> = errors.map(|metrics| error(metrics, select)).collect();
        TestErrors {
            diverged: outcomes.len() - errors.len(),
            error: Distribution::of_errors(&errors),
            errors,
        }
    }
}

/// Whether dropout helps on these data, by the test rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropoutEffect {
    /// Its mean error is smaller, and the interval of the difference excludes 0.
    Helps,
    /// Its mean error is larger, and the interval excludes 0.
    Hurts,
    /// The seeds alone could make such a difference.
    #[serde(rename = "cannot-be-told")]
    Inconclusive,
}

/// What a study comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TuneSummary {
    /// The seed of everything; those of the last networks count on from it.
    pub seed: u64,
    /// What errors are, the error rate or the RMSE.
    #[serde(serialize_with = "by_name")]
    pub measure: Measure,
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
    pub verdict: DropoutEffect,
    /// The arm with the better score on validation rows: test rows only measure.
    pub recommended: Arm,
}

fn by_name<S: Serializer>(measure: &Measure, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(measure.name())
}

impl TuneSummary {
    pub(super) fn new(
        base: &CheckedExperiment,
        measure: Measure,
        grown: Vec<WidthSummary>,
        searches: &[Search; 2],
        tested: [Vec<TrialOutcome>; 2],
    ) -> Self {
        let arms: Vec<_> = searches
            .iter()
            .zip(&tested)
            .filter_map(|(search, tested)| ArmSummary::of(search, tested, base.train.select))
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
            Some(interval) if interval.high < 0.0 => DropoutEffect::Helps,
            Some(interval) if interval.low > 0.0 => DropoutEffect::Hurts,
            _ => DropoutEffect::Inconclusive,
        };
        let to = grown_to(&grown);
        TuneSummary {
            seed: base.seed,
            measure,
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
    fn of(search: &Search, tested: &[TrialOutcome], select: Option<Measure>) -> Option<Self> {
        let best = search.best()?;
        let ended = |end| {
            search
                .results
                .iter()
                .filter(|(_, outcome)| outcome.end == end)
                .count()
        };
        Some(ArmSummary {
            arm: search.arm,
            space: search.space.clone(),
            trials: search.results.len(),
            pruned: ended(TrialEnd::Pruned),
            diverged: ended(TrialEnd::Diverged),
            finalists: search.finalists.clone(),
            best_trial: best.trial,
            setting: best.setting.clone(),
            validation: best.mean,
            test: TestErrors::of(tested, select),
        })
    }
}
