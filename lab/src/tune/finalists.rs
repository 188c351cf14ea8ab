//! The best settings with further seeds, so that luck does not choose.

use super::search::Search;
use super::{
    Arm, Finalist, Phase, Recipe, Score, Trial, TrialEnd, TrialOutcome, TrialRunner, TrialSetting,
};
use dropwise::config::CheckedExperiment;
use dropwise::error::{Error, Result};

/// Trains the best settings of each search with further seeds. `None` if cancelled.
///
/// The best of many trials owes a part of its score to its seed; the mean over several seeds owes it less.
pub(super) fn replicate_finalists(
    recipe: &Recipe,
    base: &CheckedExperiment,
    searches: &mut [Search; 2],
    runner: &mut impl TrialRunner,
) -> Result<Option<()>> {
    let mut trials = Vec::new();
    let mut leaders = Vec::new();
    for search in searches.iter() {
        let found = search.leaders(recipe.finalists);
        if found.is_empty() {
            return Err(none_left(search));
        }
        for (place, (_, setting, _)) in found.iter().enumerate() {
            for seed in 1..recipe.seeds {
                let number = place * (recipe.seeds - 1) + seed - 1;
                trials.push(trial(base, search.arm, number, setting, seed)?);
            }
        }
        leaders.push(found);
    }
    let Some(outcomes) = runner.run(&trials)? else {
        return Ok(None);
    };
    let mut outcomes = outcomes.into_iter();
    for (search, leaders) in searches.iter_mut().zip(leaders) {
        for (number, setting, score) in leaders {
            let more = outcomes.by_ref().take(recipe.seeds - 1);
            let scores: Vec<Score> = std::iter::once(score)
                .chain(more.map(|found| reached(&found)))
                .collect();
            search.finalists.push(Finalist {
                trial: number,
                setting,
                errors: scores.iter().map(|score| score.error).collect(),
                mean: Score::mean(&scores),
            });
        }
    }
    Ok(Some(()))
}

fn trial(
    base: &CheckedExperiment,
    arm: Arm,
    number: usize,
    setting: &TrialSetting,
    seed: usize,
) -> Result<Trial> {
    let mut experiment = setting.apply(base)?.into_inner();
    experiment.seed = base.seed.wrapping_add(seed as u64);
    Ok(Trial {
        phase: match arm {
            Arm::Dropout => Phase::DropoutFinalists,
            Arm::NoDropout => Phase::NoDropoutFinalists,
        },
        number,
        setting: setting.clone(),
        experiment: experiment.check()?,
        limits: Vec::new(),
        unexplained: 0.0,
    })
}

/// The score of a network; the worst there is if it diverged.
fn reached(outcome: &TrialOutcome) -> Score {
    let score = outcome
        .score()
        .filter(|_| outcome.end == TrialEnd::Finished);
    score.unwrap_or(Score::WORST)
}

fn none_left(search: &Search) -> Error {
    let found = format!(
        "none among {}: try a tenth of `train.learning_rate`",
        search.results.len()
    );
    let what = format!("the search with {}", search.arm.words());
    Error::invalid(what, "a trial that does not diverge", found)
}
