//! What replicas tell: metrics, steps, ends, and which of them diverged.

use dropwise::config::{CheckedExperiment, Experiment};
use dropwise::data::xor;
use dropwise::train::{
    End, Flow, Observer, Replica, Replicas, ReplicasObserver, ReplicasReport, Report, Trainer,
};
use dropwise::{Dataset, Error, Result, evaluate};

use super::{alone, together};
use crate::common::backends;
use crate::common::rows::{bits, dataset, experiment};

const TRAIN: &str = "learning_rate = 0.1\nbatch_size = 4\nepochs = 9\nevaluate_every = 4";

/// Notes the evaluations, and stops after a step.
#[derive(Default)]
struct Watch {
    stop_at: Option<usize>,
    steps: Vec<usize>,
    reports: Vec<ReplicasReport>,
    evaluated: Vec<(usize, usize)>,
}

impl ReplicasObserver for Watch {
    fn evaluated(&mut self, _: &Replicas<'_>, report: &ReplicasReport) -> Result<()> {
        self.reports.push(report.clone());
        Ok(())
    }

    fn stepped(&mut self, replicas: &Replicas<'_>) -> Result<Flow> {
        self.steps.push(replicas.step());
        let stops = self.stop_at.is_some_and(|stop| replicas.step() >= stop);
        Ok(if stops { Flow::Stop } else { Flow::Continue })
    }
}

impl Observer for Watch {
    fn evaluated(&mut self, _: &Trainer<'_>, report: &Report) -> Result<()> {
        self.evaluated.push((report.step, report.epoch));
        Ok(())
    }
}

fn several(experiment: &CheckedExperiment, count: u64) -> Vec<Replica> {
    (0..count).map(|r| Replica::of(experiment, r)).collect()
}

#[test]
fn metrics_are_those_of_the_networks_taken_out() {
    let (train, validation) = (dataset(10, 1), dataset(6, 2));
    for (backend, device) in backends() {
        for validation in [None, Some(&validation)] {
            let experiment = experiment("float32", "hidden = 0.5", TRAIN);
            let replicas = several(&experiment, 5);
            let mut networks = Replicas::new(&experiment, replicas, &train, validation, &device)
                .expect("replicas");
            let mut watch = Watch::default();
            let end = networks.run(&mut watch).expect("a good end");
            assert_eq!(end, End::Finished);
            let rows = validation.unwrap_or(&train);
            let loss = networks.experiment().loss();
            let of = |r: usize| {
                let network = networks.network(r).expect("a network");
                evaluate(&network, loss, rows)
                    .expect("an evaluation")
                    .metrics
            };
            let expected: Vec<_> = (0..5).map(of).collect();
            assert_eq!(
                networks.evaluate(rows).expect("metrics"),
                expected,
                "{backend}"
            );
            let last = watch.reports.last().expect("an evaluation");
            let (seen, other) = match validation {
                Some(_) => (&last.validation, &last.train),
                None => (&last.train, &last.validation),
            };
            assert_eq!((seen.as_ref(), other.as_ref()), (Some(&expected), None));
        }
    }
}

#[test]
fn evaluations_come_when_they_come_to_one_network() {
    let data = dataset(10, 1);
    let device = &backends()[0].1;
    for train in [
        TRAIN,
        "learning_rate = 0.1\nsteps = 1500",
        "learning_rate = 0.1\nsteps = 3",
    ] {
        let experiment = experiment("float32", "", train);
        let mut alone = Watch::default();
        let mut trainer = Trainer::new(&experiment, &data, None, device).expect("a trainer");
        let _end = trainer.run(&mut alone).expect("a good end");
        let mut watch = Watch::default();
        let mut networks = Replicas::new(&experiment, several(&experiment, 2), &data, None, device)
            .expect("replicas");
        let _end = networks.run(&mut watch).expect("a good end");
        let found: Vec<_> = watch.reports.iter().map(|r| (r.step, r.epoch)).collect();
        assert_eq!(found, alone.evaluated, "{train}");
        assert_eq!(
            (networks.step(), networks.steps()),
            (trainer.steps(), trainer.steps())
        );
        // It is told of steps often enough to stop, each time of new ones.
        assert!(
            watch
                .steps
                .iter()
                .zip(watch.steps.iter().skip(1))
                .all(|(a, b)| a < b && b - a <= 256)
        );
        assert_eq!(watch.steps.last(), Some(&trainer.steps()));
    }
}

#[test]
fn a_training_that_was_stopped_goes_on_to_the_same_bits() {
    let data = dataset(10, 1);
    for (backend, device) in backends() {
        for train in [
            TRAIN,
            "learning_rate = 0.1\nsteps = 1500\noptimizer = 'adam'",
        ] {
            let experiment = experiment("float32", "input = 0.2\nhidden = 0.5", train);
            let replicas = several(&experiment, 3);
            let expected = together(&experiment, &replicas, &data, &device);
            let mut networks =
                Replicas::new(&experiment, replicas, &data, None, &device).expect("replicas");
            let mut watch = Watch {
                stop_at: Some(2),
                ..Watch::default()
            };
            assert_eq!(networks.run(&mut watch).expect("an end"), End::Interrupted);
            assert!(networks.step() >= 2 && networks.step() < networks.steps());
            assert_eq!(networks.run(&mut ()).expect("an end"), End::Finished);
            for (r, expected) in expected.iter().enumerate() {
                let found = networks.network(r).and_then(|network| network.weights());
                assert!(
                    bits(&found.expect("weights")) == bits(expected),
                    "{backend}"
                );
            }
        }
    }
}

/// Linear networks at a learning rate that some seeds bear and some do not.
fn on_the_brink() -> CheckedExperiment {
    let text = "[data]\nsource = 'custom'\n[network]\nhidden = [5]\nactivation = 'identity'\n\
                [train]\nloss = 'squared-error'\nlearning_rate = 0.15\nsteps = 400\n";
    Experiment::parse("test.toml", text).expect("an experiment")
}

#[test]
fn a_replica_that_diverges_is_marked_and_the_others_go_on() {
    let data = dataset(10, 1);
    for (backend, device) in backends() {
        let experiment = on_the_brink();
        let replicas = several(&experiment, 12);
        let mut networks =
            Replicas::new(&experiment, replicas.clone(), &data, None, &device).expect("replicas");
        let end = networks.run(&mut ()).expect("an end for all");
        assert_eq!((end, networks.step()), (End::Finished, 400));
        let metrics = networks.evaluate(&data).expect("metrics");

        let mut good = Vec::new();
        for (r, replica) in replicas.iter().enumerate() {
            let experiment = replica.experiment(&experiment).expect("a good replica");
            let mut trainer = Trainer::new(&experiment, &data, None, &device).expect("a trainer");
            match (trainer.run(&mut ()), networks.diverged(r)) {
                (Ok(_), None) => {
                    assert!(metrics[r].loss.is_finite());
                    good.push(r);
                }
                (Err(Error::Diverged { step, .. }), Some(found)) => {
                    assert!(step <= found && found <= 400, "{backend}: {step} {found}");
                    assert!(metrics[r].loss.is_nan());
                    let error = networks.network(r).expect_err("no network");
                    let expected =
                        format!("training diverged: the loss or a weight of replica {r}");
                    assert!(error.to_string().starts_with(&expected), "{error}");
                }
                (alone, found) => panic!("{backend} {r}: alone {alone:?}, found {found:?}"),
            }
        }
        assert!(!good.is_empty() && good.len() < 12, "{backend}: {good:?}");
        let chosen: Vec<Replica> = good.iter().map(|r| replicas[*r].clone()).collect();
        let weights = together(&experiment, &chosen, &data, &device);
        for (r, weights) in good.iter().zip(&weights) {
            let found = networks.network(*r).and_then(|network| network.weights());
            assert!(
                bits(&found.expect("weights")) == bits(weights),
                "{backend} {r}"
            );
        }
    }
}

#[test]
fn a_diverged_classifier_gets_nothing_right() {
    let text = "[data]\nsource = 'xor'\n[network]\nhidden = [4]\nactivation = 'relu'\n\
                [train]\nlearning_rate = 1e30\nloss = 'mean-squared-error'\nsteps = 9\n";
    let experiment = Experiment::parse("test.toml", text).expect("an experiment");
    let mut experiment = experiment.into_inner();
    experiment.network.output = Some(dropwise::config::Activation::Identity);
    let experiment = experiment.check().expect("a good output");
    for (backend, device) in backends() {
        let data = xor();
        let mut replicas = several(&experiment, 2);
        replicas[1].learning_rate = 0.1;
        let mut networks =
            Replicas::new(&experiment, replicas, &data, None, &device).expect("replicas");
        let _end = networks.run(&mut ()).expect("an end");
        let metrics = networks.evaluate(&data).expect("metrics");
        assert_eq!(metrics[0].errors, Some(4), "{backend}");
        assert!(
            metrics[0].loss.is_nan() && metrics[1].loss.is_finite(),
            "{backend}"
        );
        assert!(networks.diverged(0).is_some() && networks.diverged(1).is_none());
    }
}

#[test]
fn seeds_count_on_from_the_experiments_and_wrap() {
    let mut asked = experiment("float32", "", TRAIN).into_inner();
    asked.seed = u64::MAX - 1;
    asked.study.replicas = 4;
    let asked = asked.check().expect("a good count");
    let seeds: Vec<u64> = Replica::several(&asked).iter().map(|r| r.seed).collect();
    assert_eq!(seeds, [u64::MAX - 1, u64::MAX, 0, 1]);
}

#[test]
fn what_replicas_cannot_do_is_an_error() {
    let data = dataset(10, 1);
    let device = &backends()[0].1;
    let good = experiment("float32", "", TRAIN);
    let error = |experiment: &CheckedExperiment, replicas: Vec<Replica>, data: &Dataset| {
        let replicas = Replicas::new(experiment, replicas, data, None, device);
        replicas.err().map(|error| error.to_string())
    };
    let expect =
        |found: Option<String>, expected: &str| assert_eq!(found.as_deref(), Some(expected));
    expect(
        error(&good, Vec::new(), &data),
        "replicas: expected at least one, found none",
    );
    let patient = format!("{TRAIN}\nearly_stopping = {{ patience = 3 }}");
    let patient = experiment("float32", "", &patient);
    expect(
        error(&patient, several(&patient, 2), &data),
        "train.early_stopping: expected none, since replicas are all trained to the last step, \
         found a patience",
    );
    let mut replicas = several(&good, 2);
    replicas[1].hidden_dropout = 1.5.into();
    expect(
        error(&good, replicas, &data),
        "dropout.hidden: expected a dropout rate of at least 0 and below 1, found 1.5",
    );
    let mut replicas = several(&good, 2);
    replicas[1].learning_rate = 0.0;
    expect(
        error(&good, replicas, &data),
        "train.learning_rate: expected a finite number above 0, found 0",
    );
    expect(
        error(&good, several(&good, 2), &data.select(&[])),
        "training rows: expected at least one row to train on, found none",
    );
    let networks = Replicas::new(&good, several(&good, 2), &data, None, device).expect("replicas");
    let error = networks.network(2).expect_err("no such network");
    assert_eq!(
        error.to_string(),
        "the replica: expected at most 1, found 2"
    );
}

#[test]
fn a_replica_alone_is_the_experiment_with_seeded_masks() {
    let data = dataset(10, 1);
    let device = &backends()[0].1;
    let base = experiment("float32", "hidden = 0.5\nmasks = 'framework'", TRAIN);
    let mut seeded = base.clone().into_inner();
    seeded.dropout.masks = dropwise::config::Masks::Seeded;
    seeded.seed = 11;
    let seeded = seeded.check().expect("an experiment");
    assert_eq!(
        Replica::of(&base, 11).experiment(&base).expect("one"),
        seeded
    );
    let weights = alone(&base, &Replica::of(&base, 11), &data, device);
    let network = dropwise::train::train(&seeded, &data, device, &mut ()).expect("a network");
    assert!(bits(&weights) == bits(&network.weights().expect("weights")));
}
