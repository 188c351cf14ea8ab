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

use std::ops::{Mul, Sub};

use burn::tensor::{DType, Element, Tensor, TensorCreationOptions, TensorData};

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
    let options = TensorCreationOptions::from((&z.device(), z.dtype()));
    let z0 = z.clone().inner();
    let sums = z0.clone().try_into_data();
    let sums = sums.map_err(|cause| Error::Compute(cause.to_string()))?;

    let mut values: Vec<E> = numbers::<E>(&sums)?.iter().map(|z| z.sigmoid()).collect();
    let slope = |s: &E| *s * (E::ONE - *s);
    let slopes: Vec<E> = match mask {
        None => values.iter().map(slope).collect(),
        Some(mask) => {
            let mask = numbers::<E>(&mask)?;
            let slopes = values.iter().zip(mask).map(|(s, m)| slope(s) * *m);
            let slopes = slopes.collect();
            values.iter_mut().zip(mask).for_each(|(s, m)| *s = *s * *m);
            slopes
        }
    };
    let tensor = |values| Tensor::from_data(TensorData::new(values, z.dims()), options.clone());
    let (values, slopes) = (tensor(values), tensor(slopes));
    Ok((z - Tensor::from_inner(z0)) * slopes + values)
}

fn numbers<E: Real>(data: &TensorData) -> Result<&[E]> {
    data.as_slice()
        .map_err(|cause| Error::Compute(format!("{cause:?}")))
}

/// What the pass needs of a floating-point number.
trait Real: Element + Copy + Sub<Output = Self> + Mul<Output = Self> {
    const ONE: Self;

    /// `1 / (1 + exp(-self))`
    fn sigmoid(self) -> Self;
}

impl Real for f32 {
    const ONE: Self = 1.0;

    #[inline]
    fn sigmoid(self) -> Self {
        1.0 / (1.0 + exp(-self))
    }
}

impl Real for f64 {
    const ONE: Self = 1.0;

    #[inline]
    fn sigmoid(self) -> Self {
        1.0 / (1.0 + (-self).exp())
    }
}

/// `e^x` to within 2 units in the last place, without a branch, so that the compiler computes several at once;
/// beyond `[-87, 88]` it stays as it is at the end, and what is not a number stays so. After Cephes' `expf`
/// (Moshier 1989): `e^x = 2^n e^r` with `n` the whole number next to `x / ln 2`, and a polynomial for `e^r`.
#[inline]
fn exp(x: f32) -> f32 {
    /// 1.5 * 2^23: what is added to it is rounded to a whole number, which then fills the low bits.
    const ROUNDING: f32 = 12_582_912.0;
    /// The bits of 1, with the exponent at its place.
    const ONE: u32 = 0x3f80_0000;
    /// ln 2 in two parts, the first with so few digits that `n` times it is exact.
    const LN_2: [f32; 2] = [355.0 / 512.0, -2.121_944_4e-4];

    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUNDING;
    let n = shifted - ROUNDING;
    let r = x - n * LN_2[0] - n * LN_2[1];
    let p = 1.987_569_2e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(ONE));
    (p * r * r + r + 1.0) * power
}

#[cfg(test)]
mod tests {
    use super::exp;

    #[test]
    fn the_exponential_is_within_2_units_in_the_last_place() {
        let numbers = (0..=1_750_000).map(|i| -87.0 + 1e-4 * i as f32);
        for x in numbers {
            let (found, expected) = (exp(x), f64::from(x).exp());
            let unit = f64::from((expected as f32).next_up()) - f64::from(expected as f32);
            let error = (f64::from(found) - expected).abs();
            assert!(error <= 2.0 * unit, "{x}: {found} {expected}");
        }
    }

    #[test]
    fn the_exponential_ends_where_numbers_do() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f32::NEG_INFINITY), exp(-87.0));
        assert_eq!(exp(f32::INFINITY), exp(88.0));
        assert!(exp(f32::INFINITY).is_finite());
        assert!(exp(f32::NAN).is_nan());
    }
}
