//! Rows for tests of the training loop, and experiments to train on them.

use std::sync::{Arc, Mutex};

use dropwise::LayerWeights;
use dropwise::config::{CheckedExperiment, Experiment};
use dropwise::data::{Dataset, Source, Target, Task};
use dropwise::train::{OptimizerAverages, Snapshot};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::in_memory::dataset as dataset_of;

/// Rows in memory for a regression, which note the rows whose inputs are read.
pub struct Rows {
    rows: Dataset,
    seen: Seen,
}

/// The rows that were read, in order.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<Vec<usize>>>);

impl Seen {
    /// The rows since the last call.
    pub fn take(&self) -> Vec<usize> {
        std::mem::take(&mut *self.0.lock().expect("no panic elsewhere"))
    }
}

impl Rows {
    pub fn new(
        (d_input, inputs): (usize, Vec<f64>),
        (d_output, targets): (usize, Vec<f64>),
    ) -> Self {
        let target = |k: usize| Target {
            name: format!("y{k}"),
            mean: 0.0,
            deviation: 1.0,
        };
        let task = Task::Regression {
            targets: (0..d_output).map(target).collect(),
        };
        Rows {
            rows: dataset_of(task, d_input, &inputs, &targets),
            seen: Seen::default(),
        }
    }

    /// So many rows of 3 inputs and 2 targets, all uniform in `[-1, 1)`.
    pub fn random(rows: usize, seed: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = |count| -> Vec<f64> {
            (0..count)
                .map(|_| f64::from(generator.random_range(-1.0_f32..1.0)))
                .collect()
        };
        Rows::new((3, draw(rows * 3)), (2, draw(rows * 2)))
    }

    pub fn seen(&self) -> Seen {
        self.seen.clone()
    }

    pub fn inputs(&self) -> Vec<f64> {
        (0..self.rows.len())
            .flat_map(|row| self.rows.input_row(row))
            .collect()
    }

    pub fn targets(&self) -> Vec<f64> {
        (0..self.rows.len())
            .flat_map(|row| self.rows.target_row(row))
            .collect()
    }
}

impl Source for Rows {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn d_input(&self) -> usize {
        self.rows.d_input()
    }

    fn task(&self) -> &Task {
        self.rows.task()
    }

    fn read_inputs(&self, row: usize, into: &mut [f64]) {
        self.seen.0.lock().expect("no panic elsewhere").push(row);
        into.copy_from_slice(&self.rows.input_row(row));
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        into.copy_from_slice(&self.rows.target_row(row));
    }
}

/// An experiment on a network 3-5-2 with tanh. `train` is what stands under `[train]`, `dropout` what
/// stands under `[dropout]`, `precision` is a word such as `float64`.
pub fn experiment(precision: &str, dropout: &str, train: &str) -> CheckedExperiment {
    experiment_with("hidden = [5]", (precision, dropout, train))
}

/// The same with what stands under `[network]`.
pub fn experiment_with(
    network: &str,
    (precision, dropout, train): (&str, &str, &str),
) -> CheckedExperiment {
    // The source is not read: rows come from the test. The split allows for early stopping.
    let split = match train.contains("cross_validation") {
        true => "",
        false => "split.validation = 0.5",
    };
    let text = format!(
        "seed = 5\nprecision = '{precision}'\n[data]\nsource = 'xor'\n{split}\n\
         [network]\n{network}\nactivation = 'tanh'\n[dropout]\n{dropout}\n[train]\n{train}\n"
    );
    match Experiment::parse("test.toml", &text) {
        Ok(experiment) => experiment,
        Err(error) => panic!("{error}\n{text}"),
    }
}

/// The same experiment with another seed.
pub fn with_seed(experiment: &CheckedExperiment, seed: u64) -> CheckedExperiment {
    let mut experiment = experiment.clone().into_inner();
    experiment.seed = seed;
    experiment.check().expect("a good seed")
}

/// A training that has not begun, with these weights.
pub fn at_the_start(weights: Vec<LayerWeights>) -> Snapshot {
    Snapshot {
        step: 0,
        weights,
        averages: OptimizerAverages::default(),
        loss_sum: 0.0,
        loss_rows: 0,
        best: None,
    }
}

/// All numbers of a network, as bits.
pub fn bits(layers: &[LayerWeights]) -> Vec<u64> {
    let values = layers.iter().flat_map(LayerWeights::values);
    values.map(f64::to_bits).collect()
}

/// A data set of [`Rows::random`].
pub fn dataset(rows: usize, seed: u64) -> Dataset {
    Dataset::new(Rows::random(rows, seed))
}
