//! What dropout multiplies the inputs of a layer by, or its weights: the one place that says which noises there are.
//!
//! A new noise is a variant of [`Noise`], an arm of each function here, and its law in
//! [`verify`](crate::verify).

use std::fmt;
use std::sync::OnceLock;

use burn::module::{Module, Param};
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::module::linear;
use burn::tensor::{DType, Distribution, Element, ElementConversion, Int, Tensor};
use rand::Rng;
use rand::rngs::ChaCha8Rng;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::learned::{START, gate, logistic_table};
use crate::check::check_rate;
use crate::error::{Error, Result};
use crate::normal::quantiles;

/// Bytes taken from the generator at a time: one of its refills for a small mask, and several for a large one,
/// where fewer calls count for more than the array that has to be made ready.
const SMALL_BLOCK: usize = 256;
const LARGE_BLOCK: usize = 1024;

/// Values whose random bits are taken from the generator at a time in a large mask.
#[cfg(not(target_family = "wasm"))]
pub(super) const BLOCK: usize = LARGE_BLOCK / 2;

/// The noise on the inputs of a layer while training: each value is multiplied by a random number whose mean is 1. That of
/// [`DropConnect`](Self::DropConnect) is on the layer's weights.
///
/// In a configuration, and from an `f64`, a number is the rate of [`Bernoulli`](Self::Bernoulli); `"learned"` is
/// [`Learned`](Self::Learned), from a rate of 0.1 on.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Noise {
    /// Dropout: 0 with the probability of this rate, else `1 / (1 - rate)`. The rate is in `[0, 1)`; 0 is no
    /// noise.
    Bernoulli(f64),
    /// Gaussian noise: a normal number with mean 1 and the variance `rate / (1 - rate)` of dropout at this rate, which is in `[0, 1)`; 0 is
    /// no noise (Srivastava et al. 2014, section 10). Of a value's 16 bits the quantile of the normal distribution is taken, so that the
    /// masks are the same on every machine.
    Gaussian(f64),
    /// Alpha dropout, for SELU units: with the probability of this rate, in `[0, 1)`, a value becomes what SELU tends to far below 0,
    /// and all are scaled and shifted so that mean 0 and variance 1 stay as they are (Klambauer et al. 2017, section 2). With
    /// `a' = -1.7581` and `d` 0 or 1,
    ///
    /// ```text
    /// y = a (x d + a' (1 - d)) + b,   a = 1 / sqrt((1 - p) (1 + p a'^2)),   b = -a p a'
    /// ```
    Alpha(f64),
    /// DropConnect (Wan et al. 2013): 0 with the probability of this rate, else `1 / (1 - rate)`, for each weight of the layer by itself,
    ///
    /// ```text
    /// y = x (W * M) + b
    /// ```
    ///
    /// The rate is in `[0, 1)`; 0 is no noise. All rows of a batch share a mask, and biases are kept; the paper draws a mask for each row,
    /// which takes `rows x inputs x outputs` random numbers a step, and masks biases too.
    DropConnect(f64),
    /// Dropout whose rate is learned with the weights (Gal, Hron and Kendall 2017): the logit `log(rate / (1 - rate))` of the rate
    /// so far. After training it is dropout at that rate.
    Learned(f64),
}

/// What SELU tends to far below 0, `a'` of alpha dropout: `-lambda alpha`.
const DROPPED: f64 = -1.758_099_340_847_376_6;

impl Default for Noise {
    /// No noise.
    fn default() -> Self {
        Noise::Bernoulli(0.0)
    }
}

impl From<f64> for Noise {
    fn from(rate: f64) -> Self {
        Noise::Bernoulli(rate)
    }
}

impl From<Noise> for f64 {
    fn from(noise: Noise) -> Self {
        noise.rate()
    }
}

impl fmt::Display for Noise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Noise::Bernoulli(rate) => write!(f, "{rate}"),
            Noise::Gaussian(rate) => write!(f, "{rate} gaussian"),
            Noise::Alpha(rate) => write!(f, "{rate} alpha"),
            Noise::DropConnect(rate) => write!(f, "{rate} dropconnect"),
            Noise::Learned(_) => write!(f, "{:.3} learned", self.rate()),
        }
    }
}

/// As it is written: a rate, or `"learned"`.
impl Serialize for Noise {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Noise::Learned(_) => serializer.serialize_str(LEARNED),
            noise => serializer.serialize_f64(noise.rate()),
        }
    }
}

const LEARNED: &str = "learned";

impl<'de> Deserialize<'de> for Noise {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        noises(
            deserializer,
            "a dropout rate, or \"learned\"",
            |noise| noise,
            None,
        )
    }
}

/// Reads a noise, of which `one` makes something, or an array of them, of which `each` does.
pub(crate) fn noises<'de, T, D: Deserializer<'de>>(
    deserializer: D,
    expecting: &'static str,
    one: fn(Noise) -> T,
    each: Option<fn(Vec<Noise>) -> T>,
) -> std::result::Result<T, D::Error> {
    struct Form<T> {
        expecting: &'static str,
        one: fn(Noise) -> T,
        each: Option<fn(Vec<Noise>) -> T>,
    }

    impl<'de, T> Visitor<'de> for Form<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.expecting)
        }

        fn visit_f64<E>(self, rate: f64) -> std::result::Result<T, E> {
            Ok((self.one)(rate.into()))
        }

        fn visit_i64<E>(self, rate: i64) -> std::result::Result<T, E> {
            Ok((self.one)((rate as f64).into()))
        }

        fn visit_u64<E>(self, rate: u64) -> std::result::Result<T, E> {
            Ok((self.one)((rate as f64).into()))
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<T, E> {
            match text {
                LEARNED => Ok((self.one)(Noise::Learned(START))),
                _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
            }
        }

        fn visit_seq<A: SeqAccess<'de>>(self, noises: A) -> std::result::Result<T, A::Error> {
            match self.each {
                Some(each) => Vec::deserialize(SeqAccessDeserializer::new(noises)).map(each),
                None => Err(serde::de::Error::invalid_type(Unexpected::Seq, &self)),
            }
        }
    }

    deserializer.deserialize_any(Form {
        expecting,
        one,
        each,
    })
}

impl Noise {
    /// The dropout rate.
    #[must_use]
    pub fn rate(self) -> f64 {
        match self {
            Noise::Bernoulli(rate)
            | Noise::Gaussian(rate)
            | Noise::Alpha(rate)
            | Noise::DropConnect(rate) => rate,
            // Below 1, however large the logit.
            Noise::Learned(logit) => (1.0 / (1.0 + (-logit).exp())).min(1.0 - f64::EPSILON),
        }
    }

    /// The noise of another kind with the same rate; one that is learned stays.
    #[must_use]
    #[doc(hidden)]
    pub fn of_kind(self, kind: NoiseKind) -> Self {
        match (self, kind) {
            (Noise::Learned(_), _) => self,
            (_, NoiseKind::Bernoulli) => Noise::Bernoulli(self.rate()),
            (_, NoiseKind::Gaussian) => Noise::Gaussian(self.rate()),
            (_, NoiseKind::Alpha) => Noise::Alpha(self.rate()),
            (_, NoiseKind::DropConnect) => Noise::DropConnect(self.rate()),
        }
    }

    /// The same noise with its rate multiplied by `factor`, from 0 to 1; one that is learned stays.
    #[must_use]
    pub(crate) fn times(self, factor: f64) -> Self {
        match self {
            Noise::Bernoulli(rate) => Noise::Bernoulli(rate * factor),
            Noise::Gaussian(rate) => Noise::Gaussian(rate * factor),
            Noise::Alpha(rate) => Noise::Alpha(rate * factor),
            Noise::DropConnect(rate) => Noise::DropConnect(rate * factor),
            Noise::Learned(_) => self,
        }
    }

    /// The noise once training is over: dropout at the rate that was learned.
    #[must_use]
    pub(crate) fn fixed(self) -> Self {
        match self {
            Noise::Learned(_) => Noise::Bernoulli(self.rate()),
            noise => noise,
        }
    }

    /// The logit of a rate that is learned.
    #[must_use]
    #[doc(hidden)]
    pub fn logit(self) -> Option<f64> {
        match self {
            Noise::Learned(logit) => Some(logit),
            _ => None,
        }
    }

    /// The noise, if there is any, where it is on the inputs of a layer.
    #[must_use]
    #[doc(hidden)]
    pub fn on_inputs(self) -> Option<Self> {
        (!self.is_off() && !self.is_dropconnect()).then_some(self)
    }

    /// The noise, if there is any, where it is on the weights of a layer.
    #[must_use]
    #[doc(hidden)]
    pub fn on_weights(self) -> Option<Self> {
        (!self.is_off() && self.is_dropconnect()).then_some(self)
    }

    fn is_dropconnect(self) -> bool {
        matches!(self, Noise::DropConnect(_))
    }

    /// The variance of the number that a value is multiplied by, whose mean is 1; none of alpha dropout, which is of another form.
    #[must_use]
    pub(crate) fn variance(self) -> Option<f64> {
        match self.fixed() {
            Noise::Alpha(_) => None,
            noise => Some(noise.rate() / (1.0 - noise.rate())),
        }
    }

    /// What is added to a value times its number in the mask, as a multiple of that number and a constant; none where that is nothing.
    #[must_use]
    pub(crate) fn offset(self) -> Option<(f64, f64)> {
        match self {
            // y = x m + a' (a - m) + b, with m = a d
            Noise::Alpha(rate) => {
                let scale = alpha_scale(rate);
                Some((-DROPPED, scale * DROPPED * (1.0 - rate)))
            }
            _ => None,
        }
    }

    /// Puts noise on values, with the mask that was drawn of it; DropConnect on weights.
    ///
    /// # Shapes
    /// - `x`, `mask`, output: the same
    #[must_use]
    pub(crate) fn put_on(self, x: Tensor<2>, mask: Tensor<2>) -> Tensor<2> {
        match (self.offset(), self.logit()) {
            (Some((slope, constant)), _) => (x + slope) * mask + constant,
            (None, Some(logit)) => {
                let logit = Tensor::full([1, 1], logit, (&x.device(), x.dtype()));
                x * gate(mask, logit)
            }
            (None, None) => x * mask,
        }
    }

    /// What [`put_on`](Self::put_on) takes, drawn by Burn from the backend's generator for values or weights of this shape.
    fn drawn(self, like: &Tensor<2>) -> Tensor<2> {
        let keep = 1.0 - self.rate();
        let bernoulli = |scale: f64| like.random_like(Distribution::Bernoulli(keep)) * scale;
        match self {
            Noise::Bernoulli(_) | Noise::DropConnect(_) => bernoulli(1.0 / keep),
            Noise::Alpha(rate) => bernoulli(alpha_scale(rate)),
            Noise::Gaussian(rate) => {
                like.random_like(Distribution::Normal(1.0, (rate / keep).sqrt()))
            }
            Noise::Learned(_) => {
                // Never 0 or 1, whose logits are not finite.
                let u = like.random_like(Distribution::Uniform(1e-6, 1.0 - 1e-6));
                (u.clone() / (-u + 1.0)).log()
            }
        }
    }

    /// Whether there is no noise: every value is multiplied by 1, and nothing is drawn.
    #[must_use]
    pub(crate) fn is_off(self) -> bool {
        self.rate() == 0.0
    }

    /// Checks the rate.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] that names it as `what`, outside `[0, 1)` and for
    /// NaN.
    pub fn check(self, what: &str) -> Result<()> {
        match self.logit() {
            Some(logit) if !logit.is_finite() => {
                Err(Error::invalid(what, "a finite logit of the rate", logit))
            }
            _ => check_rate(what, self.rate()).map(drop),
        }
    }

    /// What every value is multiplied by, where nothing has to be drawn for that.
    pub(super) fn constant<E: Element>(self) -> Option<E> {
        match self {
            Noise::Bernoulli(rate) | Noise::DropConnect(rate) => Bernoulli::new(rate).constant(),
            Noise::Gaussian(rate) | Noise::Alpha(rate) => (rate == 0.0).then(|| 1.0.elem()),
            Noise::Learned(_) => None,
        }
    }

    /// The mask that bits come to, 16 of each value, on the device that they are on; none for a noise that is made of other
    /// numbers, whose masks are drawn on the CPU then.
    pub(super) fn of_bits<const D: usize>(
        self,
        bits: Tensor<D, Int>,
        dtype: DType,
    ) -> Option<Tensor<D>> {
        let Bernoulli { threshold, kept } = match self {
            Noise::Bernoulli(rate) | Noise::DropConnect(rate) => Bernoulli::<f64>::new(rate),
            Noise::Alpha(rate) => Bernoulli::alpha(rate),
            Noise::Gaussian(_) | Noise::Learned(_) => return None,
        };
        Some(bits.lower_elem(threshold).float().cast(dtype) * kept)
    }

    /// Fills a mask, from [`words`] words of the generator; of a rate that is learned with the logistic numbers that its
    /// [gates](super::learned) are made of.
    pub(super) fn fill<E: Element>(self, generator: &mut ChaCha8Rng, mask: &mut [E]) {
        match self {
            Noise::Bernoulli(rate) | Noise::DropConnect(rate) => {
                Bernoulli::new(rate).fill(generator, mask);
            }
            Noise::Alpha(rate) => Bernoulli::alpha(rate).fill(generator, mask),
            Noise::Gaussian(rate) => {
                let (table, deviation) = (normal_table(), (rate / (1.0 - rate)).sqrt());
                let value = |bits: u16| (1.0 + deviation * table[usize::from(bits)]).elem();
                fill_with(generator, mask, value);
            }
            Noise::Learned(_) => {
                let table = logistic_table();
                fill_with(generator, mask, |bits| table[usize::from(bits)].elem());
            }
        }
    }
}

/// Words of 32 bits that the seeded masks of `values` values are made of, whatever the noise.
pub(super) fn words(values: usize) -> usize {
    values.div_ceil(2)
}

/// `a` of alpha dropout.
fn alpha_scale(rate: f64) -> f64 {
    1.0 / ((1.0 - rate) * (1.0 + rate * DROPPED * DROPPED)).sqrt()
}

/// The normal number that each 16 bits stand for.
fn normal_table() -> &'static [f64] {
    static TABLE: OnceLock<Vec<f64>> = OnceLock::new();
    TABLE.get_or_init(|| quantiles(1 << 16))
}

/// What the noise is drawn from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NoiseKind {
    /// Values are dropped or kept.
    #[default]
    Bernoulli,
    /// Values are multiplied by normal numbers.
    Gaussian,
    /// Alpha dropout, for SELU units.
    Alpha,
    /// Weights are dropped or kept.
    #[serde(rename = "dropconnect")]
    DropConnect,
}

impl fmt::Display for NoiseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoiseKind::Bernoulli => "bernoulli",
            NoiseKind::Gaussian => "gaussian",
            NoiseKind::Alpha => "alpha",
            NoiseKind::DropConnect => "dropconnect",
        })
    }
}

/// The layer of a network that puts this noise on its inputs.
///
/// # Errors
/// Those of [`Noise::check`], which names the noise as `what`.
pub fn layer(what: &str, noise: impl Into<Noise>) -> Result<NoiseLayer> {
    let noise = noise.into();
    noise.check(what)?; // Burn panics on a bad rate
    Ok(NoiseLayer::of(noise))
}

/// A layer of a network that puts [`Noise`] on its inputs or weights, with Burn's own layer inside. Made by [`layer`].
#[derive(Module, Debug)]
pub struct NoiseLayer {
    #[module(skip)]
    noise: Noise,
    framework: Dropout,
}

impl NoiseLayer {
    /// For a checked noise.
    pub(crate) fn of(noise: Noise) -> Self {
        NoiseLayer {
            noise,
            framework: DropoutConfig::new(noise.rate()).init(),
        }
    }

    /// What the noise is.
    #[must_use]
    pub fn noise(&self) -> Noise {
        self.noise
    }

    /// Puts the noise on a layer's inputs, drawn by Burn from the backend's generator; none unless `x` is on an autodiff
    /// device, which is while training, and none of DropConnect, which is on weights.
    ///
    /// # Shapes
    /// - `x` and output: `[batch, width]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match self.noise {
            Noise::Bernoulli(_) => self.framework.forward(x),
            noise => match self.draws(&x).then(|| noise.on_inputs()).flatten() {
                Some(noise) => noise.put_on(x.clone(), noise.drawn(&x)),
                None => x,
            },
        }
    }

    /// What `layer` makes of inputs, with this noise on them or on its weights, as [`forward`](Self::forward) draws it.
    ///
    /// # Shapes
    /// - `x`: `[batch, d_input]`
    /// - output: `[batch, d_output]`
    pub(crate) fn linear(&self, layer: &Linear, x: Tensor<2>) -> Tensor<2> {
        match self.draws(&x).then(|| self.noise.on_weights()).flatten() {
            Some(noise) => {
                let weight = layer.weight.val();
                let mask = noise.drawn(&weight);
                linear(x, weight * mask, layer.bias.as_ref().map(Param::val))
            }
            None => layer.forward(self.forward(x)),
        }
    }

    /// Whether a pass over `x` is one of training, as Burn's layer sees it.
    fn draws(&self, x: &Tensor<2>) -> bool {
        self.framework.training.is_enabled() && x.device().is_autodiff()
    }
}

/// The 16 bits of a value decide whether it is kept.
#[derive(Clone, Copy)]
struct Bernoulli<E> {
    /// Bits below it keep the value.
    threshold: u32,
    kept: E,
}

impl<E: Element> Bernoulli<E> {
    fn new(rate: f64) -> Self {
        Bernoulli {
            threshold: ((1.0 - rate) * 65536.0).round() as u32,
            kept: (1.0 / (1.0 - rate)).elem(),
        }
    }

    /// What is kept is scaled otherwise.
    fn alpha(rate: f64) -> Self {
        Bernoulli {
            kept: alpha_scale(rate).elem(),
            ..Bernoulli::new(rate)
        }
    }

    fn constant(self) -> Option<E> {
        (self.threshold >= 1 << 16).then_some(self.kept)
    }

    fn fill(self, generator: &mut ChaCha8Rng, mask: &mut [E]) {
        fill_with(generator, mask, |bits| {
            if u32::from(bits) < self.threshold {
                self.kept
            } else {
                E::default()
            }
        });
    }
}

/// Fills a mask with what 16 bits of each value come to.
fn fill_with<E: Element>(generator: &mut ChaCha8Rng, mask: &mut [E], value: impl Fn(u16) -> E) {
    if mask.len() <= SMALL_BLOCK / 2 {
        fill_blocks::<SMALL_BLOCK, E>(generator, mask, value);
    } else {
        fill_blocks::<LARGE_BLOCK, E>(generator, mask, value);
    }
}

fn fill_blocks<const BYTES: usize, E: Element>(
    generator: &mut ChaCha8Rng,
    mask: &mut [E],
    value: impl Fn(u16) -> E,
) {
    let mut bytes = [0; BYTES];
    for part in mask.chunks_mut(BYTES / 2) {
        let bytes = &mut bytes[..4 * part.len().div_ceil(2)];
        generator.fill_bytes(bytes);
        let (bits, _) = bytes.as_chunks();
        for (into, bits) in part.iter_mut().zip(bits) {
            *into = value(u16::from_le_bytes(*bits));
        }
    }
}
