//! The losses: everything about each of them, for a batch on a device and for one row in 64 bits.
//!
//! With `z` the outputs and `y` the targets, a loss is a factor times the sum of its terms:
//!
//! | loss | terms | factor |
//! |---|---|---|
//! | `squared-error` | `(y - z)^2` | 1/2 |
//! | `mean-squared-error` | `(y - z)^2` | 1 / (rows * outputs) |
//! | `cross-entropy` | `y log softmax(z)` | -1 / rows |
//! | `binary-cross-entropy` | `max(z, 0) - z y + log(1 + exp(-abs(z)))` | 1 / (rows * outputs) |
//!
//! A new loss is an arm of each function here, and its formula in [`verify`](crate::verify).

use std::fmt;

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::task::Task;

/// The loss, a scalar from outputs and targets of shape `[batch, d_output]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// `0.5 * sum (target - output)^2`, over rows and outputs: the tutorial's.
    #[default]
    SquaredError,
    /// `mean (target - output)^2`, over rows and outputs.
    MeanSquaredError,
    /// `-sum target * log softmax(output)` over the classes, mean over the rows. Outputs are logits
    /// (so the network's output activation is `identity`), targets are class probabilities.
    CrossEntropy,
    /// `-target * log sigmoid(output) - (1 - target) * log(1 - sigmoid(output))`, mean over rows and
    /// outputs. Outputs are logits.
    BinaryCrossEntropy,
}

/// What makes probabilities of logits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// `softmax`, of all outputs of a row.
    Softmax,
    /// `sigmoid`, of each output.
    Sigmoid,
}

impl Loss {
    /// All losses.
    #[doc(hidden)]
    pub const ALL: [Loss; 4] = [
        Loss::SquaredError,
        Loss::MeanSquaredError,
        Loss::CrossEntropy,
        Loss::BinaryCrossEntropy,
    ];

    /// The loss of a task where the experiment names none.
    #[must_use]
    pub(crate) fn default_for(task: &Task) -> Self {
        match task {
            Task::Classification { .. } => Loss::CrossEntropy,
            Task::Binary { .. } => Loss::BinaryCrossEntropy,
            Task::Regression { .. } => Loss::MeanSquaredError,
        }
    }

    /// Whether the loss can be had for a task.
    #[must_use]
    #[doc(hidden)]
    pub fn fits(self, task: &Task) -> bool {
        match self {
            Loss::SquaredError | Loss::MeanSquaredError => true,
            Loss::CrossEntropy => matches!(task, Task::Classification { .. }),
            Loss::BinaryCrossEntropy => !matches!(task, Task::Regression { .. }),
        }
    }

    /// How the loss makes probabilities of the network's outputs; `None` if it takes them as they are.
    pub(crate) fn link(self) -> Option<Link> {
        match self {
            Loss::SquaredError | Loss::MeanSquaredError => None,
            Loss::CrossEntropy => Some(Link::Softmax),
            Loss::BinaryCrossEntropy => Some(Link::Sigmoid),
        }
    }

    /// Whether the loss takes logits, and makes probabilities of them itself.
    #[must_use]
    #[doc(hidden)]
    pub fn takes_logits(self) -> bool {
        self.link().is_some()
    }

    /// Whether the loss of a batch is a sum over its rows, and not a mean.
    #[must_use]
    #[doc(hidden)]
    pub fn is_sum(self) -> bool {
        self == Loss::SquaredError
    }

    /// Targets of which the share `smoothing` is spread over all classes.
    ///
    /// # Shapes
    /// - `target` and output: `[rows, d_output]`
    pub(crate) fn smoothed(self, target: Tensor<2>, smoothing: f64) -> Tensor<2> {
        if smoothing == 0.0 {
            return target;
        }
        // An output of its own stands for a class and its opposite.
        let classes = match self {
            Loss::CrossEntropy => target.dims()[1],
            _ => 2,
        };
        target * (1.0 - smoothing) + smoothing / classes as f64
    }

    /// The loss of a batch.
    ///
    /// # Shapes
    /// - `output`, `target`: `[batch, d_output]`
    /// - result: `[1]`
    #[must_use]
    pub fn forward(self, output: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
        self.weighted(output, target, None)
    }

    /// The loss of a batch whose rows count by their weights: each term times its row's.
    ///
    /// # Shapes
    /// - `output`, `target`, `weights`: `[batch, d_output]`, a row's weight in all its columns
    /// - result: `[1]`
    pub(crate) fn weighted(
        self,
        output: Tensor<2>,
        target: Tensor<2>,
        weights: Option<Tensor<2>>,
    ) -> Tensor<1> {
        let [rows, d_output] = output.dims();
        let terms = self.terms(output, target, |z| activation::log_softmax(z, 1));
        let terms = match weights {
            Some(weights) => terms * weights,
            None => terms,
        };
        terms.sum() * self.factor(rows, d_output)
    }

    /// What the loss of a batch is a sum of, but for the [`factor`](Self::factor). `log_softmax` is over the
    /// outputs of a row, which many networks in one tensor do not have side by side.
    ///
    /// # Shapes
    /// - `output`, `target`, result: the same
    pub(crate) fn terms(
        self,
        output: Tensor<2>,
        target: Tensor<2>,
        log_softmax: impl FnOnce(Tensor<2>) -> Tensor<2>,
    ) -> Tensor<2> {
        match self {
            Loss::SquaredError | Loss::MeanSquaredError => (target - output).square(),
            Loss::CrossEntropy => log_softmax(output) * target,
            Loss::BinaryCrossEntropy => {
                // Nothing overflows. Burn's slope of |z| at 0 is 0, so that max(z, 0) = (z + |z|) / 2 has the
                // slope 1/2 there that the loss needs.
                let (z, size) = (output.clone(), output.abs());
                (z.clone() + size.clone()) * 0.5 - z * target + size.neg().exp().log1p()
            }
        }
    }

    /// What the sum of the terms of a batch of `rows` rows is multiplied by.
    pub(crate) fn factor(self, rows: usize, d_output: usize) -> f64 {
        match self {
            Loss::SquaredError => 0.5,
            Loss::CrossEntropy => -1.0 / rows as f64,
            Loss::MeanSquaredError | Loss::BinaryCrossEntropy => 1.0 / (rows * d_output) as f64,
        }
    }

    /// The loss of one row; for a mean over the outputs, their sum.
    ///
    /// # Shapes
    /// - `output`, `target`: `[d_output]`
    fn of_row(self, output: &[f64], target: &[f64]) -> f64 {
        let pairs = output.iter().zip(target);
        match self {
            Loss::SquaredError => pairs.map(|(z, y)| 0.5 * (y - z) * (y - z)).sum(),
            Loss::MeanSquaredError => pairs.map(|(z, y)| (y - z) * (y - z)).sum(),
            Loss::CrossEntropy => {
                let log_sum = log_sum_exp(output);
                pairs.map(|(z, y)| y * (log_sum - z)).sum()
            }
            Loss::BinaryCrossEntropy => pairs
                .map(|(z, y)| y * softplus(-z) + (1.0 - y) * softplus(*z))
                .sum(),
        }
    }

    /// The loss of `rows` rows as one batch, from the sum of what [`of_row`](Self::of_row) says of each.
    fn of_sum(self, sum: f64, rows: usize, d_output: usize) -> f64 {
        match self {
            Loss::SquaredError => sum,
            Loss::CrossEntropy => sum / rows as f64,
            Loss::MeanSquaredError | Loss::BinaryCrossEntropy => {
                sum / rows as f64 / d_output as f64
            }
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Loss::SquaredError => "squared-error",
            Loss::MeanSquaredError => "mean-squared-error",
            Loss::CrossEntropy => "cross-entropy",
            Loss::BinaryCrossEntropy => "binary-cross-entropy",
        })
    }
}

/// A loss over any number of rows, added up in 64 bits.
#[derive(Debug, Clone)]
pub struct LossSum {
    loss: Loss,
    sum: f64,
}

impl LossSum {
    /// No rows yet.
    #[must_use]
    pub fn new(loss: Loss) -> Self {
        LossSum { loss, sum: 0.0 }
    }

    /// Adds the loss of one row.
    ///
    /// # Shapes
    /// - `output`, `target`: `[d_output]`
    pub fn add(&mut self, output: &[f64], target: &[f64]) {
        self.sum += self.loss.of_row(output, target);
    }

    /// The loss by its definition, as if all rows were one batch.
    #[must_use]
    pub fn value(&self, rows: usize, d_output: usize) -> f64 {
        self.loss.of_sum(self.sum, rows, d_output)
    }
}

/// `1 / (1 + exp(-z))`
pub(crate) fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// `log(1 + exp(z))`, which is `-log(1 - sigmoid(z))`; nothing overflows and no digits are lost.
pub(crate) fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

/// `log(sum exp(z))`; the largest is taken off first, so that nothing overflows.
pub(crate) fn log_sum_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = values.iter().map(|value| (value - largest).exp()).sum();
    largest + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::Loss;

    #[test]
    fn every_loss_has_the_name_that_its_key_has() {
        for loss in Loss::ALL {
            let key = serde_json::to_string(&loss).expect("a name");
            assert_eq!(key, format!("\"{loss}\""));
        }
    }

    #[test]
    fn the_loss_of_a_batch_on_a_device_is_that_of_its_rows_in_64_bits() {
        use super::LossSum;
        use burn::tensor::{DType, Tensor};

        let device = crate::Backend::default().device().expect("a device");
        let (z, y) = (
            [0.5, -2.0, 3.0, 0.0, 1.0, -0.25],
            [1.0, 0.0, 0.0, 0.0, 0.5, 0.5],
        );
        let tensor = |values: [f64; 6]| {
            Tensor::<1>::from_data(values, (&device, DType::F32)).reshape([2, 3])
        };
        for loss in Loss::ALL {
            let found =
                crate::backend::read(loss.forward(tensor(z), tensor(y))).expect("a loss")[0];
            let mut sum = LossSum::new(loss);
            for (z, y) in z.chunks(3).zip(y.chunks(3)) {
                sum.add(z, y);
            }
            let expected = sum.value(2, 3);
            assert!(
                (found - expected).abs() < 1e-6 * expected,
                "{loss}: {found} {expected}"
            );
        }
    }
}
