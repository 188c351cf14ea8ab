//! Gradient checking: autodiff against a hand-derived gradient and against finite differences, on random
//! networks and under the masks that dropout drew.
//!
//! Three computations that share no code must agree: Burn's autodiff on the backend in use, the
//! chain rule in plain loops ([`reference`](mod@reference)), and central differences of the plain loss. The masks of dropout
//! are read off the values before and after each dropout layer in the very pass that is
//! differentiated; those of other noise are drawn again. With DropConnect the gradient is made as in training, where the weights are
//! masked before the pass and its gradients after it. Where rates are learned, their gradients are among those compared.
//!
//! A gradient is a sum whose terms may cancel, and then rounding is large beside what is left. So a
//! difference is relative to the largest sum of the terms' magnitudes in the same layer.

mod difference;
mod erf;
mod noise;
#[doc(hidden)]
pub mod reference;

use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, RngExt};

use crate::backend::{Backend, Precision, read};
use crate::config::{Activation, Initializer, Loss, Masks};
use crate::dropout::learned::{gate, penalty};
use crate::dropout::{Noise, with_framework_masks};
use crate::error::Result;
use crate::loss::Link;
use crate::model::{LayerWeights, Mlp, MlpConfig};
use crate::seed::{Purpose, stream};

use noise::{from_formula, indicators, observed_mask};
use reference::Reference;

/// The label smoothing of networks of classes.
const LABEL_SMOOTHING: f64 = 0.1;

/// The length scale of the prior of networks whose rates are learned.
const LENGTH_SCALE: f64 = 0.5;

/// Finite differences are taken of this many weights a layer, chosen at random.
const SLOPES_A_LAYER: usize = 12;

/// One network and batch to be checked. Weights and numbers of the batch are drawn from `seed`.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The network; a loss that takes logits wants the output activation `identity`.
    pub network: MlpConfig,
    /// The loss.
    pub loss: Loss,
    /// Rows in the batch.
    pub rows: usize,
    /// Whether rows count by weights, from 0.25 to 3.
    pub weighted: bool,
    /// Where masks come from.
    pub masks: Masks,
    /// What all that is random comes from.
    pub seed: u64,
}

impl Case {
    /// Draws a case: one to three hidden layers, sizes 1 to 32, any activation, loss and rate from
    /// 0 to 0.9, input dropout and biases in half of the cases each. Burn's dropout layer draws the masks of one hidden
    /// layer, and seeded masks serve for more, so that both are checked. With those a fifth each has Gaussian noise, learned rates or
    /// DropConnect, and a part of the networks of SELU units alpha dropout.
    #[doc(hidden)]
    pub fn random(generator: &mut impl Rng) -> Self {
        let activations = Activation::ALL;
        let mut size = || generator.random_range(1..=32_usize);
        let (d_input, d_output, rows) = (size(), size(), size().div_ceil(4));
        let sizes = [size(), size(), size()];
        let depth = generator.random_range(1..=3);
        let loss = Loss::ALL[generator.random_range(0..Loss::ALL.len())];
        let output = if loss.takes_logits() {
            Activation::Identity
        } else {
            [Activation::Sigmoid, Activation::Identity][generator.random_range(0..2)]
        };
        let input_rate = if generator.random() {
            generator.random_range(0.0..=0.9)
        } else {
            0.0
        };
        let activation = activations[generator.random_range(0..activations.len())];
        let network = MlpConfig::new(d_input, &sizes[..depth], d_output)
            .with_activation(activation)
            .with_output(output)
            .with_bias(generator.random());
        let hidden_rate: f64 = generator.random_range(0.0..=0.9);
        let noise: fn(f64) -> Noise = match (depth, generator.random_range(0..5)) {
            (2.., 1) => Noise::Gaussian,
            (2.., 2) => |rate| Noise::Learned((rate / (1.0 - rate)).ln().max(-5.0)),
            (2.., 4) => Noise::DropConnect,
            (2.., 3) if activation == Activation::Selu => Noise::Alpha,
            _ => Noise::Bernoulli,
        };
        let network = network
            .with_input_dropout(noise(input_rate))
            .with_hidden_dropout(noise(hidden_rate));
        let seed: u64 = generator.random();
        Case {
            network,
            loss,
            rows,
            masks: if depth == 1 {
                Masks::Framework
            } else {
                Masks::Seeded
            },
            seed,
            weighted: seed % 2 == 1,
        }
    }
}

/// The largest relative differences found, one a check; the fields say of what.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Differences {
    /// Of dropout a kept value from `x / (1 - p)` and a dropped one from 0; of other noise a value, or a weight, from what its formula makes of it.
    pub masks: f64,
    /// The backend's loss from the reference's.
    pub loss: f64,
    /// Autodiff from the hand-derived gradient.
    pub autodiff_hand: f64,
    /// The hand-derived gradient from finite differences.
    pub hand_finite: f64,
    /// Autodiff from finite differences.
    pub autodiff_finite: f64,
}

impl Differences {
    /// Name and value of each, in a fixed order.
    #[must_use]
    #[doc(hidden)]
    pub fn named(&self) -> [(&'static str, f64); 5] {
        [
            ("masks: values are what the noise makes of them", self.masks),
            ("loss: backend and plain loops", self.loss),
            ("gradient: autodiff and hand-derived", self.autodiff_hand),
            (
                "gradient: hand-derived and finite differences",
                self.hand_finite,
            ),
            (
                "gradient: autodiff and finite differences",
                self.autodiff_finite,
            ),
        ]
    }

    /// The larger of each; NaN counts as largest.
    #[must_use]
    #[doc(hidden)]
    pub fn max(self, other: Self) -> Self {
        Differences {
            masks: larger(self.masks, other.masks),
            loss: larger(self.loss, other.loss),
            autodiff_hand: larger(self.autodiff_hand, other.autodiff_hand),
            hand_finite: larger(self.hand_finite, other.hand_finite),
            autodiff_finite: larger(self.autodiff_finite, other.autodiff_finite),
        }
    }

    /// Whether each is at most its bound; NaN is not.
    #[must_use]
    pub fn within(&self, bounds: &Self) -> bool {
        let mut pairs = self.named().into_iter().zip(bounds.named());
        pairs.all(|((_, value), (_, bound))| value <= bound)
    }
}

fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// What a backend is held to in a precision. See docs/GRADIENT.md for what was measured.
#[must_use]
pub fn bounds(backend: &Backend, precision: Precision) -> Differences {
    // Worst of 9,000 networks (see docs/GRADIENT.md): 1e-14 in 64 bits and 2e-5 in 32, the latter with one
    // row, two ReLUs and dropout 0.8. One in a thousand exceeds 6e-7.
    let rounding = match (backend.name(), precision) {
        // Burn's ndarray computes the sigmoid in 32 bits, whatever the tensor's type: 5e-7.
        ("ndarray", Precision::Float64) => 2e-6,
        (_, Precision::Float64) => 1e-12,
        (_, Precision::Float32) => 1e-4,
    };
    let finite = 1e-7;
    Differences {
        masks: match (backend.name(), precision) {
            // The gates of learned rates are sigmoids.
            ("ndarray", Precision::Float64) => rounding,
            (_, Precision::Float32) => 4.0 * f64::from(f32::EPSILON),
            (_, Precision::Float64) => 4.0 * f64::EPSILON,
        },
        loss: rounding,
        autodiff_hand: rounding,
        hand_finite: finite,
        autodiff_finite: rounding + finite,
    }
}

/// What [`certify`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    /// The number of networks.
    pub cases: usize,
    /// Partial derivatives compared with the hand-derived ones.
    pub compared: usize,
    /// Of those, how many were compared with finite differences too.
    pub finite: usize,
    /// Finite differences left out because a ReLU or SELU unit switches there.
    pub kinks: usize,
    /// The largest differences over all networks.
    pub worst: Differences,
}

/// Checks `cases` random networks on `device`.
///
/// # Errors
/// [`Error::InvalidValue`](crate::Error::InvalidValue) if the device lacks the precision,
/// [`Error::Compute`](crate::Error::Compute) if it fails.
pub fn certify(
    device: &Device,
    precision: Precision,
    cases: usize,
    seed: u64,
) -> Result<Certificate> {
    let mut generator = stream(seed, Purpose::Verify);
    let mut certificate = Certificate {
        cases,
        compared: 0,
        finite: 0,
        kinks: 0,
        worst: Differences::default(),
    };
    for _ in 0..cases {
        let found = check(&Case::random(&mut generator), device, precision)?;
        certificate.compared += found.compared;
        certificate.finite += found.finite;
        certificate.kinks += found.kinks;
        certificate.worst = certificate.worst.max(found.worst);
    }
    Ok(certificate)
}

/// Checks one network on `device`.
///
/// # Errors
/// As [`certify`], and [`Error::InvalidValue`](crate::Error::InvalidValue) for a case that makes no
/// network.
#[doc(hidden)]
pub fn check(case: &Case, device: &Device, precision: Precision) -> Result<Certificate> {
    let device = device.clone().autodiff();
    let dtype = precision.check(&device)?.dtype();
    let shape = case
        .network
        .clone()
        .with_initializer(unsaturated(&case.network));
    let network = shape.init(case.seed, (&device, dtype))?;

    let mut generator = stream(case.seed, Purpose::Verify);
    // 32-bit numbers are the same on every backend and in either precision.
    let inputs = draw(&mut generator, case.rows * shape.d_input);
    let targets = match case.loss.link() {
        None => draw(&mut generator, case.rows * shape.d_output),
        Some(Link::Softmax) => labels(&mut generator, case.rows, shape.d_output),
        Some(Link::Sigmoid) => {
            let numbers = draw(&mut generator, case.rows * shape.d_output);
            numbers.iter().map(|number| 0.5 + 0.5 * number).collect() // probabilities
        }
    };
    let tensor = |values: &[f64], width: usize| -> Tensor<2> {
        let data = TensorData::new(values.to_vec(), [case.rows, width]);
        Tensor::from_data(data, (&device, dtype))
    };
    let x = tensor(&inputs, shape.d_input);
    // A network that is certain of the right class has no gradient left to compare.
    let smoothing = match case.loss.link() {
        Some(Link::Softmax) => LABEL_SMOOTHING,
        _ => 0.0,
    };
    let y = case
        .loss
        .smoothed(tensor(&targets, shape.d_output), smoothing);
    let targets: Vec<f64> = targets
        .iter()
        .map(|target| target - smoothing * (target - 1.0 / shape.d_output as f64))
        .collect();

    let noises: Vec<Noise> = shape.noises().collect();
    let mut drawn = shape.seeded_masks(case.seed, case.rows);
    // Behind those of the layers stand the logits of learned rates, which have none.
    let sizes = shape.layer_sizes().enumerate();
    let weight_masks = sizes.map(|(k, (d_input, d_output))| {
        let noise = noises[k].on_weights()?;
        Some(drawn[k].mask(
            1,
            noise,
            [d_input, d_output],
            (&device.clone().inner(), dtype),
        ))
    });
    let mut weight_masks: Vec<Option<Tensor<2>>> = weight_masks.collect();
    weight_masks.resize(network.parameters().len(), None);
    let parameters = network.parameters().into_iter().zip(&weight_masks);
    let parameters: Vec<_> = parameters
        .map(|(layer, mask)| layer.masked(mask.as_ref()).tracked())
        .collect();
    let (layers, logits) = parameters.split_at(shape.counts().0);
    let weights_before = network.weights()?;
    let network = network.with_tensors(layers.to_vec());
    let mut draw =
        |k: usize, width: usize| drawn[k].mask(1, noises[k], [case.rows, width], (&device, dtype));
    let mut logits_left = logits.iter();
    let (output, traces) = match case.masks {
        Masks::Framework => with_framework_masks(&device, case.seed, 0, || {
            traced_forward(&network, x, |k, h| network.dropouts()[k].forward(h))
        }),
        Masks::Seeded => traced_forward(&network, x, |k, h| {
            let width = h.dims()[1];
            match (
                noises[k].on_inputs(),
                noises[k].logit().and_then(|_| logits_left.next()),
            ) {
                (None, _) => h,
                (Some(noise), None) => noise.put_on(h, draw(k, width)),
                (Some(_), Some(logit)) => h * gate(draw(k, width), logit.weight.clone()),
            }
        }),
    };
    // Exact in 32 bits.
    let weights: Option<Vec<f64>> = case.weighted.then(|| {
        let weights = (0..case.rows).map(|_| f64::from(generator.random_range(1..=12_u8)) / 4.0);
        weights.collect()
    });
    let columns = weights.as_ref().map(|weights| {
        let weights = weights
            .iter()
            .flat_map(|weight| std::iter::repeat_n(*weight, shape.d_output));
        tensor(&weights.collect::<Vec<f64>>(), shape.d_output)
    });
    let mut loss = case.loss.weighted(output, y, columns);
    // What it counts in training is a number that follows from the loss; here one such as any.
    let penalized = [0.25 / case.rows as f64, LENGTH_SCALE];
    let learned = (0..noises.len()).filter(|k| noises[*k].logit().is_some());
    for (k, logit) in learned.zip(logits) {
        let (layer, logit) = (&layers[k].weight, logit.weight.clone());
        let squares = layer.clone().square().sum().reshape([1, 1]);
        let penalty = penalty(squares, logit, layer.dims()[0], LENGTH_SCALE);
        loss = loss + penalty.reshape([1]) * penalized[0];
    }
    let mut gradients = loss.backward();
    let autodiff = parameters.iter().zip(&weight_masks);
    let autodiff =
        autodiff.map(|(layer, mask)| layer.gradients(&mut gradients).masked(mask.as_ref()));
    let autodiff: Vec<LayerWeights> = autodiff.map(LayerWeights::read).collect::<Result<_>>()?;
    let backend_loss = read(loss)?[0];

    // The same as autodiff had them: a logit may have been rounded to 32 bits.
    let mut own_logits = logits.iter();
    let mut exact = noises.clone();
    for noise in &mut exact {
        if noise.logit().is_some()
            && let Some(logit) = own_logits.next()
        {
            *noise = Noise::Learned(read(logit.weight.clone())?[0]);
        }
    }
    let mut masks = Vec::new();
    let mut worst = Differences::default();
    for (k, (before, after)) in traces.into_iter().enumerate() {
        let width = before.dims()[1];
        let (before, after) = (read(before)?, read(after)?);
        let (mask, difference) = match exact[k] {
            Noise::Bernoulli(rate) => observed_mask(&before, &after, rate),
            noise @ Noise::DropConnect(_) => {
                let (before, after) = (&weights_before[k].weight, read(layers[k].weight.clone())?);
                let mask = weight_masks[k]
                    .clone()
                    .map_or(Ok(vec![1.0; after.len()]), read)?;
                let difference = from_formula(noise, (before, &after), &mask);
                (indicators(noise, mask), difference)
            }
            noise => {
                let mask = read(draw(k, width))?;
                let difference = from_formula(noise, (&before, &after), &mask);
                (indicators(noise, mask), difference)
            }
        };
        masks.push(mask);
        worst.masks = larger(worst.masks, difference);
    }
    let reference = Reference {
        layers: weights_before,
        activation: shape.activation,
        output: shape.output,
        loss: case.loss,
        noises: exact,
        penalty: penalized,
        inputs,
        targets,
        weights,
        masks,
    };

    let hand = reference.gradients();
    worst.loss = relative(backend_loss, reference.loss(), reference.loss().abs());
    let mut found = Certificate {
        cases: 1,
        compared: 0,
        finite: 0,
        kinks: 0,
        worst,
    };
    let magnitudes = reference.magnitudes();
    let scales = layer_scales(&magnitudes);
    for (k, ((autodiff, hand), scale)) in autodiff.iter().zip(&hand).zip(scales).enumerate() {
        let pairs: Vec<(f64, f64)> = autodiff.values().zip(hand.values()).collect();
        let worst = &mut found.worst;
        for (autodiff, hand) in &pairs {
            worst.autodiff_hand = larger(worst.autodiff_hand, relative(*autodiff, *hand, scale));
        }
        found.compared += pairs.len();
        for _ in 0..SLOPES_A_LAYER.min(pairs.len()) {
            let position = generator.random_range(0..pairs.len());
            let Some(finite) = difference::slope(&reference, k, position) else {
                found.kinks += 1;
                continue;
            };
            let (autodiff, hand) = pairs[position];
            worst.hand_finite = larger(worst.hand_finite, relative(hand, finite, scale));
            worst.autodiff_finite =
                larger(worst.autodiff_finite, relative(autodiff, finite, scale));
            found.finite += 1;
        }
    }
    Ok(found)
}

/// A training forward pass that keeps what stood before and after each dropout layer.
fn traced_forward(
    network: &Mlp,
    x: Tensor<2>,
    mut drop: impl FnMut(usize, Tensor<2>) -> Tensor<2>,
) -> (Tensor<2>, Vec<(Tensor<2>, Tensor<2>)>) {
    let mut traces = Vec::new();
    let output = network.forward_with(x, |k, h| {
        let after = drop(k, h.clone());
        traces.push((h, after.clone()));
        after
    });
    (output, traces)
}

/// `|a - b|` over a scale; 0 where there is no difference, whatever the scale.
fn relative(a: f64, b: f64, scale: f64) -> f64 {
    if a == b { 0.0 } else { (a - b).abs() / scale }
}

/// For each layer, the largest sum of magnitudes that a gradient of it is made of.
fn layer_scales(magnitudes: &[LayerWeights]) -> impl Iterator<Item = f64> {
    magnitudes
        .iter()
        .map(|layer| layer.values().fold(0.0, f64::max))
}

fn draw(generator: &mut impl Rng, count: usize) -> Vec<f64> {
    (0..count)
        .map(|_| f64::from(generator.random_range(-1.0_f32..1.0)))
        .collect()
}

/// Weights that keep the weighted sums near 1 whatever the sizes and rates. Where every unit is
/// saturated all gradients vanish, and relative differences would measure nothing but rounding.
fn unsaturated(network: &MlpConfig) -> Initializer {
    let widest = network.layer_sizes().map(|(d_input, _)| d_input).max();
    let highest_rate = network.noises().map(Noise::rate).fold(0.0, f64::max);
    let keep = 1.0 - highest_rate;
    Initializer::Uniform((3.0 * keep / widest.unwrap_or(1) as f64).sqrt())
}

/// A random class for each row: 1 for it, 0 for the others.
fn labels(generator: &mut impl Rng, rows: usize, classes: usize) -> Vec<f64> {
    let mut targets = vec![0.0; rows * classes];
    for row in targets.chunks_mut(classes) {
        row[generator.random_range(0..classes)] = 1.0;
    }
    targets
}
