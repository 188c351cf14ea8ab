//! A training's snapshot as a checkpoint, and back.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Checkpoint;
use super::weights::{from_arrays, to_arrays};
use dropwise::config::Precision;
use dropwise::error::{Error, Result};
use dropwise::train::{BestSnapshot, OptimizerAverages, Snapshot};

const WEIGHTS: &str = "network.";
const FIRST: &str = "optimizer.first.";
const SECOND: &str = "optimizer.second.";
const BEST: &str = "best.";
const STATE: &str = "state";

/// What a snapshot holds beside arrays. Floating-point numbers are kept by their bits: a decimal
/// cannot say that a loss is infinite.
#[derive(Serialize, Deserialize)]
struct State {
    step: usize,
    loss_sum_bits: u64,
    loss_rows: usize,
    best: Option<BestState>,
}

#[derive(Serialize, Deserialize)]
struct BestState {
    step: usize,
    loss_bits: u64,
    #[serde(alias = "waited")]
    evaluations_since: usize,
}

/// The checkpoint of a snapshot.
///
/// # Errors
/// [`Error::InvalidValue`] if the state cannot be written as JSON, which does not happen.
pub fn to_checkpoint(snapshot: &Snapshot, precision: Precision) -> Result<Checkpoint> {
    let mut arrays = to_arrays(WEIGHTS, &snapshot.weights, precision);
    arrays.extend(to_arrays(FIRST, &snapshot.averages.first, precision));
    arrays.extend(to_arrays(SECOND, &snapshot.averages.second, precision));
    if let Some(best) = &snapshot.best {
        arrays.extend(to_arrays(BEST, &best.weights, precision));
    }
    let state = State {
        step: snapshot.step,
        loss_sum_bits: snapshot.loss_sum.to_bits(),
        loss_rows: snapshot.loss_rows,
        best: snapshot.best.as_ref().map(|best| BestState {
            step: best.step,
            loss_bits: best.loss.to_bits(),
            evaluations_since: best.evaluations_since,
        }),
    };
    let state = serde_json::to_string(&state)
        .map_err(|cause| Error::invalid("the training's state", "JSON", cause))?;
    Ok(Checkpoint {
        arrays,
        metadata: BTreeMap::from([(STATE.to_owned(), state)]),
    })
}

/// The snapshot in a checkpoint. `file` is named in errors.
///
/// # Errors
/// [`Error::Store`] if the checkpoint is not one of a training.
pub fn from_checkpoint(file: &Path, checkpoint: &Checkpoint) -> Result<Snapshot> {
    let foreign = |problem: String| Error::Store {
        path: file.to_owned(),
        problem,
        fix: "it is not a checkpoint of this version of dropwise".to_owned(),
    };
    let Some(state) = checkpoint.metadata.get(STATE) else {
        return Err(foreign("the training's state is missing".to_owned()));
    };
    let state: State = serde_json::from_str(state)
        .map_err(|cause| foreign(format!("the training's state cannot be read: {cause}")))?;
    let layers = |prefix: &str| from_arrays(file, prefix, &checkpoint.arrays);
    let best = match state.best {
        Some(best) => Some(BestSnapshot {
            step: best.step,
            loss: f64::from_bits(best.loss_bits),
            evaluations_since: best.evaluations_since,
            weights: layers(BEST)?,
        }),
        None => None,
    };
    Ok(Snapshot {
        step: state.step,
        weights: layers(WEIGHTS)?,
        averages: OptimizerAverages {
            first: layers(FIRST)?,
            second: layers(SECOND)?,
        },
        loss_sum: f64::from_bits(state.loss_sum_bits),
        loss_rows: state.loss_rows,
        best,
    })
}
