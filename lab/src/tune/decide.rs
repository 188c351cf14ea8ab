//! Test rows, once: the best setting of each search, with several seeds.

use super::search::Search;
use super::{Arm, Finalist, Phase, Recipe, Trial, TrialOutcome, TrialRunner};
use dropwise::config::CheckedExperiment;
use dropwise::error::Result;

/// The networks of both arms, trained on training and validation rows and measured on test rows, in one call of the
/// runner: after it nothing is chosen any more. `None` if cancelled.
pub(super) fn decide(
    recipe: &Recipe,
    base: &CheckedExperiment,
    searches: &[Search; 2],
    runner: &mut impl TrialRunner,
) -> Result<Option<[Vec<TrialOutcome>; 2]>> {
    let mut trials = Vec::new();
    for search in searches {
        trials.extend(self::trials(recipe, base, search)?);
    }
    let Some(mut outcomes) = runner.run(&trials)? else {
        return Ok(None);
    };
    let second = outcomes.split_off(recipe.seeds.min(outcomes.len()));
    Ok(Some([outcomes, second]))
}

/// The same setting with as many seeds, which count on from the experiment's.
fn trials(recipe: &Recipe, base: &CheckedExperiment, search: &Search) -> Result<Vec<Trial>> {
    let Some(Finalist { setting, .. }) = search.best() else {
        return Ok(Vec::new()); // there is one, or the finalists are an error
    };
    let trial = |number: usize| {
        let mut experiment = setting.apply(base)?.into_inner();
        experiment.seed = base.seed.wrapping_add(number as u64);
        Ok(Trial {
            phase: match search.arm {
                Arm::Dropout => Phase::DropoutTest,
                Arm::NoDropout => Phase::NoDropoutTest,
            },
            number,
            setting: setting.clone(),
            experiment: experiment.check()?,
            limits: Vec::new(),
            unexplained: 0.0,
        })
    };
    (0..recipe.seeds).map(trial).collect()
}
