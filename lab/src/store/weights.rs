//! Weights as named arrays, in the layout that other tools expect.
//!
//! Layer `k`, counted from 0, is stored as `layers.k.weight` of shape `[d_output, d_input]` and
//! `layers.k.bias` of shape `[d_output]`: what PyTorch's `Linear` takes. (Burn and this crate hold a
//! weight as `[d_input, d_output]`.) Those of an ensemble have `members.r.` before them, `r` counted from 0. A dropout rate `p` of the
//! inputs of layer `k` that was learned is stored as its logit, `log(p / (1 - p))`: `dropout.k.logit` of shape `[1]`.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use burn::tensor::{Device, Element, Tensor, TensorData};
use safetensors::tensor::Dtype;

use super::cannot_read;
use super::model_file::ModelFile;
use super::tensors::{Array, ArrayValues};
use super::transpose::{transposed, transposed_from};
use dropwise::config::Precision;
use dropwise::dropout::Noise;
use dropwise::error::{Error, Result};
use dropwise::model::{LayerTensors, LayerWeights, Mlp};

/// The arrays of a network's layers, their names behind `prefix`.
#[must_use]
pub fn to_arrays(prefix: &str, layers: &[LayerWeights], precision: Precision) -> Vec<Array> {
    let mut arrays = Vec::new();
    for (k, layer) in layers.iter().enumerate() {
        let (d_input, d_output) = (layer.d_input, layer.d_output);
        arrays.push(Array {
            name: format!("{prefix}layers.{k}.weight"),
            shape: vec![d_output, d_input],
            values: values(
                transposed(&layer.weight, (d_input, d_output), |value| value),
                precision,
            ),
        });
        arrays.extend(layer.bias.as_ref().map(|bias| Array {
            name: format!("{prefix}layers.{k}.bias"),
            shape: vec![d_output],
            values: values(bias.clone(), precision),
        }));
    }
    arrays
}

/// The logits of the dropout rates that a network has learned, their names behind `prefix`.
#[must_use]
pub fn logits_to_arrays(prefix: &str, network: &Mlp, precision: Precision) -> Vec<Array> {
    let array = |(k, noise): (usize, Noise)| {
        Some(Array {
            name: logit_name(prefix, k),
            shape: vec![1],
            values: values(vec![noise.logit()?], precision),
        })
    };
    network.learned_rates().filter_map(array).collect()
}

fn logit_name(prefix: &str, layer: usize) -> String {
    format!("{prefix}dropout.{layer}.logit")
}

/// What stands before the names of member `r` of an ensemble of `count`; nothing for one network.
#[must_use]
pub fn member_prefix(r: usize, count: usize) -> String {
    match count {
        1 => String::new(),
        _ => format!("members.{r}."),
    }
}

/// The layers among `arrays` whose names stand behind `prefix`, from layer 0 on; none if there is no
/// layer 0. `file` is named in errors.
///
/// # Errors
/// [`Error::Store`] if an array does not have the shape of a layer's.
pub fn from_arrays(file: &Path, prefix: &str, arrays: &[Array]) -> Result<Vec<LayerWeights>> {
    let stored = arrays.iter().map(|array| Stored {
        name: &array.name,
        shape: &array.shape,
        numbers: match &array.values {
            ArrayValues::F32(values) => Numbers::F32(values),
            ArrayValues::F64(values) => Numbers::F64(values),
            ArrayValues::Bytes(_) => Numbers::None,
        },
    });
    let layers = layers::<f64>(file, prefix, stored)?.into_iter();
    let layers = layers.map(|layer| LayerWeights {
        d_input: layer.d_input,
        d_output: layer.d_output,
        weight: layer.weight,
        bias: layer.bias,
    });
    Ok(layers.collect())
}

/// The layers of a model's file whose names stand behind `prefix`, on a device, read straight to where they are needed; and behind
/// them, each as a layer of one weight, the logits of the dropout rates that were learned on the inputs of the layers `learned`.
///
/// # Errors
/// As [`from_arrays`], also for a logit that is missing; [`Error::Read`] if the file cannot be read.
pub(super) fn to_tensors(
    model: &ModelFile,
    (prefix, learned): (&str, &[usize]),
    (device, precision): (&Device, Precision),
) -> Result<Vec<LayerTensors>> {
    let stored = model.arrays().map(|(name, info, start)| Stored {
        name,
        shape: &info.shape,
        numbers: match info.dtype {
            Dtype::F32 => Numbers::F32In(&model.file, start),
            Dtype::F64 => Numbers::F64In(&model.file, start),
            _ => Numbers::None,
        },
    });
    let stored: Vec<_> = stored.collect();
    let path = &model.path;
    match precision {
        Precision::Float32 => {
            let mut all = layers::<f32>(path, prefix, stored.iter().copied())?;
            all.extend(logits(path, prefix, learned, &stored)?);
            on_device(all, device, precision)
        }
        Precision::Float64 => {
            let mut all = layers::<f64>(path, prefix, stored.iter().copied())?;
            all.extend(logits(path, prefix, learned, &stored)?);
            on_device(all, device, precision)
        }
    }
}

fn logits<N: Number>(
    file: &Path,
    prefix: &str,
    learned: &[usize],
    stored: &[Stored<'_>],
) -> Result<Vec<Layer<N>>> {
    let logit = |layer: &usize| {
        let name = logit_name(prefix, *layer);
        let Some(array) = stored.iter().find(|array| array.name == name) else {
            return Err(Error::Store {
                path: file.to_owned(),
                problem: format!("`{name}`: the dropout rate that was learned is missing"),
                fix: "bring back the file that training wrote, or train again".to_owned(),
            });
        };
        if array.shape != [1] {
            return Err(wrong_shape(file, array, "[1]".to_owned()));
        }
        Ok(Layer {
            d_input: 1,
            d_output: 1,
            weight: array.read(file, (1, 1))?,
            bias: None,
        })
    };
    learned.iter().map(logit).collect()
}

fn on_device<N: Element>(
    layers: Vec<Layer<N>>,
    device: &Device,
    precision: Precision,
) -> Result<Vec<LayerTensors>> {
    let options = (device, precision.dtype());
    let layers = layers.into_iter().map(|layer| {
        let (d_input, d_output) = (layer.d_input, layer.d_output);
        let weight = TensorData::new(layer.weight, [d_input, d_output]);
        let bias = layer.bias.map(|bias| TensorData::new(bias, [d_output]));
        LayerTensors {
            weight: Tensor::from_data(weight, options),
            bias: bias.map(|bias| Tensor::from_data(bias, options)),
        }
    });
    Ok(layers.collect())
}

/// An array of a file.
#[derive(Clone, Copy)]
struct Stored<'a> {
    name: &'a str,
    shape: &'a [usize],
    numbers: Numbers<'a>,
}

/// Its numbers, in memory, or in a file from a byte on.
#[derive(Clone, Copy)]
enum Numbers<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
    F32In(&'a File, u64),
    F64In(&'a File, u64),
    /// Not numbers but bytes.
    None,
}

/// A layer's numbers, the weight as `[d_input, d_output]`.
struct Layer<N> {
    d_input: usize,
    d_output: usize,
    weight: Vec<N>,
    bias: Option<Vec<N>>,
}

/// What a layer's numbers are read as.
trait Number: Copy + Default {
    fn of(value: f64) -> Self;
}

impl Number for f32 {
    fn of(value: f64) -> Self {
        value as f32
    }
}

impl Number for f64 {
    fn of(value: f64) -> Self {
        value
    }
}

fn layers<'a, N: Number>(
    file: &Path,
    prefix: &str,
    stored: impl Iterator<Item = Stored<'a>>,
) -> Result<Vec<Layer<N>>> {
    let arrays: BTreeMap<&str, Stored<'a>> = stored.map(|array| (array.name, array)).collect();
    let mut layers = Vec::new();
    while let Some(weight) = arrays.get(format!("{prefix}layers.{}.weight", layers.len()).as_str())
    {
        let [d_output, d_input] = *weight.shape else {
            return Err(wrong_shape(file, weight, "[d_output, d_input]".to_owned()));
        };
        let bias = match arrays.get(format!("{prefix}layers.{}.bias", layers.len()).as_str()) {
            Some(bias) if bias.shape == [d_output] => Some(bias.read(file, (1, d_output))?),
            Some(bias) => return Err(wrong_shape(file, bias, format!("[{d_output}]"))),
            None => None,
        };
        layers.push(Layer {
            d_input,
            d_output,
            weight: weight.read(file, (d_output, d_input))?,
            bias,
        });
    }
    Ok(layers)
}

impl Stored<'_> {
    /// The numbers, `[rows, columns]`, as `[columns, rows]`.
    fn read<N: Number>(&self, file: &Path, (rows, columns): (usize, usize)) -> Result<Vec<N>> {
        let size = (rows, columns);
        let read = match self.numbers {
            Numbers::F32(values) => Ok(transposed(values, size, |value| N::of(value.into()))),
            Numbers::F64(values) => Ok(transposed(values, size, N::of)),
            Numbers::F32In(source, start) => transposed_from(source, start, size, |value| {
                N::of(f32::from_le_bytes(value).into())
            }),
            Numbers::F64In(source, start) => transposed_from(source, start, size, |value| {
                N::of(f64::from_le_bytes(value))
            }),
            Numbers::None => return Err(no_numbers(file, self)),
        };
        read.map_err(|cause| cannot_read(file, cause))
    }
}

fn values(values: Vec<f64>, precision: Precision) -> ArrayValues {
    match precision {
        Precision::Float32 => {
            ArrayValues::F32(values.into_iter().map(|value| value as f32).collect())
        }
        Precision::Float64 => ArrayValues::F64(values),
    }
}

fn no_numbers(file: &Path, array: &Stored<'_>) -> Error {
    Error::Store {
        path: file.to_owned(),
        problem: format!(
            "`{}`: expected floating-point numbers, found bytes",
            array.name
        ),
        fix: "it is not a model that dropwise wrote".to_owned(),
    }
}

fn wrong_shape(file: &Path, array: &Stored<'_>, expected: String) -> Error {
    Error::Store {
        path: file.to_owned(),
        problem: format!(
            "`{}`: expected shape {expected}, found {:?}",
            array.name, array.shape
        ),
        fix: "it is not a model that dropwise wrote".to_owned(),
    }
}
