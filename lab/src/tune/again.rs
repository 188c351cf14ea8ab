//! The best settings once more: luck is not to choose.

use serde::Serialize;

use super::drop::Search;
use super::{Arm, Outcome, Phase, Recipe, Runner, Score, Setting, Trial, TrialEnd};
use dropwise::config::CheckedExperiment;
use dropwise::error::{Error, Result};

/// A setting that was among the best of its search, and its networks of several seeds on the validation rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finalist {
    /// The number of its trial in the search.
    pub trial: usize,
    /// Its setting.
    pub setting: Setting,
    /// The error of each network, that of the search first, in the order of their seeds.
    pub errors: Vec<f64>,
    /// Their mean score.
    pub mean: Score,
}

/// Trains the best settings of each search with further seeds. None if somebody asked for an end.
///
/// The best of many trials owes a part of its score to its seed; the mean over several seeds owes it less.
pub(super) fn again(
    recipe: &Recipe,
    base: &CheckedExperiment,
    searches: &mut [Search; 2],
    runner: &mut impl Runner,
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
    setting: &Setting,
    seed: usize,
) -> Result<Trial> {
    let mut experiment = setting.apply(base)?.into_inner();
    experiment.seed = base.seed.wrapping_add(seed as u64);
    Ok(Trial {
        phase: match arm {
            Arm::Dropout => Phase::DropoutAgain,
            Arm::NoDropout => Phase::NoDropoutAgain,
        },
        number,
        setting: setting.clone(),
        experiment: experiment.check()?,
        limits: Vec::new(),
        unexplained: 0.0,
    })
}

/// The score of a network; the worst there is if it diverged.
fn reached(outcome: &Outcome) -> Score {
    let score = outcome
        .score()
        .filter(|_| outcome.end == TrialEnd::Finished);
    score.unwrap_or(Score::WORST)
}

fn none_left(search: &Search) -> Error {
    let found = format!(
        "none among {}: try a tenth of `train.learning_rate`",
        search.told.len()
    );
    let what = format!("the search with {}", search.arm.words());
    Error::invalid(what, "a trial that does not diverge", found)
}
