//! A step that is replayed from a recording is the step that Burn's autodiff takes.

use dropwise::config::{Activation, CheckedExperiment, Experiment};
use dropwise::data::{Source, Task};
use dropwise::train::Trainer;
use dropwise::{Dataset, LayerWeights};

use crate::common::backends;
use crate::common::rows::{Rows, bits, dataset, experiment};

/// The weights after a training, the losses seen, and the steps that were replayed.
fn trained(trainer: Trainer<'_>) -> (Vec<u64>, u64, usize) {
    let mut trainer = trainer;
    trainer.run(&mut ()).expect("a good end");
    let snapshot = trainer.snapshot().expect("a snapshot");
    let replayed = trainer.replayed_steps();
    (
        bits(&snapshot.weights),
        snapshot.loss_sum.to_bits(),
        replayed,
    )
}

/// Trains with and without recordings on every backend. All steps are replayed but those of `kinds`.
#[track_caller]
fn agrees(experiment: &CheckedExperiment, data: &Dataset, steps: usize, kinds: usize) {
    for (backend, device) in backends() {
        let trainer = || Trainer::new(experiment, data, None, &device).expect("a trainer");
        let (weights, loss, replayed) = trained(trainer());
        let plain = trained(trainer().without_replay());
        assert_eq!(
            (&weights, loss, 0),
            (&plain.0, plain.1, plain.2),
            "{backend}"
        );
        if ["flex", "ndarray"].contains(&backend.name()) {
            assert_eq!(replayed, steps - kinds, "{backend}");
        }
    }
}

/// Nine rows of 3 inputs for a task. Their targets are the classes in turn, or the first inputs.
fn labeled(task: Task) -> Dataset {
    let inputs: Vec<[f64; 3]> = (0..9)
        .map(|row| [0, 1, 2].map(|column| f64::from(3 * row + column).sin()))
        .collect();
    let targets: Vec<Vec<f64>> = (0..9)
        .map(|row| match &task {
            Task::Classification { .. } => vec![f64::from(row % 3)],
            Task::Binary { .. } => vec![f64::from(u8::from(row % 2 == 0))],
            Task::Regression { targets } => inputs[row as usize][..targets.len()].to_vec(),
        })
        .collect();
    Dataset::from_rows(&inputs, &targets, task).expect("rows")
}

fn task_of(loss: &str) -> Task {
    let names = ["a", "b", "c"].map(str::to_owned);
    match loss {
        "cross-entropy" => Task::Classification {
            classes: names.to_vec(),
        },
        "binary-cross-entropy" => Task::Binary {
            classes: ["no", "yes"].map(str::to_owned),
        },
        _ => Rows::random(1, 1).task().clone(),
    }
}

#[test]
fn every_loss_and_activation_is_replayed_to_the_last_bit() {
    let losses = [
        ("squared-error", "sigmoid"),
        ("mean-squared-error", "identity"),
        ("mean-squared-error", "tanh"),
        ("binary-cross-entropy", "identity"),
        ("cross-entropy", "identity"),
    ];
    for (loss, output) in losses {
        for activation in Activation::ALL {
            for (precision, bias) in [("float32", true), ("float64", true), ("float32", false)] {
                let text = format!(
                    "precision = '{precision}'\n[data]\nsource = 'xor'\n[network]\nhidden = [5, 4]\n\
                     activation = '{activation}'\noutput = '{output}'\nbias = {bias}\n\
                     [dropout]\ninput = 0.2\nhidden = 0.5\n[train]\nloss = '{loss}'\n\
                     learning_rate = 0.1\nbatch_size = 'full'\nsteps = 6\n"
                );
                let experiment = Experiment::parse("test.toml", &text).expect("an experiment");
                let data = labeled(task_of(loss));
                agrees(&experiment, &data, 6, 1);
            }
        }
    }
}

#[test]
fn a_network_without_hidden_layers_is_replayed_to_the_last_bit() {
    for (loss, output) in [
        ("squared-error", "sigmoid"),
        ("mean-squared-error", "identity"),
        ("cross-entropy", "identity"),
    ] {
        for masks in ["framework", "seeded"] {
            let text = format!(
                "[data]\nsource = 'xor'\n[network]\nhidden = []\noutput = '{output}'\n\
                 [dropout]\ninput = 0.2\nmasks = '{masks}'\n\
                 [train]\nloss = '{loss}'\nlearning_rate = 0.1\nbatch_size = 4\nepochs = 3\n"
            );
            let experiment = Experiment::parse("test.toml", &text).expect("an experiment");
            let data = labeled(task_of(loss));
            agrees(&experiment, &data, 9, 2); // batches of 4, 4 and 1 rows
        }
    }
}

#[test]
fn last_batches_and_epochs_without_dropout_have_recordings_of_their_own() {
    let data = dataset(10, 1);
    let batches = "learning_rate = 0.1\nbatch_size = 4\nepochs = 5";
    // Batches of 4, 4 and 2 rows in each of 5 epochs.
    agrees(&experiment("float32", "", batches), &data, 15, 2);
    for masks in ["masks = 'framework'", "masks = 'seeded'"] {
        let always = format!("hidden = 0.5\n{masks}");
        agrees(&experiment("float32", &always, batches), &data, 15, 2);
        let early = format!("{always}\nschedule = {{ early = 2 }}");
        agrees(&experiment("float32", &early, batches), &data, 15, 4);
    }
}

#[test]
fn products_that_threads_share_are_replayed_to_the_last_bit() {
    let data = dataset(100, 1);
    for precision in ["float32", "float64"] {
        let text = format!(
            "precision = '{precision}'\n[data]\nsource = 'xor'\n[network]\nhidden = [500, 300]\n\
             activation = 'relu'\n[dropout]\nhidden = 0.5\n\
             [train]\nlearning_rate = 0.1\nbatch_size = 100\nepochs = 3\n"
        );
        let experiment = Experiment::parse("test.toml", &text).expect("an experiment");
        agrees(&experiment, &data, 3, 1);
    }
}

#[test]
fn every_optimizer_and_bound_takes_the_gradients_of_a_replayed_step() {
    let data = dataset(10, 1);
    for rest in [
        "optimizer = 'sgd'\nmomentum = 0.9\nmax_norm = 0.5",
        "optimizer = 'adam'\nclip = { norm = 0.1 }",
        "optimizer = 'adamw'\nweight_decay = 0.1\nclip = { value = 0.01 }",
    ] {
        let train = format!("learning_rate = 0.05\nbatch_size = 5\nepochs = 4\n{rest}");
        agrees(
            &experiment("float64", "input = 0.2\nhidden = 0.4", &train),
            &data,
            8,
            1,
        );
    }
}

#[test]
fn the_network_of_a_replayed_training_can_be_looked_at_and_trained_on() {
    let data = dataset(10, 1);
    let experiment = experiment(
        "float32",
        "",
        "learning_rate = 0.1\nbatch_size = 5\nepochs = 2",
    );
    for (_, device) in backends() {
        let mut trainer = Trainer::new(&experiment, &data, None, &device).expect("a trainer");
        let before = trainer.network().weights().expect("weights");
        trainer.run(&mut ()).expect("a good end");
        let network = trainer.network();
        assert!(network.device().is_autodiff());
        let after: Vec<LayerWeights> = network.weights().expect("weights");
        assert_ne!(bits(&before), bits(&after));
        assert_eq!(
            bits(&after),
            bits(&trainer.snapshot().expect("a snapshot").weights)
        );
        let output = network.forward(data.inputs(&device));
        let gradients = network
            .gradients(&output.square().sum().reshape([1]))
            .expect("gradients");
        assert!(
            gradients
                .iter()
                .flat_map(LayerWeights::values)
                .any(|g| g != 0.0)
        );
    }
}
