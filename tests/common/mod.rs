//! What several test files share: the backends to test on, the reference numbers, comparisons.
#![allow(dead_code, reason = "every test file uses a part of it")]

pub mod idx;
pub mod in_memory;
pub mod layers;
pub mod numbered;
pub mod rows;

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use dropwise::config::Precision;
use dropwise::{Backend, LayerWeights};
use serde_json::Value;

/// Every backend compiled in, opened, with autodiff.
pub fn backends() -> Vec<(Backend, Device)> {
    Backend::compiled()
        .map(|backend| {
            let device = backend.device().expect("a backend that starts").autodiff();
            (backend, device)
        })
        .collect()
}

/// The folder of the whole repository, whichever package's tests run.
pub fn repository() -> &'static Path {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let root = folders.find(|folder| folder.join("Cargo.lock").exists());
    root.expect("a workspace")
}

/// A file of `tests/golden`; its README says what made it.
pub fn golden(name: &str) -> Value {
    let path = format!("tests/golden/{name}.json");
    let text = std::fs::read_to_string(repository().join(path)).expect("a golden file");
    serde_json::from_str(&text).expect("JSON")
}

/// All numbers of a nested JSON array, in order.
pub fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().expect("a number")],
    }
}

/// A layer from a JSON matrix `[in][out]` and perhaps a bias.
pub fn layer(weight: &Value, bias: Option<&Value>) -> LayerWeights {
    let rows = weight.as_array().expect("a matrix");
    LayerWeights {
        d_input: rows.len(),
        d_output: rows[0].as_array().expect("a row").len(),
        weight: numbers(weight),
        bias: bias.map(numbers),
    }
}

/// A tensor of shape `[rows, width]`.
pub fn tensor(values: &[f64], width: usize, device: &Device, precision: Precision) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [values.len() / width, width]);
    Tensor::from_data(data, (device, precision.dtype()))
}

/// The largest difference, relative to the largest expected number.
pub fn relative_difference(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let scale = expected.iter().map(|e| e.abs()).fold(0.0, f64::max);
    let differences = found.iter().zip(expected).map(|(f, e)| (f - e).abs());
    let worst = differences.fold(
        0.0,
        |worst: f64, d| if d.is_nan() { d } else { worst.max(d) },
    );
    worst / scale
}

/// Asserts that numbers agree within a bound, relative to the largest expected number.
#[track_caller]
pub fn assert_close(what: &str, found: &[f64], expected: &[f64], bound: f64) {
    let difference = relative_difference(found, expected);
    assert!(
        difference <= bound,
        "{what}: relative difference {difference:.1e} is over {bound:.0e}"
    );
}

/// The same for every layer of a network.
#[track_caller]
pub fn assert_layers_close(
    what: &str,
    found: &[LayerWeights],
    expected: &[LayerWeights],
    bound: f64,
) {
    assert_eq!(found.len(), expected.len(), "{what}: number of layers");
    for (k, (found, expected)) in found.iter().zip(expected).enumerate() {
        let what = format!("{what}, layer {}", k + 1);
        assert_close(&what, &found.weight, &expected.weight, bound);
        if let (Some(found), Some(expected)) = (&found.bias, &expected.bias) {
            assert_close(&format!("{what}, bias"), found, expected, bound);
        }
    }
}
