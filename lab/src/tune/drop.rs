//! Two searches on validation rows, one with dropout and one without.

use super::search::Search;
use super::{Arm, Recipe, TrialRunner, WidthSummary};
use dropwise::config::CheckedExperiment;
use dropwise::error::Result;

/// Searches until there are enough trials or there is no time. Both searches get a generation at the same time, so
/// that they have as many trials whenever they end. `None` if cancelled.
pub(super) fn search(
    recipe: &Recipe,
    base: &CheckedExperiment,
    grown: &[WidthSummary],
    runner: &mut impl TrialRunner,
) -> Result<Option<[Search; 2]>> {
    let mut searches = Arm::BOTH.map(|arm| Search::new(recipe, base, grown, arm));
    for generation in 0_usize.. {
        let done = searches[0].results.len();
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
            search.results.extend(pairs);
        }
    }
    Ok(Some(searches))
}
