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
//!    trials: one with dropout, one without. The paper's appendix A gives the ranges: hidden rates around 0.5, input
//!    rates up to 0.25, `n / p` units, a learning rate of 10 to 100 times the plain network's, momentum 0.95 to 0.99,
//!    max-norm 3 to 4. Trials that fall behind the median of those before them are given up. The best few
//!    are trained again with other seeds, so that luck does not choose.
//! 3. **Decide.** The best setting of each search is trained on training and validation rows together, with several
//!    seeds, and only then measured on test rows, once. A difference that luck could explain is called that.
//!
//! The recipe asks for trials and is told how they ended; a [`Runner`] trains them. So nothing here knows a file, a
//! clock or a thread, and the same experiment gives the same study however many trials run at once. [`InTurn`] is the
//! runner that trains one after another; `dropwise tune` has one that uses all cores and keeps what is finished.
//! `examples/tune_own_data.rs` tunes on rows of its own.

mod again;
mod decide;
mod drop;
mod grow;
mod rows;
mod setting;
mod space;
mod summary;
mod trial;

use serde::{Deserialize, Serialize};

use dropwise::config::{CheckedExperiment, Masks};
use dropwise::data::Task;
use dropwise::error::{Error, Result};

pub use again::Finalist;
pub use rows::{InTurn, Rows};
pub use setting::Setting;
pub use space::{Dimension, Space};
pub use summary::{Arm, ArmSummary, Tested, TuneSummary, Verdict, WidthSummary};
pub use trial::{Outcome, Phase, Score, Trial, TrialEnd};

/// How much the recipe tries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Units of each hidden layer to begin with. Default 8.
    pub first_width: usize,
    /// The most units that a hidden layer may get, in growing as in searching. Default 1024.
    pub max_width: usize,
    /// The learning rates to grow with, as multiples of the experiment's. Default: a tenth to ten times, five in
    /// equal ratios.
    pub rates: Vec<f64>,
    /// The share of a regression target's variance that may be left when a network counts as fitting. Default 0.01.
    pub unexplained: f64,
    /// How many times the grown width is searched at least, in doublings. Default 8: the tutorial's width, and the paper's
    /// `n / p` for the rates 1/2, 3/4 and 7/8. An experiment that is wider itself is searched up to its own width. The
    /// search without dropout has the same widths.
    pub widen: usize,
    /// Trials with dropout, and as many without. Default 24.
    pub trials: usize,
    /// Trials of each search that are asked for at once, before any of them is told: the same number whatever the
    /// cores, so that the study is the same. Default 4.
    pub generation: usize,
    /// Settings of each search that are trained again with other seeds, before the best of them is chosen. Default 4.
    pub finalists: usize,
    /// Networks, each with a seed of its own, that a finalist is judged by, and that the chosen setting is trained with in
    /// the end. Default 5.
    pub seeds: usize,
}

impl Default for Recipe {
    fn default() -> Self {
        Recipe {
            first_width: 8,
            max_width: 1024,
            rates: vec![0.1, 0.316, 1.0, 3.16, 10.0],
            unexplained: 0.01,
            widen: 8,
            trials: 24,
            generation: 4,
            finalists: 4,
            seeds: 5,
        }
    }
}

impl Recipe {
    fn check(&self) -> Result<()> {
        let counts = [
            ("first_width", self.first_width),
            ("trials", self.trials),
            ("generation", self.generation),
            ("finalists", self.finalists),
            ("seeds", self.seeds),
            ("rates", self.rates.len()),
            ("widen", self.widen),
        ];
        for (what, count) in counts {
            if count == 0 {
                return Err(Error::invalid(what, "at least 1", 0));
            }
        }
        if self.max_width < self.first_width {
            let expected = format!("at least the first width, {}", self.first_width);
            return Err(Error::invalid("max_width", expected, self.max_width));
        }
        if let Some(rate) = self
            .rates
            .iter()
            .find(|rate| !rate.is_finite() || **rate <= 0.0)
        {
            return Err(Error::invalid("rates", "multiples above 0", rate));
        }
        Ok(())
    }
}

/// Trains the trials that the recipe asks for: the one who knows rows, devices, threads, files and clocks.
pub trait Runner {
    /// Trains the networks of `trials`, at once or in any order, and says in the order of `trials` how they ended;
    /// none if somebody asked for an end. A result may depend on nothing but its trial and the rows.
    ///
    /// # Errors
    /// Whatever keeps a trial from being trained. A loss that is not finite does not: it is [`TrialEnd::Diverged`].
    fn run(&mut self, trials: &[Trial]) -> Result<Option<Vec<Outcome>>>;

    /// Whether there is time for more trials; asked before each width but the first, and before each generation of
    /// the searches but the first.
    fn has_time(&mut self) -> bool {
        true
    }
}

/// The experiment as trials start from it: everything named that follows from the data, and masks that do not
/// depend on what else is trained at the same time.
///
/// # Errors
/// [`Error::InvalidValue`] if the experiment asks for what trials cannot have: no hidden layer, several replicas, early stopping, a
/// dampened momentum, or masks of the framework.
pub fn prepare(experiment: &CheckedExperiment, task: &Task) -> Result<CheckedExperiment> {
    refuse(experiment)?;
    let mut experiment = experiment.clone().into_inner();
    experiment.dropout.masks = Some(Masks::Seeded);
    experiment.check()?.resolve(task)
}

/// Refuses what trials cannot have, as [`prepare`] does, before there are data.
///
/// # Errors
/// As [`prepare`].
pub fn refuse(experiment: &CheckedExperiment) -> Result<()> {
    if experiment.network.hidden.is_empty() {
        let expected = "a hidden layer or more, whose widths are searched";
        return Err(Error::invalid("network.hidden", expected, "none"));
    }
    let train = &experiment.train;
    if train.replicas != 1 {
        let expected = "1, since each trial is one network";
        return Err(Error::invalid("train.replicas", expected, train.replicas));
    }
    if let Some(stopping) = train.early_stopping {
        let expected = "none, since trials are compared after the same number of epochs";
        let found = format!("a patience of {}", stopping.patience);
        return Err(Error::invalid("train.early_stopping", expected, found));
    }
    if train.dampened {
        let expected = "false, since learning rates are searched in PyTorch's convention";
        return Err(Error::invalid("train.dampened", expected, "true"));
    }
    if experiment.dropout.masks == Some(Masks::Framework) {
        let expected = "`seeded`, which gives each of the networks trained at once its own masks";
        return Err(Error::invalid("dropout.masks", expected, "`framework`"));
    }
    Ok(())
}

/// Grows, drops and decides: none if somebody asked the runner for an end.
///
/// `experiment` gives the number of hidden layers, the activation, the optimizer, how long to train and everything
/// else that the recipe does not look for; its widths, rates, learning rate, momentum and max-norm are where the
/// recipe starts from.
///
/// ```
/// use dropwise_lab::tune::{InTurn, Recipe, Rows, tune};
/// use dropwise::{Backend, Experiment, data};
///
/// let text = "[data]\n source = 'xor'\n [network]\n hidden = 4\n \
///             [train]\n loss = 'squared-error'\n learning_rate = 0.5\n steps = 20\n";
/// let experiment = Experiment::parse("xor.toml", text)?;
/// let rows = Rows::same(&data::xor()); // four rows are too few to hold any back
/// let recipe = Recipe { max_width: 8, trials: 2, seeds: 2, ..Recipe::default() };
/// let mut runner = InTurn::new(&rows, &Backend::default().device()?);
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
    runner: &mut impl Runner,
) -> Result<Option<TuneSummary>> {
    recipe.check()?;
    let base = prepare(experiment, rows.task())?;
    let Some(grown) = grow::grow(recipe, &base, runner)? else {
        return Ok(None);
    };
    let Some(mut searches) = drop::search(recipe, &base, &grown, runner)? else {
        return Ok(None);
    };
    if again::again(recipe, &base, &mut searches, runner)?.is_none() {
        return Ok(None);
    }
    let Some(tested) = decide::decide(recipe, &base, &searches, runner)? else {
        return Ok(None);
    };
    Ok(Some(TuneSummary::new(&base, grown, &searches, tested)))
}
