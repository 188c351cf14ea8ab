//! The sigmoid of many small networks.
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
//! whose value is `v` to the last bit, and whose derivative is `c`. An infinite `z` gives a `v` and a `h` that
//! are not numbers, which is how a network that diverges ends anyway.

use std::ops::{Add, Mul, Sub};

use burn::tensor::{DType, Element, Tensor, TensorCreationOptions, TensorData};

use crate::error::{Error, Result};
use crate::train::pass::Sigmoids;

/// Computes them at once.
pub(super) struct AtOnce;

impl Sigmoids for AtOnce {
    fn sigmoid(&mut self, z: Tensor<2>, mask: Option<Tensor<2>>) -> Result<Tensor<2>> {
        let z0 = z.clone().inner();
        let (values, slopes) = values_and_slopes(z0.clone(), mask.map(Tensor::inner))?;
        let [z0, values, slopes] = [z0, values, slopes].map(Tensor::from_inner);
        Ok(line(z, z0, values, slopes))
    }
}

/// The line through `values` at `z0`, which is `z` without a graph. Only `z` has one.
pub(super) fn line(z: Tensor<2>, z0: Tensor<2>, values: Tensor<2>, slopes: Tensor<2>) -> Tensor<2> {
    (z - z0) * slopes + values
}

/// Values and slopes. Nothing has a graph. A tensor that nobody else holds gives its memory.
///
/// # Shapes
/// - `z`, `mask`, outputs: the same
///
/// # Errors
/// [`Error::Compute`] if the backend fails to deliver `z`.
pub(super) fn values_and_slopes(
    z: Tensor<2>,
    mask: Option<Tensor<2>>,
) -> Result<(Tensor<2>, Tensor<2>)> {
    let options = TensorCreationOptions::from((&z.device(), z.dtype()));
    let mut values = data(z)?;
    let mask = mask.map(data).transpose()?;
    let slopes = match values.dtype() {
        DType::F64 => curve::<f64>(&mut values, mask)?,
        _ => curve::<f32>(&mut values, mask)?,
    };
    let tensor = |data| Tensor::from_data(data, options.clone());
    Ok((tensor(values), tensor(slopes)))
}

fn data(tensor: Tensor<2>) -> Result<TensorData> {
    let data = tensor.try_into_data();
    data.map_err(|cause| Error::Compute(cause.to_string()))
}

/// Takes `z` to the values, and the mask to the slopes.
fn curve<E: Real>(z: &mut TensorData, mask: Option<TensorData>) -> Result<TensorData> {
    let shape = z.shape().clone();
    let z = numbers::<E>(z)?;
    let Some(mut mask) = mask else {
        let slopes: Vec<E> = z.iter_mut().map(|z| at(z, E::ONE)).collect();
        return Ok(TensorData::new(slopes, shape));
    };
    for (z, m) in z.iter_mut().zip(numbers::<E>(&mut mask)?) {
        *m = at(z, *m);
    }
    Ok(mask)
}

/// Takes one `z` to its value, and returns its slope.
#[inline]
fn at<E: Real>(z: &mut E, m: E) -> E {
    let s = z.sigmoid();
    let slope = s * (E::ONE - s) * m;
    let z0 = *z;
    *z = (*z - z0) * slope + s * m; // as the line has it: not a number where `z` is infinite
    slope
}

fn numbers<E: Real>(data: &mut TensorData) -> Result<&mut [E]> {
    data.as_mut_slice()
        .map_err(|cause| Error::Compute(format!("{cause:?}")))
}

/// What the pass needs of a floating-point number.
trait Real: Element + Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
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
