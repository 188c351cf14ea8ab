//! Networks trained together: each is the network that is trained alone.

mod common;

use burn::tensor::Device;
use common::rows::{bits, dataset, experiment};
use common::{assert_layers_close, backends};
use dropwise::config::{CheckedExperiment, HiddenRates};
use dropwise::train::{End, Flow, Replica, Replicas, ReplicasObserver, ReplicasReport, Trainer};
use dropwise::{Backend, Dataset, Error, LayerWeights, Result, evaluate};

/// The weights of all replicas after their last step.
fn together(
    experiment: &CheckedExperiment,
    replicas: &[Replica],
    data: &Dataset,
    device: &Device,
) -> Vec<Vec<LayerWeights>> {
    let mut networks =
        Replicas::new(experiment, replicas.to_vec(), data, None, device).expect("replicas");
    assert_eq!(networks.run(&mut ()).expect("a good end"), End::Finished);
    let weights = |r| networks.network(r).expect("a network").weights();
    (0..networks.len())
        .map(|r| weights(r).expect("weights"))
        .collect()
}

/// The weights of one replica, trained by itself.
fn alone(
    experiment: &CheckedExperiment,
    replica: &Replica,
    data: &Dataset,
    device: &Device,
) -> Vec<LayerWeights> {
    let experiment = replica.experiment(experiment).expect("a good replica");
    let mut trainer = Trainer::new(&experiment, data, None, device).expect("a trainer");
    let _end = trainer.run(&mut ()).expect("a good end");
    trainer.network().weights().expect("weights")
}

/// So many replicas that differ in everything that they may differ in.
fn replicas(experiment: &CheckedExperiment, count: usize) -> Vec<Replica> {
    let replica = |r: usize| Replica {
        input_dropout: [0.0, 0.1, 0.2][r % 3] * experiment.dropout.input.min(1.0) * 5.0,
        hidden_dropout: HiddenRates::All(
            [0.5, 0.2, 0.0, 0.7][r % 4] * f64::from(experiment.dropout.hidden.largest() > 0.0),
        ),
        learning_rate: experiment.train.learning_rate * [1.0, 0.5][r / 2 % 2],
        ..Replica::of(experiment, 100 + 7 * r as u64)
    };
    (0..count).map(replica).collect()
}

const COUNTS: [usize; 3] = [1, 3, 17];

/// What can be asked of a training; ten rows, in batches of 4 the last of which has 2.
const TRAININGS: [&str; 7] = [
    "learning_rate = 0.1\nsteps = 25",
    "learning_rate = 0.1\nmomentum = 0.9\nweight_decay = 0.01\nbatch_size = 4\nepochs = 8",
    "learning_rate = 0.1\nmomentum = { from = 0.0, to = 0.9, epochs = 4 }\nbatch_size = 4\nepochs = 8\n\
     schedule = { step = { every = 2, factor = 0.5 } }\nclip = { value = 0.05 }",
    "learning_rate = 0.03\noptimizer = 'adam'\nweight_decay = 0.1\nbatch_size = 4\nepochs = 8\n\
     clip = { norm = 0.5 }\nmax_norm = 1.1\nschedule = 'cosine'",
    "learning_rate = 0.03\noptimizer = 'adamw'\nweight_decay = 0.1\nsteps = 25\nclip = { norm = 0.5 }\n\
     schedule = { inverse-time = 0.5 }",
    "learning_rate = 0.03\noptimizer = 'adamw'\nbatch_size = 3\nepochs = 5\nmax_norm = 0.8\n\
     schedule = { exponential = 0.8 }",
    "learning_rate = 0.05\nloss = 'squared-error'\nbatch_size = 1\nepochs = 3\nclip = { norm = 0.3 }",
];

const DROPOUTS: [&str; 5] = [
    "",
    "hidden = 0.5",
    "input = 0.2\nhidden = 0.5",
    "input = 0.2\nhidden = 0.5\nschedule = { early = 3 }",
    "hidden = 0.5\nschedule = { late = 2 }",
];

/// Networks too wide for the layout of small ones.
fn wide(experiment: CheckedExperiment) -> CheckedExperiment {
    let mut experiment = experiment.into_inner();
    experiment.network.hidden = vec![40, 20];
    experiment.check().expect("a good width")
}

fn experiments(precision: &str, dropouts: &[&str]) -> Vec<CheckedExperiment> {
    let mut experiments = Vec::new();
    for train in TRAININGS {
        for dropout in dropouts {
            let small = experiment(precision, dropout, train);
            experiments.push(wide(small.clone()));
            experiments.push(small);
        }
    }
    experiments
}

fn precisions(backend: &Backend) -> Vec<(&'static str, f64)> {
    // The order of a product's sums differs, and so the rounding; ndarray's sigmoid and tanh have 32 bits.
    match backend.name() {
        "flex" | "cuda" => vec![("float32", 1e-5), ("float64", 1e-13)],
        "ndarray" => vec![("float32", 1e-5), ("float64", 1e-13)],
        _ => vec![("float32", 1e-5)],
    }
}

#[test]
fn a_replica_is_the_network_trained_alone() {
    let data = dataset(10, 1);
    for (backend, device) in backends() {
        for (precision, bound) in precisions(&backend) {
            let mut worst: f64 = 0.0;
            for experiment in experiments(precision, &DROPOUTS) {
                let replicas = replicas(&experiment, 5);
                let found = together(&experiment, &replicas, &data, &device);
                for (replica, found) in replicas.iter().zip(&found) {
                    let expected = alone(&experiment, replica, &data, &device);
                    let what = format!("{backend} {precision} {replica:?}\n{experiment:?}");
                    for (found, expected) in found.iter().zip(&expected) {
                        worst =
                            worst.max(common::relative_difference(&found.weight, &expected.weight));
                    }
                    assert_layers_close(&what, found, &expected, bound);
                }
            }
            println!("{backend} {precision}: {worst:.1e}");
        }
    }
}

#[test]
fn a_replica_is_the_same_in_any_company() {
    let data = dataset(10, 1);
    for (backend, device) in backends() {
        for (precision, _) in precisions(&backend) {
            for experiment in experiments(precision, &DROPOUTS[2..4]) {
                let all = replicas(&experiment, 17);
                let found = together(&experiment, &all, &data, &device);
                for count in COUNTS {
                    let fewer = together(&experiment, &all[..count], &data, &device);
                    for r in 0..count {
                        let what = format!(
                            "{backend} {precision}: replica {r} of {count}\n{experiment:?}"
                        );
                        assert!(bits(&fewer[r]) == bits(&found[r]), "{what}");
                    }
                }
            }
        }
    }
}
