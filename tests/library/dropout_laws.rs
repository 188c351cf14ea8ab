//! The laws of inverted dropout, on every backend compiled in, by the framework's layer and by seeded masks.
//!
//! Burn keeps one generator a backend for the whole process and tests run in threads, so every draw
//! of its in this file goes through `with_framework_masks`, which keeps the threads apart.

use std::fmt;

use crate::common::backends;
use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use dropwise::backend::read;
use dropwise::config::{Activation, Masks};
use dropwise::dropout::{Noise, SeededMasks, layer, with_framework_masks};
use dropwise::{Backend, Error, MlpConfig};

const RATES: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// A kind of masks on a backend.
struct Subject {
    masks: Masks,
    backend: Backend,
    device: Device,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} on {}", self.masks, self.backend)
    }
}

fn subjects() -> impl Iterator<Item = Subject> {
    backends().into_iter().flat_map(|(backend, device)| {
        [Masks::Framework, Masks::Seeded].map(|masks| Subject {
            masks,
            backend: backend.clone(),
            device: device.clone(),
        })
    })
}

impl Subject {
    /// Dropout of `x` with the masks of a step, counted from 1.
    fn drop(&self, x: &Tensor<2>, rate: f64, step: usize) -> Tensor<2> {
        match self.masks {
            Masks::Framework => {
                let dropout = layer("rate", rate).expect("a rate");
                with_framework_masks(&x.device(), 9, step, || dropout.forward(x.clone()))
            }
            Masks::Seeded => {
                let [rows, width] = x.dims();
                let mut masks = SeededMasks::new(9).layer(0, rows * width);
                masks.apply(step, rate, x.clone())
            }
        }
    }
}

/// Numbers in [1, 2), so that a 0 in the output is a dropped value.
fn ones_to_twos(rows: usize, width: usize, device: &Device) -> Tensor<2> {
    with_framework_masks(device, 5, 0, || {
        Tensor::random([rows, width], Distribution::Uniform(1.0, 2.0), device)
    })
}

fn values(x: Tensor<2>) -> Vec<f64> {
    read(x).expect("numbers")
}

#[test]
fn every_output_is_zero_or_the_input_over_the_keep_probability() {
    for subject in subjects() {
        let device = &subject.device;
        for rate in RATES {
            let x = ones_to_twos(40, 50, device);
            let y = values(subject.drop(&x, rate, 1));
            for (x, y) in values(x).into_iter().zip(y) {
                let kept = x / (1.0 - rate);
                let off = (y - kept).abs() / kept;
                assert!(
                    y == 0.0 || off <= 2.0 * f64::from(f32::EPSILON),
                    "{subject}, rate {rate}: {x} became {y}"
                );
            }
        }
    }
}

#[test]
fn the_kept_fraction_is_the_keep_probability_within_four_sigma() {
    let count = 200_000;
    for subject in subjects() {
        let device = &subject.device;
        for rate in RATES {
            let x = ones_to_twos(count / 100, 100, device);
            let kept = values(subject.drop(&x, rate, 2))
                .iter()
                .filter(|y| **y != 0.0)
                .count();
            let fraction = kept as f64 / count as f64;
            let sigma = (rate * (1.0 - rate) / count as f64).sqrt();
            assert!(
                (fraction - (1.0 - rate)).abs() < 4.0 * sigma,
                "{subject}, rate {rate}: kept {fraction}"
            );
        }
    }
}

#[test]
fn the_mean_is_preserved_within_four_sigma() {
    let count = 200_000;
    for subject in subjects() {
        let device = &subject.device;
        for rate in RATES {
            let x = ones_to_twos(count / 100, 100, device);
            let y = subject.drop(&x, rate, 3);
            let (x, y) = (values(x), values(y));
            let mean = |values: &[f64]| values.iter().sum::<f64>() / count as f64;
            // Var(y | x) = x^2 rate / (1 - rate)
            let squares: f64 = x.iter().map(|x| x * x).sum();
            let sigma = (squares * rate / (1.0 - rate)).sqrt() / count as f64;
            assert!(
                (mean(&y) - mean(&x)).abs() < 4.0 * sigma,
                "{subject}, rate {rate}: {} became {}",
                mean(&x),
                mean(&y)
            );
        }
    }
}

#[test]
fn evaluation_is_the_identity() {
    for (backend, device) in backends() {
        // Seeded masks are not in a network: its training applies them, and nothing else does.
        let x = ones_to_twos(30, 40, &device.clone().inner());
        let dropout = layer("rate", 0.5).expect("a rate");
        assert_eq!(values(dropout.forward(x.clone())), values(x), "{backend}");

        // A whole network: `valid()` computes what a network without dropout does.
        let shape = MlpConfig::new(6, [8, 8], 2);
        let with = shape
            .clone()
            .with_input_dropout(0.2)
            .with_hidden_dropout(0.5);
        let network = with.init(1, &device).expect("a network").valid();
        let without = shape.init(1, &device).expect("a network").valid();
        let x = ones_to_twos(5, 6, &device.inner());
        let (y, expected) = (network.forward(x.clone()), without.forward(x));
        assert_eq!(values(y), values(expected), "{backend}");
    }
}

/// `Mlp::forward` on an autodiff device, which is what a training loop of one's own calls.
#[test]
fn a_network_draws_the_noise_that_it_was_built_with() {
    let noises = [
        Noise::Bernoulli(0.3),
        Noise::Gaussian(0.3),
        Noise::Alpha(0.3),
        Noise::DropConnect(0.3),
        Noise::Learned(-0.5),
    ];
    for (backend, device) in backends() {
        for noise in noises {
            let shape = MlpConfig::new(300, [], 2)
                .with_input_dropout(noise)
                .with_output(Activation::Identity);
            let network = shape.init(3, &device).expect("a network");
            // The same row 400 times.
            let x = Tensor::<2>::ones([400, 300], &device);
            let still = values(network.valid().forward(x.clone().inner()));
            let draw = |step| {
                with_framework_masks(&device, 9, step, || values(network.forward(x.clone())))
            };
            let of_rows = draw(1);
            let differs = of_rows.chunks(2).any(|row| row != &of_rows[..2]);
            let on_weights = matches!(noise, Noise::DropConnect(_));
            assert_eq!(differs, !on_weights, "{backend}, {noise}: rows");
            // DropConnect has one mask a pass.
            let drawn: Vec<f64> = match on_weights {
                true => (1..=400)
                    .flat_map(|step| draw(step)[..2].to_vec())
                    .collect(),
                false => of_rows,
            };
            let Some((mean, variance)) = moments_at_1(noise) else {
                continue;
            };
            let layer = &network.weights().expect("weights")[0];
            for (k, still) in still.iter().take(2).enumerate() {
                let weights = layer.weight.iter().skip(k).step_by(2);
                let (sum, squares) = weights.fold((0.0, 0.0), |(a, b), w| (a + w, b + w * w));
                let expected_mean = still + (mean - 1.0) * sum;
                let expected = variance * squares;
                let drawn: Vec<f64> = drawn.iter().skip(k).step_by(2).copied().collect();
                let found = drawn.iter().sum::<f64>() / 400.0;
                let deviations = drawn.iter().map(|y| (y - found).powi(2));
                let found_variance = deviations.sum::<f64>() / 400.0;
                assert!(
                    (found - expected_mean).abs() < 4.0 * (expected / 400.0).sqrt(),
                    "{backend}, {noise}: mean {found}, expected {expected_mean}"
                );
                assert!(
                    (found_variance / expected - 1.0).abs() < 4.0 * (2.0 / 400.0_f64).sqrt(),
                    "{backend}, {noise}: variance {found_variance}, expected {expected}"
                );
            }
        }
    }
}

/// Mean and variance of what 1 becomes; none where the gates of a learned rate have no such formula.
fn moments_at_1(noise: Noise) -> Option<(f64, f64)> {
    let p = noise.rate();
    match noise {
        Noise::Learned(_) => None,
        Noise::Alpha(_) => {
            // PyTorch's documentation: a' = -1.7581, kept values become a + b and dropped ones a a' + b.
            let dropped = -1.758_099_340_847_376_6;
            let a = ((1.0 - p) * (1.0 + p * dropped * dropped)).powf(-0.5);
            let b = -a * p * dropped;
            let (kept, dropped) = (a + b, a * dropped + b);
            let mean = (1.0 - p) * kept + p * dropped;
            Some((mean, p * (1.0 - p) * (kept - dropped).powi(2)))
        }
        _ => Some((1.0, p / (1.0 - p))),
    }
}

#[test]
fn the_gradients_support_is_the_mask_and_its_value_the_scale() {
    for subject in subjects() {
        let device = &subject.device;
        for rate in RATES {
            let x = ones_to_twos(20, 30, device).detach().require_grad();
            let y = subject.drop(&x, rate, 5);
            let gradient = x.grad(&y.clone().sum().backward()).expect("a gradient");
            let scale = 1.0 / (1.0 - rate);
            for (y, slope) in values(y).into_iter().zip(values(gradient)) {
                let expected = if y == 0.0 { 0.0 } else { scale };
                assert!(
                    (slope - expected).abs() <= 2.0 * f64::from(f32::EPSILON) * scale,
                    "{subject}, rate {rate}: slope {slope} at {y}"
                );
            }
        }
    }
}

#[test]
fn rate_zero_is_the_identity_and_draws_nothing() {
    for subject in subjects() {
        let device = &subject.device;
        let x = ones_to_twos(10, 10, device);
        let y = subject.drop(&x, 0.0, 6);
        assert_eq!(values(y), values(x.clone()), "{subject}");
        if subject.masks == Masks::Seeded {
            continue; // tests/seeded_masks.rs: what is not drawn shifts nothing
        }
        let none = layer("rate", 0.0).expect("a rate");
        let draw = || values(Tensor::random([4, 4], Distribution::Default, device));
        let at_once = with_framework_masks(device, 9, 6, draw);
        let after_dropout = with_framework_masks(device, 9, 6, || {
            none.forward(x.clone());
            draw()
        });
        assert_eq!(at_once, after_dropout, "{subject}");
    }
}

#[test]
fn different_calls_layers_and_steps_have_different_masks() {
    for subject in subjects() {
        let x = ones_to_twos(8, 16, &subject.device);
        let (first, second) = match subject.masks {
            Masks::Framework => {
                let dropout = layer("rate", 0.5).expect("a rate");
                with_framework_masks(&subject.device, 9, 7, || {
                    (dropout.forward(x.clone()), dropout.forward(x.clone()))
                })
            }
            Masks::Seeded => {
                let layer = |k| SeededMasks::new(9).layer(k, 8 * 16);
                let drop = |k| layer(k).apply(7, 0.5, x.clone());
                (drop(0), drop(1))
            }
        };
        assert_ne!(values(first.clone()), values(second), "{subject}: calls");
        let other = subject.drop(&x, 0.5, 8);
        assert_ne!(values(first), values(other), "{subject}: steps");
    }
}

#[test]
fn a_seed_gives_its_mask_again() {
    for subject in subjects() {
        let device = &subject.device;
        let x = ones_to_twos(8, 16, device);
        let first = values(subject.drop(&x, 0.5, 9));
        subject.drop(&x, 0.5, 10);
        assert_eq!(first, values(subject.drop(&x, 0.5, 9)), "{subject}");
    }
}

#[test]
fn rates_outside_zero_to_one_are_errors_and_not_panics() {
    for rate in [1.0, 1.5, -0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = layer("dropout.hidden", rate).expect_err("no rate");
        let expected = format!(
            "dropout.hidden: expected a dropout rate of at least 0 and below 1, found {rate}"
        );
        assert_eq!(error.to_string(), expected);
        for (_, device) in backends() {
            let shape = MlpConfig::new(3, [4], 1);
            let input = shape.clone().with_input_dropout(rate).init(1, &device);
            let hidden = shape.with_hidden_dropout(rate).init(1, &device);
            assert!(
                matches!(input, Err(Error::InvalidValue { key, .. }) if key == "dropout.input".into())
            );
            assert!(
                matches!(hidden, Err(Error::InvalidValue { key, .. }) if key == "dropout.hidden".into())
            );
        }
    }
    assert!(layer("rate", -0.0).is_ok(), "minus zero is zero");
    assert!(layer("rate", 1.0 - f64::EPSILON).is_ok());
}

#[test]
fn an_empty_batch_and_a_single_row_pass_through() {
    for subject in subjects() {
        for rows in [0, 1] {
            let x = Tensor::<2>::ones([rows, 3], &subject.device);
            assert_eq!(subject.drop(&x, 0.5, 11).dims(), [rows, 3], "{subject}");
        }
    }
    for (backend, device) in backends() {
        let shape = MlpConfig::new(3, [4], 2).with_hidden_dropout(0.5);
        let network = shape.init(1, &device).expect("a network");
        for rows in [0, 1] {
            let x = Tensor::<2>::ones([rows, 3], &device);
            let y = with_framework_masks(&device, 9, 12, || network.forward(x.clone()));
            assert_eq!(y.dims(), [rows, 2], "{backend}, training");
            let y = network.valid().forward(x.inner());
            assert_eq!(y.dims(), [rows, 2], "{backend}, evaluation");
        }
    }
}

#[test]
fn over_the_steps_every_position_and_pair_of_a_small_mask_is_kept_as_often_as_it_should() {
    let steps = 2_000;
    // Burn 0.22.1's generator for GPUs does not pass: on wgpu, values 4 and 14 of this mask are kept
    // together in 58% of the steps instead of 64%. docs/BACKENDS.md tells its users.
    let passes = |subject: &Subject| {
        subject.masks == Masks::Seeded || ["flex", "ndarray"].contains(&subject.backend.name())
    };
    for subject in subjects().filter(passes) {
        let x = ones_to_twos(4, 4, &subject.device);
        let masks: Vec<Vec<bool>> = (1..=steps)
            .map(|step| {
                values(subject.drop(&x, 0.2, step))
                    .iter()
                    .map(|y| *y != 0.0)
                    .collect()
            })
            .collect();
        let share = |wanted: &dyn Fn(&Vec<bool>) -> bool| {
            masks.iter().filter(|mask| wanted(mask)).count() as f64 / steps as f64
        };
        let close = |share: f64, expected: f64| {
            let sigma = (expected * (1.0 - expected) / steps as f64).sqrt();
            (share - expected).abs() < 5.0 * sigma
        };
        for i in 0..16 {
            let kept = share(&|mask| mask[i]);
            assert!(close(kept, 0.8), "{subject}: value {i} is kept with {kept}");
            for j in 0..i {
                let both = share(&|mask| mask[i] && mask[j]);
                assert!(
                    close(both, 0.64),
                    "{subject}: {j} and {i} are kept with {both}"
                );
            }
        }
    }
}
