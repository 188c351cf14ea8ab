//! The search of one arm: what it has tried, what it tries next, and what was best.

use super::arm::grown_to;
use super::{
    Arm, Finalist, Phase, Recipe, Score, Space, Trial, TrialEnd, TrialOutcome, TrialSetting,
    WidthSummary,
};
use dropwise::config::CheckedExperiment;
use dropwise::error::Result;
use dropwise::seed::{Purpose, stream_at};

/// One of the two searches.
pub(super) struct Search {
    pub(super) arm: Arm,
    pub(super) space: Space,
    /// What a value that is not searched stays at.
    start: TrialSetting,
    /// What is tried first.
    advice: Vec<TrialSetting>,
    pub(super) results: Vec<(TrialSetting, TrialOutcome)>,
    /// The best of those, once they have been trained again.
    pub(super) finalists: Vec<Finalist>,
}

/// The fewest scores that a median is taken of.
const MEDIAN_OF: usize = 4;

impl Search {
    pub(super) fn new(
        recipe: &Recipe,
        base: &CheckedExperiment,
        grown: &[WidthSummary],
        arm: Arm,
    ) -> Self {
        let (width, rate) = grown_to(grown)
            .map_or((recipe.first_width, base.train.learning_rate), |grown| {
                (grown.width, grown.learning_rate)
            });
        let widths = widths(recipe, base, width);
        let space = Space::new(base, widths, rate, arm);
        let start = TrialSetting {
            width,
            learning_rate: rate,
            ..TrialSetting::plain(base)
        };
        Search {
            arm,
            advice: space.advice(&start, arm),
            space,
            start,
            results: Vec::new(),
            finalists: Vec::new(),
        }
    }

    /// The next trials: the advice first, then what the space says.
    pub(super) fn ask(
        &self,
        base: &CheckedExperiment,
        generation: usize,
        count: usize,
    ) -> Result<Vec<Trial>> {
        let done = self.results.len();
        // A stream for both searches, and a part of it for each generation of each.
        let part = 2 * generation + self.arm as usize;
        let mut random = stream_at(base.seed, Purpose::Search, part);
        let ranked = self.ranked();
        let known: Vec<_> = ranked.iter().map(|(_, setting, _)| *setting).collect();
        let mut settings: Vec<_> = self.advice.iter().skip(done).take(count).cloned().collect();
        let more = count - settings.len();
        settings.extend(self.space.ask(&self.start, &known, more, &mut random)?);
        let limits = self.limits();
        let trial = |(k, setting): (usize, TrialSetting)| {
            Ok(Trial {
                phase: match self.arm {
                    Arm::Dropout => Phase::Dropout,
                    Arm::NoDropout => Phase::NoDropout,
                },
                number: done + k,
                experiment: setting.apply(base)?,
                setting,
                limits: limits.clone(),
                unexplained: 0.0,
            })
        };
        settings.into_iter().enumerate().map(trial).collect()
    }

    /// The trials with their numbers, the best first: those that were trained to the end by their scores, then
    /// those that were given up, the longest trained first, then those that diverged.
    fn ranked(&self) -> Vec<(usize, &TrialSetting, &TrialOutcome)> {
        let class = |outcome: &TrialOutcome| match outcome.end {
            TrialEnd::Finished | TrialEnd::Fitted => (0, 0),
            TrialEnd::Pruned => (1, usize::MAX - outcome.curve.len()),
            TrialEnd::Diverged => (2, 0),
        };
        let score = |outcome: &TrialOutcome| outcome.score().unwrap_or(Score::WORST);
        let mut ranked: Vec<_> = (0..)
            .zip(&self.results)
            .map(|(number, (setting, outcome))| (number, setting, outcome))
            .collect();
        ranked.sort_by(|(_, _, one), (_, _, other)| {
            let by_class = class(one).cmp(&class(other));
            by_class.then(score(one).compare(&score(other)))
        });
        ranked
    }

    /// The best trials that were trained to the end, at most `count`, the best first: number, setting, score.
    pub(super) fn leaders(&self, count: usize) -> Vec<(usize, TrialSetting, Score)> {
        self.ranked()
            .into_iter()
            .filter(|(_, _, outcome)| outcome.end == TrialEnd::Finished)
            .filter_map(|(number, setting, outcome)| {
                Some((number, setting.clone(), outcome.score()?))
            })
            .take(count)
            .collect()
    }

    /// The finalist with the best mean score.
    pub(super) fn best(&self) -> Option<&Finalist> {
        self.finalists
            .iter()
            .min_by(|one, other| one.mean.compare(&other.mean))
    }

    /// At each evaluation the median of the scores of all trials that reached it (Golovin et al. 2017, "Google
    /// Vizier", section 3.2), of two in the middle the worse one. Trials of the same generation do not count, so
    /// that it does not matter which of them ends first.
    fn limits(&self) -> Vec<Score> {
        let reached = |place: usize| {
            let curves = self.results.iter().map(|(_, outcome)| &outcome.curve);
            let mut scores: Vec<_> = curves
                .filter_map(|curve| curve.get(place).copied())
                .collect();
            scores.sort_by(Score::compare);
            (scores.len() >= MEDIAN_OF).then(|| scores[scores.len() / 2])
        };
        (0..).map_while(reached).collect()
    }
}

/// The grown width doubled again and again: to the recipe's multiple of it, or to the experiment's own width where
/// that is more, but not over the recipe's largest.
fn widths(recipe: &Recipe, base: &CheckedExperiment, grown: usize) -> Vec<usize> {
    let own = base.network.hidden.iter().copied().max().unwrap_or(grown);
    let most = grown.saturating_mul(recipe.widen).max(own);
    let most = most.min(recipe.max_width).max(grown);
    let doubled = |width: &usize| width.checked_mul(2).filter(|width| *width <= most);
    std::iter::successors(Some(grown), doubled).collect()
}
