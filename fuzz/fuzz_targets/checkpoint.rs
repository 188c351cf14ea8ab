//! Any bytes as a checkpoint: a checkpoint or an error, never a panic.

#![no_main]

use std::path::Path;

use dropwise_lab::store::checkpoint::decode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = decode(Path::new("fuzz"), bytes);
});
