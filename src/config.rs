//! TOML to a checked experiment.
//!
//! [`Experiment`] mirrors the file: it says what was written, defaults filled in. [`Experiment::check`]
//! turns it into a [`CheckedExperiment`], the only form that [`train`](crate::train::train) accepts.
//! A file is strict: an unknown key, a wrong type or a value out of range is an error that points at
//! the place and says what would be right.
//!
//! ```
//! use dropwise::config::Experiment;
//!
//! let experiment = Experiment::parse(
//!     "xor.toml",
//!     "[data]\n source = 'xor'\n [network]\n hidden = [4]\n [train]\n learning_rate = 0.5\n steps = 10\n",
//! )?;
//! assert_eq!(experiment.network.hidden, [4]);
//!
//! let misspelt = Experiment::parse("xor.toml", "[data]\nsuorce = 'xor'\n").unwrap_err();
//! assert!(misspelt.to_string().starts_with("xor.toml:2:1: data.suorce: unknown key"));
//! # Ok::<(), dropwise::Error>(())
//! ```

mod locate;

use std::fmt;
use std::ops::{Deref, Range};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::backend::Backend;
use crate::error::{Error, Result};

/// A whole experiment, as written in a file or built in code. Unchecked: see [`Experiment::check`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The one number that all randomness comes from. Default 42.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// The backend's name; none means the fastest one compiled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// The floating-point type of weights and arithmetic. Default `float32`.
    #[serde(default)]
    pub precision: Precision,
    /// Where the rows come from.
    pub data: DataConfig,
    /// The network's layers.
    pub network: NetworkConfig,
    /// Dropout rates. Default: no dropout.
    #[serde(default)]
    pub dropout: DropoutRates,
    /// How the network is trained.
    pub train: TrainConfig,
}

/// Where the rows come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// The kind of source.
    pub source: Source,
}

/// The kinds of data source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The four rows of exclusive or: see [`data::xor`](crate::data::xor()).
    Xor,
}

/// The network's layers. Input and output sizes follow from the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Units of each hidden layer, from the input on; at least one layer, each of 1 to
    /// 65,536 units.
    pub hidden: Vec<usize>,
    /// The activation of the hidden layers. Default `sigmoid`.
    #[serde(default)]
    pub activation: Activation,
    /// The activation of the output layer. Default `sigmoid`.
    #[serde(default)]
    pub output: Activation,
    /// Whether the layers have biases. Default true.
    #[serde(default = "default_bias")]
    pub bias: bool,
    /// What the initial weights and biases are drawn from. Default `{ uniform = 1.0 }`.
    #[serde(default)]
    pub initializer: Initializer,
}

/// Dropout rates: the share of values dropped while training, each at least 0 and below 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DropoutRates {
    /// The rate of the input layer. The tutorial advises at most 0.25.
    pub input: f64,
    /// The rate of every hidden layer. The tutorial and the paper advise about 0.5.
    pub hidden: f64,
}

/// How the network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// The loss. Default `squared-error`.
    #[serde(default)]
    pub loss: Loss,
    /// The optimiser. Default `sgd`.
    #[serde(default)]
    pub optimizer: Optimizer,
    /// The learning rate: a finite number above 0.
    pub learning_rate: f64,
    /// Rows a step. Default `full`.
    #[serde(default)]
    pub batch_size: BatchSize,
    /// Training steps; at least one.
    pub steps: usize,
    /// Steps between two evaluations; none means a tenth of `steps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluate_every: Option<usize>,
}

/// The function between a layer's weighted sums and its outputs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `1 / (1 + exp(-z))`
    #[default]
    Sigmoid,
    /// `max(z, 0)`
    Relu,
    /// `tanh(z)`
    Tanh,
    /// `z`
    Identity,
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Activation::Sigmoid => "sigmoid",
            Activation::Relu => "relu",
            Activation::Tanh => "tanh",
            Activation::Identity => "identity",
        })
    }
}

/// What the initial weights and biases are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initializer {
    /// Uniform in `[-bound, bound)`; the bound is a finite number above 0.
    Uniform(f64),
}

impl Default for Initializer {
    fn default() -> Self {
        Initializer::Uniform(1.0)
    }
}

/// The loss, a scalar from outputs and targets of shape `[batch, d_output]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// `0.5 * sum (target - output)^2`, over rows and outputs: the tutorial's.
    #[default]
    SquaredError,
    /// `-sum target * log softmax(output)` over the classes, mean over the rows. Outputs are logits
    /// (so the network's output activation is `identity`), targets are class probabilities.
    CrossEntropy,
}

/// The optimisers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Plain gradient descent: `w - learning_rate * gradient`.
    #[default]
    Sgd,
}

/// Rows a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BatchSize {
    /// All of them.
    #[default]
    Full,
}

/// The floating-point type of weights and arithmetic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32 bits, about 7 decimal digits; every backend has it.
    #[default]
    Float32,
    /// 64 bits, about 16 decimal digits; the CPU backends and CUDA have it.
    Float64,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Precision::Float32 => "float32",
            Precision::Float64 => "float64",
        })
    }
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "float32" => Ok(Precision::Float32),
            "float64" => Ok(Precision::Float64),
            _ => Err(Error::invalid(
                "precision",
                "`float32` or `float64`",
                format!("`{text}`"),
            )),
        }
    }
}

fn default_seed() -> u64 {
    42
}

fn default_bias() -> bool {
    true
}

impl Experiment {
    /// Reads and checks the text of a TOML file.
    ///
    /// # Errors
    /// [`Error::Config`], with `file`, line, column, what was expected and what was found.
    pub fn parse(file: &str, text: &str) -> Result<CheckedExperiment> {
        let experiment: Experiment =
            toml::from_str(text).map_err(|error| locate::explain(file, text, &error))?;
        experiment
            .check()
            .map_err(|error| locate::place(file, text, error))
    }

    /// Checks every value against its range.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] that names the first field out of range, or [`Error::Backend`].
    pub fn check(self) -> Result<CheckedExperiment> {
        if let Some(name) = &self.backend {
            name.parse::<Backend>()?;
        }
        check_hidden("network.hidden", &self.network.hidden)?;
        self.network.initializer.check("network.initializer")?;
        check_rate("dropout.input", self.dropout.input)?;
        check_rate("dropout.hidden", self.dropout.hidden)?;
        check_above_zero("train.learning_rate", self.train.learning_rate)?;
        check_count("train.steps", self.train.steps)?;
        if let Some(every) = self.train.evaluate_every {
            check_count("train.evaluate_every", every)?;
        }
        if self.train.loss == Loss::CrossEntropy && self.network.output != Activation::Identity {
            return Err(Error::invalid(
                "network.output",
                "`identity` with the loss `cross-entropy`, which takes logits",
                format!("`{}`", self.network.output),
            ));
        }
        Ok(CheckedExperiment(self))
    }
}

pub(crate) fn check_hidden(what: &str, hidden: &[usize]) -> Result<()> {
    if hidden.is_empty() {
        return Err(Error::invalid(what, "at least one hidden layer", "none"));
    }
    let expected = format!("1 to {MOST_UNITS} units in every layer");
    match hidden
        .iter()
        .position(|units| !(1..=MOST_UNITS).contains(units))
    {
        Some(k) => {
            let found = format!("{} in layer {}", hidden[k], k + 1);
            Err(Error::invalid(what, expected, found))
        }
        None => Ok(()),
    }
}

/// Far above any network of this kind; a slip of the finger is to be an error, not a full memory.
const MOST_UNITS: usize = 65_536;

pub(crate) fn check_count(what: &str, count: usize) -> Result<()> {
    if count == 0 {
        return Err(Error::invalid(what, "a whole number of at least 1", 0));
    }
    Ok(())
}

/// Checks a dropout rate: a number of at least 0 and below 1.
///
/// # Errors
/// [`Error::InvalidValue`] that names the rate as `what`, for every other number and NaN.
pub fn check_rate(what: &str, rate: f64) -> Result<f64> {
    if (0.0..1.0).contains(&rate) {
        Ok(rate)
    } else {
        Err(Error::invalid(
            what,
            "a dropout rate of at least 0 and below 1",
            rate,
        ))
    }
}

fn check_above_zero(what: &str, value: f64) -> Result<()> {
    if value.is_finite() && value > 0.0 {
        Ok(())
    } else {
        Err(Error::invalid(what, "a finite number above 0", value))
    }
}

impl Initializer {
    pub(crate) fn check(self, what: &str) -> Result<()> {
        let Initializer::Uniform(bound) = self;
        check_above_zero(what, bound)
    }
}

/// An experiment whose values are all in range. Made by [`Experiment::check`] and
/// [`Experiment::parse`]; reads like an [`Experiment`].
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedExperiment(Experiment);

impl Deref for CheckedExperiment {
    type Target = Experiment;

    fn deref(&self) -> &Experiment {
        &self.0
    }
}

impl CheckedExperiment {
    /// The experiment, to change it; it has to be checked again.
    #[must_use]
    pub fn into_inner(self) -> Experiment {
        self.0
    }

    /// Values that are allowed but seldom wise, each a sentence that says why.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.dropout.input > 0.25 {
            warnings.push(format!(
                "dropout.input is {}: more than 0.25 takes so much of each input away that little \
                 is left to learn from; the paper uses 0.2",
                self.dropout.input
            ));
        }
        if self.dropout.hidden > 0.8 {
            warnings.push(format!(
                "dropout.hidden is {}: more than 0.8 leaves fewer than one unit in five, and the \
                 paper's error rises steeply there (Figure 9); it uses 0.5",
                self.dropout.hidden
            ));
        }
        warnings
    }

    /// Steps between two evaluations: the configured number, else a tenth of all steps.
    #[must_use]
    pub fn evaluate_every(&self) -> usize {
        let tenth = self.train.steps.div_ceil(10);
        self.train.evaluate_every.unwrap_or(tenth)
    }
}

/// A mistake in a configuration file: where it is, what is wrong and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file's name, as it was given.
    pub file: String,
    /// The file's text.
    pub text: String,
    /// The bytes of `text` that are wrong.
    pub span: Range<usize>,
    /// What is wrong, with the field's dotted name.
    pub problem: String,
    /// How to mend it, where that is known.
    pub help: Option<String>,
}

impl ConfigError {
    /// Line and column of the mistake, both counted from 1, the column in characters.
    #[must_use]
    pub fn line_and_column(&self) -> (usize, usize) {
        let before = &self.text[..self.span.start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_and_column();
        write!(f, "{}:{line}:{column}: {}", self.file, self.problem)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}
