//! `[network]` and `[dropout]`: layers, initial weights, rates.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::forms::{NumberOr, number_or};
use super::is_default;
use crate::activation::Activation;
use crate::check::{check_above_zero, check_hidden};
use crate::dropout::{Masks, Noise, NoiseKind, noises};
use crate::error::{Error, Result};
use crate::initializer::Initializer;

/// The network's layers. Input and output sizes follow from the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Units of each hidden layer, from the input on, each of 1 to 65,536 units: `[512, 512]`. A number alone is one layer; `[]` is none,
    /// which makes a linear or logistic regression with dropout on its inputs. Required.
    #[serde(deserialize_with = "layers")]
    pub hidden: Vec<usize>,
    /// The activation of the hidden layers: `sigmoid`, `relu`, `tanh`, `gelu`, `silu`, `selu` or `identity`. Default `sigmoid`.
    #[serde(default)]
    pub activation: Activation,
    /// The activation of the output layer. Default: what the loss and the data ask for, which is
    /// `identity` but for `squared-error` on classes, where it is `sigmoid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Activation>,
    /// Whether the layers have biases. Default true.
    #[serde(default = "default_bias")]
    pub bias: bool,
    /// What the initial weights are drawn from: `he`, `xavier`, `lecun`, `{ normal = 0.01 }` (its standard deviation) or `{ uniform = 1.0 }`
    /// (its bound; biases too). Default: what suits the activation of the hidden layers, `he` for `relu`, `gelu` and `silu`, `lecun` for
    /// `selu`, else `xavier`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initializer: Option<Initializer>,
    /// Whether the weights of the output layer start at 0 in place of drawn ones: then the network first answers the same for all rows,
    /// and training adds what the inputs say. Default false.
    #[serde(default, skip_serializing_if = "is_default")]
    pub zero_output: bool,
    /// Whether the network starts as the linear model of its training rows (with `train.cross_validation`, each member as that of the rows it
    /// trains on), which is fitted first: some hidden units pass on what it says, two or more of each layer for each output, and the other
    /// weights of the output layer are 0; all of them where a layer has fewer units. For the activations `relu`, `gelu` and `silu`, with
    /// biases. Where rows choose the best step, the start counts as step 0. Default false.
    #[serde(default, skip_serializing_if = "is_default")]
    pub linear_start: bool,
}

fn default_bias() -> bool {
    true
}

/// Units of each layer, or those of the only one.
fn layers<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<usize>, D::Error> {
    let expecting = "an array, such as [4]";
    match number_or(deserializer, expecting)? {
        NumberOr::Other(layers) => Ok(layers),
        NumberOr::Number(units) if units >= 0.0 && units.fract() == 0.0 => Ok(vec![units as usize]),
        NumberOr::Number(units) => {
            let found = serde::de::Unexpected::Float(units);
            Err(serde::de::Error::invalid_value(found, &expecting))
        }
    }
}

impl NetworkConfig {
    pub(super) fn check(&self) -> Result<()> {
        check_hidden("network.hidden", &self.hidden)?;
        if self.linear_start {
            self.check_linear_start()?;
        }
        self.initializer.map_or(Ok(()), |initializer| {
            initializer.check("network.initializer")
        })
    }

    /// Units pass a sum on where `f(z) - f(-z)` is `z`.
    fn check_linear_start(&self) -> Result<()> {
        let key = "network.linear_start";
        let activations = [Activation::Relu, Activation::Gelu, Activation::Silu];
        if !activations.contains(&self.activation) {
            let only = "activation = \"relu\", \"gelu\" or \"silu\"";
            let found = format!("\"{}\"", self.activation);
            return Err(Error::inapplicable(key, only, found));
        }
        if self.hidden.is_empty() {
            return Err(Error::inapplicable(
                key,
                "networks with hidden layers",
                "`hidden = []`",
            ));
        }
        if self.zero_output {
            let found = "`linear_start = true`";
            let only = "networks that do not start as a linear model";
            return Err(Error::inapplicable("network.zero_output", only, found));
        }
        if !self.bias {
            return Err(Error::inapplicable(key, "bias = true", "`bias = false`"));
        }
        Ok(())
    }
}

/// Dropout rates: the share of values (with `dropconnect`, weights) dropped while training, each at least 0 and below 1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DropoutConfig {
    /// What values are multiplied by in training: `bernoulli` (0, or `1 / (1 - rate)`) or `gaussian` (normal numbers with mean 1 and the
    /// same variance, `rate / (1 - rate)`); or `alpha`, for `activation = "selu"`: values are set to -1.7581 in place of 0, and then scaled
    /// and shifted so that mean 0 and variance 1 stay; or `dropconnect`: each weight in place of each value is multiplied by 0 or
    /// `1 / (1 - rate)`, the same for all rows of a batch. All but `bernoulli` take seeded masks. Default `bernoulli`.
    #[serde(skip_serializing_if = "is_default")]
    pub kind: NoiseKind,
    /// The rate of the inputs; at most 0.25 is advised. Or `learned`, as below. Default 0.
    pub input: Noise,
    /// The rate of every hidden layer, or one a layer: `[0.2, 0.5]`; about 0.5 is advised. Or `learned`: a rate for each layer is trained
    /// with the weights, from 0.1 on (concrete dropout); it takes `bernoulli`, seeded masks and the schedule `standard`. Default 0.
    pub hidden: HiddenNoise,
    /// With learned rates: the length scale of the prior of the weights, above 0. The larger, the more weights are held down, and those
    /// behind a high rate most. Default 0.0001, that of the published code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length_scale: Option<f64>,
    /// When dropout is on: `standard` (always), `{ early = 5 }` (the first 5 epochs only), `{ late = 5 }` (all but the first 5),
    /// `flat-cosine` (in full for half of all steps, then less and less, along a cosine to 0) or `curriculum` (from 0 up: after the share
    /// `d` of all steps, rates are multiplied by `1 - exp(-10 d)`). The last two are not for `framework` masks. Default `standard`.
    pub schedule: DropoutSchedule,
    /// Where masks come from: `seeded` (a function of seed, step, layer and position: the same on every backend) or `framework` (Burn's
    /// dropout layer, as in `examples/xor.rs`). Default `seeded`.
    pub masks: Masks,
}

/// The noise of the hidden layers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum HiddenNoise {
    /// The same for all.
    All(Noise),
    /// One a layer, from the input on.
    Each(Vec<Noise>),
}

impl Default for HiddenNoise {
    fn default() -> Self {
        HiddenNoise::All(Noise::default())
    }
}

impl HiddenNoise {
    /// The noise of hidden layer `layer`, counted from 0.
    ///
    /// # Panics
    /// If there is one for each layer and none for this one; [`check`](Self::check) rules that out.
    #[must_use]
    #[doc(hidden)]
    pub fn of(&self, layer: usize) -> Noise {
        match self {
            HiddenNoise::All(noise) => *noise,
            HiddenNoise::Each(noises) => noises[layer],
        }
    }

    /// The same rates of another kind of noise.
    pub(crate) fn of_kind(&self, kind: NoiseKind) -> Self {
        match self {
            HiddenNoise::All(noise) => HiddenNoise::All(noise.of_kind(kind)),
            HiddenNoise::Each(noises) => {
                let noises = noises.iter().map(|noise| noise.of_kind(kind));
                HiddenNoise::Each(noises.collect())
            }
        }
    }

    /// Whether any rate is learned.
    pub(crate) fn is_learned(&self) -> bool {
        self.as_slice().iter().any(|noise| noise.logit().is_some())
    }

    /// The largest rate.
    #[must_use]
    #[doc(hidden)]
    pub fn largest_rate(&self) -> f64 {
        self.as_slice()
            .iter()
            .map(|noise| noise.rate())
            .fold(0.0, f64::max)
    }

    /// Checks each rate, and that there is one for each of `layers` hidden layers.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] that names the rates as `what`.
    #[doc(hidden)]
    pub fn check(&self, what: &str, layers: usize) -> Result<()> {
        match self {
            HiddenNoise::Each(noises) if noises.len() != layers => Err(Error::invalid(
                what,
                format!("one rate, or one for each of the {layers} hidden layers"),
                format!("an array of {}", noises.len()),
            )),
            _ => self
                .as_slice()
                .iter()
                .try_for_each(|noise| noise.check(what)),
        }
    }

    fn as_slice(&self) -> &[Noise] {
        match self {
            HiddenNoise::All(noise) => std::slice::from_ref(noise),
            HiddenNoise::Each(noises) => noises,
        }
    }
}

impl fmt::Display for HiddenNoise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noises: Vec<String> = self.as_slice().iter().map(Noise::to_string).collect();
        f.write_str(&noises.join(", "))
    }
}

impl<N: Into<Noise>> From<N> for HiddenNoise {
    fn from(noise: N) -> Self {
        HiddenNoise::All(noise.into())
    }
}

impl<N: Into<Noise>> From<Vec<N>> for HiddenNoise {
    fn from(noises: Vec<N>) -> Self {
        HiddenNoise::Each(noises.into_iter().map(N::into).collect())
    }
}

impl<'de> Deserialize<'de> for HiddenNoise {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let expecting = "a dropout rate, \"learned\", or an array of one for each hidden layer";
        noises(
            deserializer,
            expecting,
            HiddenNoise::All,
            Some(HiddenNoise::Each),
        )
    }
}

/// When dropout is on (Liu et al. 2023, "Dropout Reduces Underfitting"; `flat-cosine`: Holzmüller et al. 2024, "Better by Default";
/// `curriculum`: Morerio et al. 2017, "Curriculum Dropout").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropoutSchedule {
    /// In every step.
    #[default]
    Standard,
    /// In the first epochs only, this many, which helps a network that underfits.
    Early(usize),
    /// In all epochs but the first, this many, which helps a network that overfits.
    Late(usize),
    /// In full for half of all steps, then the rates fall along a cosine to 0.
    FlatCosine,
    /// From 0 the rates rise to their full value, which they are within 5e-5 of at the end.
    Curriculum,
}

/// How fast a curriculum rises: `gamma` times all steps, the paper's heuristic (section 4).
const CURRICULUM: f64 = 10.0;

impl DropoutSchedule {
    /// Whether dropout is on in `epoch`, counted from 0.
    #[must_use]
    pub(crate) fn is_on(self, epoch: usize) -> bool {
        match self {
            DropoutSchedule::Standard
            | DropoutSchedule::FlatCosine
            | DropoutSchedule::Curriculum => true,
            DropoutSchedule::Early(epochs) => epoch < epochs,
            DropoutSchedule::Late(epochs) => epoch >= epochs,
        }
    }

    /// What the rates are multiplied by in `epoch`, counted from 0, after the share `done` of all steps.
    #[must_use]
    pub(crate) fn factor(self, epoch: usize, done: f64) -> f64 {
        match self {
            DropoutSchedule::FlatCosine => {
                (1.0 + (std::f64::consts::PI * (2.0 * done - 1.0).max(0.0)).cos()) / 2.0
            }
            // Of a keep probability `q`, the paper's equation 4: (1 - q) exp(-gamma t) + q.
            DropoutSchedule::Curriculum => 1.0 - (-CURRICULUM * done).exp(),
            _ => f64::from(u8::from(self.is_on(epoch))),
        }
    }
}

impl DropoutConfig {
    /// For a network of `layers` hidden layers with this activation.
    pub(super) fn check(&self, layers: usize, activation: Activation) -> Result<()> {
        let seeded = |key: &str| match self.masks {
            Masks::Seeded => Ok(()),
            Masks::Framework => {
                let only = "masks = \"seeded\"";
                Err(Error::inapplicable(key, only, "\"framework\""))
            }
        };
        if let DropoutSchedule::FlatCosine | DropoutSchedule::Curriculum = self.schedule {
            seeded("dropout.schedule")?;
        }
        if self.kind != NoiseKind::Bernoulli {
            seeded("dropout.kind")?;
        }
        if self.kind == NoiseKind::Alpha && activation != Activation::Selu {
            let only = "activation = \"selu\" in `[network]`, whose units it keeps at mean 0 and variance 1";
            let found = format!("\"{activation}\"");
            return Err(Error::inapplicable("dropout.kind", only, found));
        }
        self.check_learned(seeded)?;
        self.input.check("dropout.input")?;
        self.hidden.check("dropout.hidden", layers)
    }

    /// Checks what goes with rates that are learned, and what takes them.
    fn check_learned(&self, seeded: impl Fn(&str) -> Result<()>) -> Result<()> {
        let key = match (self.input.logit(), self.hidden.is_learned()) {
            (Some(_), _) => "dropout.input",
            (None, true) => "dropout.hidden",
            (None, false) => {
                return match self.length_scale {
                    None => Ok(()),
                    Some(scale) => {
                        let only = "input = \"learned\" or hidden = \"learned\"";
                        Err(Error::inapplicable(
                            "dropout.length_scale",
                            only,
                            scale.to_string(),
                        ))
                    }
                };
            }
        };
        seeded(key)?;
        if self.kind != NoiseKind::Bernoulli {
            let found = format!("\"{}\"", self.kind);
            return Err(Error::inapplicable(
                key,
                "kind = \"bernoulli\" where it is \"learned\"",
                found,
            ));
        }
        if self.schedule != DropoutSchedule::Standard {
            let only = "schedule = \"standard\" where it is \"learned\"";
            return Err(Error::inapplicable(key, only, "another"));
        }
        self.length_scale.map_or(Ok(()), |scale| {
            check_above_zero("dropout.length_scale", scale)
        })
    }

    /// Whether any rate is learned.
    #[must_use]
    #[doc(hidden)]
    pub fn is_learned(&self) -> bool {
        self.input.logit().is_some() || self.hidden.is_learned()
    }

    /// The length scale of the prior of the weights, where rates are learned.
    pub(crate) fn length_scale(&self) -> f64 {
        self.length_scale.unwrap_or(1e-4)
    }

    /// Rates that are allowed but rarely useful with `layers` hidden layers, each a sentence that says why.
    pub(super) fn warnings(&self, layers: usize) -> Vec<String> {
        let mut warnings = Vec::new();
        if layers == 0 && self.hidden.largest_rate() > 0.0 {
            warnings.push(format!(
                "dropout.hidden is {}: there is no hidden layer, so it drops nothing",
                self.hidden
            ));
        }
        if self.kind == NoiseKind::DropConnect {
            return warnings; // No input or unit is lost.
        }
        if self.input.rate() > 0.25 {
            warnings.push(format!(
                "dropout.input is {}: more than 0.25 drops so much of each input that little \
                 is left to learn from; the paper uses 0.2",
                self.input
            ));
        }
        if layers > 0 && self.hidden.largest_rate() > 0.8 {
            warnings.push(format!(
                "dropout.hidden is {}: more than 0.8 leaves fewer than one unit in five, and the \
                 paper's error rises steeply there (Figure 9); it uses 0.5",
                self.hidden
            ));
        }
        warnings
    }
}
