//! Rows and classes that count more than others.

use dropwise::config::{CheckedExperiment, Experiment};
use dropwise::data::{Dataset, Source, Task};
use dropwise::train::{Replica, Replicas, Trainer};
use dropwise::{LayerWeights, train};

use crate::common::{assert_layers_close, backends};

/// Points of three classes, with weights of their own or none.
struct Points {
    task: Task,
    /// The number that inputs and class follow from, and the weight.
    rows: Vec<(usize, f64)>,
    weighted: bool,
}

impl Source for Points {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn d_input(&self) -> usize {
        2
    }

    fn task(&self) -> &Task {
        &self.task
    }

    fn read_inputs(&self, row: usize, into: &mut [f64]) {
        let k = self.rows[row].0 as f64;
        into.copy_from_slice(&[(k * 1.7).sin(), (k * 0.9).cos()]);
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        into.fill(0.0);
        into[class_of(self.rows[row].0)] = 1.0;
    }

    fn weight(&self, row: usize) -> Option<f64> {
        self.weighted.then_some(self.rows[row].1)
    }
}

/// Of 12 rows 6 are of the first class, 4 of the second and 2 of the third.
fn class_of(k: usize) -> usize {
    [0, 0, 0, 1, 1, 2][k % 6]
}

fn points(rows: Vec<(usize, f64)>, weighted: bool) -> Dataset {
    let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
    Dataset::new(Points {
        task: Task::Classification { classes },
        rows,
        weighted,
    })
}

fn experiment(train: &str) -> CheckedExperiment {
    let text = format!(
        "precision = 'float64'\n[data]\nsource = 'custom'\n[network]\nhidden = [6]\nactivation = 'tanh'\n\
         [train]\nlearning_rate = 0.3\nsteps = 30\n{train}"
    );
    Experiment::parse("weights.toml", &text).expect("an experiment")
}

fn trained(experiment: &CheckedExperiment, data: &Dataset) -> Vec<LayerWeights> {
    let device = dropwise::Backend::default().device().expect("a device");
    let network = train::train(experiment, data, &device.autodiff(), &mut ());
    network.expect("a network").weights().expect("weights")
}

#[test]
fn a_row_of_weight_n_is_that_row_n_times_and_one_of_weight_0_is_none() {
    let weight = |k: usize| [1, 2, 0, 3][k % 4];
    let weighted: Vec<(usize, f64)> = (0..12).map(|k| (k, 2.5 * weight(k) as f64)).collect();
    let repeated: Vec<(usize, f64)> = (0..12).flat_map(|k| vec![(k, 1.0); weight(k)]).collect();
    for loss in [
        "cross-entropy",
        "mean-squared-error",
        "binary-cross-entropy",
    ] {
        let experiment = experiment(&format!("loss = '{loss}'\n"));
        let found = trained(&experiment, &points(weighted.clone(), true));
        let expected = trained(&experiment, &points(repeated.clone(), false));
        assert_layers_close(loss, &found, &expected, 1e-12);
    }
}

#[test]
fn the_weight_of_a_class_is_that_of_its_rows() {
    let of_class = [1.0, 4.0, 0.5];
    let rows = |weights: [f64; 3]| (0..12).map(|k| (k, weights[class_of(k)])).collect();
    let by_class = experiment("batch_size = 5\nclass_weight = { b = 4, c = 0.5 }\n");
    let plain = experiment("batch_size = 5\n");
    let found = trained(&by_class, &points(rows([1.0; 3]), false));
    let expected = trained(&plain, &points(rows(of_class), true));
    assert_layers_close("a table", &found, &expected, 1e-12);
    assert_ne!(found, trained(&plain, &points(rows([1.0; 3]), false)));

    // rows / (classes * rows of the class), as scikit-learn's compute_class_weight has it.
    let balanced = experiment("batch_size = 5\nclass_weight = 'balanced'\n");
    let found = trained(&balanced, &points(rows([1.0; 3]), false));
    let expected = [6, 4, 2].map(|count| 12.0 / (3 * count) as f64);
    let expected = trained(&plain, &points(rows(expected), true));
    assert_layers_close("balanced", &found, &expected, 1e-12);

    // A row's weight and its class's are multiplied.
    let both = trained(
        &by_class,
        &points((0..12).map(|k| (k, 1.0 + k as f64)).collect(), true),
    );
    let product = (0..12)
        .map(|k| (k, (1.0 + k as f64) * of_class[class_of(k)]))
        .collect();
    let product = trained(&plain, &points(product, true));
    assert_layers_close("both", &both, &product, 1e-12);
}

#[test]
fn equal_weights_change_nothing() {
    let plain = experiment("batch_size = 5\n");
    let expected = trained(&plain, &points((0..12).map(|k| (k, 1.0)).collect(), false));
    let found = trained(&plain, &points((0..12).map(|k| (k, 7.0)).collect(), true));
    assert_layers_close("weights of 7", &found, &expected, 1e-13);
}

#[test]
fn networks_in_company_are_weighted_as_alone_and_their_steps_are_replayed() {
    let data = points((0..12).map(|k| (k, 1.0 + (k % 5) as f64)).collect(), true);
    for (backend, device) in backends() {
        if backend.name() == "wgpu" {
            continue; // has no 64 bits
        }
        for (hidden, dropout) in [
            ("[6]", "hidden = 0.5"),
            ("[6]", ""),
            ("[40, 20]", "input = 0.2\nhidden = 0.5"),
        ] {
            for batch in ["", "batch_size = 5\n"] {
                let text = format!(
                    "precision = 'float64'\n[data]\nsource = 'custom'\n[network]\nhidden = {hidden}\n\
                     activation = 'tanh'\n[dropout]\n{dropout}\n[train]\nlearning_rate = 0.3\nsteps = 30\n\
                     class_weight = 'balanced'\n{batch}[study]\nreplicas = 3\n"
                );
                let experiment = Experiment::parse("weights.toml", &text).expect("an experiment");
                let networks = Replica::several(&experiment);
                let mut together =
                    Replicas::new(&experiment, networks.clone(), &data, None, &device)
                        .expect("networks");
                together.run(&mut ()).expect("an end");
                for (r, replica) in networks.iter().enumerate() {
                    let alone = replica.experiment(&experiment).expect("an experiment");
                    let mut trainer =
                        Trainer::new(&alone, &data, None, &device).expect("a trainer");
                    trainer.run(&mut ()).expect("an end");
                    assert!(
                        trainer.replayed_steps() > 20,
                        "{backend}: {}",
                        trainer.replayed_steps()
                    );
                    let found = together
                        .network(r)
                        .expect("a network")
                        .weights()
                        .expect("weights");
                    let expected = trainer.network().weights().expect("weights");
                    assert_layers_close(
                        &format!("{backend} {hidden} {dropout}"),
                        &found,
                        &expected,
                        1e-12,
                    );
                }
            }
        }
    }
}

#[test]
fn a_weight_for_no_class_and_classes_of_a_regression_are_errors_that_say_so() {
    let data = points((0..12).map(|k| (k, 1.0)).collect(), false);
    let error = |train: &str| {
        let error = experiment(train)
            .resolve(data.task())
            .expect_err("an error");
        error.to_string()
    };
    assert_eq!(
        error("class_weight = { d = 2 }\n"),
        "train.class_weight: expected classes of the target: `a`, `b`, `c`, found `d`"
    );
    let text = "[data]\nsource = 'xor'\n[network]\nhidden = 1\n[train]\nlearning_rate = 1\nsteps = 1\nclass_weight = ";
    let message = |weight: &str| {
        let error =
            Experiment::parse("x.toml", &format!("{text}{weight}\n")).expect_err("an error");
        error.to_string()
    };
    assert!(
        message("{ a = 0 }").contains("train.class_weight.a: expected"),
        "{}",
        message("{ a = 0 }")
    );
    assert!(
        message("'equal'").contains("\"balanced\", or a table"),
        "{}",
        message("'equal'")
    );
}
