//! Grow, drop, decide: what the recipe asks a runner for, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dropwise::config::{CheckedExperiment, Experiment};
use dropwise::data::{self, Source, Task};
use dropwise::evaluate::Metrics;
use dropwise::{Backend, Dataset, Result};
use dropwise_lab::tune::{
    Arm, DropoutEffect, Phase, Recipe, Score, SequentialRunner, Trial, TrialEnd, TrialOutcome,
    TrialRunner, TuneSplits, TuneSummary, tune,
};

fn experiment(more: &str) -> CheckedExperiment {
    let text = format!(
        "[data]\n source = 'custom'\n [network]\n hidden = [8, 8]\n activation = 'relu'\n {more}\n \
         [train]\n learning_rate = 0.1\n momentum = 0.9\n batch_size = 10\n epochs = 4\n"
    );
    Experiment::parse("test", &text).expect("an experiment")
}

/// A runner that trains nothing: what a trial comes to is a function of the trial.
struct Pretend<F> {
    outcome: F,
    /// What was asked for in each call.
    calls: Vec<Vec<Trial>>,
    /// How often there is time.
    time: usize,
}

impl<F: FnMut(&Trial) -> TrialOutcome> TrialRunner for Pretend<F> {
    fn run(&mut self, trials: &[Trial]) -> Result<Option<Vec<TrialOutcome>>> {
        self.calls.push(trials.to_vec());
        Ok(Some(trials.iter().map(&mut self.outcome).collect()))
    }

    fn has_time(&mut self) -> bool {
        self.time = self.time.saturating_sub(1);
        self.time > 0
    }
}

fn pretend<F: FnMut(&Trial) -> TrialOutcome>(outcome: F) -> Pretend<F> {
    Pretend {
        outcome,
        calls: Vec::new(),
        time: usize::MAX,
    }
}

/// A trial that was trained to the end, with this error everywhere.
fn ended(trial: &Trial, error: f64) -> TrialOutcome {
    let score = Score { error, loss: error };
    let metrics = Metrics {
        error_rate: Some(error),
        ..Metrics::default()
    };
    TrialOutcome {
        end: TrialEnd::Finished,
        epochs: 4,
        curve: if trial.phase.tests() {
            vec![]
        } else {
            vec![score; 4]
        },
        test: trial.phase.tests().then_some(metrics),
    }
}

/// Fits from `width` units on.
fn fits_at(width: usize, trial: &Trial, error: f64) -> TrialOutcome {
    let mut outcome = ended(trial, error);
    if trial.phase == Phase::Grow && trial.setting.width >= width {
        outcome.end = TrialEnd::Fitted;
    }
    outcome
}

fn run<F: FnMut(&Trial) -> TrialOutcome>(recipe: &Recipe, runner: &mut Pretend<F>) -> TuneSummary {
    let found = tune(recipe, &experiment(""), &data::digits(), runner);
    found.expect("no error").expect("nobody stops it")
}

fn grown<F>(runner: &Pretend<F>) -> Vec<usize> {
    let calls = runner
        .calls
        .iter()
        .filter(|call| call[0].phase == Phase::Grow);
    calls.map(|call| call[0].setting.width).collect()
}

#[test]
fn the_width_doubles_with_dropout_off_until_a_network_fits() {
    let mut runner = pretend(|trial| fits_at(30, trial, 0.1));
    let summary = run(&Recipe::default(), &mut runner);
    assert_eq!(grown(&runner), [8, 16, 32]);
    assert_eq!((summary.width, summary.fits), (32, true));
    for trial in runner
        .calls
        .iter()
        .flatten()
        .filter(|trial| trial.phase == Phase::Grow)
    {
        assert_eq!(trial.experiment.network.hidden, [trial.setting.width; 2]);
        assert_eq!(trial.experiment.dropout.hidden.largest_rate(), 0.0);
        assert_eq!(
            (
                trial.experiment.dropout.input.rate(),
                trial.experiment.train.max_norm
            ),
            (0.0, None)
        );
    }
    let rates: Vec<f64> = runner.calls[0]
        .iter()
        .map(|trial| trial.setting.learning_rate)
        .collect();
    assert_eq!(rates, [0.01, 0.0316, 0.1, 0.316, 1.0]);
}

#[test]
fn of_the_learning_rates_the_smallest_one_that_fits_is_taken() {
    use TrialEnd::{Diverged, Finished, Fitted};
    let mut runner = pretend(|trial| {
        let mut outcome = fits_at(8, trial, 0.1);
        if trial.phase == Phase::Grow {
            outcome.end = [Finished, Diverged, Fitted, Fitted, Finished][trial.number % 5];
        }
        outcome
    });
    let summary = run(&Recipe::default(), &mut runner);
    assert_eq!(summary.grown.len(), 1);
    let grown = &summary.grown[0];
    assert_eq!((grown.learning_rate, grown.fits), (0.1, true));
}

#[test]
fn where_no_width_fits_the_best_one_is_taken_and_called_that() {
    let mut runner = pretend(|trial| match trial.setting.width {
        16 => ended(trial, 0.1),
        _ => ended(trial, 0.2),
    });
    let recipe = Recipe {
        max_width: 40,
        ..Recipe::default()
    };
    let summary = run(&recipe, &mut runner);
    assert_eq!(grown(&runner), [8, 16, 32]);
    assert_eq!((summary.width, summary.fits), (16, false));
    let widths = runner
        .calls
        .iter()
        .flatten()
        .map(|trial| trial.setting.width);
    assert!(widths.max() <= Some(40));
}

#[test]
fn test_rows_are_asked_for_once_at_the_very_end() {
    let mut runner = pretend(|trial| fits_at(8, trial, 0.1));
    run(&Recipe::default(), &mut runner);
    let (last, others) = runner.calls.split_last().expect("calls");
    assert!(others.iter().flatten().all(|trial| !trial.phase.tests()));
    assert!(last.iter().all(|trial| trial.phase.tests()));
    let seeds: Vec<u64> = last.iter().map(|trial| trial.experiment.seed).collect();
    assert_eq!(seeds, [42, 43, 44, 45, 46, 42, 43, 44, 45, 46]);
}

/// Digits that count how often a row from some row on is read.
struct Counted {
    task: Task,
    rows: Dataset,
    first_test_row: usize,
    reads: Arc<AtomicUsize>,
}

impl Counted {
    fn count(&self, row: usize) {
        if row >= self.first_test_row {
            self.reads.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Source for Counted {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn d_input(&self) -> usize {
        self.rows.d_input()
    }

    fn task(&self) -> &Task {
        &self.task
    }

    fn read_inputs(&self, row: usize, into: &mut [f64]) {
        self.count(row);
        into.copy_from_slice(&self.rows.input_row(row));
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        self.count(row);
        into.copy_from_slice(&self.rows.target_row(row));
    }
}

/// Trains in turn, and notes how often test rows had been read before each call.
struct Watched<'a> {
    runner: SequentialRunner<'a>,
    reads: Arc<AtomicUsize>,
    before: Vec<usize>,
}

impl TrialRunner for Watched<'_> {
    fn run(&mut self, trials: &[Trial]) -> Result<Option<Vec<TrialOutcome>>> {
        self.before.push(self.reads.load(Ordering::Relaxed));
        self.runner.run(trials)
    }
}

#[test]
fn no_test_row_is_read_before_everything_is_chosen() {
    let digits = data::digits();
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = Dataset::new(Counted {
        task: digits.task().clone(),
        rows: digits.select(&(0..150).collect::<Vec<_>>()),
        first_test_row: 100,
        reads: Arc::clone(&reads),
    });
    let part = |rows: std::ops::Range<usize>| counted.select(&rows.collect::<Vec<_>>());
    let rows = TuneSplits {
        train: part(0..70),
        validation: part(70..100),
        train_and_validation: part(0..100),
        test: part(100..150),
        folds: vec![],
    };
    let recipe = Recipe {
        trials: 5,
        max_width: 16,
        seeds: 2,
        finalists: 2,
        ..Recipe::default()
    };
    let device = Backend::default().device().expect("a backend that starts");
    let mut runner = Watched {
        runner: SequentialRunner::new(&rows, &device),
        reads: Arc::clone(&reads),
        before: Vec::new(),
    };
    tune(&recipe, &experiment(""), &rows.train, &mut runner)
        .expect("no error")
        .expect("an end");
    assert!(runner.before.len() >= 4, "{:?}", runner.before);
    assert!(
        runner.before.iter().all(|reads| *reads == 0),
        "{:?}",
        runner.before
    );
    // The inputs of 50 rows and their targets, in each of four networks.
    assert_eq!(reads.load(Ordering::Relaxed), 4 * 2 * 50);
}

#[test]
fn both_searches_get_as_many_trials_however_long_there_is_time() {
    for time in [1, 2, 3, 5, usize::MAX] {
        let mut runner = pretend(|trial| fits_at(8, trial, 0.1));
        runner.time = time;
        let recipe = Recipe {
            trials: 10,
            ..Recipe::default()
        };
        let summary = run(&recipe, &mut runner);
        let trials: Vec<usize> = summary.arms.iter().map(|arm| arm.trials).collect();
        assert_eq!(trials[0], trials[1]);
        assert_eq!(
            trials[0],
            [4, 8, 10, 10, 10][[1, 2, 3, 5, usize::MAX]
                .iter()
                .position(|t| *t == time)
                .unwrap()]
        );
    }
}

#[test]
fn what_falls_behind_the_median_of_those_before_it_is_given_up() {
    // The first four come to 0.1, 0.2, 0.3 and 0.4.
    let mut runner = pretend(|trial| fits_at(8, trial, 0.1 + 0.1 * trial.number as f64));
    run(&Recipe::default(), &mut runner);
    let searches = runner
        .calls
        .iter()
        .filter(|call| call[0].phase == Phase::Dropout);
    let limits: Vec<_> = searches.map(|call| call[0].limits.clone()).collect();
    assert_eq!(limits[0], []);
    let errors: Vec<f64> = limits[1].iter().map(|limit| limit.error).collect();
    assert_eq!(errors.len(), 4);
    assert!(
        errors.iter().all(|error| (error - 0.3).abs() < 1e-12),
        "{errors:?}"
    );
}

#[test]
fn trials_that_were_given_up_or_diverged_are_not_chosen() {
    let mut runner = pretend(|trial| {
        let better = match trial.phase {
            Phase::Dropout | Phase::NoDropout => trial.number as f64,
            _ => 0.0,
        };
        let mut outcome = fits_at(8, trial, 0.5 - 0.01 * better);
        if trial.phase == Phase::Dropout && trial.number == 23 {
            outcome.end = TrialEnd::Pruned;
        }
        if trial.phase == Phase::NoDropout && trial.number == 23 {
            outcome.end = TrialEnd::Diverged;
        }
        outcome
    });
    let summary = run(&Recipe::default(), &mut runner);
    for arm in &summary.arms {
        assert_eq!(arm.best_trial, 22);
        assert_eq!(arm.pruned + arm.diverged, 1);
    }
}

#[test]
fn where_all_diverge_a_smaller_rate_is_advised() {
    let mut runner = pretend(|_| TrialOutcome {
        end: TrialEnd::Diverged,
        epochs: 1,
        curve: vec![],
        test: None,
    });
    let error = tune(
        &Recipe::default(),
        &experiment(""),
        &data::digits(),
        &mut runner,
    )
    .expect_err("nothing is left");
    assert!(
        error
            .to_string()
            .contains("try a tenth of `train.learning_rate`"),
        "{error}"
    );
}

/// How far a setting is from a made-up best one, as an error.
fn distance(trial: &Trial) -> f64 {
    let setting = &trial.setting;
    let rate = (setting.learning_rate / (1.0 - setting.momentum.unwrap_or(0.0)) / 3.0).log10();
    let hidden = (setting.hidden_rate - 0.45) / 0.6;
    let width = (setting.width as f64 / 32.0).log2() / 3.0;
    (rate / 2.0).powi(2) + hidden.powi(2) + width.powi(2)
}

#[test]
fn the_search_finds_a_better_setting_than_as_many_drawn_evenly() {
    let (mut searched, mut drawn) = (0.0, 0.0);
    for seed in 0..20 {
        let text = format!("seed = {seed}\n");
        let experiment = Experiment::parse(
            "test",
            &(text + "[data]\n source = 'custom'\n [network]\n hidden = [8]\n [train]\n learning_rate = 0.1\n momentum = 0.9\n epochs = 4\n"),
        )
        .expect("an experiment");
        // A search whose results are all alike draws from everywhere: all trials are alike to it.
        let best = |informed: bool| {
            let mut least = f64::INFINITY;
            let mut runner = pretend(|trial| {
                if trial.phase == Phase::Dropout {
                    least = least.min(distance(trial));
                }
                let error = if informed {
                    distance(trial)
                } else {
                    (trial.number * 7919 % 31) as f64
                };
                fits_at(8, trial, error)
            });
            let recipe = Recipe {
                trials: 40,
                ..Recipe::default()
            };
            tune(&recipe, &experiment, &data::digits(), &mut runner).expect("no error");
            least
        };
        searched += best(true);
        drawn += best(false);
    }
    assert!(searched < 0.5 * drawn, "{searched} and {drawn}");
}

#[test]
fn settings_stay_in_their_ranges_and_the_advice_comes_first() {
    let mut runner = pretend(|trial| fits_at(8, trial, distance(trial)));
    run(&Recipe::default(), &mut runner);
    let trials: Vec<&Trial> = runner.calls.iter().flatten().collect();
    let first = trials
        .iter()
        .find(|trial| trial.phase == Phase::Dropout)
        .expect("a trial");
    let advice = (
        first.setting.width,
        first.setting.hidden_rate,
        first.setting.input_rate,
        first.setting.max_norm,
    );
    assert_eq!(advice, (16, 0.5, 0.2, Some(3.0)));
    for trial in trials {
        let setting = &trial.setting;
        match trial.phase {
            Phase::Dropout => {
                assert!((0.1..=0.7).contains(&setting.hidden_rate));
                assert!((0.0..=0.25).contains(&setting.input_rate));
            }
            Phase::NoDropout => assert_eq!((setting.hidden_rate, setting.input_rate), (0.0, 0.0)),
            _ => continue,
        }
        assert!((0.9..=0.99).contains(&setting.momentum.expect("gradient descent has one")));
        assert!([8, 16, 32, 64].contains(&setting.width));
        assert!([None, Some(2.0), Some(3.0), Some(4.0)].contains(&setting.max_norm));
    }
}

#[test]
fn the_mean_over_seeds_chooses_among_the_finalists() {
    // Trial 7 is the best by luck; trial 3, the third best, by its other seeds.
    let mut runner = pretend(|trial| {
        let error = match (trial.phase, trial.number) {
            (Phase::Dropout, 7) => 0.1,
            (Phase::Dropout, 5) => 0.11,
            (Phase::Dropout, 3) => 0.12,
            (Phase::DropoutFinalists, 8..12) => 0.1,
            (Phase::DropoutFinalists, _) => 0.2,
            _ => 0.3,
        };
        fits_at(8, trial, error)
    });
    let summary = run(&Recipe::default(), &mut runner);
    let arm = summary.arm(Arm::Dropout).expect("an arm");
    let finalists: Vec<usize> = arm
        .finalists
        .iter()
        .map(|finalist| finalist.trial)
        .collect();
    assert_eq!(finalists[..3], [7, 5, 3]);
    assert_eq!((finalists.len(), arm.best_trial), (4, 3));
    assert_eq!(arm.finalists[2].errors, [0.12, 0.1, 0.1, 0.1, 0.1]);
    assert!((arm.validation.error - 0.104).abs() < 1e-12);
    let again = runner
        .calls
        .iter()
        .flatten()
        .filter(|trial| trial.phase == Phase::DropoutFinalists);
    let seeds: Vec<u64> = again.map(|trial| trial.experiment.seed).collect();
    assert_eq!(seeds, [[43, 44, 45, 46]; 4].concat());
}

#[test]
fn the_verdict_is_that_of_the_interval_of_the_difference() {
    let verdict = |with: f64, without: f64, spread: f64| {
        let mut runner = pretend(|trial| {
            let mean = if trial.phase == Phase::DropoutTest {
                with
            } else {
                without
            };
            fits_at(8, trial, mean + spread * trial.number as f64)
        });
        let summary = run(&Recipe::default(), &mut runner);
        (summary.verdict, summary.difference.expect("a difference"))
    };
    assert_eq!(verdict(0.1, 0.2, 0.001).0, DropoutEffect::Helps);
    assert_eq!(verdict(0.2, 0.1, 0.001).0, DropoutEffect::Hurts);
    let (found, difference) = verdict(0.10, 0.11, 0.1);
    assert_eq!(found, DropoutEffect::Inconclusive);
    assert!((difference + 0.01).abs() < 1e-12);
}

#[test]
fn the_validation_rows_choose_and_not_the_test_rows() {
    let mut runner = pretend(|trial| match trial.phase {
        Phase::Dropout | Phase::DropoutFinalists => ended(trial, 0.2),
        Phase::NoDropout | Phase::NoDropoutFinalists => ended(trial, 0.1),
        Phase::DropoutTest => ended(trial, 0.0),
        _ => fits_at(8, trial, 0.3),
    });
    let summary = run(&Recipe::default(), &mut runner);
    assert_eq!(summary.verdict, DropoutEffect::Helps);
    assert_eq!(summary.recommended, Arm::NoDropout);
}

#[test]
fn recipes_without_a_trial_are_refused() {
    let refused = |recipe: Recipe, expected: &str| {
        let mut runner = pretend(|trial| ended(trial, 0.1));
        let error =
            tune(&recipe, &experiment(""), &data::digits(), &mut runner).expect_err("a mistake");
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(runner.calls.is_empty());
    };
    let recipe = Recipe::default;
    refused(
        Recipe {
            trials: 0,
            ..recipe()
        },
        "trials: expected at least 1",
    );
    refused(
        Recipe {
            rates: vec![],
            ..recipe()
        },
        "rates: expected at least 1",
    );
    refused(
        Recipe {
            rates: vec![1.0, f64::NAN],
            ..recipe()
        },
        "rates: expected multiples above 0",
    );
    refused(
        Recipe {
            max_width: 4,
            ..recipe()
        },
        "max_width: expected at least the first width, 8",
    );
}
