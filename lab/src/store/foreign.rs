//! Weights that another program trained.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

use super::transpose::transposed;
use super::{cannot_read, refused, torch};
use dropwise::error::Result;
use dropwise::model::LayerWeights;

const SHAPES: &str = "set `hidden` and `bias` in `[network]` to what the file has";

/// An array of a foreign file, the last index running fastest.
pub(super) struct ForeignArray<'a> {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) dtype: Dtype,
    /// Its numbers, the lowest byte of each first.
    pub(super) bytes: Cow<'a, [u8]>,
}

/// The weights of a fully-connected network in a safetensors file or one of `torch.save` (a state dictionary, a module or a checkpoint), in
/// the layout of PyTorch: for each layer a `weight`, `[d_output,
/// d_input]`, and a `bias`, `[d_output]`, behind names of any kind. They become layers of the sizes of `like`: each layer gets
/// the first array of its shape that no layer before it has, in the order of the names, in which 10 stands behind 9.
///
/// # Errors
/// [`Error::Read`](dropwise::Error::Read) if the file cannot be read; [`Error::Store`](dropwise::Error::Store) if it is neither or cut short, or if an array is no
/// part of a fully-connected network, is of another type than floating point, fits no layer, is missing or holds a number that
/// is not finite. The array is named.
pub fn foreign_weights(path: &Path, like: &[LayerWeights]) -> Result<Vec<LayerWeights>> {
    let bytes = fs::read(path).map_err(|cause| cannot_read(path, cause))?;
    weights_of(path, &bytes, like)
}

/// The same of the bytes of a file, which `path` names in errors.
///
/// # Errors
/// Those of [`foreign_weights`] but that of reading.
#[doc(hidden)]
pub fn weights_of(path: &Path, bytes: &[u8], like: &[LayerWeights]) -> Result<Vec<LayerWeights>> {
    let mut arrays = if torch::is_torch_file(bytes) {
        torch::arrays(bytes).map_err(|(problem, fix)| refused(path, problem, fix))?
    } else {
        safetensors(path, bytes)?
    };
    arrays.sort_by(|a, b| natural(&a.name).cmp(&natural(&b.name)));
    for array in &arrays {
        check_part(path, array)?;
    }
    let layers: Result<Vec<LayerWeights>> = like
        .iter()
        .enumerate()
        .map(|(k, layer)| take_layer(path, &mut arrays, (k, layer)))
        .collect();
    match arrays.first() {
        Some(ForeignArray { name, shape, .. }) if layers.is_ok() => {
            let problem = format!("`{name}`, {shape:?}, is in no layer of the configuration");
            Err(refused(path, problem, SHAPES))
        }
        _ => layers,
    }
}

fn safetensors<'a>(path: &Path, bytes: &'a [u8]) -> Result<Vec<ForeignArray<'a>>> {
    let file = SafeTensors::deserialize(bytes).map_err(|cause| {
        let problem = format!("expected a whole safetensors file or one of `torch.save`: {cause}");
        refused(path, problem, "save it again, or copy it again")
    })?;
    let arrays = file.tensors().into_iter();
    let arrays = arrays.map(|(name, array)| ForeignArray {
        name,
        shape: array.shape().to_vec(),
        dtype: array.dtype(),
        bytes: array.data().into(),
    });
    Ok(arrays.collect())
}

/// Takes the arrays of layer `k`, counted from 0.
fn take_layer(
    path: &Path,
    arrays: &mut Vec<ForeignArray<'_>>,
    (k, like): (usize, &LayerWeights),
) -> Result<LayerWeights> {
    let size = [like.d_output, like.d_input];
    let Some(place) = arrays.iter().position(|array| array.shape == size) else {
        let found = arrays.iter().filter(|array| array.name.ends_with("weight"));
        let found: Vec<String> = found
            .map(|array| format!("`{}` {:?}", array.name, array.shape))
            .collect();
        let problem = format!(
            "layer {} of the configuration needs a weight of shape {size:?}; left in the file: {}",
            k + 1,
            if found.is_empty() {
                "none".to_owned()
            } else {
                found.join(", ")
            }
        );
        return Err(refused(path, problem, SHAPES));
    };
    let array = arrays.remove(place);
    let weight = numbers(path, &array)?;
    let name = &array.name;
    let bias = name.strip_suffix("weight").unwrap_or_default().to_owned() + "bias";
    let place = arrays.iter().position(|array| array.name == bias);
    let bias = match (place, &like.bias) {
        (Some(place), Some(_)) if arrays[place].shape == [like.d_output] => {
            Some(numbers(path, &arrays.remove(place))?)
        }
        // What else there is of one is found left over.
        (_, None) => None,
        (Some(place), Some(_)) => {
            let found = &arrays[place].shape;
            let problem = format!(
                "`{bias}`: expected the shape [{}], found {found:?}",
                like.d_output
            );
            return Err(refused(path, problem, SHAPES));
        }
        (None, Some(_)) => {
            let problem = format!("`{name}` has no `{bias}` beside it");
            return Err(refused(path, problem, SHAPES));
        }
    };
    Ok(LayerWeights {
        d_input: like.d_input,
        d_output: like.d_output,
        weight: transposed(&weight, (like.d_output, like.d_input), |number| number),
        bias,
    })
}

/// A fully-connected layer has matrices and biases, and nothing else.
fn check_part(path: &Path, array: &ForeignArray<'_>) -> Result<()> {
    let ForeignArray { name, shape, .. } = array;
    let is_part = match shape.len() {
        2 => name.ends_with("weight"),
        1 => name.ends_with("bias"),
        _ => false,
    };
    if is_part {
        return Ok(());
    }
    let problem = format!(
        "`{name}`, {shape:?}, is no part of a fully-connected network, which has a `weight` of shape [d_output, d_input] and a `bias` of \
         shape [d_output] for each layer"
    );
    let fix = "dropwise has no other layers, such as convolutions, normalizations and embeddings";
    Err(refused(path, problem, fix))
}

fn numbers(path: &Path, array: &ForeignArray<'_>) -> Result<Vec<f64>> {
    let (name, bytes) = (&array.name, &array.bytes);
    let numbers: Vec<f64> = match array.dtype {
        Dtype::F64 => bytes
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f64::from_le_bytes(*bytes))
            .collect(),
        Dtype::F32 => bytes
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes).into())
            .collect(),
        Dtype::BF16 => of_words(bytes, |word| f32::from_bits(u32::from(word) << 16).into()),
        Dtype::F16 => of_words(bytes, half),
        other => {
            let problem =
                format!("`{name}`: expected the type F64, F32, F16 or BF16, found {other}");
            return Err(refused(
                path,
                problem,
                "convert it to one of them, `.float()` in PyTorch",
            ));
        }
    };
    match numbers.iter().find(|number| !number.is_finite()) {
        Some(number) => {
            let problem = format!("`{name}`: expected finite numbers, found {number}");
            Err(refused(
                path,
                problem,
                "train it again: the training that it comes from diverged",
            ))
        }
        None => Ok(numbers),
    }
}

fn of_words(bytes: &[u8], number: fn(u16) -> f64) -> Vec<f64> {
    let words = bytes.as_chunks().0.iter();
    words
        .map(|bytes| number(u16::from_le_bytes(*bytes)))
        .collect()
}

/// A number of 16 bits as IEEE 754 has it: a sign, 5 bits of exponent, 10 of fraction.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3ff) / 1024.0;
    let size = match (bits >> 10) & 0x1f {
        0 => fraction * 2.0_f64.powi(-14),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        exponent => (1.0 + fraction) * 2.0_f64.powi(i32::from(exponent) - 15),
    };
    if bits < 0x8000 { size } else { -size }
}

/// A name as texts and the numbers behind them, to put names in order.
fn natural(name: &str) -> Vec<(&str, u64)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let end = rest
            .find(|letter: char| letter.is_ascii_digit())
            .unwrap_or(rest.len());
        let (text, behind) = rest.split_at(end);
        let end = behind
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(behind.len());
        let (digits, behind) = behind.split_at(end);
        parts.push((text, digits.parse().unwrap_or(u64::MAX)));
        rest = behind;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::{half, natural};

    #[test]
    fn ten_stands_behind_nine() {
        let mut names = [
            "10.bias",
            "9.weight",
            "9.bias",
            "fc2.weight",
            "fc10.weight",
            "2.0.weight",
        ];
        names.sort_by_key(|name| natural(name));
        assert_eq!(
            names,
            [
                "2.0.weight",
                "9.bias",
                "9.weight",
                "10.bias",
                "fc2.weight",
                "fc10.weight"
            ]
        );
    }

    #[test]
    fn half_precision_is_read_as_the_standard_says() {
        let expected = [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_953_125),
            (0x7bff, 65_504.0),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x0400, 6.103_515_625e-5),
            (0x7c00, f64::INFINITY),
        ];
        for (bits, number) in expected {
            assert_eq!(half(bits), number, "{bits:x}");
        }
        assert!(half(0x8000).is_sign_negative() && half(0x7e00).is_nan());
    }
}
