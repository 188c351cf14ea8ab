//! SELU units and alpha dropout: mean and variance stay, and every way to compute it agrees.

use crate::common::in_memory::{dataset, number};
use crate::replicas::together;
use burn::tensor::{Tensor, TensorData};
use dropwise::config::{Activation, Experiment, Initializer, Loss};
use dropwise::dropout::{MaskAt, Noise, SeededMasks};
use dropwise::evaluate::Sampler;
use dropwise::train::{Replica, Trainer};
use dropwise::{Backend, MlpConfig};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

fn normal(count: usize, seed: u64) -> Vec<f32> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| StandardNormal.sample(&mut generator))
        .collect()
}

fn tensor(values: &[f32], width: usize) -> Tensor<2> {
    let device = Backend::default().device().expect("a backend");
    Tensor::from_data(
        TensorData::new(values.to_vec(), [values.len() / width, width]),
        &device,
    )
}

fn moments(values: &[f32]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
    let squares = values.iter().map(|x| (f64::from(*x) - mean).powi(2));
    (mean, squares.sum::<f64>() / count)
}

#[test]
fn alpha_dropout_keeps_mean_0_and_variance_1() {
    let count = 400_000;
    for rate in [0.05, 0.2, 0.5, 0.8] {
        let mut masks = SeededMasks::new(3).layer(0, count);
        let x = tensor(&normal(count, 1), 4);
        let y = masks.apply(1, Noise::Alpha(rate), x).into_data();
        let (mean, variance) = moments(y.as_slice::<f32>().expect("numbers"));
        assert!(
            mean.abs() < 0.01 && (variance - 1.0).abs() < 0.01,
            "{rate}: {mean} {variance}"
        );
    }
}

/// `aten/src/ATen/native/Dropout.cpp` of PyTorch: with `m` 0 or 1, `y = x (a m) + (m - 1) alpha a + alpha a p`.
#[test]
fn alpha_dropout_is_that_of_pytorch() {
    let (rate, alpha) = (0.3_f64, 1.758_099_340_847_376_6_f64);
    let a = 1.0 / ((alpha * alpha * rate + 1.0) * (1.0 - rate)).sqrt();
    let at = MaskAt {
        step: 1,
        layer: 0,
        stride: 200,
    };
    let mut kept = vec![0.0; 200];
    SeededMasks::new(9).fill(at, rate, &mut kept);
    let x = normal(200, 2);
    let mut masks = SeededMasks::new(9).layer(0, 200);
    let y = masks
        .apply(1, Noise::Alpha(rate), tensor(&x, 20))
        .into_data();
    let y = y.as_slice::<f32>().expect("numbers");
    for ((x, kept), y) in x.iter().zip(&kept).zip(y) {
        let kept: &f64 = kept;
        let m = f64::from(*kept != 0.0);
        let expected = f64::from(*x) * a * m + (m - 1.0) * alpha * a + alpha * a * rate;
        assert!((expected - f64::from(*y)).abs() < 1e-6, "{expected} {y}");
    }
}

/// `1.0507 x` or `1.0507 1.6733 (exp(x) - 1)`, and its slopes, by Python's `math.exp`.
#[test]
fn selu_has_the_values_and_slopes_of_its_definition() {
    let x = [-5.0_f32, -1.0, -0.25, 0.0, 0.5, 2.0];
    let expected = [
        -1.746_253, -1.111_331, -0.388_890, 0.0, 0.525_350, 2.101_402,
    ];
    let slopes = [
        0.011_846, 0.646_769, 1.369_209, 1.758_099, 1.050_701, 1.050_701,
    ];
    let device = Backend::default().device().expect("a backend").autodiff();
    let z = Tensor::<2>::from_data(TensorData::new(x.to_vec(), [1, 6]), &device).require_grad();
    let h = Activation::Selu.forward(z.clone());
    let gradients = h.clone().sum().backward();
    let found: Vec<f32> = h.into_data().try_to_vec().expect("numbers");
    let slopes_found: Vec<f32> = z
        .grad(&gradients)
        .expect("slopes")
        .into_data()
        .try_to_vec()
        .expect("numbers");
    for k in 0..6 {
        assert!((found[k] - expected[k]).abs() < 2e-6, "{found:?}");
        assert!(
            (slopes_found[k] - slopes[k]).abs() < 2e-6,
            "{slopes_found:?}"
        );
    }
}

/// Klambauer et al. 2017, section 2: a fixed point that layer after layer comes back to, with alpha dropout too.
#[test]
fn units_keep_mean_0_and_variance_1_through_many_layers() {
    let device = Backend::default().device().expect("a backend");
    for rate in [0.0, 0.1] {
        let shape = MlpConfig::new(200, vec![200; 16], 200)
            .with_activation(Activation::Selu)
            .with_output(Activation::Selu)
            .with_initializer(Initializer::Lecun);
        let network = shape.init(6, &device).expect("a network");
        let masks = SeededMasks::new(1);
        let y = network.forward_with(tensor(&normal(200 * 200, 5), 200), |k, h| {
            masks.layer(k, 200 * 200).apply(1, Noise::Alpha(rate), h)
        });
        let y = y.into_data();
        let (mean, variance) = moments(y.as_slice::<f32>().expect("numbers"));
        assert!(
            mean.abs() < 0.15 && (variance - 1.0).abs() < 0.3,
            "{rate}: {mean} {variance}"
        );
    }
}

/// The output of one hidden layer is a sum over its units, each of which is kept or dropped by itself: its mean and variance have a
/// formula.
#[test]
fn its_samples_have_the_mean_and_the_variance_of_the_formula() {
    let data = dataset(number(), 2, &[0.5, -1.0, 2.0, 0.3], &[0.0, 0.0]);
    let (rate, dropped) = (0.3, -1.758_099_340_847_376_6_f64);
    let device = Backend::default().device().expect("a backend");
    for bias in [true, false] {
        let shape = MlpConfig::new(2, [30], 1)
            .with_activation(Activation::Selu)
            .with_output(Activation::Identity)
            .with_bias(bias)
            .with_hidden_dropout(Noise::Alpha(rate));
        let network = shape.init(3, &device).expect("a network");
        let weights = network.weights().expect("weights");
        let sampler = Sampler::new(&network, Loss::MeanSquaredError, data.task(), (20_000, 1));
        let spread = sampler.expect("samples").spread(&data).expect("a spread");
        let a = ((1.0 - rate) * (1.0 + rate * dropped * dropped)).powf(-0.5);
        for row in 0..2 {
            let x = data.input_row(row);
            let (mut mean, mut variance) =
                (weights[1].bias.as_ref().map_or(0.0, |bias| bias[0]), 0.0);
            for unit in 0..30 {
                let z: f64 = (0..2)
                    .map(|i| x[i] * weights[0].weight[i * 30 + unit])
                    .sum();
                let z = z + weights[0].bias.as_ref().map_or(0.0, |bias| bias[unit]);
                let h = if z > 0.0 {
                    1.050_700_987_355_480_5 * z
                } else {
                    -dropped * (z.exp() - 1.0)
                };
                let w = weights[1].weight[unit];
                mean += w * (a * (h * (1.0 - rate) + dropped * rate) - a * rate * dropped);
                variance += (w * a * (h - dropped)).powi(2) * rate * (1.0 - rate);
            }
            let (found, deviation) = (spread.mean()[row], spread.deviation()[row]);
            let error = (variance / 20_000.0).sqrt();
            assert!((found - mean).abs() < 4.0 * error, "{found} for {mean}");
            assert!(
                (deviation / variance.sqrt() - 1.0).abs() < 0.03,
                "{deviation} {variance}"
            );
        }
    }
}

const TEXT: &str = "seed = 4\n[data]\nsource = 'xor'\n[network]\nhidden = [8]\nactivation = 'selu'\n[dropout]\nkind = 'alpha'\ninput = 0.1\n\
                    hidden = 0.3\nschedule = 'curriculum'\n[train]\nlearning_rate = 0.1\nsteps = 20\n";

/// Alone and beside others, of other rates too, a network comes to the same weights.
#[test]
fn networks_are_trained_with_it_alone_and_side_by_side() {
    let data = dropwise::data::xor();
    let device = Backend::default().device().expect("a backend");
    let experiment = Experiment::parse("x.toml", TEXT).expect("an experiment");
    let mut trainer = Trainer::new(&experiment, &data, None, &device).expect("a trainer");
    trainer.run(&mut ()).expect("an end");
    assert!(trainer.replayed_steps() > 10);
    let alone = trainer.into_network().weights().expect("weights");
    let other = Replica {
        hidden_dropout: Noise::Alpha(0.6).into(),
        ..Replica::of(&experiment, 5)
    };
    let networks = vec![Replica::of(&experiment, 4), other];
    let together = together(&experiment, &networks, &data, &device);
    for (alone, together) in alone.iter().zip(&together[0]) {
        for (alone, together) in alone.values().zip(together.values()) {
            assert!((alone - together).abs() < 1e-5, "{alone} {together}");
        }
    }
}

#[test]
fn it_is_for_selu_units_and_seeded_masks() {
    for (from, to) in [
        ("'selu'", "'relu'"),
        ("'curriculum'", "'curriculum'\nmasks = 'framework'"),
    ] {
        let refused =
            Experiment::parse("x.toml", &TEXT.replace(from, to)).expect_err("no such thing");
        assert!(refused.to_string().contains("dropout."), "{refused}");
    }
}
