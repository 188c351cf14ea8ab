//! Activation and dropout of one layer, together.

use burn::tensor::Tensor;

use crate::config::Activation;
use crate::error::Result;
use crate::train::pass::{OnInputs, Sigmoids};

/// The outputs of a layer, with the noise of the next: `f(z) m`. There are `sigmoids` for a device whose
/// numbers lie in this process's memory.
///
/// # Shapes
/// - `z`, `noise`, output: the same
///
/// # Errors
/// [`Error::Compute`](crate::Error::Compute) if the backend fails to deliver `z`.
pub(super) fn activate(
    f: Activation,
    z: Tensor<2>,
    noise: Option<OnInputs>,
    sigmoids: Option<&mut dyn Sigmoids>,
) -> Result<Tensor<2>> {
    let h = match (f, sigmoids) {
        (Activation::Sigmoid, Some(sigmoids)) => {
            return match noise {
                None => sigmoids.sigmoid(z, None),
                Some(OnInputs::Mask(mask)) => sigmoids.sigmoid(z, Some(mask)),
                Some(OnInputs::Shifted(mask, added)) => {
                    Ok(sigmoids.sigmoid(z, Some(mask))? + added)
                }
                // A sigmoid and its mask in one pass have no slope in the mask.
                Some(OnInputs::Gates(gates)) => Ok(sigmoids.sigmoid(z, None)? * gates),
            };
        }
        (Activation::Silu, Some(sigmoids)) => z.clone() * sigmoids.sigmoid(z, None)?,
        _ => f.forward(z),
    };
    Ok(match noise {
        Some(noise) => noise.put_on(h),
        None => h,
    })
}
