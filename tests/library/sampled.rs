//! Averages of thinned networks: plain loops over masks that are filled on the host, and all masks there are.

use crate::common::assert_close;
use crate::common::in_memory::dataset;
use burn::tensor::DType;
use dropwise::config::{Activation, Loss};
use dropwise::data::{Target, Task};
use dropwise::dropout::{MaskAt, Noise, SeededMasks};
use dropwise::evaluate::{
    SampledErrors, predictions, sampled_errors, sampled_errors_in_batches, sampled_predictions,
};
use dropwise::{Backend, Dataset, LayerWeights, Mlp, MlpConfig, evaluate};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

fn classes(count: usize) -> Task {
    let classes = (0..count).map(|class| class.to_string()).collect();
    Task::Classification { classes }
}

fn two_classes() -> Task {
    Task::Binary {
        classes: ["no", "yes"].map(str::to_owned),
    }
}

/// Numbers uniform in `[-1, 1)`.
fn draw(count: usize, seed: u64) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| random.random_range(-1.0..1.0)).collect()
}

/// Rows with classes that have nothing to do with their inputs.
fn rows(task: Task, d_input: usize, count: usize) -> Dataset {
    let numbers = task.classes().len().max(2);
    let target = |row: usize| {
        let class = (row * 7 + row / 3) % numbers;
        match &task {
            Task::Classification { .. } => (0..numbers).map(|k| f64::from(k == class)).collect(),
            _ => vec![class as f64],
        }
    };
    let targets: Vec<f64> = (0..count).flat_map(target).collect();
    dataset(task, d_input, &draw(count * d_input, 3), &targets)
}

/// A network by hand beside the same one on the fastest backend, in 64 bits.
struct Pair {
    layers: Vec<LayerWeights>,
    rates: Vec<f64>,
    network: Mlp,
}

impl Pair {
    fn new(shape: &MlpConfig) -> Self {
        let sizes = shape.layer_sizes().enumerate();
        let layer = |(k, (d_input, d_output)): (usize, (usize, usize))| LayerWeights {
            d_input,
            d_output,
            weight: draw(d_input * d_output, 20 + k as u64)
                .iter()
                .map(|weight| 3.0 * weight)
                .collect(),
            bias: Some(draw(d_output, 40 + k as u64)),
        };
        let layers: Vec<_> = sizes.map(layer).collect();
        let device = Backend::default().device().expect("a backend that starts");
        let network = shape.init_with_weights(&layers, (&device, DType::F64));
        Pair {
            layers,
            rates: shape.noises().map(Noise::rate).collect(),
            network: network.expect("a network"),
        }
    }

    /// The outputs for one row, its inputs and tanh units multiplied by the masks.
    fn outputs(&self, inputs: &[f64], masks: &[Vec<f64>]) -> Vec<f64> {
        let mut values = inputs.to_vec();
        for (k, (layer, mask)) in self.layers.iter().zip(masks).enumerate() {
            if k > 0 {
                values.iter_mut().for_each(|value| *value = value.tanh());
            }
            let unit = |unit: usize| {
                let weights = layer.weight.iter().skip(unit).step_by(layer.d_output);
                let products = weights.zip(&values).zip(mask).map(|((w, x), m)| w * x * m);
                products.sum::<f64>() + layer.bias.as_ref().map_or(0.0, |bias| bias[unit])
            };
            values = (0..layer.d_output).map(unit).collect();
        }
        values
    }

    /// The masks of sample `sample` of row `row`, as the documentation places them.
    fn masks(&self, seed: u64, (sample, row): (usize, usize), rows: usize) -> Vec<Vec<f64>> {
        let layers = self.layers.iter().zip(&self.rates).enumerate();
        let mask = |(layer, (weights, rate)): (usize, (&LayerWeights, &f64))| {
            let at = MaskAt {
                step: sample * rows + row + 1,
                layer,
                stride: weights.d_input,
            };
            let mut mask = vec![0.0; weights.d_input];
            SeededMasks::new(seed).fill(at, *rate, &mut mask);
            mask
        };
        layers.map(mask).collect()
    }
}

fn shape(d_input: usize, hidden: &[usize], d_output: usize) -> MlpConfig {
    MlpConfig::new(d_input, hidden, d_output)
        .with_activation(Activation::Tanh)
        .with_output(Activation::Identity)
        .with_input_dropout(0.2)
        .with_hidden_dropout(0.5)
}

/// Exponentials over their sum; of one output the logistic function.
fn probabilities(outputs: &[f64]) -> Vec<f64> {
    match outputs {
        [logit] => vec![1.0 / (1.0 + (-logit).exp())],
        logits => {
            let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
            logits.iter().map(|logit| logit.exp() / sum).collect()
        }
    }
}

fn inputs(data: &Dataset, row: usize) -> Vec<f64> {
    draw(data.len() * data.d_input(), 3)[row * data.d_input()..][..data.d_input()].to_vec()
}

/// The average of the first `samples` probabilities of each row, in plain loops.
fn averages(pair: &Pair, data: &Dataset, samples: usize, seed: u64) -> Vec<Vec<f64>> {
    let row = |row: usize| {
        let mut mean = vec![0.0; data.d_output()];
        for sample in 0..samples {
            let masks = pair.masks(seed, (sample, row), data.len());
            let found = probabilities(&pair.outputs(&inputs(data, row), &masks));
            let parts = mean.iter_mut().zip(found);
            parts.for_each(|(mean, p)| *mean += p / samples as f64);
        }
        mean
    };
    (0..data.len()).map(row).collect()
}

fn error_rate(found: &[Vec<f64>], data: &Dataset) -> f64 {
    let class = |values: &[f64]| match values {
        [one] => usize::from(*one > 0.5),
        several => {
            let largest = several.iter().copied().fold(f64::MIN, f64::max);
            several.iter().position(|p| *p == largest).expect("a class")
        }
    };
    let is_wrong = |row: &usize| class(&found[*row]) != class(&data.target_row(*row));
    (0..data.len()).filter(is_wrong).count() as f64 / data.len() as f64
}

/// Networks and rows of several and of two classes; widths are odd and even, and one layer or two hidden.
fn cases() -> Vec<(Pair, Loss, Dataset)> {
    let several = shape(3, &[5, 4], 3);
    let binary = shape(2, &[7], 1);
    vec![
        (
            Pair::new(&several),
            Loss::CrossEntropy,
            rows(classes(3), 3, 61),
        ),
        (
            Pair::new(&binary),
            Loss::BinaryCrossEntropy,
            rows(two_classes(), 2, 61),
        ),
    ]
}

#[test]
fn averages_are_those_of_plain_loops_over_the_documented_masks() {
    for (pair, loss, data) in cases() {
        let (samples, seeds) = ([1, 2, 13, 5], [11, 12]);
        let found = sampled_errors(&pair.network, loss, &data, &samples, &seeds);
        let found = found.expect("averages");
        assert_eq!(found.rows, 61);
        for (average, samples) in found.averages.iter().zip(samples) {
            let by_hand = seeds.map(|seed| averages(&pair, &data, samples, seed));
            let rates: Vec<f64> = by_hand
                .iter()
                .map(|found| error_rate(found, &data))
                .collect();
            assert_eq!((average.samples, &average.error_rates), (samples, &rates));
            let predicted = sampled_predictions(&pair.network, loss, &data, samples, seeds[1]);
            let expected = by_hand[1].concat();
            assert_close("averages", &predicted.expect("averages"), &expected, 1e-12);
        }
    }
}

#[test]
fn one_sample_is_one_thinned_network_for_every_row() {
    for (pair, loss, data) in cases() {
        let device = pair.network.device();
        let options = (&device, DType::F64);
        let all = (0..data.len()).map(|row| pair.masks(5, (0, row), data.len()));
        let all: Vec<_> = all.collect();
        // 1 keeps a value: without the scale that a filled mask has.
        let layer = |k: usize| {
            let values = all.iter().flat_map(|masks| &masks[k]);
            let kept: Vec<f64> = values.map(|value| f64::from(*value > 0.0)).collect();
            let data = burn::tensor::TensorData::new(kept, [all.len(), all[0][k].len()]);
            burn::tensor::Tensor::<2>::from_data(data, options)
        };
        let masks: Vec<_> = (0..pair.layers.len()).map(layer).collect();
        let places: Vec<usize> = (0..data.len()).collect();
        let inputs = data.select(&places).inputs(options);
        let outputs = pair.network.forward_with_masks(inputs, &masks);
        let outputs = dropwise::backend::read(outputs).expect("outputs");
        let expected = predictions(loss, data.task(), &outputs);
        let found = sampled_predictions(&pair.network, loss, &data, 1, 5).expect("predictions");
        assert_close("one sample", &found, &expected, 1e-12);
    }
}

#[test]
fn the_size_of_the_batches_changes_nothing_and_neither_does_what_else_is_asked_for() {
    for (pair, loss, data) in cases() {
        let errors = |samples: &[usize], batch_rows: usize| -> SampledErrors {
            let asked = (samples, &[1_u64, 2, 3][..]);
            sampled_errors_in_batches(&pair.network, loss, &data, asked, batch_rows)
                .expect("averages")
        };
        let whole = errors(&[1, 4, 9], 61);
        for batch_rows in [1, 7, 60, 1_000] {
            assert_eq!(errors(&[1, 4, 9], batch_rows), whole);
        }
        assert_eq!(errors(&[9], 61).averages[0], whole.averages[2]);
        let rates = &whole.averages[0].error_rates;
        assert!(rates.iter().any(|rate| *rate != rates[0]), "{rates:?}");
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    // Large enough to be computed side by side.
    let shape = shape(120, &[120], 10);
    let (pair, data) = (Pair::new(&shape), rows(classes(10), 120, 1_100));
    let errors = || {
        let found = sampled_errors(&pair.network, Loss::CrossEntropy, &data, &[1, 3], &[8]);
        found.expect("averages")
    };
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    assert_eq!(alone.expect("a thread").install(errors), errors());
}

#[test]
fn with_dropout_off_it_is_what_evaluation_says() {
    for (pair, loss, data) in cases() {
        let found = sampled_errors(&pair.network, loss, &data, &[1], &[1]).expect("averages");
        let whole = evaluate(&pair.network, loss, &data).expect("metrics");
        assert_eq!(Some(found.weight_scaling), whole.metrics.error_rate);
    }
}

/// Every mask there is, with its probability: a value is kept with that of its layer.
fn every_mask(pair: &Pair) -> Vec<(f64, Vec<Vec<f64>>)> {
    let mut all = vec![(1.0, Vec::new())];
    for (layer, rate) in pair.layers.iter().zip(&pair.rates) {
        let ways = 0..1_usize << layer.d_input;
        let mask = |bits: usize| -> (f64, Vec<f64>) {
            let kept = (0..layer.d_input).map(|unit| bits >> unit & 1 == 1);
            let p = kept
                .clone()
                .map(|kept| if kept { 1.0 - rate } else { *rate });
            let scaled = kept.map(|kept| if kept { 1.0 / (1.0 - rate) } else { 0.0 });
            (p.product(), scaled.collect())
        };
        let more = |(p, masks): &(f64, Vec<Vec<f64>>)| {
            let (p, masks) = (*p, masks.clone());
            let ways = ways.clone().map(mask);
            ways.map(move |(q, mask)| (p * q, [&masks[..], &[mask]].concat()))
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(more).collect();
    }
    all
}

#[test]
fn many_samples_approach_the_expectation_over_all_masks() {
    const SAMPLES: usize = 6_000;
    let (pair, data) = (Pair::new(&shape(2, &[4], 3)), rows(classes(3), 2, 12));
    let every = every_mask(&pair);
    assert_eq!(every.len(), 64);
    assert!((every.iter().map(|mask| mask.0).sum::<f64>() - 1.0).abs() < 1e-12);
    let expectation = |row: usize| {
        let mut mean = vec![0.0; 3];
        for (p, masks) in &every {
            let found = probabilities(&pair.outputs(&inputs(&data, row), masks));
            mean.iter_mut()
                .zip(found)
                .for_each(|(mean, q)| *mean += p * q);
        }
        mean
    };
    let exact: Vec<f64> = (0..data.len()).flat_map(expectation).collect();
    let found = sampled_predictions(&pair.network, Loss::CrossEntropy, &data, SAMPLES, 9);
    // A probability deviates by at most half of 1 from its mean: this is five standard errors.
    let bound = 5.0 * 0.5 / (SAMPLES as f64).sqrt();
    let furthest = |values: &[f64]| {
        let pairs = values.iter().zip(&exact);
        pairs
            .map(|(one, other)| (one - other).abs())
            .fold(0.0, f64::max)
    };
    let distance = furthest(&found.expect("averages"));
    assert!(distance < bound, "{distance} is over {bound}");
    // The network with dropout off is another one, and so is a single sample.
    let whole = evaluate(&pair.network, Loss::CrossEntropy, &data).expect("metrics");
    assert!(furthest(&whole.predictions) > 2.0 * bound);
    let one = sampled_predictions(&pair.network, Loss::CrossEntropy, &data, 1, 9);
    assert!(furthest(&one.expect("predictions")) > 2.0 * bound);
}

#[test]
fn what_cannot_be_averaged_is_refused_with_its_reason() {
    let pair = Pair::new(&shape(2, &[4], 3));
    let data = rows(classes(3), 2, 5);
    let (network, loss) = (&pair.network, Loss::CrossEntropy);
    let refused = |network: &Mlp, data: &Dataset, samples: &[usize], seeds: &[u64]| {
        let found = sampled_errors(network, loss, data, samples, seeds);
        found.expect_err("an error").to_string()
    };
    let without = shape(2, &[4], 3)
        .with_input_dropout(0.0)
        .with_hidden_dropout(0.0);
    let without = Pair::new(&without).network;
    assert_eq!(
        refused(&without, &data, &[1], &[1]),
        "the network's dropout rates: expected one above 0, so that there are thinned networks to average, found 0 on \
         every layer"
    );
    assert_eq!(
        refused(network, &data, &[], &[1]),
        "the numbers of samples: expected a whole number of at least 1, found 0"
    );
    assert_eq!(
        refused(network, &data, &[3, 0], &[1]),
        "the number of samples: expected a whole number of at least 1, found 0"
    );
    assert_eq!(
        refused(network, &data, &[1], &[]),
        "the number of seeds: expected a whole number of at least 1, found 0"
    );
    let targets = (0..3).map(|k| Target {
        name: k.to_string(),
        mean: 0.0,
        deviation: 1.0,
    });
    let task = Task::Regression {
        targets: targets.collect(),
    };
    let numbers = dataset(task, 2, &[0.5; 4], &[0.5; 6]);
    assert_eq!(
        refused(network, &numbers, &[1], &[1]),
        "the data's task: expected classes, whose errors can be counted, found a regression"
    );
    // Their numbers can be averaged.
    let found = sampled_predictions(network, Loss::MeanSquaredError, &numbers, 3, 1);
    assert_eq!(found.expect("averages").len(), 6);
    let wide = Pair::new(&shape(3, &[4], 3)).network;
    assert!(refused(&wide, &data, &[1], &[1]).contains("expected shape [2, 3], found [3, 3]"));
}
