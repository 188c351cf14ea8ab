//! Dropout on: two searches on validation rows, one with dropout and one without.

use super::again::Finalist;
use super::summary::grown_to;
use super::{
    Arm, Outcome, Phase, Recipe, Runner, Score, Setting, Space, Trial, TrialEnd, WidthSummary,
};
use dropwise::config::CheckedExperiment;
use dropwise::error::Result;
use dropwise::seed::{Purpose, stream_at};

/// One of the two searches.
pub(super) struct Search {
    pub(super) arm: Arm,
    pub(super) space: Space,
    /// What a value that is not searched stays at.
    start: Setting,
    /// What is tried first.
    advice: Vec<Setting>,
    pub(super) told: Vec<(Setting, Outcome)>,
    /// The best of those, once they have been trained again.
    pub(super) finalists: Vec<Finalist>,
}

/// A limit needs so many trials before it.
const JUDGES: usize = 4;

/// Searches until there are enough trials or there is no time. Both searches get a generation at the same time, so
/// that they have as many trials whenever they end. None if somebody asked for an end.
pub(super) fn search(
    recipe: &Recipe,
    base: &CheckedExperiment,
    grown: &[WidthSummary],
    runner: &mut impl Runner,
) -> Result<Option<[Search; 2]>> {
    let mut searches = Arm::BOTH.map(|arm| Search::new(recipe, base, grown, arm));
    for generation in 0_usize.. {
        let done = searches[0].told.len();
        if done >= recipe.trials || (done > 0 && !runner.has_time()) {
            break;
        }
        let count = recipe.generation.min(recipe.trials - done);
        let mut trials = Vec::new();
        for search in &searches {
            trials.extend(search.ask(base, generation, count)?);
        }
        let Some(outcomes) = runner.run(&trials)? else {
            return Ok(None);
        };
        let mut outcomes = outcomes.into_iter();
        let mut settings = trials.into_iter().map(|trial| trial.setting);
        for search in &mut searches {
            let pairs = settings.by_ref().take(count).zip(outcomes.by_ref());
            search.told.extend(pairs);
        }
    }
    Ok(Some(searches))
}

impl Search {
    fn new(recipe: &Recipe, base: &CheckedExperiment, grown: &[WidthSummary], arm: Arm) -> Self {
        let (width, rate) = grown_to(grown)
            .map_or((recipe.first_width, base.train.learning_rate), |grown| {
                (grown.width, grown.learning_rate)
            });
        let widths = widths(recipe, base, width);
        let space = Space::new(base, widths, rate, arm);
        let start = Setting {
            width,
            learning_rate: rate,
            ..Setting::plain(base)
        };
        Search {
            arm,
            advice: space.advice(&start, arm),
            space,
            start,
            told: Vec::new(),
            finalists: Vec::new(),
        }
    }

    /// The next trials: the advice first, then what the space says.
    fn ask(&self, base: &CheckedExperiment, generation: usize, count: usize) -> Result<Vec<Trial>> {
        let done = self.told.len();
        // A stream for both searches, and a part of it for each generation of each.
        let part = 2 * generation + self.arm as usize;
        let mut random = stream_at(base.seed, Purpose::Search, part);
        let known = self.ranked();
        let known: Vec<_> = known.iter().map(|(setting, _)| setting).collect();
        let mut settings: Vec<_> = self.advice.iter().skip(done).take(count).cloned().collect();
        let more = count - settings.len();
        settings.extend(self.space.ask(&self.start, &known, more, &mut random)?);
        let limits = self.limits();
        let trial = |(k, setting): (usize, Setting)| {
            Ok(Trial {
                phase: self.phase(),
                number: done + k,
                experiment: setting.apply(base)?,
                setting,
                limits: limits.clone(),
                unexplained: 0.0,
            })
        };
        settings.into_iter().enumerate().map(trial).collect()
    }

    fn phase(&self) -> Phase {
        match self.arm {
            Arm::Dropout => Phase::Dropout,
            Arm::NoDropout => Phase::NoDropout,
        }
    }

    /// The trials, the best first: those that were trained to the end by their scores, then those that were given up,
    /// the longest trained first, then those that diverged.
    fn ranked(&self) -> Vec<&(Setting, Outcome)> {
        let class = |outcome: &Outcome| match outcome.end {
            TrialEnd::Finished | TrialEnd::Fitted => (0, 0),
            TrialEnd::Pruned => (1, usize::MAX - outcome.curve.len()),
            TrialEnd::Diverged => (2, 0),
        };
        let mut ranked: Vec<_> = self.told.iter().collect();
        ranked.sort_by(|(_, one), (_, other)| {
            let score = |outcome: &Outcome| outcome.score().unwrap_or(Score::WORST);
            let by_class = class(one).cmp(&class(other));
            by_class.then(score(one).compare(&score(other)))
        });
        ranked
    }

    /// The best trials that were trained to the end, at most `count`, the best first: number, setting, score.
    pub(super) fn leaders(&self, count: usize) -> Vec<(usize, Setting, Score)> {
        let number = |told: &(Setting, Outcome)| {
            let place = self.told.iter().position(|other| std::ptr::eq(other, told));
            place.unwrap_or_default()
        };
        let ended = self
            .ranked()
            .into_iter()
            .filter(|(_, outcome)| outcome.end == TrialEnd::Finished);
        let leaders =
            ended.filter_map(|told| Some((number(told), told.0.clone(), told.1.score()?)));
        leaders.take(count).collect()
    }

    /// The finalist with the best mean score.
    pub(super) fn best(&self) -> Option<&Finalist> {
        self.finalists
            .iter()
            .min_by(|one, other| one.mean.compare(&other.mean))
    }

    /// At each evaluation the median of the scores of all trials that reached it (Golovin et al. 2017, "Google Vizier",
    /// section 3.2), of two in the middle the worse one. Trials of the same generation do not count, so that it does
    /// not matter which of them ends first.
    fn limits(&self) -> Vec<Score> {
        let reached = |place: usize| {
            let curves = self.told.iter().map(|(_, outcome)| &outcome.curve);
            let mut scores: Vec<_> = curves
                .filter_map(|curve| curve.get(place).copied())
                .collect();
            scores.sort_by(Score::compare);
            (scores.len() >= JUDGES).then(|| scores[scores.len() / 2])
        };
        (0..).map_while(reached).collect()
    }
}

/// The grown width doubled again and again: to the recipe's multiple of it, or to the experiment's own width where that
/// is more, but not over the recipe's largest.
fn widths(recipe: &Recipe, base: &CheckedExperiment, grown: usize) -> Vec<usize> {
    let own = base.network.hidden.iter().copied().max().unwrap_or(grown);
    let most = grown.saturating_mul(recipe.widen).max(own);
    let most = most.min(recipe.max_width).max(grown);
    let doubled = |width: &usize| width.checked_mul(2).filter(|width| *width <= most);
    std::iter::successors(Some(grown), doubled).collect()
}
