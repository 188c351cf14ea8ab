//! DropConnect: the laws of its masks, what is trained with it, and its samples. Its gradient is followed in `training/masks.rs`.

use crate::common::in_memory::{dataset, number};
use crate::common::rows::{Rows, bits, experiment_with};
use crate::replicas::together;
use burn::module::Module;
use dropwise::config::{Activation, CheckedExperiment, Experiment, Loss};
use dropwise::data::Dataset;
use dropwise::dropout::{MaskAt, Noise, SeededMasks};
use dropwise::evaluate::{Sampler, Samples, sampled_predictions};
use dropwise::model::LayerWeights;
use dropwise::seed::{Purpose, stream_at};
use dropwise::train::{Replica, Trainer};
use dropwise::{Backend, Mlp, MlpConfig};
use rand::Rng;

/// The mask of a step for the weights of a layer, as the documentation places it.
fn mask(seed: u64, step: usize, layer: usize, rate: f64, weights: usize) -> Vec<f64> {
    let at = MaskAt {
        step,
        layer,
        stride: weights,
    };
    let mut mask = vec![0.0; weights];
    SeededMasks::new(seed).fill(at, Noise::DropConnect(rate), &mut mask);
    mask
}

fn device() -> burn::tensor::Device {
    Backend::default().device().expect("a backend")
}

#[test]
fn a_weight_is_0_at_the_rate_and_else_scaled_so_that_the_mean_is_1() {
    for rate in [0.1, 0.5, 0.8] {
        let mask = mask(5, 3, 1, rate, 400 * 500);
        let count = mask.len() as f64;
        let dropped = mask.iter().filter(|m| **m == 0.0).count() as f64 / count;
        let error = (rate * (1.0 - rate) / count).sqrt();
        assert!((dropped - rate).abs() < 4.0 * error, "{dropped} for {rate}");
        let kept = 1.0 / (1.0 - rate);
        assert!(mask.iter().all(|m| *m == 0.0 || (m - kept).abs() < 1e-12));
        let mean = mask.iter().sum::<f64>() / count;
        assert!((mean - 1.0).abs() < 4.0 * error * kept, "{mean}");
    }
    assert_eq!(mask(5, 3, 1, 0.0, 6), [1.0; 6]);
}

/// Of two weights, both are dropped with the square of the rate: in a row, in a column, and in the next step.
#[test]
fn every_weight_is_left_out_alone() {
    let (rows, columns, rate) = (60, 70, 0.3);
    let masks: Vec<_> = (1..=60)
        .map(|step| mask(8, step, 0, rate, rows * columns))
        .collect();
    let is_dropped = |step: usize, i: usize, j: usize| masks[step][i * columns + j] == 0.0;
    let share = |pair: &dyn Fn(usize, usize, usize) -> bool| {
        let mut both = 0_u32;
        for step in 0..59 {
            for i in 0..rows - 1 {
                both += (0..columns - 1)
                    .map(|j| u32::from(is_dropped(step, i, j) && pair(step, i, j)))
                    .sum::<u32>();
            }
        }
        f64::from(both) / (59 * (rows - 1) * (columns - 1)) as f64
    };
    let count = (59 * (rows - 1) * (columns - 1)) as f64;
    let error = (rate * rate / count).sqrt();
    for (what, found) in [
        ("row", share(&|step, i, j| is_dropped(step, i, j + 1))),
        ("column", share(&|step, i, j| is_dropped(step, i + 1, j))),
        ("step", share(&|step, i, j| is_dropped(step + 1, i, j))),
    ] {
        assert!((found - rate * rate).abs() < 4.0 * error, "{what}: {found}");
    }
}

const TEXT: &str = "seed = 4\n[data]\nsource = 'xor'\n[network]\nhidden = [8]\n[dropout]\nkind = 'dropconnect'\ninput = 0.1\nhidden = 0.3\n\
                    [train]\nlearning_rate = 0.1\nsteps = 20\n";

#[test]
fn a_configuration_names_it_and_what_does_not_go_with_it_is_an_error() {
    let experiment = Experiment::parse("x.toml", TEXT).expect("an experiment");
    let written = toml::to_string(&*experiment).expect("TOML");
    assert!(written.contains("kind = \"dropconnect\""), "{written}");
    let xor = dropwise::data::xor();
    let resolved = experiment.resolve(xor.task()).expect("a loss");
    let shape = MlpConfig::from_experiment(&resolved, 3);
    let noises: Vec<Noise> = shape.noises().collect();
    assert_eq!(noises, [Noise::DropConnect(0.1), Noise::DropConnect(0.3)]);
    let network = shape.init(1, &device()).expect("a network").to_string();
    assert!(
        network.contains("dropout 0.1 dropconnect input / 0.3 dropconnect hidden"),
        "{network}"
    );
    for (from, to, key) in [
        ("0.3", "0.3\nmasks = 'framework'", "dropout.kind"),
        ("0.3", "'learned'", "dropout.hidden"),
        ("'dropconnect'", "'drop-connect'", "dropconnect"),
    ] {
        let refused = Experiment::parse("x.toml", &TEXT.replace(from, to));
        let refused = refused.expect_err("no such thing").to_string();
        assert!(refused.contains(key), "{refused}");
    }
}

/// No input and no unit is lost, so that what is said of high rates of dropout is not said.
#[test]
fn high_rates_are_not_warned_of() {
    let warnings = |text: &str| {
        let experiment = Experiment::parse("x.toml", text).expect("an experiment");
        experiment.warnings()
    };
    let high = TEXT.replace("0.1\nhidden = 0.3", "0.5\nhidden = 0.9");
    assert!(warnings(&high).is_empty(), "{:?}", warnings(&high));
    let dropout = high.replace("'dropconnect'", "'bernoulli'");
    assert_eq!(warnings(&dropout).len(), 2);
}

#[test]
fn it_is_off_where_a_network_is_used() {
    let shape = MlpConfig::new(3, [7, 5], 2);
    let masked = shape
        .clone()
        .with_input_dropout(Noise::DropConnect(0.4))
        .with_hidden_dropout(Noise::DropConnect(0.6));
    let device = device();
    let x = dropwise::data::xor().inputs(&device);
    let outputs = |shape: MlpConfig| {
        let network = shape.init(3, &device.clone().autodiff());
        network.expect("a network").valid().forward(x.clone())
    };
    assert_eq!(outputs(masked).into_data(), outputs(shape).into_data());
}

fn trainer<'a>(experiment: &CheckedExperiment, data: &'a Dataset) -> Trainer<'a> {
    Trainer::new(experiment, data, None, &device()).expect("a trainer")
}

fn trained(experiment: &CheckedExperiment, data: &Dataset) -> Vec<LayerWeights> {
    let mut trainer = trainer(experiment, data);
    trainer.run(&mut ()).expect("a good end");
    trainer.into_network().weights().expect("weights")
}

/// Alone and beside others, of other rates and of other noise too, a network comes to the same weights: in one tensor with their
/// numbers side by side, and in one with a block for each.
#[test]
fn networks_are_trained_with_it_alone_and_side_by_side() {
    let data = Dataset::new(Rows::random(10, 1));
    for (hidden, train) in [
        ("[5]", "steps = 20"),
        ("[20, 30]", "batch_size = 4\nepochs = 5"),
    ] {
        let dropout = "kind = 'dropconnect'\ninput = 0.1\nhidden = 0.3";
        let train = format!("learning_rate = 0.1\n{train}");
        let network = format!("hidden = {hidden}");
        let experiment = experiment_with(&network, ("float64", dropout, &train));
        let mut alone = trainer(&experiment, &data);
        alone.run(&mut ()).expect("a good end");
        assert!(alone.replayed_steps() > 10);
        let alone = alone.into_network().weights().expect("weights");
        let plain = dropout.replace("'dropconnect'", "'bernoulli'");
        let plain = experiment_with(&network, ("float64", &plain, &train));
        assert_ne!(trained(&plain, &data), alone);
        let replica = |input: Noise, hidden: Noise| Replica {
            input_dropout: input,
            hidden_dropout: hidden.into(),
            ..Replica::of(&experiment, 7)
        };
        let networks = vec![
            replica(Noise::DropConnect(0.0), Noise::Bernoulli(0.4)),
            Replica::of(&experiment, 5),
            replica(Noise::DropConnect(0.5), Noise::DropConnect(0.6)),
        ];
        let together = together(&experiment, &networks, &data, &device());
        for (alone, together) in alone.iter().zip(&together[1]) {
            for (alone, together) in alone.values().zip(together.values()) {
                assert!((alone - together).abs() < 1e-11, "{alone} {together}");
            }
        }
    }
}

#[test]
fn in_any_number_of_threads_and_of_shards_it_is_the_same_training() {
    // Masks of more values than one thread draws at a time.
    let data = Dataset::new(Rows::random(40, 1));
    let with = |more: &str| {
        let dropout = "kind = 'dropconnect'\ninput = 0.1\nhidden = 0.3";
        let train = format!("learning_rate = 0.05\nbatch_size = 16\nepochs = 3\n{more}");
        experiment_with("hidden = [120, 130]", ("float64", dropout, &train))
    };
    let in_threads = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().expect("a pool");
        bits(&pool.install(|| trained(&with(""), &data)))
    };
    let whole = trained(&with(""), &data);
    assert_eq!(in_threads(1), bits(&whole));
    assert_eq!(in_threads(3), bits(&whole));
    let shards = trained(&with("shards = 4"), &data);
    for (whole, shards) in whole.iter().zip(&shards) {
        for (whole, shards) in whole.values().zip(shards.values()) {
            assert!((whole - shards).abs() < 1e-12, "{whole} {shards}");
        }
    }
}

/// A network 2-2-1 of `identity` with both rates, and its six weights.
fn linear(rates: [f64; 2]) -> (Mlp, [f64; 6]) {
    let shape = MlpConfig::new(2, [2], 1)
        .with_activation(Activation::Identity)
        .with_output(Activation::Identity)
        .with_input_dropout(Noise::DropConnect(rates[0]))
        .with_hidden_dropout(Noise::DropConnect(rates[1]));
    let layer = |d_input: usize, d_output: usize, weight: &[f64]| LayerWeights {
        d_input,
        d_output,
        weight: weight.to_vec(),
        bias: Some(vec![0.25; d_output]),
    };
    let w = [0.8, -1.3, 0.4, 0.9, -0.7, 1.6];
    let layers = [layer(2, 2, &w[..4]), layer(2, 1, &w[4..])];
    let options = (&device(), burn::tensor::DType::F64);
    let network = shape.init_with_weights(&layers, options);
    (network.expect("a network"), w)
}

/// Over all 64 thinned networks, each with its probability: the exact mean is the plain answer, and the variance that of the formula.
#[test]
fn samples_of_a_linear_network_have_the_mean_and_variance_of_all_its_thinned_networks() {
    let (rates, x) = ([0.3, 0.4], [0.5, -1.0]);
    let (network, w) = linear(rates);
    let (mut mean, mut square) = (0.0, 0.0);
    for which in 0..64_u32 {
        let mut probability = 1.0;
        let mut v = w;
        for (k, weight) in v.iter_mut().enumerate() {
            let rate = rates[usize::from(k >= 4)];
            if (which >> k) & 1 == 1 {
                (*weight, probability) = (*weight / (1.0 - rate), probability * (1.0 - rate));
            } else {
                (*weight, probability) = (0.0, probability * rate);
            }
        }
        let h = [
            x[0] * v[0] + x[1] * v[2] + 0.25,
            x[0] * v[1] + x[1] * v[3] + 0.25,
        ];
        let y = h[0] * v[4] + h[1] * v[5] + 0.25;
        mean += probability * y;
        square += probability * y * y;
    }
    let variance = square - mean * mean;
    let data = dataset(number(), 2, &x, &[0.0]);
    let plain = network
        .valid()
        .forward(data.inputs((&device(), burn::tensor::DType::F64)));
    let plain: f64 = plain.into_data().try_to_vec::<f64>().expect("numbers")[0];
    assert!((plain - mean).abs() < 1e-12, "{plain} {mean}");
    let ask = |samples: Samples| {
        let sampler = Sampler::new(&network, Loss::MeanSquaredError, data.task(), (samples, 1));
        sampler.expect("samples").spread(&data).expect("a spread")
    };
    let exact = ask(Samples::Analytic);
    assert!((exact.mean()[0] - mean).abs() < 1e-12);
    assert!((exact.deviation()[0] - variance.sqrt()).abs() < 1e-12);
    let drawn = ask(20_000.into());
    let error = (variance / 20_000.0).sqrt();
    assert!((drawn.mean()[0] - mean).abs() < 4.0 * error);
    assert!((drawn.deviation()[0] / variance.sqrt() - 1.0).abs() < 0.03);
}

/// The outputs under masks of weights that are scaled.
fn outputs(layers: &[LayerWeights], masks: &[Vec<f64>], x: &[f64]) -> Vec<f64> {
    let mut h = x.to_vec();
    for (k, (layer, mask)) in layers.iter().zip(masks).enumerate() {
        if k > 0 {
            h.iter_mut().for_each(|h| *h = h.max(0.0));
        }
        let unit = |j: usize| {
            let at = |i: usize| i * layer.d_output + j;
            let products = h.iter().enumerate();
            let sum: f64 = products
                .map(|(i, h)| h * layer.weight[at(i)] * mask[at(i)])
                .sum();
            sum + layer.bias.as_ref().map_or(0.0, |bias| bias[j])
        };
        h = (0..layer.d_output).map(unit).collect();
    }
    h
}

/// With noise on all layers, and on one alone; the average of samples too, whose masks are those of another seed.
#[test]
fn a_sample_is_the_network_under_one_mask_of_weights_for_all_rows() {
    for rates in [[0.3, 0.5], [0.0, 0.5], [0.4, 0.0]] {
        let shape = MlpConfig::new(3, [6, 5], 1)
            .with_activation(Activation::Relu)
            .with_output(Activation::Identity)
            .with_input_dropout(Noise::DropConnect(rates[0]))
            .with_hidden_dropout(Noise::DropConnect(rates[1]));
        let network = shape.init(2, (&device(), burn::tensor::DType::F64));
        let network = network.expect("a network");
        let layers = network.weights().expect("weights");
        let data = Rows::random(6, 3).inputs();
        let data = dataset(number(), 3, &data, &[0.0; 6]);
        let expected = |seed: u64, sample: usize, row: usize| {
            let masks = layers.iter().enumerate().map(|(k, layer)| {
                let rate = rates[k.min(1)];
                mask(seed, sample + 1, k, rate, layer.weight.len())
            });
            outputs(&layers, &masks.collect::<Vec<_>>(), &data.input_row(row))[0]
        };
        let loss = Loss::MeanSquaredError;
        let sampler = Sampler::new(&network, loss, data.task(), (8, 9)).expect("samples");
        let seed = stream_at(9, Purpose::Samples, 0).next_u64();
        let all: Vec<usize> = (0..6).collect();
        let inputs = |place: std::ops::Range<usize>| {
            data.select(&all[place])
                .inputs((&device(), burn::tensor::DType::F64))
        };
        let mut samples = 0;
        let visit = |_: &_, sample: usize, said: &[f64]| {
            for (row, said) in said.iter().enumerate() {
                let expected = expected(seed, sample, row);
                assert!((said - expected).abs() < 1e-12, "{said} for {expected}");
            }
            samples += 1;
        };
        sampler.each_sample(6, inputs, visit).expect("predictions");
        assert_eq!(samples, 8);

        let average = sampled_predictions(&network, loss, &data, 8, 11).expect("predictions");
        for (row, found) in average.iter().enumerate() {
            let expected = (0..8).map(|sample| expected(11, sample, row)).sum::<f64>() / 8.0;
            assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
        }
    }
}
