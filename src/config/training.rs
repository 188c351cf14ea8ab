//! `[train]`: loss, optimizer, schedules, batches, when to stop.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::forms::{NumberOr, count_or, number_or, word_or};
use super::{Measure, is_default};
use crate::check::{check_above_zero, check_count, check_not_negative};
use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::task::Task;

/// How the network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// The loss: `cross-entropy`, `binary-cross-entropy`, `mean-squared-error` or `squared-error` (half the sum of squares, as in the
    /// tutorial). Default: `cross-entropy` for classes, `binary-cross-entropy` for two classes with one output, `mean-squared-error` for
    /// numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
    /// The weight of each class in the training loss: `"balanced"`, which gives all classes the same total, or a table such as `{ defect =
    /// 10 }`, in which a class that is not named has weight 1. Weights are divided by their mean over the training rows. Default: all rows
    /// have the same weight. Metrics count all rows alike, and so does the validation loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_weight: Option<ClassWeight>,
    /// The label smoothing, at least 0 and below 1: the share of the target that is spread over all classes in the training loss. It is for
    /// `cross-entropy` and `binary-cross-entropy`. With 0.1 and two classes, the targets are 0.95 and 0.05 (Szegedy et al. 2016). It may
    /// raise accuracy, and makes probabilities less sharp. Metrics and the validation loss do not use it. Default 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub label_smoothing: f64,
    /// The optimizer: `sgd`, `adam` or `adamw`. Default `sgd`.
    #[serde(default)]
    pub optimizer: Optimizer,
    /// The initial learning rate, a finite number above 0. Required.
    pub learning_rate: f64,
    /// How the learning rate changes: `constant`, `cosine`, `{ step = { every = 10, factor = 0.5 } }`, `{ exponential = 0.95 }` or `{
    /// inverse-time = 0.1 }`. Default `constant`.
    #[serde(default)]
    pub schedule: Schedule,
    /// `sgd`: the momentum, at least 0 and below 1, or a ramp such as `{ from = 0.5, to = 0.99, epochs = 500 }`. Default 0.
    #[serde(default)]
    pub momentum: Momentum,
    /// `sgd` with momentum: whether the gradient is multiplied by `1 - momentum` before it is added to the velocity, as in Hinton's papers;
    /// see `Optimizer::Sgd`. Default false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dampening: bool,
    /// `adam` and `adamw`: the decay rate of the second moment, at least 0 and below 1. With 0.95 it follows changes in the size of the
    /// gradient faster. Default 0.999.
    #[serde(default = "beta2", skip_serializing_if = "is_beta2")]
    pub beta2: f64,
    /// The weight decay, a finite number of at least 0. `sgd` and `adam` add `weight_decay * w` to the gradient (an L2 penalty); `adamw`
    /// subtracts `learning_rate * weight_decay * w` from the parameter. Biases decay too, as in PyTorch. Default 0.
    #[serde(default)]
    pub weight_decay: f64,
    /// The L1 penalty, a finite number of at least 0. `l1 * sum |w|` over all parameters, biases too, is added to the loss, and `l1 *
    /// sign(w)` to the gradient, which is 0 where a parameter is 0. Reported losses exclude it. Not for `adamw`, which keeps penalties out
    /// of the gradient. Default 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub l1: f64,
    /// Gradient clipping: `{ norm = 1.0 }` or `{ value = 0.5 }`. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
    /// The most that the norm of each unit's incoming weights may be; 1 to 2 with dropout 0.5. Default: no bound. The paper (section 5.1)
    /// uses 2 to 4 with dropout, on weights that it multiplies by the keep probability `p` after training. Here what is kept is divided
    /// by `p` in training, so that its bound `c` is `p c` for layers whose inputs are kept with `p`. It is the same for all layers: with
    /// sigmoids, whose inputs of the first layer are mostly kept, a bound for the others is too tight there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_norm: Option<f64>,
    /// The number of rows in a step, or `full`. Default `full`.
    #[serde(default)]
    pub batch_size: BatchSize,
    /// The order of the rows in an epoch. `rows` shuffles all of them. `blocks` shuffles blocks of 4,096 consecutive rows, then the rows
    /// within each 16 blocks, which suits rows on disk (`data.cache`). Default `rows`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shuffle: Shuffle,
    /// The number of passes over the training rows. Either this or `steps` is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// The number of training steps, in place of `epochs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// The number of epochs between evaluations. Default: 1 with mini-batches, else a tenth of all epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluate_every: Option<usize>,
    /// The metric on the validation rows that chooses the best network, and that early stopping and `dropwise tune` use: `loss` or
    /// `mean_absolute_error`; for classes `error_rate`, `balanced_accuracy`, `f1`, `roc_auc`, `average_precision` or `brier_score`; for
    /// numbers `rmse`, `median_absolute_error`, `r2` or `spearman`. Default `loss`; `dropwise tune` then compares error rates or RMSEs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub select: Option<Measure>,
    /// The number of networks that are trained together and averaged into one prediction: the mean of their probabilities or numbers. Their
    /// seeds are the experiment's seed and those after it. The mean is what is judged on validation rows. Default 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub ensemble: usize,
    /// The number of folds that the training rows are dealt into, at least 2, of which each member of the ensemble leaves one out of its
    /// training: member `r` leaves out fold `r mod K`. Training rows, each predicted by the members that left it out, are then what
    /// chooses the best step and ends training, in place of validation rows. Needs an `ensemble` that is a multiple of it, a
    /// `batch_size`, and a split without `validation`, `group` and `time`. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_validation: Option<usize>,
    /// The number of parts that a batch is cut into, a power of two of at most 1024. Each part is a pass of its own, and the gradients are
    /// summed in a fixed order, so that any number of processes, up to this one, gives the same bits; see [docs/CLUSTER.md](CLUSTER.md).
    /// Needs seeded masks and no ensemble. Default 1; with several processes 8.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub shards: usize,
    /// When to stop before the last epoch: `{ patience = 10, min_improvement = 0.0 }` stops after 10 evaluations without a lower validation
    /// loss, and keeps the best network. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn beta2() -> f64 {
    Optimizer::BETA_2
}

fn is_beta2(beta: &f64) -> bool {
    *beta == Optimizer::BETA_2
}

fn one() -> usize {
    1
}

fn is_one(count: &usize) -> bool {
    *count == 1
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

impl TrainConfig {
    pub(super) fn check(&self) -> Result<()> {
        check_above_zero("train.learning_rate", self.learning_rate)?;
        if let Some(weight) = &self.class_weight {
            weight.check()?;
        }
        if !(0.0..1.0).contains(&self.label_smoothing) {
            let expected = "a number of at least 0 and below 1";
            let found = self.label_smoothing;
            return Err(Error::invalid("train.label_smoothing", expected, found));
        }
        self.schedule.check()?;
        self.momentum.check()?;
        if !self.optimizer.has_momentum() && self.momentum != Momentum::default() {
            return Err(self.only_for("train.momentum", "\"sgd\""));
        }
        if self.dampening {
            self.check_dampening()?;
        }
        if !(0.0..1.0).contains(&self.beta2) {
            let expected = "a number of at least 0 and below 1";
            return Err(Error::invalid("train.beta2", expected, self.beta2));
        }
        if self.optimizer.has_momentum() && !is_beta2(&self.beta2) {
            return Err(self.only_for("train.beta2", "\"adam\" or \"adamw\""));
        }
        check_not_negative("train.weight_decay", self.weight_decay)?;
        check_not_negative("train.l1", self.l1)?;
        if self.optimizer == Optimizer::AdamW && self.l1 != 0.0 {
            return Err(self.only_for("train.l1", "\"sgd\" or \"adam\""));
        }
        match self.clip {
            Some(Clip::Norm(bound)) => check_above_zero("train.clip.norm", bound)?,
            Some(Clip::Value(bound)) => check_above_zero("train.clip.value", bound)?,
            None => {}
        }
        if let Some(bound) = self.max_norm {
            check_above_zero("train.max_norm", bound)?;
        }
        match (self.epochs, self.steps) {
            (Some(epochs), None) => check_count("train.epochs", epochs)?,
            (None, Some(steps)) => check_count("train.steps", steps)?,
            (None, None) => {
                let expected = "`epochs` or `steps`";
                return Err(Error::invalid("train.epochs", expected, "neither"));
            }
            (Some(_), Some(_)) => {
                let expected = "either `epochs` or `steps`";
                return Err(Error::invalid("train.steps", expected, "both"));
            }
        }
        check_count("train.ensemble", self.ensemble)?;
        if let Some(folds) = self.cross_validation {
            self.check_cross_validation(folds)?;
        }
        if !self.shards.is_power_of_two() || self.shards > 1024 {
            let expected = "a power of two from 1 to 1024";
            return Err(Error::invalid("train.shards", expected, self.shards));
        }
        if self.shards > 1 && self.ensemble > 1 {
            let expected = "1, since the members of an ensemble are trained together as they are";
            return Err(Error::invalid("train.shards", expected, self.shards));
        }
        if let Some(every) = self.evaluate_every {
            check_count("train.evaluate_every", every)?;
        }
        if let Some(stopping) = &self.early_stopping {
            check_count("train.early_stopping.patience", stopping.patience)?;
            check_not_negative(
                "train.early_stopping.min_improvement",
                stopping.min_improvement,
            )?;
        }
        Ok(())
    }

    /// Whether another decay of Adam's second moment is asked for than the usual one.
    #[must_use]
    #[doc(hidden)]
    pub fn has_beta2(&self) -> bool {
        !is_beta2(&self.beta2)
    }

    fn check_cross_validation(&self, folds: usize) -> Result<()> {
        let key = "train.cross_validation";
        if folds < 2 {
            let expected = "a whole number of at least 2";
            return Err(Error::invalid(key, expected, folds));
        }
        if !self.ensemble.is_multiple_of(folds) {
            let expected = format!(
                "a multiple of the {folds} folds of `{key}`; with fewer networks `split.validation = 0.1` in `[data]` takes its place"
            );
            return Err(Error::invalid("train.ensemble", expected, self.ensemble));
        }
        if self.batch_size == BatchSize::Full {
            let expected =
                format!("a number of rows with `{key}`, since members have rows of their own");
            return Err(Error::invalid("train.batch_size", expected, "\"full\""));
        }
        Ok(())
    }

    fn check_dampening(&self) -> Result<()> {
        if !self.optimizer.has_momentum() {
            return Err(self.only_for("train.dampening", "\"sgd\""));
        }
        if self.momentum == Momentum::default() {
            let expected = "a `momentum` above 0 beside it";
            return Err(Error::invalid("train.dampening", expected, "none"));
        }
        Ok(())
    }

    fn only_for(&self, key: &str, optimizers: &str) -> Error {
        let only = format!("optimizer = {optimizers}");
        Error::inapplicable(key, only, format!("\"{}\"", self.optimizer))
    }
}

/// What the rows of each class count in the training loss.
#[derive(Debug, Clone, PartialEq)]
pub enum ClassWeight {
    /// `rows / (classes * rows of the class)`, as scikit-learn has it.
    Balanced,
    /// A weight above 0 for some classes, by their names; the others have 1.
    Classes(BTreeMap<String, f64>),
}

impl ClassWeight {
    fn check(&self) -> Result<()> {
        let ClassWeight::Classes(weights) = self else {
            return Ok(());
        };
        let mut weights = weights.iter();
        weights.try_for_each(|(class, weight)| {
            check_above_zero(&format!("train.class_weight.{class}"), *weight)
        })
    }

    /// # Errors
    /// [`Error::InvalidValue`] if `task` has no such classes.
    pub(super) fn check_task(&self, task: &Task) -> Result<()> {
        let classes = task.classes();
        if classes.is_empty() {
            let expected = "no such key for a regression, which has no classes (`weight` in `[data]` is for rows)";
            return Err(Error::invalid("train.class_weight", expected, "one"));
        }
        let ClassWeight::Classes(weights) = self else {
            return Ok(());
        };
        let unknown = weights.keys().find(|name| !classes.contains(name));
        unknown.map_or(Ok(()), |name| {
            const LISTED: usize = 10;
            let names = classes.iter().take(LISTED);
            let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
            let more = if classes.len() > LISTED {
                " and more"
            } else {
                ""
            };
            let expected = format!("classes of the target: {}{more}", names.join(", "));
            Err(Error::invalid(
                "train.class_weight",
                expected,
                format!("`{name}`"),
            ))
        })
    }

    /// The weight of each class, of which there are `counts` training rows.
    pub(crate) fn of_classes(&self, names: &[String], counts: &[usize]) -> Vec<f64> {
        match self {
            ClassWeight::Balanced => {
                let rows: usize = counts.iter().sum();
                let classes = counts.iter().filter(|count| **count > 0).count();
                let weight = |count: &usize| rows as f64 / (classes * (*count).max(1)) as f64;
                counts.iter().map(weight).collect()
            }
            ClassWeight::Classes(weights) => {
                let weight = |name: &String| weights.get(name).copied().unwrap_or(1.0);
                names.iter().map(weight).collect()
            }
        }
    }
}

impl Serialize for ClassWeight {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            ClassWeight::Balanced => serializer.serialize_str("balanced"),
            ClassWeight::Classes(weights) => weights.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ClassWeight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let expecting =
            "\"balanced\", or a table with a weight for each class, such as { defect = 10 }";
        let balanced = |text: &str| (text == "balanced").then_some(ClassWeight::Balanced);
        word_or(deserializer, expecting, balanced, ClassWeight::Classes)
    }
}

/// The optimizers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Gradient descent, with momentum in PyTorch's convention: `v = momentum * v + gradient`,
    /// `w = w - learning_rate * v`.
    ///
    /// With [`dampening`](TrainConfig::dampening) in Hinton's, which is PyTorch's `dampening = momentum`: `v = momentum * v + (1 - momentum) * gradient`,
    /// `w = w - learning_rate * v`, with the momentum of the epoch, in the first step too, where `v` is 0
    /// before. Hinton et al. 2012 put the learning rate into the velocity, `v = momentum * v - (1 - momentum) *
    /// learning_rate * gradient`, `w = w + v`; that is the same while the learning rate is. With a constant
    /// momentum it takes a learning rate `1 / (1 - momentum)` times as large for the same steps as without.
    #[default]
    Sgd,
    /// Adam (Kingma and Ba 2015) with betas 0.9 and [`beta2`](TrainConfig::beta2) and epsilon 1e-8.
    Adam,
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    #[serde(rename = "adamw")]
    AdamW,
}

impl Optimizer {
    /// The decay of Adam's second moment where nothing else is said.
    const BETA_2: f64 = 0.999;

    /// Whether its momentum is a key of the experiment: `train.momentum`.
    #[must_use]
    #[doc(hidden)]
    pub fn has_momentum(self) -> bool {
        self == Optimizer::Sgd
    }
}

impl fmt::Display for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Optimizer::Sgd => "sgd",
            Optimizer::Adam => "adam",
            Optimizer::AdamW => "adamw",
        })
    }
}

/// How the learning rate changes from its value at the start, with `t` the epochs so far, fractions
/// included, and `T` all epochs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// Not at all.
    #[default]
    Constant,
    /// `learning_rate * factor^floor(t / every)`
    Step {
        /// Epochs between two steps.
        every: usize,
        /// What each step multiplies the learning rate by, above 0.
        factor: f64,
    },
    /// `learning_rate * factor^t`, the factor of an epoch above 0.
    Exponential(f64),
    /// `learning_rate * (1 + cos(pi t / T)) / 2` (Loshchilov and Hutter 2017, without restarts).
    Cosine,
    /// `learning_rate / (1 + decay * t)`, the decay a number of at least 0.
    InverseTime(f64),
}

impl Schedule {
    fn check(self) -> Result<()> {
        match self {
            Schedule::Constant | Schedule::Cosine => Ok(()),
            Schedule::Step { every, factor } => {
                check_count("train.schedule.step.every", every)?;
                check_above_zero("train.schedule.step.factor", factor)
            }
            Schedule::Exponential(factor) => check_above_zero("train.schedule.exponential", factor),
            Schedule::InverseTime(decay) => {
                check_not_negative("train.schedule.inverse-time", decay)
            }
        }
    }

    /// What the learning rate at the start is multiplied by after `epochs` epochs of `all`.
    #[must_use]
    #[doc(hidden)]
    pub fn factor(self, epochs: f64, all: f64) -> f64 {
        match self {
            Schedule::Constant => 1.0,
            Schedule::Step { every, factor } => factor.powf((epochs / every as f64).floor()),
            Schedule::Exponential(factor) => factor.powf(epochs),
            Schedule::Cosine => (1.0 + (std::f64::consts::PI * epochs / all).cos()) / 2.0,
            Schedule::InverseTime(decay) => 1.0 / (1.0 + decay * epochs),
        }
    }
}

/// The momentum of gradient descent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Momentum {
    /// The same in every step.
    Constant(f64),
    /// Changed in equal parts at the start of each epoch, as in the paper's MNIST experiments.
    Ramp(MomentumRamp),
}

/// A momentum that moves from one value to another, in equal parts at the start of each epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MomentumRamp {
    /// The momentum of the first epoch.
    pub from: f64,
    /// The momentum after `epochs` epochs.
    pub to: f64,
    /// Epochs from one to the other.
    pub epochs: usize,
}

impl Default for Momentum {
    fn default() -> Self {
        Momentum::Constant(0.0)
    }
}

impl Momentum {
    fn check(self) -> Result<()> {
        let check = |what: &str, momentum: f64| {
            if (0.0..1.0).contains(&momentum) {
                Ok(())
            } else {
                Err(Error::invalid(
                    what,
                    "a momentum of at least 0 and below 1",
                    momentum,
                ))
            }
        };
        match self {
            Momentum::Constant(momentum) => check("train.momentum", momentum),
            Momentum::Ramp(ramp) => {
                check("train.momentum.from", ramp.from)?;
                check("train.momentum.to", ramp.to)?;
                check_count("train.momentum.epochs", ramp.epochs)
            }
        }
    }

    /// The momentum in `epoch`, counted from 0.
    #[must_use]
    #[doc(hidden)]
    pub fn at(self, epoch: usize) -> f64 {
        match self {
            Momentum::Constant(momentum) => momentum,
            Momentum::Ramp(MomentumRamp { from, to, epochs }) => {
                let way = (epoch as f64 / epochs as f64).min(1.0);
                from + (to - from) * way
            }
        }
    }
}

impl<'de> Deserialize<'de> for Momentum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let expecting = "a momentum such as 0.9, or { from = 0.5, to = 0.95, epochs = 20 }";
        Ok(match number_or(deserializer, expecting)? {
            NumberOr::Number(momentum) => Momentum::Constant(momentum),
            NumberOr::Other(ramp) => Momentum::Ramp(ramp),
        })
    }
}

/// What gradients are clipped to before the optimizer's step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clip {
    /// All gradients together are scaled down to this Euclidean norm if theirs is larger.
    Norm(f64),
    /// Each partial derivative is brought into `[-bound, bound]`.
    Value(f64),
}

/// Rows per step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BatchSize {
    /// All of them.
    #[default]
    Full,
    /// This many, in a new random order each epoch; the last batch of an epoch has the rest.
    Rows(usize),
}

/// The order of the rows of an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shuffle {
    /// Drawn among all rows.
    #[default]
    Rows,
    /// Blocks of rows that stand together are drawn, and then rows among those of some blocks at a time.
    Blocks,
}

impl BatchSize {
    /// Rows per step of `rows` in all.
    #[must_use]
    #[doc(hidden)]
    pub fn of(self, rows: usize) -> usize {
        match self {
            BatchSize::Full => rows,
            BatchSize::Rows(size) => size.min(rows),
        }
    }
}

impl Serialize for BatchSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            BatchSize::Full => serializer.serialize_str("full"),
            BatchSize::Rows(size) => serializer.serialize_u64(*size as u64),
        }
    }
}

impl<'de> Deserialize<'de> for BatchSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let expecting = "a whole number of at least 1, or \"full\"";
        let full = |text: &str| (text == "full").then_some(BatchSize::Full);
        count_or(deserializer, expecting, BatchSize::Rows, full)
    }
}

/// Stops when the validation loss has not improved for a while, and restores the best network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStopping {
    /// Evaluations without improvement before training stops; at least 1.
    pub patience: usize,
    /// How much smaller a loss must be to count as an improvement. Default 0.
    #[serde(default)]
    pub min_improvement: f64,
}
