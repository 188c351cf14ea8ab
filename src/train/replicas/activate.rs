//! Activation and dropout of one layer, together.
//!
//! Burn's autodiff computes a sigmoid twice, in the forward and in the backward pass, and in many small
//! networks that is half of all work. Where the device's numbers lie in this process's memory, one pass here
//! takes the weighted sums `z` and the mask `m` to the value `v = m s(z)` and the slope `c = m s(z) (1 - s(z))`,
//! and the layer is then, for autodiff, the line that touches the curve at `z`:
//!
//! ```text
//! h = (z - z0) c + v,    z0 = z without a graph
//! ```
//!
//! whose value is `v` to the last bit, and whose derivative is `c`. An infinite `z` gives a `h` that is not a
//! number, which is how a network that diverges ends anyway.

use std::ops::{Add, Div, Mul, Neg, Sub};

use burn::tensor::{DType, Element, Tensor, TensorData};

use crate::config::Activation;
use crate::error::{Error, Result};

/// The outputs of a layer, dropped where there is a mask: `f(z) m`. `in_process` says that the device's numbers
/// lie in this process's memory.
///
/// # Shapes
/// - `z`, `mask`, output: the same
///
/// # Errors
/// [`Error::Compute`] if the backend fails to deliver `z`.
pub(super) fn activate(
    f: Activation,
    z: Tensor<2>,
    mask: Option<TensorData>,
    in_process: bool,
) -> Result<Tensor<2>> {
    if f == Activation::Sigmoid && in_process {
        return match z.dtype() {
            DType::F64 => sigmoid::<f64>(z, mask),
            _ => sigmoid::<f32>(z, mask),
        };
    }
    let (device, dtype) = (z.device(), z.dtype());
    let h = f.forward(z);
    Ok(match mask {
        Some(mask) => h * Tensor::from_data(mask, (&device, dtype)),
        None => h,
    })
}

fn sigmoid<E: Real>(z: Tensor<2>, mask: Option<TensorData>) -> Result<Tensor<2>> {
    let options = (&z.device(), z.dtype());
    let z0 = z.clone().inner();
    let sums = z0.clone().try_into_data();
    let sums = sums.map_err(|cause| Error::Compute(cause.to_string()))?;
    let (values, slopes) = match mask {
        Some(mask) => values_and_slopes(numbers::<E>(&sums)?, numbers::<E>(&mask)?.iter().copied()),
        None => values_and_slopes(numbers::<E>(&sums)?, std::iter::repeat(E::ONE)),
    };
    let tensor =
        |values: Vec<E>| Tensor::from_data(TensorData::new(values, z.dims()), options.clone());
    let (values, slopes) = (tensor(values), tensor(slopes));
    Ok((z - Tensor::from_inner(z0)) * slopes + values)
}

fn numbers<E: Real>(data: &TensorData) -> Result<&[E]> {
    data.as_slice()
        .map_err(|cause| Error::Compute(format!("{cause:?}")))
}

fn values_and_slopes<E: Real>(sums: &[E], mask: impl Iterator<Item = E>) -> (Vec<E>, Vec<E>) {
    let mut values = Vec::with_capacity(sums.len());
    let mut slopes = Vec::with_capacity(sums.len());
    for (z, m) in sums.iter().zip(mask) {
        let s = E::ONE / (E::ONE + (-*z).exp());
        values.push(s * m);
        slopes.push(s * (E::ONE - s) * m);
    }
    (values, slopes)
}

/// What the pass needs of a floating-point number.
trait Real:
    Element
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    const ONE: Self;

    fn exp(self) -> Self;
}

impl Real for f32 {
    const ONE: Self = 1.0;

    fn exp(self) -> Self {
        f32::exp(self)
    }
}

impl Real for f64 {
    const ONE: Self = 1.0;

    fn exp(self) -> Self {
        f64::exp(self)
    }
}
