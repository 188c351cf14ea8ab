//! Any bytes as an IDX file: an array that keeps its header's promise, or an error; never a panic.

#![no_main]

use dropwise::data::idx::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let known = parse("fuzz", bytes, Some(bytes.len() as u64));
    let unknown = parse("fuzz", bytes, None);
    // Knowing the size finds a mistake earlier; it decides nothing.
    assert_eq!(known.is_ok(), unknown.is_ok());
    if let Ok(idx) = known {
        assert_eq!(idx.dims.iter().product::<usize>(), idx.values.len());
        assert_eq!(Some(idx), unknown.ok());
    }
});
