use std::collections::BTreeMap;
use std::path::Path;

use dropwise_lab::store::checkpoint::{decode, encode};
use dropwise_lab::store::{Array, ArrayValues, Checkpoint};
use proptest::prelude::*;

use super::checkpoint_of;
use super::tensors::{any_arrays, any_metadata};

fn file() -> Vec<u8> {
    let Checkpoint { arrays, metadata } = checkpoint_of(7);
    encode(&arrays, &metadata).expect("a file")
}

#[track_caller]
fn refused(bytes: &[u8]) -> String {
    let error = decode(Path::new("step-7.ckpt"), bytes).expect_err("an error");
    let text = error.to_string();
    assert!(text.starts_with("step-7.ckpt: expected "), "{text}");
    text
}

proptest! {
    #[test]
    fn what_is_written_is_read(arrays in any_arrays(), metadata in any_metadata()) {
        let bytes = encode(&arrays, &metadata).expect("a file");
        let read = decode(Path::new("a.ckpt"), &bytes).expect("its content");
        prop_assert_eq!(&read.metadata, &metadata);
        // Bytes, since NaNs differ from themselves.
        prop_assert_eq!(encode(&read.arrays, &read.metadata).expect("a file"), bytes);
    }

    #[test]
    fn a_foreign_file_is_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        prop_assert!(decode(Path::new("a.ckpt"), &bytes).is_err());
    }
}

/// What follows the first line was written by Python's `safetensors.numpy.save`, version 0.8.0, with
/// NumPy 2.4.6; the checksum was computed by `hashlib.sha256`.
#[test]
fn a_checkpoint_is_this_file_byte_for_byte() {
    let arrays = [
        ("a", vec![2], ArrayValues::F32(vec![1.0, -0.0])),
        ("b", vec![3], ArrayValues::Bytes(vec![7, 8, 9])),
        ("c", vec![], ArrayValues::F64(vec![0.5])),
    ]
    .map(|(name, shape, values)| Array {
        name: name.to_owned(),
        shape,
        values,
    });
    let metadata = BTreeMap::from([("step".to_owned(), "7".to_owned())]);
    let mut expected =
        b"dropwise checkpoint 1 ee848ca04c4392df47f8840f6dde3838fd20a2161a3b9d0d98aa372af202475f\n"
            .to_vec();
    expected.extend(b"\xc0\x00\x00\x00\x00\x00\x00\x00");
    expected.extend(
        br#"{"__metadata__":{"step":"7"},"c":{"dtype":"F64","shape":[],"data_offsets":[0,8]},"#,
    );
    expected.extend(br#""a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"#);
    expected.extend(br#""b":{"dtype":"U8","shape":[3],"data_offsets":[16,19]}}   "#);
    expected.extend(b"\x00\x00\x00\x00\x00\x00\xe0?\x00\x00\x80?\x00\x00\x00\x80\x07\x08\t");
    let found = encode(&arrays, &metadata).expect("a file");
    assert_eq!(
        found.escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
    let read = decode(Path::new("a.ckpt"), &expected).expect("its content");
    assert_eq!(read.arrays, arrays);
    assert_eq!(read.metadata, metadata);
}

#[test]
fn every_value_of_every_byte_but_the_right_one_is_refused() {
    let bytes = file();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        for value in (0..=u8::MAX).filter(|value| *value != bytes[place]) {
            changed[place] = value;
            assert!(
                decode(Path::new("a.ckpt"), &changed).is_err(),
                "byte {place} as {value}"
            );
        }
    }
}

#[test]
fn every_shortened_or_lengthened_file_is_refused() {
    let mut bytes = file();
    for length in 0..bytes.len() {
        let text = refused(&bytes[..length]);
        assert!(text.contains("the file is damaged or cut short"), "{text}");
    }
    bytes.push(0);
    refused(&bytes);
}

#[test]
fn a_wrong_checksum_names_what_was_expected_and_found() {
    let mut bytes = file();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let text = refused(&bytes);
    let expected = str::from_utf8(&bytes[22..86]).expect("hexadecimal digits");
    assert!(
        text.contains(&format!("SHA-256 {expected}, found ")),
        "{text}"
    );
    assert!(text.contains("damaged or cut short"), "{text}");
}

#[test]
fn a_checkpoint_of_a_later_version_is_not_called_damaged() {
    let bytes = file();
    let newer = [b"dropwise checkpoint 2 ".as_slice(), &bytes[22..]].concat();
    assert_eq!(
        refused(&newer),
        "step-7.ckpt: expected a checkpoint of version 1, found version 2; use the version of \
         dropwise that wrote it"
    );
}
