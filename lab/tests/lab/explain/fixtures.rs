//! Networks and rows that are made up, and what is explained of them.

use dropwise::config::{Activation, Experiment, ResolvedExperiment};
use dropwise::data::{Preprocessing, Splits, Target, Task};
use dropwise::{Backend, Dataset, Error, LayerWeights, Mlp, MlpConfig};
use dropwise_lab::explain::{Curves, ExplainOptions, Explanation, Subject, Trail, explain};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

pub use crate::common::in_memory::{dataset, of_any_numbers};

pub fn classes(count: usize) -> Task {
    let classes = (0..count).map(|class| format!("class {class}")).collect();
    Task::Classification { classes }
}

pub fn two_classes() -> Task {
    Task::Binary {
        classes: ["no", "yes"].map(str::to_owned),
    }
}

pub fn regression(scales: &[(f64, f64)]) -> Task {
    let target = |(k, &(mean, deviation)): (usize, &(f64, f64))| Target {
        name: format!("y{k}"),
        mean,
        deviation,
    };
    Task::Regression {
        targets: scales.iter().enumerate().map(target).collect(),
    }
}

/// Numbers uniform in `[-1, 1)`.
pub fn draw(count: usize, seed: u64) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| random.random_range(-1.0..1.0)).collect()
}

/// `rows` rows of random numbers.
pub fn rows(task: Task, d_input: usize, count: usize, seed: u64) -> Dataset {
    let mut random = ChaCha8Rng::seed_from_u64(seed + 1_000);
    let target = |_| match &task {
        Task::Classification { classes } => {
            let class = random.random_range(0..classes.len());
            (0..classes.len()).map(|k| f64::from(k == class)).collect()
        }
        Task::Binary { .. } => vec![f64::from(random.random_range(0..2_u8))],
        Task::Regression { targets } => targets
            .iter()
            .map(|_| random.random_range(-1.0..1.0))
            .collect::<Vec<f64>>(),
    };
    let targets: Vec<f64> = (0..count).flat_map(target).collect();
    dataset(task, d_input, &draw(count * d_input, seed), &targets)
}

/// Columns `x0`, `x1` and so on.
pub fn columns(d_input: usize) -> Preprocessing {
    Preprocessing::Numbers {
        columns: (0..d_input).map(|k| format!("x{k}")).collect(),
    }
}

/// All that a subject is made of. The network is in 64 bits on the fastest backend.
pub struct Made {
    pub network: Mlp,
    pub experiment: ResolvedExperiment,
    pub splits: Option<Splits>,
    pub preprocessing: Preprocessing,
    pub task: Task,
    pub trail: Option<Trail>,
}

impl Made {
    /// A network with the sizes and rates of `dropout`, on rows of which a part are for training and a part for the
    /// test.
    pub fn new(shape: &MlpConfig, weights: &[LayerWeights], train: &Dataset, more: &str) -> Self {
        let device = Backend::default().device().expect("a backend that starts");
        let dtype = burn::tensor::DType::F64;
        let (network, hidden) = (
            shape.init_with_weights(weights, (&device, dtype)),
            &shape.hidden,
        );
        let (activation, output) = (shape.activation, shape.output);
        let text = format!(
            "precision = 'float64'\n[data]\nsource = 'custom'\n[network]\nhidden = {hidden:?}\n\
             activation = '{activation}'\noutput = '{output}'\n[train]\nlearning_rate = 0.1\nepochs = 3\n{more}"
        );
        let experiment = Experiment::parse("made.toml", &text).expect("an experiment");
        let preprocessing = columns(shape.d_input);
        Made {
            network: network.expect("a network"),
            experiment: experiment.resolve(train.task()).expect("a loss that fits"),
            splits: Some(Splits {
                train: train.clone(),
                validation: None,
                test: None,
                calibration: None,
                preprocessing: preprocessing.clone(),
                hash: "0".repeat(64),
                notes: vec![],
            }),
            preprocessing,
            task: train.task().clone(),
            trail: None,
        }
    }

    /// A network with drawn weights on drawn rows.
    pub fn drawn(shape: &MlpConfig, task: Task, rows_count: usize, more: &str) -> Self {
        let train = rows(task, shape.d_input, rows_count, 5);
        Made::new(shape, &weights(shape, 7), &train, more)
    }

    /// A network with these weights on drawn rows.
    pub fn drawn_with(
        shape: &MlpConfig,
        weights: &[LayerWeights],
        task: Task,
        count: usize,
    ) -> Self {
        Made::new(shape, weights, &rows(task, shape.d_input, count, 5), "")
    }

    pub fn subject(&self) -> Subject<'_> {
        Subject {
            name: "made",
            members: self.network.as_ref(),
            experiment: &self.experiment,
            preprocessing: &self.preprocessing,
            task: &self.task,
            splits: self.splits.as_ref(),
            data_sha256: "",
            curves: Curves::default(),
            trail: self.trail.as_ref(),
            model: ("last", 3),
            facts: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[track_caller]
    pub fn explain(&self, options: &ExplainOptions) -> Explanation {
        let found = explain(&self.subject(), options).expect("an explanation");
        // JSON has no word for what is not a finite number: it would not be read back.
        let json = serde_json::to_string(&found).expect("JSON");
        let back: Explanation = serde_json::from_str(&json).expect("finite numbers alone");
        assert_eq!(back, found);
        found
    }

    #[track_caller]
    pub fn refused(&self, options: &ExplainOptions) -> Error {
        explain(&self.subject(), options).expect_err("an error")
    }

    pub fn train(&self) -> &Dataset {
        &self.splits.as_ref().expect("data").train
    }
}

/// Weights and biases uniform in `[-1, 1)`.
pub fn weights(shape: &MlpConfig, seed: u64) -> Vec<LayerWeights> {
    let sizes = shape.layer_sizes().enumerate();
    let layer = |(k, (d_input, d_output)): (usize, (usize, usize))| LayerWeights {
        d_input,
        d_output,
        weight: draw(d_input * d_output, seed + 10 * k as u64),
        bias: shape.bias.then(|| draw(d_output, seed + 10 * k as u64 + 1)),
    };
    sizes.map(layer).collect()
}

/// A network whose outputs are its inputs, to the last bit: `relu(x) - relu(-x)`.
pub fn passing_on(width: usize) -> (MlpConfig, Vec<LayerWeights>) {
    let shape = MlpConfig::new(width, [2 * width], width)
        .with_activation(Activation::Relu)
        .with_output(Activation::Identity)
        .with_bias(false);
    let sign = |from: usize, to: usize| f64::from(from == to) - f64::from(from + width == to);
    let weight = |rows: usize, columns: usize| -> Vec<f64> {
        let cells = (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j)));
        let cell = |(i, j): (usize, usize)| sign(i.min(j), i.max(j));
        cells.map(cell).collect()
    };
    let layers = [(width, 2 * width), (2 * width, width)].map(|(d_input, d_output)| LayerWeights {
        d_input,
        d_output,
        weight: weight(d_input, d_output),
        bias: None,
    });
    (shape, layers.to_vec())
}
