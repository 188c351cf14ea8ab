//! The reader of IDX files: what is read, and every way in which a file can be wrong.

use std::io::Cursor;

use crate::common::idx::{file, pack};
use dropwise::data::idx::{Idx, parse};
use proptest::prelude::*;

fn read(bytes: &[u8]) -> dropwise::Result<Idx> {
    parse("a.idx", bytes, Some(bytes.len() as u64))
}

#[track_caller]
fn refused(bytes: &[u8], expected: &str) {
    let error = read(bytes).expect_err("a malformed file").to_string();
    assert!(
        error.starts_with("a.idx: ") && error.contains(expected),
        "{error}"
    );
}

#[test]
fn a_file_too_short_for_its_header_is_an_error_that_counts_its_bytes() {
    refused(
        &[],
        "expected 4 bytes, the beginning `0 0 8 n` of an IDX file, found 0",
    );
    refused(&[0, 0, 8], "found 3");
    refused(
        &[0, 0, 8, 3, 0, 0, 0, 1],
        "expected 12 bytes, the sizes of 3 dimensions, found 4",
    );
}

#[test]
fn a_wrong_beginning_is_an_error_that_shows_it() {
    refused(
        b"7,0,1",
        "bytes 0 to 3: expected 00 00 08 and the number of dimensions, found 37 2c 30 2c",
    );
    refused(
        &[0, 0, 0x0d, 1],
        "byte 2: expected the element type 0x08 (unsigned bytes), found 0x0d (32-bit floats)",
    );
    refused(&[0, 0, 8, 0], "byte 3: expected 1 to 3 dimensions, found 0");
    refused(&[0, 0, 8, 4], "byte 3: expected 1 to 3 dimensions, found 4");
}

#[test]
fn a_size_of_zero_is_an_error_that_names_the_dimension() {
    refused(
        &file(&[3, 0, 2], &[]),
        "bytes 8 to 11: expected a size of dimension 2 of at least 1, found 0",
    );
}

#[test]
fn a_truncated_or_padded_file_is_an_error_that_names_both_sizes() {
    let bytes = file(&[2, 3], &[1, 2, 3, 4, 5, 6]);
    refused(
        &bytes[..17],
        "header: 2 x 3 values make a file of 18 bytes, found 17",
    );
    refused(
        &[&bytes[..], &[0]].concat(),
        "2 x 3 values make a file of 18 bytes, found 19",
    );
}

#[test]
fn too_few_or_too_many_packed_values_are_an_error_that_counts_them() {
    refused(
        &pack(&file(&[2, 3], &[1; 5])),
        "after the header: expected 6 values, as the header says, found 5",
    );
    refused(
        &pack(&file(&[2, 3], &[1; 7])),
        "expected 6 values, as the header says, found more",
    );
    // The same where the size is not known.
    let error = parse("pipe", &file(&[4], &[1; 3])[..], None).expect_err("a short file");
    assert!(
        error
            .to_string()
            .contains("expected 4 values, as the header says, found 3"),
        "{error}"
    );
    parse("pipe", &file(&[4], &[1; 5])[..], None).expect_err("a long file");
}

#[test]
fn damaged_gzip_is_an_error_that_says_what_is_damaged() {
    let whole = pack(&file(&[40], &[7; 40]));
    for kept in 2..whole.len() {
        refused(&whole[..kept], "the gzip data end too early");
    }
    let mut wrong_sum = whole.clone();
    let sum = whole.len() - 8;
    wrong_sum[sum] ^= 1;
    refused(&wrong_sum, "not valid gzip data: ");
    refused(
        &[&whole[..], b"something else"].concat(),
        "not valid gzip data: ",
    );
    refused(
        &[0x1f, 0x8b, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0],
        "not valid gzip data: ",
    );
}

#[test]
fn a_gzip_of_two_members_is_one_file() {
    let bytes = file(&[2, 3], &[1, 2, 3, 4, 5, 6]);
    let parts = [pack(&bytes[..9]), pack(&bytes[9..])].concat();
    assert_eq!(
        read(&parts).expect("one file"),
        read(&bytes).expect("a file")
    );
}

#[test]
fn a_claim_that_the_file_cannot_hold_is_refused_before_memory_is_taken() {
    let claims = |sizes: &[u32]| file(sizes, &[0; 100]);
    let most = 1 << 31;
    refused(
        &claims(&[most, most]),
        "2147483648 x 2147483648 values make a file of 4611686018427387916 bytes, found 112",
    );
    refused(
        &claims(&[most, most, 28]),
        "2147483648 x 2147483648 x 28 are more values than memory can hold",
    );
    refused(&pack(&claims(&[most, most])), "more than a gzip file of");
    refused(
        &pack(&claims(&[most, most, 28])),
        "are more values than memory can hold",
    );
    // A size that is not known bears nothing out: 4 TiB are claimed, and 100 bytes arrive.
    let error = parse("pipe", &claims(&[1 << 21, 1 << 21])[..], None).expect_err("a bomb");
    assert!(
        error
            .to_string()
            .contains("expected 4398046511104 values, as the header says, found 100"),
        "{error}"
    );
}

#[test]
fn reading_stops_one_byte_past_the_claim() {
    // Bytes that do not pack: 4 MiB of them behind a header that claims 10.
    let noise: Vec<u8> = (0..1_u32 << 22)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    for bytes in [file(&[10], &noise), pack(&file(&[10], &noise))] {
        let mut counted = Cursor::new(&bytes);
        let error = parse("long", &mut counted, None).expect_err("a long file");
        assert!(
            error
                .to_string()
                .contains("expected 10 values, as the header says, found more"),
            "{error}"
        );
        assert!(
            counted.position() <= 1 << 17,
            "{} bytes were read",
            counted.position()
        );
    }
}

fn any_file() -> impl Strategy<Value = (Vec<u32>, Vec<u8>)> {
    prop::collection::vec(1..9_u32, 1..4).prop_flat_map(|dims| {
        let values = prop::collection::vec(any::<u8>(), dims.iter().product::<u32>() as usize);
        (Just(dims), values)
    })
}

/// Whatever is read keeps its promise, in memory that the bytes account for.
fn check_any(bytes: &[u8]) -> Result<(), TestCaseError> {
    let known = read(bytes);
    let unknown = parse("a.idx", bytes, None);
    prop_assert_eq!(known.is_ok(), unknown.is_ok());
    if let Ok(idx) = known {
        prop_assert_eq!(idx.dims.iter().product::<usize>(), idx.values.len());
        prop_assert!(idx.values.len() <= 1032 * bytes.len());
        prop_assert_eq!(idx.values.capacity(), idx.values.len());
        prop_assert_eq!(idx, unknown.expect("the same"));
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_written_is_read((dims, values) in any_file(), packed: bool) {
        let bytes = file(&dims, &values);
        let bytes = if packed { pack(&bytes) } else { bytes };
        check_any(&bytes)?;
        let idx = read(&bytes).expect("a whole file");
        prop_assert_eq!(idx.dims, dims.iter().map(|size| *size as usize).collect::<Vec<_>>());
        prop_assert_eq!(idx.values, values);
    }

    #[test]
    fn every_truncation_is_an_error((dims, values) in any_file(), packed: bool, at: prop::sample::Index) {
        let bytes = file(&dims, &values);
        let bytes = if packed { pack(&bytes) } else { bytes };
        let cut = &bytes[..at.index(bytes.len())];
        check_any(cut)?;
        prop_assert!(read(cut).is_err());
    }

    #[test]
    fn a_damaged_packed_file_is_refused_or_gives_the_very_same_data(
        (dims, values) in any_file(),
        at: prop::sample::Index,
        flip in 1..=255_u8,
    ) {
        let whole = file(&dims, &values);
        let mut bytes = pack(&whole);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        check_any(&bytes)?;
        // Only the mark of gzip and the time and system in its header are outside its checksum.
        if let Ok(idx) = read(&bytes) {
            prop_assert!(at >= 2);
            prop_assert_eq!(idx, read(&whole).expect("a whole file"));
        }
    }

    #[test]
    fn a_damaged_file_never_panics((dims, values) in any_file(), at: prop::sample::Index, flip in 1..=255_u8) {
        let mut bytes = file(&dims, &values);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        check_any(&bytes)?;
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), packed: bool, n in 0..5_u8) {
        check_any(&bytes)?;
        let started = [&[0, 0, 8, n][..], &bytes].concat();
        check_any(&if packed { pack(&started) } else { started })?;
    }
}
