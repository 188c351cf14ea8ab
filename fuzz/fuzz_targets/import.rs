//! Any bytes as a file of PyTorch: weights or an error, never a panic.

#![no_main]

use std::path::Path;

use dropwise::model::LayerWeights;
use dropwise_lab::store::weights_of;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let layer = LayerWeights {
        d_input: 4,
        d_output: 3,
        weight: vec![0.0; 12],
        bias: Some(vec![0.0; 3]),
    };
    let _ = weights_of(Path::new("fuzz"), bytes, &[layer]);
});
