//! Each replica is the network that is trained alone, and the same in any company.

use dropwise::Backend;
use dropwise::config::{Activation, CheckedExperiment, Experiment, Loss};
use dropwise::data::{digits, xor};
use dropwise::train::Replica;

use super::{alone, together};
use crate::common::rows::{bits, dataset, experiment};
use crate::common::{assert_layers_close, backends};

/// So many replicas that differ in all that they may differ in, where `experiment` has dropout at all.
pub fn replicas(experiment: &CheckedExperiment, count: usize) -> Vec<Replica> {
    let drops_inputs = f64::from(experiment.dropout.input.rate() > 0.0);
    let drops_units = f64::from(experiment.dropout.hidden.largest_rate() > 0.0);
    let replica = |r: usize| Replica {
        input_dropout: ([0.0, 0.1, 0.25][r % 3] * drops_inputs).into(),
        hidden_dropout: ([0.5, 0.2, 0.0, 0.7][r % 4] * drops_units).into(),
        learning_rate: experiment.train.learning_rate * [1.0, 0.5][r / 2 % 2],
        ..Replica::of(experiment, 100 + 7 * r as u64)
    };
    (0..count).map(replica).collect()
}

/// What can be asked of a training; ten rows, in batches whose last is smaller.
const TRAININGS: [&str; 8] = [
    "learning_rate = 0.1\nsteps = 25",
    "learning_rate = 0.1\nmomentum = 0.9\nweight_decay = 0.01\nl1 = 0.002\nbatch_size = 4\nepochs = 8",
    "learning_rate = 0.1\nmomentum = { from = 0.0, to = 0.9, epochs = 4 }\nbatch_size = 4\nepochs = 8\n\
     schedule = { step = { every = 2, factor = 0.5 } }\nclip = { value = 0.05 }",
    "learning_rate = 0.4\nmomentum = { from = 0.5, to = 0.9, epochs = 4 }\ndampening = true\nbatch_size = 5\n\
     epochs = 5\nmax_norm = 1.1",
    "learning_rate = 0.03\noptimizer = 'adam'\nweight_decay = 0.1\nbatch_size = 4\nepochs = 8\n\
     clip = { norm = 0.5 }\nmax_norm = 1.1\nschedule = 'cosine'",
    "learning_rate = 0.03\noptimizer = 'adamw'\nweight_decay = 0.1\nsteps = 25\nclip = { norm = 0.5 }\n\
     schedule = { inverse-time = 0.5 }",
    "learning_rate = 0.03\noptimizer = 'adamw'\nbatch_size = 3\nepochs = 5\nmax_norm = 0.8\n\
     schedule = { exponential = 0.8 }",
    "learning_rate = 0.05\nloss = 'squared-error'\nbatch_size = 1\nepochs = 3\nclip = { norm = 0.3 }",
];

pub const DROPOUTS: [&str; 5] = [
    "",
    "hidden = 0.5",
    "input = 0.2\nhidden = 0.5",
    "input = 0.2\nhidden = 0.5\nschedule = { early = 3 }",
    "hidden = 0.5\nschedule = { late = 2 }",
];

/// The same experiment on networks too large to lie in lanes.
fn wide(experiment: &CheckedExperiment) -> CheckedExperiment {
    let mut experiment = experiment.clone().into_inner();
    experiment.network.hidden = vec![40, 20];
    experiment.check().expect("a good width")
}

/// Each training with each dropout, on small networks and on large ones.
pub fn experiments(precision: &str, dropouts: &[&str]) -> Vec<CheckedExperiment> {
    let pairs = TRAININGS
        .iter()
        .flat_map(|train| dropouts.iter().map(move |dropout| (train, dropout)));
    pairs
        .map(|(train, dropout)| experiment(precision, dropout, train))
        .flat_map(|small| [wide(&small), small])
        .collect()
}

/// What a backend computes in, and how far the weights may be apart: sums are added up in another order,
/// and steps carry the difference on.
pub fn precisions(backend: &Backend) -> &'static [(&'static str, f64)] {
    match backend.name() {
        "wgpu" => &[("float32", 1e-5)],
        _ => &[("float32", 1e-5), ("float64", 1e-13)],
    }
}

#[test]
fn a_replica_is_the_network_trained_alone() {
    let data = dataset(10, 1);
    for (backend, device) in backends() {
        for (precision, bound) in precisions(&backend) {
            for experiment in experiments(precision, &DROPOUTS) {
                let replicas = replicas(&experiment, 5);
                let found = together(&experiment, &replicas, &data, &device);
                for (replica, found) in replicas.iter().zip(&found) {
                    let expected = alone(&experiment, replica, &data, &device);
                    let what = format!("{backend} {precision} {replica:?}\n{experiment:?}");
                    assert_layers_close(&what, found, &expected, *bound);
                }
            }
        }
    }
}

#[test]
fn replicas_with_learned_rates_are_those_trained_alone() {
    let data = dataset(10, 1);
    for (backend, device) in backends() {
        for (precision, bound) in precisions(&backend) {
            for experiment in experiments(precision, &["input = 'learned'\nhidden = 'learned'"]) {
                // One of them has a rate that is not learned.
                let mut replicas: Vec<Replica> =
                    (0..4).map(|r| Replica::of(&experiment, 100 + r)).collect();
                replicas[2].hidden_dropout = 0.3.into();
                let found = together(&experiment, &replicas, &data, &device);
                for (replica, found) in replicas.iter().zip(&found) {
                    let expected = alone(&experiment, replica, &data, &device);
                    let what = format!("{backend} {precision} {replica:?}\n{experiment:?}");
                    // The gates are steep, and steps carry differences in rounding on.
                    assert_layers_close(&what, found, &expected, 10.0 * *bound);
                }
            }
        }
    }
}

#[test]
fn a_replica_without_hidden_layers_is_the_network_trained_alone() {
    let narrow = dataset(10, 1);
    // Wide enough to lie in blocks.
    let wide = digits().select(&Vec::from_iter(0..10));
    for (backend, device) in backends() {
        for (precision, bound) in precisions(&backend) {
            for dropout in ["", "input = 0.2"] {
                for (train, data) in TRAININGS[..4]
                    .iter()
                    .flat_map(|train| [&narrow, &wide].map(|data| (train, data)))
                {
                    let mut experiment = experiment(precision, dropout, train).into_inner();
                    experiment.network.hidden = vec![];
                    let experiment = experiment.check().expect("a linear model");
                    let replicas = replicas(&experiment, 5);
                    let found = together(&experiment, &replicas, data, &device);
                    for (replica, found) in replicas.iter().zip(&found) {
                        let expected = alone(&experiment, replica, data, &device);
                        let what = format!("{backend} {precision} {replica:?}\n{experiment:?}");
                        assert_layers_close(&what, found, &expected, *bound);
                    }
                }
            }
        }
    }
}

#[test]
fn a_replica_has_the_same_bits_in_any_company() {
    let data = dataset(10, 1);
    for (backend, device) in backends() {
        for (precision, _) in precisions(&backend) {
            for experiment in experiments(precision, &DROPOUTS[2..4]) {
                let all = replicas(&experiment, 17);
                let found = together(&experiment, &all, &data, &device);
                for count in [1, 3] {
                    let fewer = together(&experiment, &all[..count], &data, &device);
                    for (r, (fewer, found)) in fewer.iter().zip(&found).enumerate() {
                        let what = format!("{backend} {precision}: {r} of {count}\n{experiment:?}");
                        assert!(bits(fewer) == bits(found), "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn so_many_networks_that_several_threads_train_them_have_the_bits_of_few() {
    let data = dataset(10, 1);
    for (backend, device) in backends() {
        let small = experiment("float32", "hidden = 0.5", "learning_rate = 0.1\nsteps = 3");
        let experiment = wide(&small);
        let all: Vec<Replica> = (0..60).map(|seed| Replica::of(&experiment, seed)).collect();
        let found = together(&experiment, &all, &data, &device);
        let fewer = together(&experiment, &all[56..], &data, &device);
        for (r, (fewer, found)) in fewer.iter().zip(&found[56..]).enumerate() {
            assert!(bits(fewer) == bits(found), "{backend}: replica {}", 56 + r);
        }
    }
}

#[test]
fn another_seed_of_one_replica_changes_that_one_only() {
    let data = dataset(10, 1);
    for (backend, device) in backends() {
        for train in &TRAININGS[..2] {
            let small = experiment("float32", "input = 0.2\nhidden = 0.5", train);
            for experiment in [wide(&small), small] {
                let mut replicas: Vec<Replica> =
                    (0..8).map(|seed| Replica::of(&experiment, seed)).collect();
                let before = together(&experiment, &replicas, &data, &device);
                replicas[3].seed = 99;
                let after = together(&experiment, &replicas, &data, &device);
                for r in 0..8 {
                    let same = bits(&before[r]) == bits(&after[r]);
                    assert_eq!(same, r != 3, "{backend}: replica {r}\n{experiment:?}");
                }
            }
        }
    }
}

/// An experiment of full batches and one of mini-batches, on data that have classes.
pub fn classifiers(source: &str, loss: Loss, activation: Activation) -> [CheckedExperiment; 2] {
    ["steps = 12", "batch_size = 3\nepochs = 4"].map(|length| {
        let text = format!(
            "precision = 'float64'\n[data]\nsource = '{source}'\n[network]\nhidden = [6]\n\
             [dropout]\nhidden = 0.3\n[train]\nlearning_rate = 0.1\n{length}\n"
        );
        let mut experiment = Experiment::parse("test.toml", &text)
            .expect("an experiment")
            .into_inner();
        experiment.train.loss = Some(loss);
        experiment.network.activation = activation;
        experiment.check().expect("a good loss")
    })
}

#[test]
fn every_loss_and_activation_is_that_of_one_network() {
    let rows: Vec<usize> = (0..10).collect();
    let (xor, digits) = (xor(), digits().select(&rows));
    let cases = [
        ("xor", &xor, Loss::BinaryCrossEntropy, Activation::Relu),
        ("xor", &xor, Loss::MeanSquaredError, Activation::Gelu),
        ("xor", &xor, Loss::SquaredError, Activation::Sigmoid),
        ("digits", &digits, Loss::CrossEntropy, Activation::Tanh),
        ("digits", &digits, Loss::SquaredError, Activation::Relu),
    ];
    for (backend, device) in backends() {
        if backend.name() == "wgpu" {
            continue; // it has no 64-bit numbers
        }
        for (source, data, loss, activation) in cases {
            for experiment in classifiers(source, loss, activation) {
                let replicas: Vec<Replica> = (0..4).map(|r| Replica::of(&experiment, r)).collect();
                let found = together(&experiment, &replicas, data, &device);
                for (replica, found) in replicas.iter().zip(&found) {
                    let expected = alone(&experiment, replica, data, &device);
                    let what = format!("{backend} {source} {loss} {activation}");
                    // ndarray's own sigmoid, at these outputs, has 32 bits; that of replicas has 64.
                    let is_coarse = backend.name() == "ndarray" && !loss.takes_logits();
                    let bound = if is_coarse { 1e-6 } else { 1e-12 };
                    assert_layers_close(&what, found, &expected, bound);
                }
            }
        }
    }
}
