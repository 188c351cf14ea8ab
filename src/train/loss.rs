//! The losses.

use burn::tensor::Tensor;

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
                // max(z, 0) - z y + log(1 + exp(-|z|)): nothing overflows. Burn's slope of |z| at 0 is
                // 0, so max(z, 0) = (z + |z|) / 2 has the slope 1/2 there that the loss needs.
                let (z, size) = (output.clone(), output.abs());
                ((z.clone() + size.clone()) * 0.5 - z * target + size.neg().exp().log1p()).mean()
            }
        }
    }
}
