//! Weights as named arrays, in the layout that other tools expect.
//!
//! Layer `k`, counted from 0, is stored as `layers.k.weight` of shape `[d_output, d_input]` and
//! `layers.k.bias` of shape `[d_output]`: what PyTorch's `Linear` takes. (Burn and this crate hold a
//! weight as `[d_input, d_output]`.)

use std::collections::BTreeMap;
use std::path::Path;

use super::tensors::{Array, Values};
use crate::config::Precision;
use crate::error::{Error, Result};
use crate::model::LayerWeights;

/// The arrays of a network's layers, their names behind `prefix`.
#[must_use]
pub fn to_arrays(prefix: &str, layers: &[LayerWeights], precision: Precision) -> Vec<Array> {
    let mut arrays = Vec::new();
    for (k, layer) in layers.iter().enumerate() {
        let (d_input, d_output) = (layer.d_input, layer.d_output);
        arrays.push(Array {
            name: format!("{prefix}layers.{k}.weight"),
            shape: vec![d_output, d_input],
            values: values(transposed(&layer.weight, d_input, d_output), precision),
        });
        arrays.extend(layer.bias.as_ref().map(|bias| Array {
            name: format!("{prefix}layers.{k}.bias"),
            shape: vec![d_output],
            values: values(bias.clone(), precision),
        }));
    }
    arrays
}

/// The layers among `arrays` whose names stand behind `prefix`, from layer 0 on; none if there is no
/// layer 0. `file` is named in errors.
///
/// # Errors
/// [`Error::Store`] if an array does not have the shape of a layer's.
pub fn from_arrays(file: &Path, prefix: &str, arrays: &[Array]) -> Result<Vec<LayerWeights>> {
    let arrays: BTreeMap<&str, &Array> = arrays
        .iter()
        .map(|array| (array.name.as_str(), array))
        .collect();
    let mut layers = Vec::new();
    while let Some(weight) = arrays.get(format!("{prefix}layers.{}.weight", layers.len()).as_str())
    {
        let [d_output, d_input] = weight.shape[..] else {
            return Err(wrong_shape(file, weight, "[d_output, d_input]".to_owned()));
        };
        let bias = match arrays.get(format!("{prefix}layers.{}.bias", layers.len()).as_str()) {
            Some(bias) if bias.shape == [d_output] => Some(numbers(file, bias)?),
            Some(bias) => return Err(wrong_shape(file, bias, format!("[{d_output}]"))),
            None => None,
        };
        layers.push(LayerWeights {
            d_input,
            d_output,
            weight: match &weight.values {
                Values::F32(values) => transposed(values, d_output, d_input),
                Values::F64(values) => transposed(values, d_output, d_input),
                Values::Bytes(_) => return Err(no_numbers(file, weight)),
            },
            bias,
        });
    }
    Ok(layers)
}

/// `[rows, columns]` to `[columns, rows]`, a square tile at a time: a column's numbers lie far apart in
/// memory, and a tile's are read from there once.
fn transposed<T: Copy + Into<f64>>(values: &[T], rows: usize, columns: usize) -> Vec<f64> {
    const TILE: usize = 16;
    let mut turned = vec![0.0; values.len()];
    // A file may claim any number of rows without columns.
    if values.is_empty() {
        return turned;
    }
    for top in (0..rows).step_by(TILE) {
        for left in (0..columns).step_by(TILE) {
            for column in left..columns.min(left + TILE) {
                for row in top..rows.min(top + TILE) {
                    turned[column * rows + row] = values[row * columns + column].into();
                }
            }
        }
    }
    turned
}

fn values(values: Vec<f64>, precision: Precision) -> Values {
    match precision {
        Precision::Float32 => Values::F32(values.into_iter().map(|value| value as f32).collect()),
        Precision::Float64 => Values::F64(values),
    }
}

fn numbers(file: &Path, array: &Array) -> Result<Vec<f64>> {
    match &array.values {
        Values::F32(values) => Ok(values.iter().map(|value| f64::from(*value)).collect()),
        Values::F64(values) => Ok(values.clone()),
        Values::Bytes(_) => Err(no_numbers(file, array)),
    }
}

fn no_numbers(file: &Path, array: &Array) -> Error {
    Error::Store {
        path: file.to_owned(),
        problem: format!(
            "`{}`: expected floating-point numbers, found bytes",
            array.name
        ),
        fix: "it is not a model that dropwise wrote".to_owned(),
    }
}

fn wrong_shape(file: &Path, array: &Array, expected: String) -> Error {
    Error::Store {
        path: file.to_owned(),
        problem: format!(
            "`{}`: expected shape {expected}, found {:?}",
            array.name, array.shape
        ),
        fix: "it is not a model that dropwise wrote".to_owned(),
    }
}
