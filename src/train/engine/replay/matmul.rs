//! A way around one slow case of `flex`'s matrix product: the second factor is transposed.

use std::ops::Range;

use burn::backend::{Backend, TensorMetadata};
use burn::tensor::Slice;

use super::run::Float;
use crate::threads::{both, is_shared};

/// The columns of a half are a multiple of these, which are whole steps of the kernels.
const COLUMNS: usize = 64;

/// The product of `a [rows, d]` with `b [d, columns]`, which is transposed: where it is large enough for several threads,
/// half of its columns on each of two. The product of a layer's gradients with its weights, transposed, is the one that asks
/// for the inputs' gradients. `flex` copies what is transposed into the order of its kernels first, in one thread, and that
/// takes as long as the product itself with the few rows of a batch (`cargo bench --bench mnist_step` shows it). No number
/// is a sum in another order.
pub(super) fn in_halves<B: Backend>(a: Float<B>, b: Float<B>) -> Float<B> {
    let (rows, shape) = (a.shape()[0], b.shape());
    let [d, columns] = shape[..] else {
        return B::float_matmul(a, b);
    };
    if columns < 2 * COLUMNS || !is_shared(rows * d * columns) {
        return B::float_matmul(a, b);
    }
    let middle = (columns / 2).next_multiple_of(COLUMNS);
    let part = |columns: Range<usize>| {
        B::float_slice(b.clone(), &[Slice::from(0..d), Slice::from(columns)])
    };
    let (first, last) = (part(0..middle), part(middle..columns));
    let also = a.clone();
    let (first, last) = both(|| B::float_matmul(a, first), || B::float_matmul(also, last));
    B::float_cat(vec![first, last], 1)
}
