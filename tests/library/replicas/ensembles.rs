//! An ensemble: members trained as replicas, and one answer.

use dropwise::config::Loss;
use dropwise::data::{Target, Task};
use dropwise::train::{Replica, Trainer};
use dropwise::{Dataset, Mlp, MlpConfig, evaluate};

use super::alone;
use crate::common::rows::{bits, dataset, experiment};
use crate::common::{assert_layers_close, backends, in_memory};

const TRAIN: &str =
    "optimizer = 'adam'\nlearning_rate = 0.03\nbatch_size = 4\nepochs = 6\nensemble = 3";

#[test]
fn a_member_is_the_network_of_its_seed_trained_alone() {
    let data = dataset(10, 1);
    for (backend, device) in backends() {
        for dropout in ["", "input = 0.2\nhidden = 0.5"] {
            let experiment = experiment("float32", dropout, TRAIN);
            let mut trainer = Trainer::new(&experiment, &data, None, &device).expect("a trainer");
            let _end = trainer.run(&mut ()).expect("a good end");
            let replicas = Replica::members(&experiment);
            assert_eq!(trainer.members().len(), 3);
            for (replica, member) in replicas.iter().zip(trainer.members()) {
                let expected = alone(&experiment, replica, &data, &device);
                let found = member.weights().expect("weights");
                assert_layers_close(&format!("{backend} {dropout}"), &found, &expected, 1e-5);
            }
            let weights = |k: usize| bits(&trainer.members()[k].weights().expect("weights"));
            assert_ne!(weights(0), weights(1));
        }
    }
}

/// So many untrained networks, and rows of a task for them.
fn networks(task: &Task) -> (Vec<Mlp>, Dataset) {
    let (d_input, d_output) = (3, task.d_output());
    let shape = MlpConfig::new(d_input, [5], d_output);
    let (_, device) = backends().remove(0);
    let network = |seed| shape.init(seed, &device).expect("a network");
    let inputs: Vec<f64> = (0..60)
        .map(|k| f64::from(k * 37 % 11) / 2.0 - 2.5)
        .collect();
    let target = |row: usize, k: usize| match task {
        Task::Classification { .. } => f64::from(u8::from(row % d_output == k)),
        Task::Binary { .. } => (row % 2) as f64,
        Task::Regression { .. } => row as f64 / 7.0 - 1.0,
    };
    let targets: Vec<f64> = (0..20)
        .flat_map(|row| (0..d_output).map(move |k| target(row, k)))
        .collect();
    let data = in_memory::dataset(task.clone(), d_input, &inputs, &targets);
    ((1..=4).map(network).collect(), data)
}

#[test]
fn what_an_ensemble_predicts_is_the_mean_and_its_loss_is_that_of_the_mean() {
    let names = |count: usize| -> Vec<String> { (0..count).map(|k| format!("c{k}")).collect() };
    let regression = Task::Regression {
        targets: vec![Target {
            name: "y".to_owned(),
            mean: 3.0,
            deviation: 2.0,
        }],
    };
    for (task, loss) in [
        (
            Task::Classification { classes: names(3) },
            Loss::CrossEntropy,
        ),
        (
            Task::Binary {
                classes: names(2).try_into().expect("two"),
            },
            Loss::BinaryCrossEntropy,
        ),
        (regression, Loss::MeanSquaredError),
    ] {
        let (networks, data) = networks(&task);
        let each: Vec<Vec<f64>> = networks
            .iter()
            .map(|network| evaluate(network, loss, &data).expect("metrics").predictions)
            .collect();
        let mean = |k: usize| each.iter().map(|one| one[k]).sum::<f64>() / each.len() as f64;
        let together = evaluate(&networks, loss, &data).expect("metrics");
        let d_output = task.d_output();
        let mut sum = 0.0;
        for row in 0..data.len() {
            let target = data.target_row(row);
            for (k, target) in target.iter().enumerate() {
                let (found, expected) = (
                    together.predictions[row * d_output + k],
                    mean(row * d_output + k),
                );
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{loss}: {found} {expected}"
                );
                sum += match loss {
                    Loss::CrossEntropy => -target * expected.ln(),
                    Loss::BinaryCrossEntropy if *target == 1.0 => -expected.ln(),
                    Loss::BinaryCrossEntropy => -(1.0 - expected).ln(),
                    _ => ((expected - 3.0) / 2.0 - target).powi(2),
                };
            }
        }
        let expected = sum / data.len() as f64;
        let found = together.metrics.loss;
        assert!(
            (found - expected).abs() < 1e-12,
            "{loss}: {found} {expected}"
        );
    }
}

#[test]
fn an_ensemble_of_one_network_many_times_is_that_network() {
    let task = Task::Binary {
        classes: ["a".to_owned(), "b".to_owned()],
    };
    let (networks, data) = networks(&task);
    let alone = evaluate(&networks[0], Loss::BinaryCrossEntropy, &data).expect("metrics");
    let many = vec![networks[0].clone(); 7];
    let many = evaluate(&many, Loss::BinaryCrossEntropy, &data).expect("metrics");
    for (a, b) in alone.predictions.iter().zip(&many.predictions) {
        assert!((a - b).abs() < 1e-14, "{a} {b}");
    }
    let none: Vec<Mlp> = Vec::new();
    assert!(evaluate(&none, Loss::BinaryCrossEntropy, &data).is_err());
}
