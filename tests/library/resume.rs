//! A training that was stopped and resumed ends with the bits, and tells what, the uninterrupted one does.

use crate::common::rows::{Rows, at_the_start, bits, experiment};
use crate::common::{backends, rows::dataset};
use burn::tensor::Device;
use dropwise::config::CheckedExperiment;
use dropwise::train::{End, Flow, Observer, Report, Snapshot, Trainer};
use dropwise::{Dataset, Mlp, Result};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// Notes the reports, and stops after a step.
struct Watch {
    stop_at: Option<usize>,
    reports: Vec<Report>,
}

impl Observer for Watch {
    fn evaluated(&mut self, _: &Trainer<'_>, report: &Report) -> Result<()> {
        self.reports.push(report.clone());
        Ok(())
    }

    fn looks_after(&self, _: usize) -> bool {
        true
    }

    fn stepped(&mut self, trainer: &Trainer<'_>) -> Result<Flow> {
        Ok(if Some(trainer.step()) == self.stop_at {
            Flow::Stop
        } else {
            Flow::Continue
        })
    }
}

/// How a training ended: all that must be the same.
#[derive(Debug, PartialEq)]
struct Outcome {
    end: End,
    steps: usize,
    weights: Vec<u64>,
    best: Option<(usize, Vec<u64>)>,
    reports: Vec<Report>,
}

/// Trains, from a snapshot or from the start, until after step `stop_at`. The data are made anew, so
/// that nothing but the snapshot is handed on.
fn run(
    (experiment, device): (&CheckedExperiment, &Device),
    from: Option<&Snapshot>,
    stop_at: Option<usize>,
) -> (Outcome, Snapshot) {
    let (train, validation) = (dataset(10, 1), dataset(6, 2));
    let validation = Some(&validation).filter(|_| experiment.train.cross_validation.is_none());
    let mut trainer = match from {
        Some(snapshot) => Trainer::resume(experiment, &train, validation, device, snapshot),
        None => Trainer::new(experiment, &train, validation, device),
    }
    .expect("a trainer");
    let mut watch = Watch {
        stop_at,
        reports: Vec::new(),
    };
    let end = trainer.run(&mut watch).expect("no error");
    let all = |members: &[Mlp]| -> Vec<u64> {
        let members = members.iter();
        let weights = members.flat_map(|network| bits(&network.weights().expect("weights")));
        weights.collect()
    };
    let best = trainer
        .best_members()
        .map(|(members, step)| (step, all(members)));
    let (steps, snapshot) = (trainer.step(), trainer.snapshot().expect("a snapshot"));
    let outcome = Outcome {
        end,
        steps,
        weights: all(trainer.members()),
        best,
        reports: watch.reports,
    };
    (outcome, snapshot)
}

/// Stops at random steps, several times in one training, and compares with the uninterrupted one.
fn assert_resumes(dropout: &str, train: &str) {
    let mut generator = ChaCha8Rng::seed_from_u64(9);
    for (backend, device) in backends() {
        for precision in ["float32", "float64"] {
            let experiment = experiment(precision, dropout, train);
            if experiment.precision.check(&device).is_err() {
                continue;
            }
            let at = (&experiment, &device);
            let (whole, last) = run(at, None, None);
            let what = format!("{backend} {precision}: {dropout} {train}");
            assert!(whole.steps > 12, "{what}: {} steps", whole.steps);
            for _ in 0..3 {
                let mut stops: Vec<usize> = (0..4)
                    .map(|_| generator.random_range(1..whole.steps))
                    .collect();
                stops.push(6); // where an evaluation is due
                stops.sort_unstable();
                stops.dedup();
                let mut reports = Vec::new();
                let mut from: Option<Snapshot> = None;
                for stop in &stops {
                    let (part, snapshot) = run(at, from.as_ref(), Some(*stop));
                    assert_eq!((part.end, part.steps), (End::Interrupted, *stop), "{what}");
                    reports.extend(part.reports);
                    from = Some(snapshot);
                }
                let (mut rest, end) = run(at, from.as_ref(), None);
                rest.reports.splice(0..0, reports);
                assert!(rest == whole, "{what}: stopped at {stops:?}");
                assert!(end == last, "{what}: the snapshots at the end");
            }
        }
    }
}

/// Ten rows in batches of 4: three steps an epoch, the last one of 2 rows.
const MINI: &str = "batch_size = 4\nepochs = 7";

#[test]
fn sgd_resumes() {
    assert_resumes("", &format!("{MINI}\nlearning_rate = 0.1"));
    assert_resumes("", "steps = 20\nlearning_rate = 0.1\nweight_decay = 0.01");
    assert_resumes("", &format!("{MINI}\nlearning_rate = 0.1\nl1 = 0.02"));
}

#[test]
fn sgd_with_momentum_and_a_ramp_resumes() {
    assert_resumes("", &format!("{MINI}\nlearning_rate = 0.1\nmomentum = 0.9"));
    let ramp = "momentum = { from = 0.0, to = 0.9, epochs = 4 }";
    assert_resumes(
        "hidden = 0.3",
        &format!("{MINI}\nlearning_rate = 0.1\n{ramp}"),
    );
    let ramp = "momentum = { from = 0.9, to = 0.0, epochs = 4 }";
    assert_resumes("", &format!("{MINI}\nlearning_rate = 0.1\n{ramp}"));
    let dampening = "momentum = { from = 0.5, to = 0.9, epochs = 4 }\ndampening = true";
    assert_resumes(
        "hidden = 0.3",
        &format!("{MINI}\nlearning_rate = 0.4\nmax_norm = 1.0\n{dampening}"),
    );
}

#[test]
fn adam_and_adamw_resume() {
    for (optimizer, masks) in [
        ("adam", "framework"),
        ("adam", "seeded"),
        ("adamw", "framework"),
        ("adamw", "seeded"),
    ] {
        let train = format!(
            "{MINI}\noptimizer = '{optimizer}'\nlearning_rate = 0.03\nweight_decay = 0.1\n\
             clip = {{ norm = 0.5 }}\nmax_norm = 1.5"
        );
        let dropout = format!("input = 0.1\nhidden = 0.4\nmasks = '{masks}'");
        assert_resumes(&dropout, &train);
    }
}

#[test]
fn an_ensemble_resumes() {
    for train in [
        "optimizer = 'adam'\nlearning_rate = 0.03\nearly_stopping = { patience = 5 }",
        "learning_rate = 0.1\nmomentum = 0.9",
        "learning_rate = 0.1",
    ] {
        for folds in ["", "cross_validation = 3"] {
            let train = format!("{MINI}\n{train}\nensemble = 3\n{folds}");
            assert_resumes("input = 0.1\nhidden = 0.4", &train);
        }
    }
}

#[test]
fn dropconnect_resumes() {
    let dropout = "kind = 'dropconnect'\ninput = 0.1\nhidden = 0.4";
    for train in ["momentum = 0.9", "ensemble = 3", "shards = 2"] {
        assert_resumes(dropout, &format!("{MINI}\nlearning_rate = 0.1\n{train}"));
    }
}

#[test]
fn schedules_of_the_learning_rate_resume() {
    for schedule in [
        "{ step = { every = 2, factor = 0.5 } }",
        "{ exponential = 0.8 }",
        "'cosine'",
        "{ inverse-time = 0.5 }",
    ] {
        assert_resumes(
            "hidden = 0.2",
            &format!("{MINI}\nlearning_rate = 0.2\nmomentum = 0.5\nschedule = {schedule}"),
        );
    }
}

#[test]
fn masks_and_schedules_of_dropout_resume() {
    for masks in ["framework", "seeded"] {
        for schedule in ["'standard'", "{ early = 3 }", "{ late = 3 }"] {
            let dropout =
                format!("input = 0.2\nhidden = 0.5\nmasks = '{masks}'\nschedule = {schedule}");
            assert_resumes(
                &dropout,
                &format!("{MINI}\nlearning_rate = 0.1\nevaluate_every = 2"),
            );
        }
    }
    assert_resumes(
        "hidden = 0.5\nschedule = 'curriculum'",
        &format!("{MINI}\nlearning_rate = 0.1"),
    );
    let dropout = "hidden = 0.5\nmasks = 'seeded'";
    assert_resumes(dropout, "steps = 20\nlearning_rate = 0.1\nmomentum = 0.9");
}

#[test]
fn learned_rates_resume() {
    let dropout = "input = 'learned'\nhidden = 'learned'";
    for train in [
        "learning_rate = 0.1\nmomentum = 0.9\nweight_decay = 0.1",
        "optimizer = 'adamw'\nlearning_rate = 0.03\nclip = { norm = 0.5 }\nearly_stopping = { patience = 5 }",
        "learning_rate = 0.1\nshards = 4",
        "optimizer = 'adam'\nlearning_rate = 0.03\nensemble = 3",
    ] {
        assert_resumes(dropout, &format!("{MINI}\n{train}"));
    }
}

#[test]
fn early_stopping_resumes_with_its_patience_and_its_best_network() {
    let train = "batch_size = 4\nepochs = 300\noptimizer = 'adam'\nlearning_rate = 0.05\n\
                 early_stopping = { patience = 5 }";
    assert_resumes("", train);
    let (outcome, _) = run(
        (&experiment("float64", "", train), &backends()[0].1),
        None,
        None,
    );
    assert_eq!(outcome.end, End::StoppedEarly);
}

#[test]
fn a_training_that_has_ended_stays_at_its_end() {
    let device = &backends()[0].1;
    for train in [
        format!("{MINI}\nlearning_rate = 0.1"),
        "batch_size = 4\nepochs = 300\noptimizer = 'adam'\nlearning_rate = 0.05\n\
         early_stopping = { patience = 2 }"
            .to_owned(),
    ] {
        let experiment = experiment("float32", "", &train);
        let (whole, snapshot) = run((&experiment, device), None, None);
        let (again, same) = run((&experiment, device), Some(&snapshot), None);
        assert!(again.reports.is_empty());
        assert_eq!((again.end, again.steps), (whole.end, whole.steps));
        assert_eq!(again.weights, whole.weights);
        assert_eq!(same, snapshot);
    }
}

#[test]
fn a_snapshot_of_another_network_is_an_error() {
    let data = Dataset::new(Rows::random(10, 1));
    let device = &backends()[0].1;
    let experiment = experiment(
        "float32",
        "",
        "learning_rate = 0.1\nsteps = 3\nmomentum = 0.9",
    );
    let mut trainer = Trainer::new(&experiment, &data, None, device).expect("a trainer");
    trainer.run(&mut ()).expect("a good end");
    let good = trainer.snapshot().expect("a snapshot");
    let resume = |snapshot: &Snapshot| {
        Trainer::resume(&experiment, &data, None, device, snapshot)
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(resume(&good), None);

    let mut wide = good.clone();
    wide.weights[0].d_output = 6;
    wide.weights[0].weight.resize(18, 0.0);
    let expected = "weights of layer 1: expected shape [3, 5], found [3, 6]";
    assert_eq!(resume(&wide).as_deref(), Some(expected));

    let mut short = good.clone();
    short.weights.pop();
    let expected = "the number of layers: expected shape [2], found [1]";
    assert_eq!(resume(&short).as_deref(), Some(expected));

    let mut unbiased = good.clone();
    unbiased.weights[1].bias = None;
    let expected = "biases of layer 2: expected shape [2], found [0]";
    assert_eq!(resume(&unbiased).as_deref(), Some(expected));

    let mut averages = good.clone();
    averages.averages.first.pop();
    let expected = "the layers of the optimizer's averages: expected shape [2], found [1]";
    assert_eq!(resume(&averages).as_deref(), Some(expected));

    let mut averages = good.clone();
    averages.averages.second = vec![good.weights[1].clone(), good.weights[0].clone()];
    let expected = "weights of layer 1: expected shape [3, 5], found [5, 2]";
    assert_eq!(resume(&averages).as_deref(), Some(expected));

    let mut cut = good.clone();
    cut.weights[0].weight.pop();
    let expected = "numbers in the weights of layer 1: expected shape [15], found [14]";
    assert_eq!(resume(&cut).as_deref(), Some(expected));
}

#[test]
fn resuming_at_step_0_is_starting() {
    let device = &backends()[0].1;
    let experiment = experiment(
        "float64",
        "hidden = 0.5",
        &format!("{MINI}\nlearning_rate = 0.1"),
    );
    let (whole, _) = run((&experiment, device), None, None);
    let data = dataset(10, 1);
    let trainer = Trainer::new(&experiment, &data, None, device).expect("a trainer");
    let start = at_the_start(trainer.network().weights().expect("weights"));
    assert_eq!(trainer.snapshot().expect("a snapshot"), start);
    let (resumed, _) = run((&experiment, device), Some(&start), None);
    assert_eq!(resumed, whole);
}
