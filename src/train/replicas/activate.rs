//! Activation and dropout of one layer, together.

use burn::tensor::Tensor;

use crate::config::Activation;
use crate::error::Result;
use crate::train::pass::Sigmoids;

/// The outputs of a layer, dropped where there is a mask: `f(z) m`. There are `sigmoids` for a device whose
/// numbers lie in this process's memory.
///
/// # Shapes
/// - `z`, `mask`, output: the same
///
/// # Errors
/// [`Error::Compute`](crate::Error::Compute) if the backend fails to deliver `z`.
pub(super) fn activate(
    f: Activation,
    z: Tensor<2>,
    mask: Option<Tensor<2>>,
    sigmoids: Option<&mut dyn Sigmoids>,
) -> Result<Tensor<2>> {
    if let (Activation::Sigmoid, Some(sigmoids)) = (f, sigmoids) {
        return sigmoids.sigmoid(z, mask);
    }
    let h = f.forward(z);
    Ok(match mask {
        Some(mask) => h * mask,
        None => h,
    })
}
