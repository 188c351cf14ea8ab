//! Label smoothing, and dropout that fades.

use dropwise::config::{CheckedExperiment, Experiment};
use dropwise::data::{Dataset, Source, Task};
use dropwise::train::{Flow, Observer, Replica, Replicas, Trainer};
use dropwise::{LayerWeights, train};

use crate::common::assert_layers_close;

/// Points of two or three classes, whose targets have a share spread over all classes.
struct Points {
    task: Task,
    smoothing: f64,
}

impl Source for Points {
    fn rows(&self) -> usize {
        24
    }

    fn d_input(&self) -> usize {
        2
    }

    fn task(&self) -> &Task {
        &self.task
    }

    fn read_inputs(&self, row: usize, into: &mut [f64]) {
        let k = row as f64;
        into.copy_from_slice(&[(k * 1.7).sin(), (k * 0.9).cos()]);
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        let classes = self.task.classes().len();
        into.fill(self.smoothing / classes as f64);
        match into {
            [second] => *second += (1.0 - self.smoothing) * (row % 2) as f64,
            all => all[row % classes] += 1.0 - self.smoothing,
        }
    }
}

fn points(classes: usize, smoothing: f64) -> Dataset {
    let names = ["a", "b", "c"].map(str::to_owned);
    let task = match classes {
        2 => Task::Binary {
            classes: [names[0].clone(), names[1].clone()],
        },
        _ => Task::Classification {
            classes: names.to_vec(),
        },
    };
    Dataset::new(Points { task, smoothing })
}

fn experiment(dropout: &str, train: &str) -> CheckedExperiment {
    let text = format!(
        "precision = 'float64'\n[data]\nsource = 'custom'\n[network]\nhidden = [6]\nactivation = 'tanh'\n\
         [dropout]\n{dropout}\n[train]\nlearning_rate = 0.3\n{train}"
    );
    Experiment::parse("smoothing.toml", &text).expect("an experiment")
}

fn trained(experiment: &CheckedExperiment, data: &Dataset) -> Vec<LayerWeights> {
    let device = dropwise::Backend::default().device().expect("a device");
    let network = train::train(experiment, data, &device.autodiff(), &mut ());
    network.expect("a network").weights().expect("weights")
}

/// The network and its copy of another seed, trained together.
fn together(experiment: &CheckedExperiment, data: &Dataset) -> Vec<LayerWeights> {
    let device = dropwise::Backend::default().device().expect("a device");
    let replica = |seed| Replica::of(experiment, seed);
    let replicas = vec![replica(experiment.seed), replica(7)];
    let mut networks = Replicas::new(experiment, replicas, data, None, &device).expect("replicas");
    let _end = networks.run(&mut ()).expect("an end");
    let network = networks.network(0).expect("a network");
    network.weights().expect("weights")
}

#[test]
fn smoothed_labels_train_the_network_that_targets_with_a_share_for_each_class_train() {
    for (classes, loss) in [(3, "cross-entropy"), (2, "binary-cross-entropy")] {
        for batch in ["", "batch_size = 10\n"] {
            let with = |smoothing: f64| {
                let train =
                    format!("steps = 30\n{batch}loss = '{loss}'\nlabel_smoothing = {smoothing}\n");
                experiment("hidden = 0.2", &train)
            };
            let expected = trained(&with(0.0), &points(classes, 0.2));
            let found = trained(&with(0.2), &points(classes, 0.0));
            assert_layers_close(loss, &found, &expected, 1e-12);
            let found = together(&with(0.2), &points(classes, 0.0));
            assert_layers_close("together", &found, &expected, 1e-9);
            assert_ne!(expected, trained(&with(0.0), &points(classes, 0.0)));
        }
    }
}

#[test]
fn label_smoothing_is_a_share_for_losses_of_probabilities() {
    let parse = |train: &str| {
        let text = format!(
            "[data]\nsource = 'custom'\n[network]\nhidden = [6]\n[train]\nlearning_rate = 0.3\nsteps = 1\n{train}"
        );
        Experiment::parse("e.toml", &text)
    };
    for share in ["1.0", "-0.1", "nan"] {
        let error = parse(&format!("label_smoothing = {share}")).expect_err("no share");
        assert!(error.to_string().contains("label_smoothing"), "{error}");
    }
    let experiment =
        parse("loss = 'mean-squared-error'\nlabel_smoothing = 0.1").expect("an experiment");
    let error = experiment
        .resolve(points(3, 0.0).task())
        .expect_err("no probabilities");
    assert!(
        error.to_string().contains("train.label_smoothing"),
        "{error}"
    );
}

/// Stops after a step.
struct Until(usize);

impl Observer for Until {
    fn stepped(&mut self, trainer: &Trainer<'_>) -> dropwise::Result<Flow> {
        Ok(if trainer.step() == self.0 {
            Flow::Stop
        } else {
            Flow::Continue
        })
    }
}

#[test]
fn dropout_that_fades_is_whole_for_half_of_the_steps_and_nearly_gone_at_the_last() {
    let data = points(3, 0.0);
    let device = dropwise::Backend::default()
        .device()
        .expect("a device")
        .autodiff();
    let after = |schedule: &str, steps: usize| {
        let experiment = experiment(
            &format!("hidden = 0.5\nschedule = '{schedule}'"),
            "steps = 40\nbatch_size = 10\n",
        );
        let mut trainer = Trainer::new(&experiment, &data, None, &device).expect("a trainer");
        let _end = trainer.run(&mut Until(steps)).expect("an end");
        assert_eq!(trainer.step(), steps);
        trainer.network().weights().expect("weights")
    };
    assert_eq!(after("flat-cosine", 20), after("standard", 20));
    // The rate of step 20, counted from 0, is still whole.
    assert_eq!(after("flat-cosine", 21), after("standard", 21));
    assert_ne!(after("flat-cosine", 26), after("standard", 26));
    let experiment = experiment(
        "hidden = 0.5\nschedule = 'flat-cosine'",
        "steps = 40\nbatch_size = 10\n",
    );
    let expected = trained(&experiment, &data);
    assert_layers_close("together", &together(&experiment, &data), &expected, 1e-9);
}
