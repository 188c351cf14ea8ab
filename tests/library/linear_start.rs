//! Networks that start as the linear model of their rows (`network.linear_start`).

use dropwise::config::{CheckedExperiment, Experiment};
use dropwise::data::{Dataset, Task};
use dropwise::train::{Trainer, linear_experiment};
use dropwise::{Mlp, evaluate};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::common::rows::{bits, with_seed};
use crate::common::{backends, in_memory};

fn experiment(network: &str, train: &str) -> CheckedExperiment {
    let split = match train.contains("cross_validation") {
        true => "",
        false => "split.validation = 0.5",
    };
    let text = format!(
        "seed = 5\n[data]\nsource = 'xor'\n{split}\n[network]\n{network}\nlinear_start = true\n\
         [dropout]\nhidden = 0.2\n[train]\noptimizer = 'adam'\n{train}\n"
    );
    Experiment::parse("test.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn tasks() -> [Task; 3] {
    [
        in_memory::number(),
        Task::Binary {
            classes: ["no", "yes"].map(str::to_owned),
        },
        Task::Classification {
            classes: ["a", "b", "c"].map(str::to_owned).to_vec(),
        },
    ]
}

/// Rows of `d_input` random inputs, whose targets the first two of them say, or none.
fn rows(task: &Task, (count, d_input): (usize, usize), says: bool, seed: u64) -> Dataset {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = || f64::from(generator.random_range(-1.0_f32..1.0));
    let (mut inputs, mut targets) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let row: Vec<f64> = (0..d_input).map(|_| draw()).collect();
        let sum = if says { row[0] - 0.7 * row[1] } else { 0.0 } + 0.5 * draw();
        match task {
            Task::Regression { .. } => targets.push(sum),
            Task::Binary { .. } => targets.push(f64::from(sum > 0.0)),
            Task::Classification { .. } => {
                let class = usize::from(sum > -0.3) + usize::from(sum > 0.3);
                targets.extend((0..3).map(|k| f64::from(k == class)));
            }
        }
        inputs.extend(row);
    }
    in_memory::dataset(task.clone(), d_input, &inputs, &targets)
}

fn trainer<'a>(
    experiment: &CheckedExperiment,
    (train, validation): (&'a Dataset, Option<&'a Dataset>),
) -> Trainer<'a> {
    let (_, device) = backends().remove(0);
    Trainer::new(experiment, train, validation, &device).expect("a trainer")
}

fn loss(experiment: &CheckedExperiment, members: &[Mlp], rows: &Dataset) -> f64 {
    let loss = experiment.resolve(rows.task()).expect("a loss").loss();
    evaluate(members, loss, rows).expect("metrics").metrics.loss
}

#[test]
fn before_the_first_step_it_answers_as_the_linear_model() {
    for task in tasks() {
        let (train, new) = (rows(&task, (90, 4), true, 1), rows(&task, (40, 4), true, 2));
        for (hidden, activation) in [
            ("[6]", "relu"),
            ("[40]", "silu"),
            ("[20, 33]", "gelu"),
            ("[64, 7, 12]", "silu"),
        ] {
            let network = format!("hidden = {hidden}\nactivation = '{activation}'");
            let experiment = experiment(&network, "learning_rate = 0.01\nepochs = 1");
            let linear = linear_experiment(&experiment, train.len()).expect("a linear model");
            let mut fitted = trainer(&linear, (&train, None));
            fitted.run(&mut ()).expect("a good end");
            let loss_of = |members: &[Mlp]| {
                let loss = experiment.resolve(&task).expect("a loss").loss();
                evaluate(members, loss, &new).expect("metrics").predictions
            };
            let start = trainer(&experiment, (&train, None));
            let pairs = loss_of(start.members());
            for (found, expected) in pairs.iter().zip(loss_of(fitted.members())) {
                assert!(
                    (found - expected).abs() < 1e-5 * expected.abs().max(1.0),
                    "{task:?} {network}: {found}, not {expected}"
                );
            }
        }
    }
}

#[test]
fn the_best_step_is_never_worse_than_the_start_on_the_rows_that_choose_it() {
    for task in tasks() {
        let (train, validation) = (
            rows(&task, (60, 4), true, 3),
            rows(&task, (200, 4), true, 4),
        );
        // Steps so long that they lead away.
        for rate in [0.003, 3.0] {
            let train_keys = format!("learning_rate = {rate}\nepochs = 20");
            let experiment = experiment("hidden = [32]\nactivation = 'silu'", &train_keys);
            let mut network = trainer(&experiment, (&train, Some(&validation)));
            let start = loss(&experiment, network.members(), &validation);
            network.run(&mut ()).expect("a good end");
            let (best, step) = network.best_members().expect("a best step");
            let found = loss(&experiment, best, &validation);
            assert!(found <= start + 1e-9, "{found}, {start} before");
            if rate > 1.0 {
                assert_eq!(step, 0);
                assert!(loss(&experiment, network.members(), &validation) > start);
            }
        }
    }
}

#[test]
fn with_folds_each_member_starts_as_a_linear_model_of_the_rows_that_it_trains_on() {
    // As many inputs as rows, which say nothing: a linear model of all rows would know them by heart.
    let [_, binary, _] = tasks();
    let train = rows(&binary, (40, 30), false, 5);
    let keys =
        "learning_rate = 0.01\nbatch_size = 8\nepochs = 1\nensemble = 4\ncross_validation = 4";
    let experiment = experiment("hidden = [16]\nactivation = 'relu'", keys);
    let start = trainer(&experiment, (&train, None));
    let found = start.cross_validate(start.members()).expect("metrics");
    let found = found.expect("folds").metrics.loss;
    let known = loss(&experiment, &start.members()[..1], &train);
    assert!(found > 0.65 && known < 0.6, "{found}, {known}");
}

#[test]
fn a_member_starts_as_the_network_of_its_seed_does_alone() {
    let [regression, ..] = tasks();
    let train = rows(&regression, (50, 3), true, 6);
    let network = "hidden = [16]\nactivation = 'relu'";
    let keys = "learning_rate = 0.01\nepochs = 1";
    let alone = experiment(network, keys);
    let together = experiment(network, &format!("{keys}\nensemble = 3"));
    let members = trainer(&together, (&train, None));
    for (r, member) in members.members().iter().enumerate() {
        let alone = trainer(&with_seed(&alone, 5 + r as u64), (&train, None));
        let weights = |network: &Mlp| bits(&network.weights().expect("weights"));
        assert_eq!(weights(member), weights(alone.network()), "member {r}");
    }
}

#[test]
fn where_a_layer_has_too_few_units_the_output_layer_starts_at_zero() {
    let [.., classes] = tasks();
    let train = rows(&classes, (30, 3), true, 7);
    for (narrow, passes_on) in [(5, false), (6, true)] {
        let network = format!("hidden = [20, {narrow}]\nactivation = 'relu'");
        let experiment = experiment(&network, "learning_rate = 0.01\nepochs = 1");
        let start = trainer(&experiment, (&train, None));
        let weights = start.network().weights().expect("weights");
        let is_zero = weights[2].values().all(|value| value == 0.0);
        assert_eq!(is_zero, !passes_on, "{narrow} units");
    }
}

#[test]
fn training_goes_on_from_a_snapshot_of_the_start_and_not_from_another_start() {
    let [_, binary, _] = tasks();
    let (train, validation) = (
        rows(&binary, (40, 3), true, 8),
        rows(&binary, (40, 3), true, 9),
    );
    let experiment = experiment(
        "hidden = [8]\nactivation = 'silu'",
        "learning_rate = 0.01\nepochs = 3",
    );
    let mut whole = trainer(&experiment, (&train, Some(&validation)));
    let snapshot = whole.snapshot().expect("a snapshot");
    let (_, device) = backends().remove(0);
    let resume = |snapshot| {
        Trainer::resume(&experiment, &train, Some(&validation), &device, snapshot)
            .expect("a trainer")
    };
    let mut resumed = resume(&snapshot);
    let end = |trainer: &mut Trainer<'_>| {
        trainer.run(&mut ()).expect("a good end");
        let (best, step) = trainer.best_members().expect("a best step");
        let weights = |network: &Mlp| bits(&network.weights().expect("weights"));
        (step, weights(&best[0]), weights(trainer.network()))
    };
    assert_eq!(end(&mut resumed), end(&mut whole));
    let without = dropwise::train::Snapshot {
        best: None,
        ..snapshot.clone()
    };
    assert!(resume(&without).best_members().is_none());
}
