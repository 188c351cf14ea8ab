//! Hinton's recipe for a network with dropout: grow, drop, decide.
//!
//! The tutorial's advice is: "Increase your hidden layer size(s) with dropout turned off until you perfectly fit
//! your data. Then, using the same hidden layer size, train with dropout turned on." [`tune`] does that, and says
//! what it was good for:
//!
//! 1. **Grow.** With dropout off, hidden layers get twice as wide until a network makes no error on its training
//!    rows; for a regression, until it leaves less than [`Recipe::unexplained`] of the target's variance
//!    unexplained. At each width a few learning rates are tried.
//! 2. **Drop.** Around that width and learning rate, two searches on validation rows with the same number of
//!    trials: one with dropout, one without. The paper's appendix A gives the ranges: hidden rates around 0.5,
//!    input rates up to 0.25, `n / p` units, a learning rate of 10 to 100 times the plain network's, momentum 0.95
//!    to 0.99, max-norm 3 to 4. Trials that fall behind the median of those before them are given up. The best few
//!    are trained again with other seeds, so that luck does not choose.
//! 3. **Decide.** The best setting of each search is trained on training and validation rows together, with several
//!    seeds, and only then measured on test rows, once. A difference that luck could explain is called that.
//!
//! A [`TrialRunner`] trains the trials, so that nothing here knows a file, a clock or a thread, and the same
//! experiment gives the same study however many trials run at once. [`SequentialRunner`] trains one after another;
//! `dropwise tune` has a runner that uses all cores and stores what is finished. `examples/tune_own_data.rs` tunes
//! on its own rows.

mod arm;
mod decide;
mod drop;
mod finalists;
mod grow;
mod recipe;
mod runner;
mod search;
mod setting;
mod space;
mod splits;
mod summary;
mod trial;

use dropwise::config::{CheckedExperiment, Masks};
use dropwise::data::Task;
use dropwise::error::{Error, Result};
use dropwise::evaluate::Measure;

pub use arm::{Arm, Finalist, WidthSummary};
pub use recipe::Recipe;
pub use runner::{SequentialRunner, TrialRunner};
pub use setting::TrialSetting;
pub use space::{Dimension, Space};
pub use splits::TuneSplits;
pub use summary::{ArmSummary, DropoutEffect, TestErrors, TuneSummary};
#[doc(hidden)]
pub use trial::error;
pub use trial::{Phase, Score, Trial, TrialEnd, TrialOutcome};

/// The experiment as trials start from it: everything named that follows from the data, and masks that do not
/// depend on what else is trained at the same time. Early stopping is left out: trials are compared after the same number of
/// epochs.
///
/// # Errors
/// [`Error::InvalidValue`] if trials cannot be made of the experiment: it has no hidden layer, several replicas,
/// a momentum with dampening, or masks of the framework.
pub fn prepare(experiment: &CheckedExperiment, task: &Task) -> Result<CheckedExperiment> {
    validate(experiment)?;
    let mut experiment = experiment.clone().into_inner();
    experiment.dropout.masks = Masks::Seeded;
    experiment.train.early_stopping = None;
    Ok(experiment.check()?.resolve(task)?.into_checked())
}

/// Checks, as [`prepare`] does but before there are data, that trials can be made of the experiment.
///
/// # Errors
/// As [`prepare`].
pub fn validate(experiment: &CheckedExperiment) -> Result<()> {
    if experiment.network.hidden.is_empty() {
        let expected = "a hidden layer or more, whose widths are searched";
        return Err(Error::invalid("network.hidden", expected, "none"));
    }
    let train = &experiment.train;
    if experiment.study.replicas != 1 {
        let expected = "1, since each trial is one network";
        return Err(Error::invalid(
            "study.replicas",
            expected,
            experiment.study.replicas,
        ));
    }
    if train.dampening {
        let expected = "false, since learning rates are searched in PyTorch's convention";
        return Err(Error::invalid("train.dampening", expected, "true"));
    }
    if experiment.dropout.masks == Masks::Framework {
        let expected = "`seeded`, which gives each of the networks trained at once its own masks";
        return Err(Error::invalid("dropout.masks", expected, "`framework`"));
    }
    Ok(())
}

/// Grows, drops and decides: `None` if cancelled.
///
/// `experiment` gives the number of hidden layers, the activation, the optimizer, how long to train and everything
/// else that the recipe does not look for; its widths, rates, learning rate, momentum and max-norm are where the
/// recipe starts from.
///
/// ```
/// use dropwise_lab::tune::{SequentialRunner, Recipe, TuneSplits, tune};
/// use dropwise::{Backend, Experiment, data};
///
/// let text = "[data]\n source = 'xor'\n [network]\n hidden = 4\n \
///             [train]\n loss = 'squared-error'\n learning_rate = 0.5\n steps = 20\n";
/// let experiment = Experiment::parse("xor.toml", text)?;
/// let rows = TuneSplits::shared(&data::xor()); // four rows are too few to hold any back
/// let recipe = Recipe { max_width: 8, trials: 2, seeds: 2, ..Recipe::default() };
/// let mut runner = SequentialRunner::new(&rows, &Backend::default().device()?);
/// let found = tune(&recipe, &experiment, &data::xor(), &mut runner)?.expect("nobody stops it");
/// assert_eq!(found.arms.len(), 2); // with dropout and without
/// # Ok::<(), dropwise::Error>(())
/// ```
///
/// # Errors
/// [`Error::InvalidValue`] if recipe or experiment hold what cannot be; those of the runner.
pub fn tune(
    recipe: &Recipe,
    experiment: &CheckedExperiment,
    rows: &dropwise::Dataset,
    runner: &mut impl TrialRunner,
) -> Result<Option<TuneSummary>> {
    recipe.check()?;
    let base = prepare(experiment, rows.task())?;
    let Some(grown) = grow::grow(recipe, &base, runner)? else {
        return Ok(None);
    };
    let Some(mut searches) = drop::search(recipe, &base, &grown, runner)? else {
        return Ok(None);
    };
    if finalists::replicate_finalists(recipe, &base, &mut searches, runner)?.is_none() {
        return Ok(None);
    }
    let Some(tested) = decide::decide(recipe, &base, &searches, runner)? else {
        return Ok(None);
    };
    let measure = base.train.select;
    let measure = measure.unwrap_or(Measure::of(
        base.resolve(rows.task())?.loss(),
        rows.task(),
        true,
    ));
    Ok(Some(TuneSummary::new(
        &base, measure, grown, &searches, tested,
    )))
}
