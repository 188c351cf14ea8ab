//! Wider and wider, with dropout off, until the training rows are fitted.

use super::{
    Phase, Recipe, Trial, TrialEnd, TrialOutcome, TrialRunner, TrialSetting, WidthSummary,
};
use dropwise::config::CheckedExperiment;
use dropwise::error::Result;

/// Doubles the width until a network fits, there is no time, or the largest width is reached. Every width that was
/// tried, the last one the widest; `None` if cancelled.
pub(super) fn grow(
    recipe: &Recipe,
    base: &CheckedExperiment,
    runner: &mut impl TrialRunner,
) -> Result<Option<Vec<WidthSummary>>> {
    let mut grown: Vec<WidthSummary> = Vec::new();
    let mut width = recipe.first_width;
    loop {
        let number = grown.len() * recipe.rates.len();
        let trials = trials(recipe, base, width, number)?;
        let Some(outcomes) = runner.run(&trials)? else {
            return Ok(None);
        };
        let found = summarize(width, &trials, &outcomes);
        let fits = found.fits;
        grown.push(found);
        width = width.saturating_mul(2);
        if fits || width > recipe.max_width || !runner.has_time() {
            return Ok(Some(grown));
        }
    }
}

/// A trial for each learning rate.
fn trials(
    recipe: &Recipe,
    base: &CheckedExperiment,
    width: usize,
    number: usize,
) -> Result<Vec<Trial>> {
    let trial = |(k, factor): (usize, &f64)| {
        let setting = TrialSetting {
            width,
            learning_rate: super::setting::round(base.train.learning_rate * factor, 3),
            ..TrialSetting::plain(base)
        };
        Ok(Trial {
            phase: Phase::Grow,
            number: number + k,
            experiment: setting.apply(base)?,
            setting,
            limits: Vec::new(),
            unexplained: recipe.unexplained,
        })
    };
    recipe.rates.iter().enumerate().map(trial).collect()
}

/// The smallest learning rate that fits; if none fits, the one with the best score.
fn summarize(width: usize, trials: &[Trial], outcomes: &[TrialOutcome]) -> WidthSummary {
    let candidates = trials.iter().zip(outcomes);
    let summaries = candidates.map(|(trial, outcome)| WidthSummary {
        width,
        learning_rate: trial.setting.learning_rate,
        fits: outcome.end == TrialEnd::Fitted,
        epochs: outcome.epochs,
        // One that diverged was worth nothing, however well it began.
        score: match outcome.end {
            TrialEnd::Diverged => None,
            _ => outcome.score(),
        },
    });
    let plain = WidthSummary {
        width,
        learning_rate: trials
            .first()
            .map_or(0.0, |trial| trial.setting.learning_rate),
        fits: false,
        epochs: 0,
        score: None,
    };
    summaries.min_by(WidthSummary::compare).unwrap_or(plain)
}
