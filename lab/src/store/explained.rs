//! What a run on disk has become.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::stored::{ModelName, StoredRun, open_for_reading};
use super::trained::Trained;
use super::{METRICS, REPORT, TRAIL, cannot_read, jsonl, refused};
use crate::explain::{
    Curves, CurvesReader, ExplainOptions, Explanation, MetricsLine, Subject, Trail, TrailLine,
    explain,
};
use dropwise::backend::Backend;
use dropwise::config::ResolvedExperiment;
use dropwise::data::{self, Splits};
use dropwise::error::{Error, Result};

/// What is read of a run's report.
#[derive(Deserialize)]
struct ReportFile {
    dropwise: String,
    burn: String,
    backend: String,
    end: String,
    steps: usize,
    epochs: usize,
    seconds: f64,
}

/// Explains the run in `dir`, which may have ended, been interrupted, or still be training. Without a `name` it is
/// called as its folder is; without a `model` the best one is looked at where there is one, else the last, and of a
/// run that has come to none the network of its newest checkpoint; without a backend it is the run's own.
///
/// If its data cannot be read any more, or are others than they were, what takes data is left out, and a note says
/// so. A last line of `metrics.jsonl` or `trail.jsonl` that was cut short is left out too.
///
/// # Errors
/// Those of [`Trained::load_newest`] and [`explain`]; [`Error::Store`], with the line, if another file of the run
/// is damaged; [`Error::Read`] if it cannot be read.
pub fn explain_run(
    dir: &Path,
    name: Option<&str>,
    options: &ExplainOptions,
    model: Option<ModelName>,
    backend: Option<&Backend>,
) -> Result<Explanation> {
    let run = open_for_reading(dir)?;
    // Training may go on meanwhile, and remove a checkpoint that is about to be read.
    let loaded = load(dir, model, backend).or_else(|_| load(dir, model, backend));
    let (trained, mut notes) = loaded?;
    let splits = splits(dir, &trained, &mut notes);
    if let count @ 2.. = trained.members().len() {
        notes.push(format!(
            "Predictions are those of {count} networks together; weights and units are shown of the first."
        ));
    }
    let trail = trail(&run)?;
    let folder = name_of(dir);
    let step = trained
        .metadata
        .get("step")
        .and_then(|step| step.parse().ok());
    let model = trained.name.to_string();
    let subject = Subject {
        name: name.unwrap_or(&folder),
        members: trained.members(),
        experiment: &trained.experiment,
        preprocessing: &trained.prepared.preprocessing,
        task: &trained.prepared.task,
        splits: splits.as_ref(),
        data_sha256: &trained.prepared.data_sha256,
        curves: curves(&run, &trained)?,
        trail: trail.as_ref(),
        model: (&model, step.unwrap_or_default()),
        facts: facts(&run, &trained.experiment)?,
        notes,
    };
    explain(&subject, options)
}

/// The run's network, and what there is to say of it.
fn load(
    dir: &Path,
    model: Option<ModelName>,
    backend: Option<&Backend>,
) -> Result<(Trained, Vec<String>)> {
    let mut notes = Vec::new();
    let report = &mut |error: &Error| notes.push(sentence("A checkpoint is left out", error));
    let trained = Trained::load_newest(dir, model, backend, report)?;
    Ok((trained, notes))
}

/// The folder's name.
fn name_of(dir: &Path) -> String {
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let name = dir.file_name().unwrap_or(dir.as_os_str());
    name.to_string_lossy().into_owned()
}

fn sentence(what: &str, error: &Error) -> String {
    format!("{what}: {error}.")
}

/// The run's data, where they can be had as they were.
fn splits(dir: &Path, trained: &Trained, notes: &mut Vec<String>) -> Option<Splits> {
    let loaded = data::load(&trained.experiment.data, trained.experiment.seed);
    let checked = loaded.and_then(|splits| {
        let is_same = trained.prepared.check(dir, &splits)?;
        Ok((splits, is_same))
    });
    match checked {
        Ok((splits, is_same)) => {
            if !is_same {
                notes.push("The data have changed since the network was trained.".to_owned());
            }
            Some(splits)
        }
        Err(error) => {
            notes.push(sentence("Nothing is shown that takes data", &error));
            None
        }
    }
}

fn curves(run: &StoredRun, trained: &Trained) -> Result<Curves> {
    let mut reader = CurvesReader::new(&trained.experiment, &trained.prepared.task);
    jsonl::read(&run.dir().join(METRICS), |_, line: MetricsLine| {
        reader.push(&line);
        Ok(())
    })?;
    Ok(reader.curves())
}

/// None if nothing was recorded, as by older versions.
fn trail(run: &StoredRun) -> Result<Option<Trail>> {
    let path = run.dir().join(TRAIL);
    let mut trail = Trail::default();
    jsonl::read(&path, |number, line: TrailLine| {
        trail.push(line).map_err(|error| {
            refused(
                &path,
                format!("line {number}: {error}"),
                "delete the file, or train again",
            )
        })
    })?;
    Ok(Some(trail).filter(|trail| !trail.steps().is_empty()))
}

fn facts(run: &StoredRun, experiment: &ResolvedExperiment) -> Result<Vec<(String, String)>> {
    let facts = match report(run)? {
        Some(report) => vec![
            ("dropwise", report.dropwise),
            ("burn", report.burn),
            ("backend", report.backend),
            ("end", report.end),
            ("steps", report.steps.to_string()),
            ("epochs", report.epochs.to_string()),
            ("seconds", format!("{:.2}", report.seconds)),
        ],
        None => vec![
            ("backend", experiment.backend.clone().unwrap_or_default()),
            ("end", "not yet".to_owned()),
        ],
    };
    let fact = |(name, value): (&str, String)| (name.to_owned(), value);
    Ok(facts.into_iter().map(fact).collect())
}

/// None before the end of training.
fn report(run: &StoredRun) -> Result<Option<ReportFile>> {
    if !run.has_report() {
        return Ok(None);
    }
    let path = run.dir().join(REPORT);
    let text = fs::read(&path).map_err(|cause| cannot_read(&path, cause))?;
    serde_json::from_slice(&text).map(Some).map_err(|cause| {
        let line = cause.line();
        let problem = format!("line {line}: expected a report as training writes it: {cause}");
        refused(
            &path,
            problem,
            "delete it, and go on with `--resume`, which writes it anew",
        )
    })
}
