//! What the observer is told, and when the training ends for it.

use dropwise::train::{End, Flow, Observer, Report, Trainer};
use dropwise::{Dataset, Error, Result};

use super::{course, trainer, weights};
use crate::common::rows::{Rows, bits, experiment};

/// Notes all that it is told.
#[derive(Default)]
struct Notes(Vec<String>);

impl Observer for Notes {
    fn started(&mut self, trainer: &Trainer<'_>) -> Result<()> {
        self.0.push(format!("started at {}", trainer.step()));
        Ok(())
    }

    fn stepped(&mut self, trainer: &Trainer<'_>) -> Result<Flow> {
        self.0.push(format!("step {}", trainer.step()));
        Ok(Flow::Continue)
    }

    fn evaluated(&mut self, trainer: &Trainer<'_>, report: &Report) -> Result<()> {
        assert_eq!(trainer.step(), report.step);
        self.0.push(format!(
            "evaluated epoch {} at {}",
            report.epoch, report.step
        ));
        Ok(())
    }
}

/// All that is told of a training on 10 rows.
fn told(train: &str) -> Vec<String> {
    let data = Dataset::new(Rows::random(10, 1));
    let mut notes = Notes::default();
    let experiment = experiment("float32", "", &format!("learning_rate = 0.1\n{train}"));
    let end = trainer(&experiment, &data).run(&mut notes);
    assert_eq!(end.expect("a good end"), End::Finished);
    notes.0
}

#[test]
fn the_start_each_step_and_each_evaluation_are_told_in_order() {
    // Three steps an epoch; a step is told after its evaluation.
    assert_eq!(
        told("batch_size = 4\nepochs = 2"),
        [
            "started at 0",
            "step 1",
            "step 2",
            "evaluated epoch 1 at 3",
            "step 3",
            "step 4",
            "step 5",
            "evaluated epoch 2 at 6",
            "step 6",
        ]
    );
}

#[test]
fn the_last_step_is_evaluated_whatever_comes_due() {
    assert_eq!(
        told("batch_size = 4\nsteps = 4\nevaluate_every = 1000"),
        [
            "started at 0",
            "step 1",
            "step 2",
            "step 3",
            "evaluated epoch 2 at 4",
            "step 4"
        ]
    );
}

#[test]
fn evaluations_are_so_many_epochs_apart_and_with_a_full_batch_a_tenth_of_all() {
    let evaluated = |train: &str| -> Vec<String> {
        let mut told = told(train);
        told.retain(|line| line.starts_with("evaluated"));
        told
    };
    assert_eq!(
        evaluated("batch_size = 4\nepochs = 5\nevaluate_every = 2"),
        [
            "evaluated epoch 2 at 6",
            "evaluated epoch 4 at 12",
            "evaluated epoch 5 at 15"
        ]
    );
    let tenths: Vec<String> = (1..=10)
        .map(|k| format!("evaluated epoch {0} at {0}", 3 * k))
        .collect();
    assert_eq!(evaluated("steps = 30"), tenths);
}

#[test]
fn the_training_loss_is_the_mean_over_the_rows_since_the_last_evaluation() {
    struct Losses(Vec<f64>);
    impl Observer for Losses {
        fn evaluated(&mut self, _: &Trainer<'_>, report: &Report) -> Result<()> {
            self.0.push(report.training_loss);
            Ok(())
        }
    }
    // With a rate so small that no weight moves by much, every batch has the loss of the first weights,
    // and their mean over rows is that of all rows: a partial batch counts for what it is.
    let data = Dataset::new(Rows::random(10, 1));
    for (loss, rows) in [("mean-squared-error", 1.0), ("squared-error", 10.0)] {
        let train = format!("learning_rate = 1e-13\nloss = '{loss}'\nbatch_size = 4\nepochs = 2");
        let experiment = experiment("float64", "", &train);
        let mut losses = Losses(Vec::new());
        let mut trainer = trainer(&experiment, &data);
        let loss = experiment.train.loss.expect("a loss");
        let found = dropwise::evaluate(trainer.network(), loss, &data).expect("an evaluation");
        trainer.run(&mut losses).expect("a good end");
        // A squared error is a sum over rows, the other a mean.
        let expected = found.metrics.loss / rows;
        for found in losses.0 {
            assert!(
                (found - expected).abs() < 1e-10 * expected,
                "{found}, not {expected}"
            );
        }
    }
}

/// Fails or stops where it is told to.
struct At {
    step: usize,
    what: What,
}

#[derive(PartialEq)]
enum What {
    FailToStart,
    FailAfterStep,
    FailAfterEvaluation,
    Stop,
}

impl At {
    fn fail(&self) -> Error {
        Error::Compute("the disk is full".to_owned())
    }
}

impl Observer for At {
    fn started(&mut self, _: &Trainer<'_>) -> Result<()> {
        match self.what {
            What::FailToStart => Err(self.fail()),
            _ => Ok(()),
        }
    }

    fn stepped(&mut self, trainer: &Trainer<'_>) -> Result<Flow> {
        match self.what {
            What::FailAfterStep if trainer.step() == self.step => Err(self.fail()),
            What::Stop if trainer.step() == self.step => Ok(Flow::Stop),
            _ => Ok(Flow::Continue),
        }
    }

    fn evaluated(&mut self, _: &Trainer<'_>, report: &Report) -> Result<()> {
        match self.what {
            What::FailAfterEvaluation if report.step == self.step => Err(self.fail()),
            _ => Ok(()),
        }
    }
}

#[test]
fn an_error_of_the_observer_ends_the_training_where_it_came() {
    let experiment = experiment(
        "float32",
        "",
        "learning_rate = 0.1\nbatch_size = 4\nepochs = 3",
    );
    let data = Dataset::new(Rows::random(10, 1));
    for (what, step) in [
        (What::FailToStart, 0),
        (What::FailAfterStep, 2),
        (What::FailAfterEvaluation, 3),
    ] {
        let mut trainer = trainer(&experiment, &data);
        let error = trainer
            .run(&mut At { step, what })
            .expect_err("a full disk");
        assert!(error.to_string().ends_with("the disk is full"), "{error}");
        assert_eq!(trainer.step(), step);
    }
}

#[test]
fn a_stop_ends_after_the_step_and_running_on_ends_where_it_would_have() {
    let experiment = experiment(
        "float32",
        "hidden = 0.3",
        "learning_rate = 0.1\nbatch_size = 4\nepochs = 3\nmomentum = 0.9",
    );
    let data = Dataset::new(Rows::random(10, 1));
    let uninterrupted = course(trainer(&experiment, &data));
    for step in [1, 3, 5] {
        let mut trainer = trainer(&experiment, &data);
        let stop = || At {
            step,
            what: What::Stop,
        };
        let end = trainer.run(&mut stop()).expect("no error");
        assert_eq!((end, trainer.step()), (End::Interrupted, step));
        assert_eq!(bits(&weights(&trainer)), bits(&uninterrupted[step]));
        assert_eq!(trainer.run(&mut ()).expect("no error"), End::Finished);
        assert_eq!(bits(&weights(&trainer)), bits(&uninterrupted[9]));
    }
    // After the last step there is nothing to stop.
    let mut last = At {
        step: 9,
        what: What::Stop,
    };
    let end = trainer(&experiment, &data).run(&mut last);
    assert_eq!(end.expect("no error"), End::Finished);
}
