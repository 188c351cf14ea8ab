//! What a run's network has to beat, kept when training ends, so that it is at hand without the training rows.

use std::path::Path;

use dropwise::error::{Error, Result};

use super::trained::Trained;
use super::{BASELINES, atomic, read_if_there, refused};
use crate::baseline::Baselines;

/// Keeps the baselines of the run in `dir` in its folder.
///
/// # Errors
/// [`Error::WriteFile`] if they cannot be written; [`Error::Compute`] if the backend fails.
pub fn keep_baselines(dir: &Path, baselines: &Baselines) -> Result<()> {
    let weights = baselines.weights()?;
    // JSON has no word for other numbers. Whoever needs such baselines learns them again.
    if !weights.are_finite() {
        return Ok(());
    }
    let json = serde_json::to_vec(&weights)
        .map_err(|cause| Error::invalid("the baselines", "JSON", cause))?;
    atomic::write(&dir.join(BASELINES), &json)
}

/// The baselines that the run in `dir` has kept; none if it has none.
///
/// # Errors
/// [`Error::Store`] if they are damaged, or for other inputs or outputs than the run's.
pub fn kept_baselines(dir: &Path, trained: &Trained) -> Result<Option<Baselines>> {
    let path = dir.join(BASELINES);
    let Some(text) = read_if_there(&path)? else {
        return Ok(None);
    };
    let fix = "remove the file, and the baselines are learned again from the run's training rows";
    let damaged = |problem: String| refused(&path, problem, fix);
    let weights =
        serde_json::from_str(&text).map_err(|cause| damaged(format!("cannot be read: {cause}")))?;
    let network = (trained.network().dims()[0], &trained.network().device());
    let task = &trained.prepared.task;
    match Baselines::of_weights(&trained.experiment, weights, task, network) {
        Err(error @ (Error::Shape { .. } | Error::InvalidValue { .. })) => Err(damaged(format!(
            "does not fit the run's other files: {error}"
        ))),
        baselines => baselines.map(Some),
    }
}
