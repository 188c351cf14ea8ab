//! The losses.

use burn::tensor::{Tensor, activation};

use crate::config::Loss;

impl Loss {
    /// Whether the loss of a batch is a sum over its rows, and not a mean.
    #[must_use]
    pub fn is_sum(self) -> bool {
        self == Loss::SquaredError
    }

    /// The loss of a batch.
    ///
    /// # Shapes
    /// - `output`, `target`: `[batch, d_output]`
    /// - result: `[1]`
    #[must_use]
    pub fn forward(self, output: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
        match self {
            Loss::SquaredError => (target - output).square().sum() * 0.5,
            Loss::MeanSquaredError => (target - output).square().mean(),
            Loss::CrossEntropy => burn::tensor::loss::cross_entropy_with_logits(output, target),
            Loss::BinaryCrossEntropy => {
                // With z the logit and y the target: -log sigmoid(z) + (1 - y) z.
                let rest = (target.neg() + 1.0) * output.clone();
                (rest - activation::log_sigmoid(output)).mean()
            }
        }
    }
}
