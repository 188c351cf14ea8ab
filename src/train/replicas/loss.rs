//! The losses of many networks at once.

use burn::tensor::{Tensor, activation};

use super::layout::{Layout, Order};
use crate::config::Loss;

impl Loss {
    /// What the losses of a batch are sums of; [`factor`](Self::factor) times the sum of a network's terms
    /// is the loss that [`forward`](Self::forward) gives it alone.
    ///
    /// # Shapes
    /// - `output`, `target`, result: as of `[rows, d_output]` for one network
    pub(super) fn terms(self, layout: &Layout, output: Tensor<2>, target: Tensor<2>) -> Tensor<2> {
        match self {
            Loss::SquaredError | Loss::MeanSquaredError => (target - output).square(),
            Loss::CrossEntropy => log_softmax(layout, output) * target,
            Loss::BinaryCrossEntropy => {
                // As for one network.
                let (z, size) = (output.clone(), output.abs());
                (z.clone() + size.clone()) * 0.5 - z * target + size.neg().exp().log1p()
            }
        }
    }

    /// What the sum of the terms of a batch of `rows` rows is multiplied by.
    pub(super) fn factor(self, rows: usize, d_output: usize) -> f64 {
        match self {
            Loss::SquaredError => 0.5,
            Loss::CrossEntropy => -1.0 / rows as f64,
            Loss::MeanSquaredError | Loss::BinaryCrossEntropy => 1.0 / (rows * d_output) as f64,
        }
    }
}

fn log_softmax(layout: &Layout, z: Tensor<2>) -> Tensor<2> {
    match layout.order {
        Order::Blocks => activation::log_softmax(z, 1),
        Order::Lanes => {
            let [rows, all] = z.dims();
            let z = z.reshape([rows, all / layout.replicas, layout.replicas]);
            activation::log_softmax(z, 1).reshape([rows, all])
        }
    }
}
