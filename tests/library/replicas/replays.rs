//! A step of replicas that is replayed from a recording is the step that Burn's autodiff takes.

use burn::tensor::Device;
use dropwise::config::{Activation, CheckedExperiment, Loss};
use dropwise::data::{digits, xor};
use dropwise::train::{Replica, Replicas};
use dropwise::{Backend, Dataset};

use super::alone::{DROPOUTS, classifiers, experiments, precisions, replicas};
use crate::common::backends;
use crate::common::rows::{bits, dataset, experiment};

/// The weights after a training, none for a network that diverged, and the steps that were not replayed.
fn trained(mut networks: Replicas<'_>) -> (Vec<Option<Vec<u64>>>, usize) {
    networks.run(&mut ()).expect("a good end");
    let weights = |r| {
        let network = networks.network(r).ok()?;
        Some(bits(&network.weights().expect("weights")))
    };
    let weights = (0..networks.len()).map(weights).collect();
    (weights, networks.steps() - networks.replayed_steps())
}

/// Trains with and without recordings. At most two sizes of batches, with dropout and without, are not replayed.
#[track_caller]
fn agrees(
    experiment: &CheckedExperiment,
    replicas: &[Replica],
    data: &Dataset,
    (backend, device): (&Backend, &Device),
) -> Vec<Option<Vec<u64>>> {
    let together =
        || Replicas::new(experiment, replicas.to_vec(), data, None, device).expect("replicas");
    let (replayed, first) = trained(together());
    let (plain, all) = trained(together().without_replay());
    assert!(replayed == plain, "{backend} {experiment:?}");
    assert_eq!(all, together().steps());
    if ["flex", "ndarray"].contains(&backend.name()) {
        assert!((1..=4).contains(&first), "{backend} {first} {experiment:?}");
    }
    replayed
}

#[test]
fn every_training_is_replayed_to_the_last_bit() {
    let data = dataset(10, 1);
    for (backend, device) in backends() {
        for (precision, _) in precisions(&backend) {
            for experiment in experiments(precision, &DROPOUTS) {
                let replicas = replicas(&experiment, 7);
                let weights = agrees(&experiment, &replicas, &data, (&backend, &device));
                assert!(weights.iter().all(Option::is_some), "{experiment:?}");
            }
        }
    }
}

#[test]
fn every_loss_and_activation_is_replayed_to_the_last_bit() {
    let rows: Vec<usize> = (0..10).collect();
    let (xor, digits) = (xor(), digits().select(&rows));
    let cases = [
        ("xor", &xor, Loss::BinaryCrossEntropy),
        ("xor", &xor, Loss::MeanSquaredError),
        ("digits", &digits, Loss::CrossEntropy),
        ("digits", &digits, Loss::SquaredError),
    ];
    for (backend, device) in backends() {
        if backend.name() == "wgpu" {
            continue; // it has no 64-bit numbers
        }
        for (source, data, loss) in cases {
            for activation in Activation::ALL {
                for experiment in classifiers(source, loss, activation) {
                    let replicas: Vec<_> = (0..4).map(|r| Replica::of(&experiment, r)).collect();
                    agrees(&experiment, &replicas, data, (&backend, &device));
                }
            }
        }
    }
}

#[test]
fn a_network_that_diverges_does_so_in_a_replayed_step_too() {
    let data = dataset(10, 1);
    let train = "learning_rate = 0.1\nsteps = 40";
    let experiment = experiment("float32", "hidden = 0.5", train);
    let mut replicas: Vec<_> = (0..4).map(|r| Replica::of(&experiment, r)).collect();
    replicas[2].learning_rate = 1e30;
    for (backend, device) in backends() {
        let weights = agrees(&experiment, &replicas, &data, (&backend, &device));
        let ended: Vec<bool> = weights.iter().map(Option::is_some).collect();
        assert_eq!(ended, [true, true, false, true], "{backend}");
    }
}
