//! A run on disk: its configuration, checkpoints, models and metrics.
//!
//! A run is a folder:
//!
//! | file | what it holds |
//! |---|---|
//! | `config.toml` | the resolved configuration, written before the first step |
//! | `preparation.json` | what the data were prepared with |
//! | `metrics.jsonl` | a line of JSON for each evaluation |
//! | `trail.jsonl` | a line of JSON for each step at which some weights are recorded: see [`Recorder`](crate::explain::Recorder) |
//! | `checkpoints/step-0000001234.ckpt` | all that training needs to go on from that step |
//! | `checkpoints/seconds.txt` | how long training has taken up to the newest checkpoint, over all processes |
//! | `best.safetensors`, `last.safetensors` | weights that other tools can read |
//! | `baselines.json` | what the network has to beat, once training has ended |
//! | `calibration.json` | what the calibration rows say about the network, where there are any |
//! | `report.json` | the results |
//! | `lock` | the process that writes to the folder |
//!
//! [`Run`] writes to it, one process at a time; [`StoredRun`] reads from it, training or not. Every
//! file appears whole or not at all (see [`atomic`]); only the two files of lines grow, line by line.
//!
//! A study has an [`OutFolder`] with `study.toml`, `study.jsonl` (a line a network), `study.json` (the summary),
//! `table.md` and `study.svg`.
//!
//! `dropwise tune` keeps its trials in a [`TuneFolder`]: `tune.toml`, `study.jsonl` (a line a trial, which grows),
//! then `tune.json` (the summary), `tune.svg` and `best.toml`. Where several processes work on one study, `trials/` has a file for
//! each trial that has ended, and `study.jsonl` comes last.
//!
//! `dropwise reproduce` keeps an experiment in a [`PaperFolder`]: `paper.toml` (the experiment), `runs/` (a run for
//! each network, with its `outcome.json`), then `summary.json`, `table.md` and `figure.svg`.
//!
//! [`Trained`] is a run's model, ready for use. Below that, files hold bytes and named arrays:
//! [`weights`] and [`snapshot`] say what those mean.

pub mod atomic;
mod baselines;
mod calibration;
pub mod checkpoint;
mod explained;
mod folder;
mod foreign;
mod jsonl;
mod lock;
mod model_file;
mod paper;
mod run;
pub mod snapshot;
mod stored;
pub mod tensors;
pub(crate) mod torch;
mod trained;
mod transpose;
mod tune;
pub mod weights;

use std::path::Path;
use std::{fs, io};

use dropwise::error::{Error, Result};

pub use baselines::{keep_baselines, kept_baselines};
pub use calibration::{Asked, FoundCalibration, calibration_of, keep_calibration};
pub use checkpoint::Checkpoint;
pub use explained::explain_run;
pub use folder::OutFolder;
pub use foreign::{foreign_weights, weights_of};
pub use paper::{PaperFolder, PaperParts};
pub use run::{KEEP, Run};
pub use stored::{ModelName, StoredRun, open_for_reading};
pub use tensors::{Array, ArrayValues};
pub use trained::{Prepared, Trained, experiment_of};
pub use tune::{Claim, TuneFolder};

const CONFIG: &str = "config.toml";
const PREPARATION: &str = "preparation.json";
const METRICS: &str = "metrics.jsonl";
const TRAIL: &str = "trail.jsonl";
const SECONDS: &str = "seconds.txt";
const CHECKPOINTS: &str = "checkpoints";
const BASELINES: &str = "baselines.json";
const CALIBRATION: &str = "calibration.json";
const REPORT: &str = "report.json";
const LOCK: &str = "lock";

/// The text of a file; none if it is not there.
///
/// # Errors
/// [`Error::Read`] if it cannot be read.
pub fn read_if_there(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        text => text.map(Some).map_err(|cause| cannot_read(path, cause)),
    }
}

fn cannot_read(path: &Path, cause: io::Error) -> Error {
    let path = path.to_owned();
    Error::Read { path, cause }
}

fn cannot_write(path: &Path, cause: io::Error) -> Error {
    let path = path.to_owned();
    Error::WriteFile { path, cause }
}

fn refused(path: &Path, problem: impl Into<String>, fix: impl Into<String>) -> Error {
    Error::Store {
        path: path.to_owned(),
        problem: problem.into(),
        fix: fix.into(),
    }
}
