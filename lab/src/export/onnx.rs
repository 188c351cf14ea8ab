//! A trained network as an ONNX model, with the preparation of its rows: see [`onnx`].

mod check;
mod graph;
mod network;
mod prepare;
mod run;

use dropwise::error::{Error, Result};

use super::columns::Rows;
use super::{checked_precision, metadata};
use crate::store::{StoredRun, Trained};
use graph::{Graph, Place};

/// What the model takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Inputs {
    /// The columns of a row as they are, each an input `[batch, 1]` of its name, a number of 64 bits or a text; or images, one
    /// input `pixels`, `[batch, height * width]`.
    #[default]
    Columns,
    /// The network's inputs, prepared already: one input `inputs`, `[batch, d_input]`, of the network's precision.
    Matrix,
}

/// An ONNX model, and how far it was found to be from the network.
#[derive(Debug, Clone, PartialEq)]
pub struct OnnxModel {
    /// The file.
    pub bytes: Vec<u8>,
    /// The rows that it was checked on.
    pub rows: usize,
    /// The largest difference between what the file and the network answer for them; of a regression divided by the target's
    /// deviation.
    pub difference: f64,
}

/// Protocol Buffers hold no more.
const MOST_BYTES: usize = i32::MAX as usize;

/// The model of a run as an ONNX file (operators of version 17 and `ai.onnx.ml` 3), which ONNX Runtime and others compute.
///
/// Rows are prepared as the program prepares them, in 64 bits; the network computes in its own precision; and what comes out is
/// what `predict` says: for classes `label` (`[batch]`) and `probabilities` or, where the outputs are none, `scores`; for
/// numbers `prediction`, in the units of the data. A row that `predict` would refuse has an empty label and NaN. The
/// run's configuration, preprocessing, seed and hash of the data are the file's metadata.
///
/// The file is read back and computed on rows made up of all that its columns can hold (each category, a new one, a missing
/// value), and compared with the network. `threshold` is the probability above which the second of two classes is the answer.
///
/// # Errors
/// [`Error::Compute`] if the file answers differently from the network; [`Error::InvalidValue`] if the model would be larger
/// than 2 GB, which the format cannot hold, or if a weight is not a finite number.
pub fn onnx(
    trained: &Trained,
    run: &StoredRun,
    inputs: Inputs,
    threshold: f64,
) -> Result<OnnxModel> {
    checked_precision(trained)?;
    let mut graph = Graph::new(metadata(trained, run, threshold));
    let prepared = match inputs {
        Inputs::Columns => {
            let rows = Rows::of(&trained.prepared.preprocessing)?;
            prepare::prepare(&mut graph, &rows)
        }
        Inputs::Matrix => graph.input(Place {
            name: "inputs".to_owned(),
            kind: network::own_type(trained),
            width: Some(trained.network().dims()[0]),
            words: format!(
                "prepared inputs: {}",
                trained.prepared.preprocessing.input_names().join(", ")
            ),
        }),
    };
    network::answer(&mut graph, trained, &prepared, threshold)?;
    let bytes = graph.encode();
    if bytes.len() > MOST_BYTES {
        return Err(Error::invalid(
            "the model",
            "at most 2 GB as ONNX",
            format!("{} bytes", bytes.len()),
        ));
    }
    let (rows, difference) = check::check(&bytes, trained, inputs, threshold)?;
    Ok(OnnxModel {
        bytes,
        rows,
        difference,
    })
}
