//! Early stopping, and divergence.

use dropwise::train::{End, Observer, Report, Trainer};
use dropwise::{Dataset, Error, Result, evaluate};

use super::{device, trainer, weights};
use crate::common::rows::{Rows, bits, experiment};

/// An evaluation: step, loss on the validation rows, whether it is the best so far, the weights.
struct Seen {
    step: usize,
    loss: f64,
    best: bool,
    bits: Vec<u64>,
}

#[derive(Default)]
struct Evaluations(Vec<Seen>);

impl Observer for Evaluations {
    fn evaluated(&mut self, trainer: &Trainer<'_>, report: &Report) -> Result<()> {
        assert!(report.train.is_none(), "the validation rows speak");
        let validation = report.validation.as_ref().expect("validation rows");
        self.0.push(Seen {
            step: report.step,
            loss: validation.metrics.loss,
            best: report.best,
            bits: bits(&weights(trainer)),
        });
        Ok(())
    }
}

/// A training whose loss on other rows soon rises: targets are noise, and what is learned of those of
/// the training rows says nothing of others.
fn overfit(stopping: &str) -> (End, Evaluations, Vec<u64>, Option<usize>) {
    let train = format!(
        "optimizer = 'adam'\nlearning_rate = 0.05\nbatch_size = 4\nepochs = 200\n{stopping}"
    );
    let experiment = experiment("float64", "", &train);
    let rows = Dataset::new(Rows::random(10, 1));
    let others = Dataset::new(Rows::random(20, 2));
    let mut trainer =
        Trainer::new(&experiment, &rows, Some(&others), &device()).expect("a trainer");
    let mut seen = Evaluations::default();
    let end = trainer.run(&mut seen).expect("no error");
    let best = trainer.best().map(|(_, step)| step);
    let last = trainer.into_network().weights().expect("weights");
    (end, seen, bits(&last), best)
}

/// The place of the smallest loss.
fn smallest(seen: &[Seen]) -> usize {
    let losses = seen.iter().map(|seen| seen.loss).enumerate();
    let smallest = losses.min_by(|a, b| a.1.total_cmp(&b.1));
    smallest.expect("an evaluation").0
}

#[test]
fn training_stops_when_patience_is_over_and_gives_back_the_best_network() {
    for patience in [1, 4] {
        let stopping = format!("early_stopping = {{ patience = {patience} }}");
        let (end, Evaluations(seen), network, best_step) = overfit(&stopping);
        assert_eq!(end, End::StoppedEarly);
        let best = smallest(&seen);
        assert!(best > 0, "something was learned before");
        assert_eq!(
            seen.len(),
            best + 1 + patience,
            "so many evaluations after the best"
        );
        assert_eq!(network, seen[best].bits);
        assert_ne!(network, seen[best + 1].bits);
        assert_eq!(best_step, Some(seen[best].step));
    }
}

#[test]
fn an_evaluation_is_the_best_if_none_before_had_so_small_a_loss() {
    let (end, Evaluations(seen), network, best_step) = overfit("");
    assert_eq!(
        end,
        End::Finished,
        "without early stopping nothing stops early"
    );
    assert_eq!(seen.len(), 200);
    let mut smallest_before = f64::INFINITY;
    for seen in &seen {
        assert_eq!(seen.best, seen.loss < smallest_before, "step {}", seen.step);
        smallest_before = smallest_before.min(seen.loss);
    }
    assert_eq!(best_step, Some(seen[smallest(&seen)].step));
    assert_eq!(network, seen[199].bits, "the network as it is at the end");
}

#[test]
fn an_improvement_smaller_than_asked_for_is_none() {
    let margin = 0.03;
    let stopping = format!("early_stopping = {{ patience = 3, min_improvement = {margin} }}");
    let (end, Evaluations(seen), network, _) = overfit(&stopping);
    assert_eq!(end, End::StoppedEarly);
    let (mut best, mut waited) = (0, 0);
    for (k, one) in seen.iter().enumerate().skip(1) {
        assert!(waited < 3, "training went on");
        let improved = one.loss < seen[best].loss - margin;
        assert_eq!(one.best, improved, "evaluation {k}");
        (best, waited) = if improved { (k, 0) } else { (best, waited + 1) };
    }
    assert_eq!(waited, 3);
    assert_eq!(network, seen[best].bits);
    let smaller = |one: &Seen| !one.best && one.loss < seen[best].loss;
    assert!(seen.iter().any(smaller), "the margin made a difference");
}

#[test]
fn the_best_network_has_the_loss_that_made_it_the_best() {
    let (_, Evaluations(seen), ..) = overfit("early_stopping = { patience = 2 }");
    let experiment = experiment(
        "float64",
        "",
        "optimizer = 'adam'\nlearning_rate = 0.05\nbatch_size = 4\nepochs = 200\nearly_stopping = { patience = 2 }",
    );
    let (rows, others) = (
        Dataset::new(Rows::random(10, 1)),
        Dataset::new(Rows::random(20, 2)),
    );
    let mut trainer =
        Trainer::new(&experiment, &rows, Some(&others), &device()).expect("a trainer");
    trainer.run(&mut ()).expect("no error");
    let loss = trainer.experiment().loss();
    let network = trainer.into_network();
    let found = evaluate(&network, loss, &others)
        .expect("an evaluation")
        .metrics
        .loss;
    assert_eq!(found.to_bits(), seen[smallest(&seen)].loss.to_bits());
}

#[test]
fn empty_validation_rows_are_none_and_empty_training_rows_an_error() {
    let experiment = experiment("float32", "", "learning_rate = 0.1\nsteps = 1");
    let data = Dataset::new(Rows::random(10, 1));
    let none = data.select(&[]);
    let mut trainer = Trainer::new(&experiment, &data, Some(&none), &device()).expect("a trainer");
    trainer.run(&mut ()).expect("no error");
    assert!(trainer.best().is_none());
    let error = Trainer::new(&experiment, &none, None, &device()).err();
    let error = error.expect("nothing to learn from").to_string();
    assert_eq!(
        error,
        "training rows: expected at least one row to train on, found none"
    );
}

fn divergence(rows: Rows, train: &str) -> (String, usize) {
    let data = Dataset::new(rows);
    let mut trainer = trainer(&experiment("float32", "", train), &data);
    let error = trainer.run(&mut ()).expect_err("divergence");
    let Error::Diverged { step, .. } = error else {
        panic!("{error}");
    };
    (error.to_string(), step)
}

#[test]
fn a_loss_that_is_not_finite_ends_the_training_with_step_and_advice() {
    let train = "learning_rate = 1e6\nsteps = 50\nevaluate_every = 100";
    let (error, step) = divergence(Rows::random(10, 1), train);
    assert!(step > 1, "{error}");
    let start = "training diverged: the loss is ";
    let rest = error
        .strip_prefix(start)
        .unwrap_or_else(|| panic!("{error}"));
    let (value, rest) = rest.split_once(" at ").expect("a place");
    assert!(["inf", "NaN"].contains(&value), "{error}");
    assert_eq!(
        rest,
        format!(
            "step {step}; the usual cause is a learning rate that is too high (it is 1000000): try a \
             tenth of it, or bound the gradients with `train.clip`"
        )
    );
    // Who bounds weights or gradients already is not told to.
    let (error, _) = divergence(
        Rows::random(10, 1),
        "learning_rate = 1e30\nsteps = 50\nclip = { norm = 1e30 }",
    );
    assert!(error.ends_with(": try a tenth of it"), "{error}");
}

#[test]
fn a_loss_that_is_not_finite_in_the_first_step_is_not_blamed_on_the_learning_rate() {
    let rows = Rows::new((3, vec![1.0; 6]), (2, vec![1e30, 1.0, 1.0, 1.0]));
    let (error, step) = divergence(rows, "learning_rate = 0.1\nsteps = 5");
    assert_eq!(step, 1);
    assert_eq!(
        error,
        "training diverged: the loss is inf at step 1; nothing is learned yet, so that the inputs or \
         the initial weights are too large: standardize the inputs, or use a smaller initializer"
    );
}

#[test]
fn weights_that_the_first_step_makes_infinite_are_blamed_on_the_learning_rate() {
    let train = "learning_rate = 1e300\nsteps = 5\nevaluate_every = 1";
    let (error, step) = divergence(Rows::random(10, 1), train);
    assert_eq!(step, 1);
    let start = "training diverged: a weight is not finite at step 1; the usual cause is a learning \
                 rate that is too high";
    assert!(error.starts_with(start), "{error}");
}

#[test]
fn a_network_that_is_not_finite_has_no_snapshot() {
    let train = "learning_rate = 1e300\nsteps = 1\nevaluate_every = 1";
    let data = Dataset::new(Rows::random(10, 1));
    let mut trainer = trainer(&experiment("float32", "", train), &data);
    trainer.run(&mut ()).expect_err("divergence");
    let error = trainer.snapshot().expect_err("no good state");
    assert!(matches!(error, Error::Diverged { step: 1, .. }), "{error}");
}
