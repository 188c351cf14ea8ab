//! Learning rate, momentum and dropout over the epochs.

use std::f64::consts::PI;

use dropwise::config::{CheckedExperiment, Momentum, MomentumRamp, Schedule};
use dropwise::train::{Observer, Report, Trainer};
use dropwise::{Dataset, Result};

use super::{AfterEachStep, course, trainer};
use crate::common::rows::{Rows, bits, experiment};

/// Ten rows in batches of 4: three steps an epoch.
const MINI: &str = "batch_size = 4";
const STEPS_AN_EPOCH: f64 = 3.0;
const EPOCHS: usize = 8;

/// The learning rate of each step.
fn rates(schedule: &str) -> Vec<f64> {
    let train = format!("learning_rate = 0.5\nepochs = {EPOCHS}\n{MINI}\nschedule = {schedule}");
    let data = Dataset::new(Rows::random(10, 1));
    let mut trainer = trainer(&experiment("float64", "", &train), &data);
    let mut rates = vec![trainer.learning_rate()];
    let mut observer = AfterEachStep(|trainer: &Trainer<'_>| rates.push(trainer.learning_rate()));
    trainer.run(&mut observer).expect("a good end");
    rates.pop(); // of the step after the last
    rates
}

#[test]
fn learning_rates_follow_their_closed_forms_with_fractions_of_epochs() {
    let all = EPOCHS as f64;
    type Form = fn(f64, f64) -> f64;
    let forms: [(&str, Form); 5] = [
        ("'constant'", |_, _| 0.5),
        ("{ step = { every = 3, factor = 0.1 } }", |t, _| match t {
            t if t < 3.0 => 0.5,
            t if t < 6.0 => 0.5 * 0.1,
            _ => 0.5 * 0.1 * 0.1,
        }),
        ("{ exponential = 0.8 }", |t, _| {
            0.5 * (t * 0.8_f64.ln()).exp()
        }),
        ("'cosine'", |t, all| {
            0.5 * (PI * t / all / 2.0).cos().powi(2)
        }),
        ("{ inverse-time = 0.25 }", |t, _| 0.5 / (1.0 + t / 4.0)),
    ];
    for (schedule, form) in forms {
        let rates = rates(schedule);
        assert_eq!(rates.len(), 24);
        assert_eq!(rates[0], 0.5, "{schedule} starts at the learning rate");
        for (step, rate) in rates.into_iter().enumerate() {
            let expected = form(step as f64 / STEPS_AN_EPOCH, all);
            let difference = (rate - expected).abs() / 0.5;
            assert!(
                difference < 1e-14,
                "{schedule}, step {step}: {rate}, not {expected}"
            );
        }
    }
}

#[test]
fn schedules_have_known_values_at_the_start_the_middle_and_the_end() {
    let step = Schedule::Step {
        every: 4,
        factor: 0.5,
    };
    for (schedule, [start, middle, end]) in [
        (Schedule::Constant, [1.0, 1.0, 1.0]),
        (step, [1.0, 0.5, 0.25]),
        (Schedule::Exponential(0.5), [1.0, 0.0625, 0.00390625]),
        (Schedule::Cosine, [1.0, 0.5, 0.0]),
        (Schedule::InverseTime(0.25), [1.0, 0.5, 1.0 / 3.0]),
    ] {
        for (epochs, expected) in [(0.0, start), (4.0, middle), (8.0, end)] {
            let found = schedule.factor(epochs, 8.0);
            assert!(
                (found - expected).abs() < 1e-15,
                "{schedule:?}: {found}, not {expected}"
            );
        }
    }
}

#[test]
fn each_step_is_as_long_as_its_learning_rate_says() {
    // With the same gradient, steps are as their rates: one step from the same weights.
    let train = |rate: f64| {
        let train = format!("learning_rate = {rate:?}\nsteps = 1\nevaluate_every = 9");
        let data = Dataset::new(Rows::random(10, 1));
        let course = course(trainer(&experiment("float64", "", &train), &data));
        course[1][0].weight[0] - course[0][0].weight[0]
    };
    let ratio = train(0.3) / train(0.1);
    assert!((ratio - 3.0).abs() < 1e-12, "{ratio}");
}

#[test]
fn the_report_names_the_learning_rate_of_the_last_step() {
    struct Rates(Vec<(usize, usize, f64)>);
    impl Observer for Rates {
        fn evaluated(&mut self, _: &Trainer<'_>, report: &Report) -> Result<()> {
            self.0
                .push((report.step, report.epoch, report.learning_rate));
            Ok(())
        }
    }
    let train =
        format!("learning_rate = 1.0\nepochs = 3\n{MINI}\nschedule = {{ inverse-time = 3.0 }}");
    let data = Dataset::new(Rows::random(10, 1));
    let mut rates = Rates(Vec::new());
    let mut trainer = trainer(&experiment("float64", "", &train), &data);
    trainer.run(&mut rates).expect("a good end");
    // Step n, counted from 0, is at epoch n / 3.
    assert_eq!(
        rates.0,
        [(3, 1, 1.0 / 3.0), (6, 2, 1.0 / 6.0), (9, 3, 1.0 / 9.0)]
    );
}

#[test]
fn a_momentum_ramp_moves_in_equal_parts_and_stays_at_its_end() {
    let ramp = Momentum::Ramp(MomentumRamp {
        from: 0.5,
        to: 0.9,
        epochs: 4,
    });
    for (epoch, expected) in [0.5, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9].into_iter().enumerate() {
        let found = ramp.at(epoch);
        assert!((found - expected).abs() < 1e-15, "epoch {epoch}: {found}");
    }
    let down = Momentum::Ramp(MomentumRamp {
        from: 0.9,
        to: 0.1,
        epochs: 2,
    });
    for (epoch, expected) in [0.9, 0.5, 0.1, 0.1].into_iter().enumerate() {
        assert!((down.at(epoch) - expected).abs() < 1e-15, "epoch {epoch}");
    }
}

#[test]
fn a_momentum_ramp_moves_at_the_start_of_each_epoch_and_not_within() {
    let train = |momentum: &str| {
        let train = format!("learning_rate = 0.1\nepochs = 3\n{MINI}\nmomentum = {momentum}");
        let data = Dataset::new(Rows::random(10, 1));
        course(trainer(&experiment("float64", "", &train), &data))
    };
    let ramp = train("{ from = 0.25, to = 0.75, epochs = 2 }");
    let constant = train("0.25");
    for step in 0..=9 {
        let same = bits(&ramp[step]) == bits(&constant[step]);
        assert_eq!(same, step <= 3, "after step {step}");
    }
    // What the momentum is then, plain loops say in tests/optimizers.rs.
}

fn with_dropout(dropout: &str) -> CheckedExperiment {
    experiment(
        "float64",
        dropout,
        &format!("learning_rate = 0.1\nepochs = 4\n{MINI}"),
    )
}

/// The steps, counted from 1, whose result is not that of the same step without dropout.
fn steps_with_dropout(masks: &str, schedule: &str) -> Vec<usize> {
    let data = Dataset::new(Rows::random(10, 1));
    let dropped = with_dropout(&format!(
        "hidden = 0.5\ninput = 0.2\nmasks = '{masks}'\nschedule = {schedule}"
    ));
    let course = course(trainer(&dropped, &data));
    // From the same weights each step is taken once more by a network without dropout. The epoch and so
    // the batch are those of a snapshot at that step.
    let plain = with_dropout("");
    let differs = |step: usize| {
        let snapshot = dropwise::train::Snapshot {
            step,
            ..crate::common::rows::at_the_start(course[step].clone())
        };
        let device = super::device();
        let mut trainer =
            Trainer::resume(&plain, &data, None, &device, &snapshot).expect("a trainer");
        let mut after = None;
        let mut observer = AfterEachStep(|trainer: &Trainer<'_>| {
            after.get_or_insert_with(|| bits(&super::weights(trainer)));
        });
        trainer.run(&mut observer).expect("a good end");
        after.expect("a step") != bits(&course[step + 1])
    };
    (0..course.len() - 1)
        .filter(|step| differs(*step))
        .map(|step| step + 1)
        .collect()
}

#[test]
fn dropout_is_on_in_the_first_epochs_in_the_last_or_in_all() {
    let all: Vec<usize> = (1..=12).collect();
    for (schedule, expected) in [
        ("'standard'", &all[..]),
        ("{ early = 1 }", &all[..3]),
        ("{ early = 3 }", &all[..9]),
        ("{ early = 0 }", &[]),
        ("{ late = 1 }", &all[3..]),
        ("{ late = 3 }", &all[9..]),
        ("{ late = 0 }", &all[..]),
        ("{ late = 9 }", &[]),
    ] {
        for masks in ["framework", "seeded"] {
            let steps = steps_with_dropout(masks, schedule);
            assert_eq!(steps, expected, "{masks}, {schedule}");
        }
    }
}
