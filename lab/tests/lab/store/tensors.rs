use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use dropwise_lab::store::tensors::{decode, encode};
use dropwise_lab::store::{Array, ArrayValues};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};

/// Numbers as their bits, so that NaNs can be compared.
fn bits(arrays: &[Array]) -> Vec<(&str, &[usize], &str, Vec<u64>)> {
    let bits = |values: &ArrayValues| match values {
        ArrayValues::F32(values) => (
            "F32",
            values
                .iter()
                .map(|value| u64::from(value.to_bits()))
                .collect(),
        ),
        ArrayValues::F64(values) => ("F64", values.iter().map(|value| value.to_bits()).collect()),
        ArrayValues::Bytes(values) => {
            ("U8", values.iter().map(|value| u64::from(*value)).collect())
        }
    };
    arrays
        .iter()
        .map(|array| {
            let (kind, bits) = bits(&array.values);
            (array.name.as_str(), array.shape.as_slice(), kind, bits)
        })
        .collect()
}

fn any_text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..8).prop_map(|characters| characters.into_iter().collect())
}

fn any_values(count: usize) -> impl Strategy<Value = ArrayValues> {
    prop_oneof![
        vec(any::<u32>().prop_map(f32::from_bits), count).prop_map(ArrayValues::F32),
        vec(any::<u64>().prop_map(f64::from_bits), count).prop_map(ArrayValues::F64),
        vec(any::<u8>(), count).prop_map(ArrayValues::Bytes),
    ]
}

/// Up to five arrays of any names, shapes (empty ones too) and bits, in order of their names.
pub fn any_arrays() -> impl Strategy<Value = Vec<Array>> {
    let content = vec(0..4_usize, 0..4).prop_flat_map(|shape| {
        let values = any_values(shape.iter().product());
        (Just(shape), values)
    });
    btree_map(any_text(), content, 0..5).prop_map(|arrays| {
        let array = |(name, (shape, values))| Array {
            name,
            shape,
            values,
        };
        arrays.into_iter().map(array).collect()
    })
}

pub fn any_metadata() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(any_text(), any_text(), 0..5)
}

/// The same file as the safetensors crate writes it.
fn by_the_crate(arrays: &[Array], metadata: &BTreeMap<String, String>) -> Vec<u8> {
    let bytes: Vec<(Dtype, Vec<u8>)> = arrays
        .iter()
        .map(|array| match &array.values {
            ArrayValues::F32(values) => (
                Dtype::F32,
                values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect(),
            ),
            ArrayValues::F64(values) => (
                Dtype::F64,
                values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect(),
            ),
            ArrayValues::Bytes(values) => (Dtype::U8, values.clone()),
        })
        .collect();
    let views = arrays.iter().zip(&bytes).map(|(array, (dtype, bytes))| {
        let view = TensorView::new(*dtype, array.shape.clone(), bytes).expect("a shape that fits");
        (&array.name, view)
    });
    let metadata: HashMap<String, String> = metadata.clone().into_iter().collect();
    let metadata = Some(metadata).filter(|metadata| !metadata.is_empty());
    safetensors::serialize(views, metadata).expect("a file")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn every_bit_of_every_array_and_all_metadata_come_back(
        arrays in any_arrays(),
        metadata in any_metadata(),
    ) {
        let bytes = encode(&arrays, &metadata).expect("a file");
        let (read, read_metadata) = decode(Path::new("model"), &bytes).expect("its content");
        prop_assert_eq!(bits(&read), bits(&arrays));
        prop_assert_eq!(read_metadata, metadata);
    }

    /// With two pieces of metadata or more, the crate's order changes from call to call.
    #[test]
    fn the_bytes_are_those_of_the_safetensors_crate(
        arrays in any_arrays(),
        metadata in btree_map(any_text(), any_text(), 0..2),
    ) {
        let found = encode(&arrays, &metadata).expect("a file");
        prop_assert_eq!(found, by_the_crate(&arrays, &metadata));
    }

    #[test]
    fn the_order_of_the_arrays_changes_no_byte(
        arrays in any_arrays(),
        metadata in any_metadata(),
        turn in 0..5_usize,
    ) {
        let mut turned = arrays.clone();
        turned.rotate_left(turn.min(arrays.len()));
        turned.reverse();
        let expected = encode(&arrays, &metadata).expect("a file");
        prop_assert_eq!(encode(&turned, &metadata).expect("a file"), expected);
    }

    #[test]
    fn a_shortened_or_lengthened_file_is_an_error(
        arrays in any_arrays(),
        metadata in any_metadata(),
    ) {
        let mut bytes = encode(&arrays, &metadata).expect("a file");
        for length in 0..bytes.len() {
            prop_assert!(decode(Path::new("model"), &bytes[..length]).is_err(), "{}", length);
        }
        bytes.push(0);
        prop_assert!(decode(Path::new("model"), &bytes).is_err());
    }

    #[test]
    fn a_changed_byte_or_a_foreign_file_never_panics(
        arrays in any_arrays(),
        metadata in any_metadata(),
        noise in vec(any::<u8>(), 0..64),
        byte in any::<u8>(),
    ) {
        let bytes = encode(&arrays, &metadata).expect("a file");
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] = byte;
            let _ = decode(Path::new("model"), &changed);
        }
        prop_assert!(decode(Path::new("model"), &noise).is_err());
    }
}

/// A file with this header and `data` bytes after it.
fn file(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[track_caller]
fn refused(bytes: &[u8]) -> String {
    let error = decode(Path::new("runs/a/last.safetensors"), bytes).expect_err("an error");
    let text = error.to_string();
    assert!(text.starts_with("runs/a/last.safetensors: "), "{text}");
    text
}

/// Each of these would take more memory than there is, if it were believed.
#[test]
fn a_header_that_claims_more_than_the_file_holds_is_refused() {
    let array = |shape: &str, start: u64, end: u64| {
        format!(r#"{{"w":{{"dtype":"F32","shape":{shape},"data_offsets":[{start},{end}]}}}}"#)
    };
    assert!(decode(Path::new("a"), &file(&array("[2]", 0, 8), 8)).is_ok());
    for (shape, start, end) in [
        ("[4611686018427387904]", 0, 1 << 63),
        ("[1000000000000]", 0, 4_000_000_000_000),
        ("[4294967296,4294967296,4294967296]", 0, 8),
        ("[18446744073709551615]", 0, u64::MAX),
        ("[2]", u64::MAX - 7, u64::MAX),
        ("[2]", 8, 0),
        ("[2]", 4, 12),
        ("[3]", 0, 8),
        ("[2]", 0, 12),
    ] {
        let text = refused(&file(&array(shape, start, end), 8));
        assert!(text.contains("damaged or cut short: "), "{shape}: {text}");
    }
    for length in [u64::MAX, 1 << 62, 100_000_001, 99_999_999] {
        let mut bytes = file(&array("[2]", 0, 8), 8);
        bytes[..8].copy_from_slice(&length.to_le_bytes());
        refused(&bytes);
    }
    refused(&file(&"[".repeat(100_000), 0));
    refused(&file(r#"{"__metadata__":{"a":1}}"#, 0));
    refused(&file("", 0));
}

#[test]
fn an_array_of_another_type_is_an_error_that_names_it() {
    let header = r#"{"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#;
    assert_eq!(
        refused(&file(header, 8)),
        "runs/a/last.safetensors: array `ids`: expected the type F32, F64 or U8, found I64; use a \
         file that dropwise wrote"
    );
}

#[test]
fn arrays_that_no_file_can_hold_are_refused_by_name() {
    let array = |name: &str, shape: &[usize]| Array {
        name: name.to_owned(),
        shape: shape.to_vec(),
        values: ArrayValues::F32(vec![0.0; 6]),
    };
    let refused = |arrays: &[Array]| {
        let error = encode(arrays, &BTreeMap::new()).expect_err("an error");
        error.to_string()
    };
    assert_eq!(
        refused(&[array("w", &[2, 2])]),
        "array `w`: expected as many values as the shape [2, 2] has, found 6"
    );
    let wraps = [usize::MAX / 2 + 1, 2, 3];
    assert!(refused(&[array("w", &wraps)]).starts_with("array `w`: "));
    assert_eq!(
        refused(&[array("w", &[6]), array("v", &[6]), array("w", &[2, 3])]),
        "array: expected a name that no other array has, found `w` twice"
    );
    assert_eq!(
        refused(&[array("__metadata__", &[6])]),
        "array: expected a name that the file format does not use itself, found `__metadata__`"
    );
}
