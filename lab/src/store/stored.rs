//! Reading a run, whether or not it is being trained.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::checkpoint::{self, Checkpoint};
use super::folder::names_in;
use super::model_file::ModelFile;
use super::tensors::{self, Array};
use super::{
    CHECKPOINTS, CONFIG, METRICS, PREPARATION, REPORT, SECONDS, TRAIL, cannot_read, jsonl, refused,
};
use dropwise::error::{Error, Result};

/// One of a run's two models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelName {
    /// The model that did best on the validation rows.
    Best,
    /// The model as it was last.
    Last,
}

impl ModelName {
    /// The name of its file in the run's folder.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            ModelName::Best => "best.safetensors",
            ModelName::Last => "last.safetensors",
        }
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ModelName::Best => "best",
            ModelName::Last => "last",
        })
    }
}

impl FromStr for ModelName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "best" => Ok(ModelName::Best),
            "last" => Ok(ModelName::Last),
            _ => Err(Error::invalid(
                "model",
                "`best` or `last`",
                format!("`{name}`"),
            )),
        }
    }
}

/// A run on disk, to be read. Training may go on meanwhile.
#[derive(Debug)]
pub struct StoredRun {
    dir: PathBuf,
    pub(super) config_text: String,
    preparation_json: String,
}

/// Opens the run in `dir` for reading.
///
/// # Errors
/// [`Error::Store`] if there is no such folder or if it is not a run; [`Error::Read`] if a file of it
/// cannot be read or is not text.
pub fn open_for_reading(dir: &Path) -> Result<StoredRun> {
    if !dir.is_dir() {
        let problem = if dir.exists() {
            "not a folder"
        } else {
            "no such folder"
        };
        return Err(not_a_run(dir, problem));
    }
    Ok(StoredRun {
        dir: dir.to_owned(),
        config_text: read_text(dir, CONFIG)?,
        preparation_json: read_text(dir, PREPARATION)?,
    })
}

impl StoredRun {
    /// The run's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The resolved configuration, as TOML.
    #[must_use]
    pub fn config_text(&self) -> &str {
        &self.config_text
    }

    /// What the data were prepared with, as JSON.
    #[must_use]
    pub fn preparation_json(&self) -> &str {
        &self.preparation_json
    }

    /// Whether there is a best model.
    #[must_use]
    pub fn has_best(&self) -> bool {
        self.has_model(ModelName::Best)
    }

    /// Whether there is a model.
    #[must_use]
    pub fn has_model(&self, name: ModelName) -> bool {
        self.dir.join(name.file()).is_file()
    }

    /// Whether weights were recorded.
    #[must_use]
    pub fn has_trail(&self) -> bool {
        let file = fs::metadata(self.dir.join(TRAIL));
        file.is_ok_and(|file| file.len() > 0)
    }

    /// How many seconds training has taken up to the newest checkpoint, over all processes. None in a run without a
    /// checkpoint, or of a version that did not write it; what is not a time is no reason not to go on, and none
    /// either.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        let text = fs::read_to_string(self.checkpoints().join(SECONDS)).ok()?;
        let seconds: f64 = text.trim().parse().ok()?;
        (seconds.is_finite() && seconds >= 0.0).then_some(seconds)
    }

    /// Whether there is a report, which is written last of all.
    #[must_use]
    pub fn has_report(&self) -> bool {
        self.dir.join(REPORT).is_file()
    }

    /// The lines of the metrics, in the order in which they were written.
    ///
    /// # Errors
    /// [`Error::Store`] with the line's number if one that is not the last is not JSON; [`Error::Read`] if they cannot be
    /// read.
    pub fn metrics(&self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        jsonl::read(&self.dir.join(METRICS), |_, line: serde_json::Value| {
            lines.push(line.to_string());
            Ok(())
        })?;
        Ok(lines)
    }

    /// A model's arrays, in order of their names, and its metadata.
    ///
    /// # Errors
    /// [`Error::Store`] if training has not come as far as to write it, or if the file is damaged;
    /// [`Error::Read`] if it cannot be read.
    pub fn model(&self, name: ModelName) -> Result<(Vec<Array>, BTreeMap<String, String>)> {
        let path = self.dir.join(name.file());
        let bytes = fs::read(&path).map_err(|cause| self.no_model(name, &path, cause))?;
        tensors::decode(&path, &bytes)
    }

    /// A model's file, open, its head read.
    ///
    /// # Errors
    /// As [`model`](Self::model).
    pub(super) fn open_model(&self, name: ModelName) -> Result<ModelFile> {
        let path = self.dir.join(name.file());
        let file = File::open(&path).map_err(|cause| self.no_model(name, &path, cause))?;
        ModelFile::new(&path, file)
    }

    /// The newest checkpoint that is intact and the number of steps it was taken after; none if there
    /// are no checkpoints. Each newer one, damaged, is reported with its path.
    ///
    /// # Errors
    /// [`Error::Store`] if there are checkpoints and all are damaged; [`Error::Read`] if their folder
    /// cannot be read.
    pub fn newest_checkpoint(
        &self,
        report: &mut dyn FnMut(&Error),
    ) -> Result<Option<(u64, Checkpoint)>> {
        let stored = self.stored_checkpoints()?;
        for (step, path) in stored.iter().rev() {
            match read_checkpoint(path) {
                Ok(checkpoint) => return Ok(Some((*step, checkpoint))),
                Err(error) => report(&error),
            }
        }
        if stored.is_empty() {
            return Ok(None);
        }
        let problem = format!(
            "expected an intact checkpoint, found {} damaged",
            stored.len()
        );
        let fix = "start again with another --out";
        Err(refused(&self.checkpoints(), problem, fix))
    }

    pub(super) fn checkpoints(&self) -> PathBuf {
        self.dir().join(CHECKPOINTS)
    }

    /// Steps and paths of all checkpoints, the oldest first.
    pub(super) fn stored_checkpoints(&self) -> Result<Vec<(u64, PathBuf)>> {
        let folder = self.checkpoints();
        let names = names_in(&folder)?;
        let mut found: Vec<(u64, PathBuf)> = names
            .iter()
            .filter_map(|name| Some((step_of(name.to_str()?)?, folder.join(name))))
            .collect();
        found.sort();
        Ok(found)
    }

    pub(super) fn no_model(&self, name: ModelName, path: &Path, cause: io::Error) -> Error {
        match cause.kind() {
            ErrorKind::NotFound if name == ModelName::Best && self.has_report() => refused(
                path,
                "there is no best model: the run has no validation rows, by which it would be chosen",
                "look at the last model, or train with `split = { validation = 0.1 }` in `[data]`",
            ),
            ErrorKind::NotFound => refused(
                path,
                format!("there is no {name} model: training has not yet come as far"),
                format!("train on with `--resume {}`", self.dir.display()),
            ),
            _ => cannot_read(path, cause),
        }
    }
}

fn read_text(dir: &Path, name: &str) -> Result<String> {
    let path = dir.join(name);
    fs::read_to_string(&path).map_err(|cause| match cause.kind() {
        ErrorKind::NotFound => not_a_run(dir, &format!("not a run: it has no `{name}`")),
        _ => cannot_read(&path, cause),
    })
}

fn not_a_run(dir: &Path, problem: &str) -> Error {
    let fix = "name the folder that `dropwise train --out` wrote";
    refused(dir, problem, fix)
}

fn read_checkpoint(path: &Path) -> Result<Checkpoint> {
    let bytes = fs::read(path).map_err(|cause| cannot_read(path, cause))?;
    checkpoint::decode(path, &bytes)
}

fn step_of(name: &str) -> Option<u64> {
    name.strip_prefix("step-")?
        .strip_suffix(".ckpt")?
        .parse()
        .ok()
}
