//! Writing a run.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::Path;

use super::checkpoint::{self, Checkpoint};
use super::folder::{Kind, create_folder, remove, remove_unfinished};
use super::lock::Lock;
use super::stored::{ModelName, StoredRun, open_for_reading};
use super::tensors::{self, Array};
use super::{CHECKPOINTS, CONFIG, METRICS, PREPARATION, REPORT, SECONDS, TRAIL, atomic, jsonl};
use dropwise::error::Result;

/// How many checkpoints a run keeps: the newest, and one before it in case the newest is damaged.
pub const KEEP: usize = 2;

const RUN: Kind = Kind {
    config: CONFIG,
    holds: "the folder of a `dropwise train`",
    before: &[METRICS, PREPARATION],
    problem: "already holds a run",
    fix: "choose another --out, or go on with it: `--resume {dir}`",
};

/// A run that this process may write to. All that a [`StoredRun`] has can be read from it.
///
/// Every file appears whole or not at all. Where writing fails (a full disk, a read-only folder, a
/// folder removed meanwhile), what was there stays, and the error is
/// [`Error::WriteFile`](dropwise::Error::WriteFile) with the file's path.
#[derive(Debug)]
pub struct Run {
    stored: StoredRun,
    _lock: Lock,
}

impl Deref for Run {
    type Target = StoredRun;

    fn deref(&self) -> &StoredRun {
        &self.stored
    }
}

impl Run {
    /// Makes a run in `dir`, which is created, parents included, or has to be empty.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if the folder holds a run or anything else, or is in use;
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written.
    pub fn create(dir: &Path, config_text: &str, preparation_json: &str) -> Result<Run> {
        let lock = RUN.take(dir)?;
        atomic::write(&dir.join(METRICS), b"")?;
        atomic::write(&dir.join(PREPARATION), preparation_json.as_bytes())?;
        // The last of them: it is what makes the folder a run.
        atomic::write(&dir.join(CONFIG), config_text.as_bytes())?;
        create_folder(&dir.join(CHECKPOINTS))?;
        Ok(Run {
            stored: open_for_reading(dir)?,
            _lock: lock,
        })
    }

    /// Opens the run in `dir` to go on with it, and removes what interrupted writes left behind.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if there is no run or if it is in use;
    /// [`Error::Read`](dropwise::Error::Read) or [`Error::WriteFile`](dropwise::Error::WriteFile) if its files
    /// cannot be read or written.
    pub fn resume(dir: &Path) -> Result<Run> {
        let stored = open_for_reading(dir)?;
        let lock = Lock::take(dir)?;
        let checkpoints = dir.join(CHECKPOINTS);
        create_folder(&checkpoints)?;
        remove_unfinished(dir)?;
        remove_unfinished(&checkpoints)?;
        Ok(Run {
            stored,
            _lock: lock,
        })
    }

    /// Writes the checkpoint after `step` steps. Once it is safely on the disk, all others go but the
    /// newest before it, so that [`KEEP`] remain.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written; the checkpoints before it stay.
    /// Those of [`checkpoint::encode`].
    pub fn save_checkpoint(&mut self, step: u64, checkpoint: &Checkpoint) -> Result<()> {
        let bytes = checkpoint::encode(&checkpoint.arrays, &checkpoint.metadata)?;
        // A resumed run keeps the lines before its checkpoint: they have to be as durable as it is.
        jsonl::sync(&self.dir().join(METRICS))?;
        if self.has_trail() {
            jsonl::sync(&self.dir().join(TRAIL))?;
        }
        let path = self.checkpoints().join(format!("step-{step:010}.ckpt"));
        atomic::write(&path, &bytes)?;
        self.remove_old_checkpoints(step)
    }

    /// Writes the configuration that the run has from now on, in place of the one before it.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written.
    pub fn save_config(&mut self, config_text: &str) -> Result<()> {
        atomic::write(&self.dir().join(CONFIG), config_text.as_bytes())?;
        self.stored.config_text = config_text.to_owned();
        Ok(())
    }

    /// Writes how many seconds training has taken up to the newest checkpoint, over all processes. A file of its
    /// own, so that checkpoints are the same bytes however long they took.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written.
    pub fn save_seconds(&mut self, seconds: f64) -> Result<()> {
        atomic::write(
            &self.checkpoints().join(SECONDS),
            format!("{seconds:.3}\n").as_bytes(),
        )
    }

    /// Appends one line of JSON to the metrics. `line` has no line break; one is added.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written; the lines before it stay.
    pub fn append_metrics(&mut self, line: &str) -> Result<()> {
        jsonl::append(&self.dir().join(METRICS), line)
    }

    /// Keeps the lines of the metrics for which `keep` holds, and drops a last line that was cut
    /// short: a run that goes on from a checkpoint will write again what came after it.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) with the line's number if one that is not the last is not JSON.
    pub fn rewind_metrics(&mut self, keep: impl Fn(&serde_json::Value) -> bool) -> Result<()> {
        jsonl::rewind(&self.dir().join(METRICS), keep)
    }

    /// Appends one line of JSON to the recorded weights, as [`append_metrics`](Self::append_metrics) does to the
    /// metrics.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written; the lines before it stay.
    pub fn append_trail(&mut self, line: &str) -> Result<()> {
        jsonl::append(&self.dir().join(TRAIL), line)
    }

    /// Keeps the lines of the recorded weights for which `keep` holds, as [`rewind_metrics`](Self::rewind_metrics)
    /// does those of the metrics. Where none were recorded there is no file, and none is made.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) with the line's number if one that is not the last is not JSON.
    pub fn rewind_trail(&mut self, keep: impl Fn(&serde_json::Value) -> bool) -> Result<()> {
        if self.has_trail() {
            jsonl::rewind(&self.dir().join(TRAIL), keep)
        } else {
            Ok(())
        }
    }

    /// Writes one of the run's two models, in place of the one before it.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written; those of [`tensors::encode`].
    pub fn save_model(
        &mut self,
        name: ModelName,
        arrays: &[Array],
        metadata: &BTreeMap<String, String>,
    ) -> Result<()> {
        let bytes = tensors::encode(arrays, metadata)?;
        atomic::write(&self.dir().join(name.file()), &bytes)
    }

    /// Writes the report, in place of the one before it.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written.
    pub fn save_report(&mut self, json: &str) -> Result<()> {
        atomic::write(&self.dir().join(REPORT), json.as_bytes())
    }

    /// Leaves the checkpoint of `step` and those before it, [`KEEP`] in all. One of a later step is
    /// damaged, or training would have gone on from it.
    fn remove_old_checkpoints(&self, step: u64) -> Result<()> {
        let (kept, later): (Vec<_>, Vec<_>) = self
            .stored_checkpoints()?
            .into_iter()
            .partition(|(other, _)| *other <= step);
        let old = &kept[..kept.len().saturating_sub(KEEP)];
        old.iter()
            .chain(&later)
            .try_for_each(|(_, path)| remove(path))
    }
}
