//! A model's file, open, of which only the head has been read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::cannot_read;
use super::tensors::{MAX_HEADER, damaged, unknown_type};
use dropwise::error::Result;

/// Where the arrays of a file lie. A model that is read array by array takes half the memory of one whose
/// file is read whole, and fresh memory is what takes the time.
pub(super) struct ModelFile {
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// The byte after the head, from which on the offsets of arrays count.
    data: u64,
    arrays: BTreeMap<String, TensorInfo>,
    /// What is stored beside the arrays.
    pub(super) metadata: BTreeMap<String, String>,
}

impl ModelFile {
    /// Reads the head of a file, and checks that the arrays which it names fill the rest of it.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if it is no safetensors file, is cut short or too long, or
    /// holds an array that is not of type `F32`, `F64` or `U8`;
    /// [`Error::Read`](dropwise::Error::Read) if it cannot be read.
    pub(super) fn new(path: &Path, mut file: File) -> Result<Self> {
        let unreadable = |cause| cannot_read(path, cause);
        let size = file.metadata().map_err(unreadable)?.len();
        if size < 8 {
            return Err(damaged(path, &SafeTensorError::HeaderTooSmall));
        }
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(unreadable)?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER as u64 {
            return Err(damaged(path, &SafeTensorError::HeaderTooLarge));
        }
        let data = 8 + length;
        if data > size {
            return Err(damaged(path, &SafeTensorError::InvalidHeaderLength));
        }
        let mut head = vec![0; length as usize];
        file.read_exact(&mut head).map_err(unreadable)?;
        let head: Metadata = serde_json::from_slice(&head)
            .map_err(SafeTensorError::InvalidHeaderDeserialization)
            .map_err(|cause| damaged(path, &cause))?;
        if data.checked_add(head.data_len() as u64) != Some(size) {
            return Err(damaged(path, &SafeTensorError::MetadataIncompleteBuffer));
        }
        let mut arrays = BTreeMap::new();
        for (name, info) in head.tensors() {
            if !matches!(info.dtype, Dtype::F32 | Dtype::F64 | Dtype::U8) {
                return Err(unknown_type(path, &name, info.dtype));
            }
            arrays.insert(name, info.clone());
        }
        Ok(ModelFile {
            path: path.to_owned(),
            file,
            data,
            arrays,
            metadata: head
                .metadata()
                .clone()
                .unwrap_or_default()
                .into_iter()
                .collect(),
        })
    }

    /// Each array's name, what the head says of it, and the byte of the file that it begins with.
    pub(super) fn arrays(&self) -> impl Iterator<Item = (&str, &TensorInfo, u64)> {
        let start = |info: &TensorInfo| self.data + info.data_offsets.0 as u64;
        let arrays = self.arrays.iter();
        arrays.map(move |(name, info)| (name.as_str(), info, start(info)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs::File;
    use std::io::Write;
    use std::path::Path;

    use super::ModelFile;
    use crate::store::tensors::{self, Array, ArrayValues};

    const PATH: &str = "model.safetensors";

    fn bytes() -> Vec<u8> {
        let array = |name: &str, values| Array {
            name: name.to_owned(),
            shape: vec![2],
            values,
        };
        let arrays = [
            array("b", ArrayValues::F64(vec![1.0, 2.0])),
            array("a", ArrayValues::F32(vec![3.0, 4.0])),
        ];
        let metadata = BTreeMap::from([("seed".to_owned(), "42".to_owned())]);
        tensors::encode(&arrays, &metadata).expect("arrays that fit")
    }

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(bytes).expect("a file");
        file.reopen().expect("a file")
    }

    fn open(bytes: &[u8]) -> dropwise::Result<ModelFile> {
        ModelFile::new(Path::new(PATH), file(bytes))
    }

    #[test]
    fn arrays_lie_where_the_head_says() {
        let bytes = bytes();
        let model = open(&bytes).expect("a whole file");
        assert_eq!(model.metadata["seed"], "42");
        let found = model.arrays().map(|(name, info, start)| {
            let end = start as usize + info.data_offsets.1 - info.data_offsets.0;
            (name, bytes[start as usize..end].to_vec())
        });
        let of = |values: [f64; 2]| {
            values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect()
        };
        let a = [3.0_f32, 4.0].iter().flat_map(|value| value.to_le_bytes());
        let expected: [(&str, Vec<u8>); 2] = [("a", a.collect()), ("b", of([1.0, 2.0]))];
        assert!(found.eq(expected));
    }

    #[test]
    fn what_is_refused_in_memory_is_refused_in_a_file() {
        let whole = bytes();
        let mut damaged: Vec<Vec<u8>> = (0..whole.len()).map(|cut| whole[..cut].to_vec()).collect();
        damaged.push([&whole[..], &[0]].concat());
        for claim in [0, 7, 100_000_000, 100_000_001, u64::MAX] {
            damaged.push([&u64::to_le_bytes(claim)[..], &whole[8..]].concat());
        }
        // Where a head with another byte still describes the file, both take it.
        let head = 8 + usize::from(whole[0]) + 256 * usize::from(whole[1]);
        damaged.extend((8..head).map(|at| {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            changed
        }));
        for bytes in damaged {
            let in_memory = tensors::decode(Path::new(PATH), &bytes);
            match (open(&bytes), in_memory) {
                (Ok(_), Ok(_)) => {}
                (Err(error), Err(_)) => assert!(
                    error.to_string().starts_with("model.safetensors: "),
                    "{error}"
                ),
                (in_file, in_memory) => panic!("{:?}, {in_memory:?}", in_file.map(|_| "taken")),
            }
        }
    }
}
