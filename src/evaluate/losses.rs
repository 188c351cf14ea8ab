//! The training losses over any number of rows, in 64 bits.

use crate::config::Loss;

use super::probabilities::{log_sum_exp, softplus};

/// The sum over rows that a loss is made of.
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

    /// Adds the loss of one row: its output before and its target, `[d_output]` each.
    pub fn add(&mut self, output: &[f64], target: &[f64]) {
        let pairs = output.iter().zip(target);
        self.sum += match self.loss {
            Loss::SquaredError => pairs.map(|(o, t)| 0.5 * (t - o) * (t - o)).sum(),
            Loss::MeanSquaredError => pairs.map(|(o, t)| (t - o) * (t - o)).sum(),
            Loss::CrossEntropy => {
                let log_sum = log_sum_exp(output);
                pairs.map(|(o, t)| t * (log_sum - o)).sum::<f64>()
            }
            Loss::BinaryCrossEntropy => pairs
                .map(|(o, t)| t * softplus(-o) + (1.0 - t) * softplus(*o))
                .sum(),
        };
    }

    /// The loss by its definition, as if all rows were one batch.
    pub fn value(&self, rows: usize, d_output: usize) -> f64 {
        match self.loss {
            Loss::SquaredError => self.sum,
            Loss::CrossEntropy => self.sum / rows as f64,
            Loss::MeanSquaredError | Loss::BinaryCrossEntropy => {
                self.sum / rows as f64 / d_output as f64
            }
        }
    }
}
