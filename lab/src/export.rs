//! Trained networks for other programs, with all that it takes to use them.

mod columns;
mod examples;
mod onnx;
mod protobuf;
mod pytorch;
pub mod tensorboard;

use std::collections::BTreeMap;

use burn::tensor::DType;
use dropwise::config::Precision;
use dropwise::error::{Error, Result};

use crate::store::{StoredRun, Trained};

pub use onnx::{Inputs, OnnxModel, onnx};
pub use pytorch::{PyTorchModel, PyTorchWeights, pytorch};

/// What a file says of where it comes from.
fn metadata(trained: &Trained, run: &StoredRun, threshold: f64) -> BTreeMap<String, String> {
    let mut metadata = trained.metadata.clone();
    metadata.extend(
        [
            ("config.toml", run.config_text().to_owned()),
            ("preparation.json", run.preparation_json().to_owned()),
            ("seed", trained.experiment.seed.to_string()),
            ("data_sha256", trained.prepared.data_sha256.clone()),
            ("model", trained.name.to_string()),
            ("threshold", threshold.to_string()),
        ]
        .map(|(key, value)| (key.to_owned(), value)),
    );
    metadata
}

/// The precision of a network whose weights are finite numbers; no other is written.
fn checked_precision(trained: &Trained) -> Result<Precision> {
    for network in trained.members() {
        if !network.is_finite()? {
            let found = "one that is infinite or not a number";
            return Err(Error::invalid("the model", "finite weights", found));
        }
    }
    Ok(match trained.network().dtype() {
        DType::F64 => Precision::Float64,
        _ => Precision::Float32,
    })
}
