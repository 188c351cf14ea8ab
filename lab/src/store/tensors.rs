//! Named arrays of numbers as bytes, in the [safetensors](https://github.com/huggingface/safetensors)
//! format that NumPy, PyTorch and others read.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::path::Path;
//! use dropwise_lab::store::{Array, ArrayValues, tensors};
//!
//! let weight = Array {
//!     name: "layers.0.weight".to_owned(),
//!     shape: vec![2, 3],
//!     values: ArrayValues::F32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
//! };
//! let metadata = BTreeMap::from([("seed".to_owned(), "42".to_owned())]);
//! let bytes = tensors::encode(&[weight.clone()], &metadata)?;
//! let (arrays, read) = tensors::decode(Path::new("model.safetensors"), &bytes)?;
//! assert_eq!(arrays, [weight]);
//! assert_eq!(read, metadata);
//! # Ok::<(), dropwise::Error>(())
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorInfo};
use safetensors::{SafeTensorError, SafeTensors};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::refused;
use dropwise::error::{Error, Result};

/// The key that the format takes for the metadata, so that no array can have it as its name.
const METADATA: &str = "__metadata__";

/// Readers refuse a longer header, in bytes.
pub(super) const MAX_HEADER: usize = 100_000_000;

/// A named array, row by row (the last index runs fastest).
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// The name, unique in its file and not `__metadata__`.
    pub name: String,
    /// The shape; none for a single number.
    pub shape: Vec<usize>,
    /// The numbers, as many as the shape's product.
    pub values: ArrayValues,
}

/// The numbers of an array. Every bit pattern survives: NaNs, -0.0, denormals.
#[derive(Debug, Clone, PartialEq)]
pub enum ArrayValues {
    /// 32-bit floating point, `F32` in the file.
    F32(Vec<f32>),
    /// 64-bit floating point, `F64` in the file.
    F64(Vec<f64>),
    /// Bytes, `U8` in the file.
    Bytes(Vec<u8>),
}

/// A safetensors file with `arrays` and `metadata`. The same arrays, in whatever order, give the
/// same bytes.
///
/// # Errors
/// [`Error::InvalidValue`] if a shape does not fit its values, if two arrays share a name or one is
/// called `__metadata__`, or if names and metadata exceed the format's 100 MB.
pub fn encode(arrays: &[Array], metadata: &BTreeMap<String, String>) -> Result<Vec<u8>> {
    let arrays = in_file_order(arrays)?;
    let header = Header {
        arrays: &arrays,
        metadata,
    };
    let header = header.to_bytes()?;
    let data: usize = arrays.iter().map(|array| array.values.byte_count()).sum();
    let mut bytes = Vec::with_capacity(8 + header.len() + data);
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header);
    for array in arrays {
        array.values.append_to(&mut bytes);
    }
    Ok(bytes)
}

/// The arrays, in order of their names, and the metadata of a safetensors file. `file` is named in
/// errors. What is allocated stays in proportion to `bytes`, whatever the header claims.
///
/// # Errors
/// [`Error::Store`] if the bytes are no safetensors file, are cut short or too long, or hold an array
/// that is not of type `F32`, `F64` or `U8`.
pub fn decode(file: &Path, bytes: &[u8]) -> Result<(Vec<Array>, BTreeMap<String, String>)> {
    let (header_length, header) =
        SafeTensors::read_metadata(bytes).map_err(|cause| damaged(file, &cause))?;
    // `read_metadata` has checked that shapes, offsets and the file's length agree.
    let data = &bytes[8 + header_length..];
    let by_name: BTreeMap<String, &TensorInfo> = header.tensors().into_iter().collect();
    let mut arrays = Vec::with_capacity(by_name.len());
    for (name, info) in by_name {
        let (start, end) = info.data_offsets;
        let bytes = &data[start..end];
        let values = match info.dtype {
            Dtype::F32 => ArrayValues::F32(read_all(bytes.as_chunks().0, f32::from_le_bytes)),
            Dtype::F64 => ArrayValues::F64(read_all(bytes.as_chunks().0, f64::from_le_bytes)),
            Dtype::U8 => ArrayValues::Bytes(bytes.to_vec()),
            _ => return Err(unknown_type(file, &name, info.dtype)),
        };
        arrays.push(Array {
            name,
            shape: info.shape.clone(),
            values,
        });
    }
    let metadata = header.metadata().clone().unwrap_or_default();
    Ok((arrays, metadata.into_iter().collect()))
}

fn read_all<const N: usize, T>(values: &[[u8; N]], read: fn([u8; N]) -> T) -> Vec<T> {
    values.iter().map(|value| read(*value)).collect()
}

/// The widest numbers first, so that all are aligned in the file; then by name.
fn in_file_order(arrays: &[Array]) -> Result<Vec<&Array>> {
    let mut by_name = BTreeMap::new();
    for array in arrays {
        array.check()?;
        if by_name.insert(&array.name, array).is_some() {
            let expected = "a name that no other array has";
            return Err(Error::invalid(
                "array",
                expected,
                format!("`{}` twice", array.name),
            ));
        }
    }
    let mut ordered: Vec<&Array> = by_name.into_values().collect();
    ordered.sort_by_key(|array| std::cmp::Reverse(array.values.dtype()));
    Ok(ordered)
}

/// The JSON at the head of a file. The crate's own has its metadata in an order that changes from run
/// to run.
struct Header<'a> {
    arrays: &'a [&'a Array],
    metadata: &'a BTreeMap<String, String>,
}

impl Header<'_> {
    fn to_bytes(&self) -> Result<Vec<u8>> {
        let what = "names and metadata of the arrays";
        let mut bytes = serde_json::to_vec(self)
            .map_err(|cause| Error::invalid(what, "what JSON can hold", cause))?;
        bytes.resize(bytes.len().next_multiple_of(8), b' ');
        if bytes.len() > MAX_HEADER {
            let expected = format!("at most {MAX_HEADER} bytes");
            return Err(Error::invalid(what, expected, bytes.len()));
        }
        Ok(bytes)
    }
}

impl Serialize for Header<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.metadata.is_empty() {
            map.serialize_entry(METADATA, self.metadata)?;
        }
        let mut start = 0;
        for array in self.arrays {
            let end = start + array.values.byte_count();
            let info = TensorInfo {
                dtype: array.values.dtype(),
                shape: array.shape.clone(),
                data_offsets: (start, end),
            };
            map.serialize_entry(&array.name, &info)?;
            start = end;
        }
        map.end()
    }
}

impl Array {
    fn check(&self) -> Result<()> {
        let Array {
            name,
            shape,
            values,
        } = self;
        if name == METADATA {
            let expected = "a name that the file format does not use itself";
            return Err(Error::invalid("array", expected, format!("`{name}`")));
        }
        let expected = shape.iter().copied().try_fold(1, usize::checked_mul);
        if expected != Some(values.count()) {
            let expected = format!("as many values as the shape {shape:?} has");
            return Err(Error::invalid(
                format!("array `{name}`"),
                expected,
                values.count(),
            ));
        }
        Ok(())
    }
}

impl ArrayValues {
    fn count(&self) -> usize {
        match self {
            ArrayValues::F32(values) => values.len(),
            ArrayValues::F64(values) => values.len(),
            ArrayValues::Bytes(values) => values.len(),
        }
    }

    fn byte_count(&self) -> usize {
        match self {
            ArrayValues::F32(values) => size_of_val(values.as_slice()),
            ArrayValues::F64(values) => size_of_val(values.as_slice()),
            ArrayValues::Bytes(values) => values.len(),
        }
    }

    fn dtype(&self) -> Dtype {
        match self {
            ArrayValues::F32(_) => Dtype::F32,
            ArrayValues::F64(_) => Dtype::F64,
            ArrayValues::Bytes(_) => Dtype::U8,
        }
    }

    fn append_to(&self, bytes: &mut Vec<u8>) {
        match self {
            ArrayValues::F32(values) => {
                values
                    .iter()
                    .for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
            }
            ArrayValues::F64(values) => {
                values
                    .iter()
                    .for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
            }
            ArrayValues::Bytes(values) => bytes.extend_from_slice(values),
        }
    }
}

pub(super) fn damaged(file: &Path, cause: &SafeTensorError) -> Error {
    let problem = format!(
        "expected a whole safetensors file, found one that is damaged or cut short: {cause}"
    );
    refused(file, problem, "take it from a copy, or train again")
}

pub(super) fn unknown_type(file: &Path, name: &str, dtype: Dtype) -> Error {
    let problem = format!("array `{name}`: expected the type F32, F64 or U8, found {dtype}");
    refused(file, problem, "use a file that dropwise wrote")
}
