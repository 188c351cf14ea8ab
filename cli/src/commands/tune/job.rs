//! What to tune: the experiment that trials start from, and the rows.

use dropwise::backend::Backend;
use dropwise::config::{CheckedExperiment, DataConfig, SplitConfig, StudyConfig};
use dropwise::data::Splits;
use dropwise::{Error, Result};
use dropwise_lab::store::Prepared;
use dropwise_lab::tune::{self, TuneSplits, TuneSummary};
use serde::Serialize;

use super::super::output::Style;
use super::super::{BURN_VERSION, overrides, reading};
use super::Args;

/// What to tune.
pub(super) struct Job {
    pub(super) experiment: CheckedExperiment,
    pub(super) backend: Backend,
    pub(super) rows: TuneSplits,
    /// The data as the file splits them.
    splits: Splits,
    /// The data without validation rows, which the last networks are trained on.
    merged: DataConfig,
}

/// The summary, and where its results come from.
#[derive(Serialize)]
pub(super) struct Summary<'a> {
    dropwise: &'static str,
    burn: &'static str,
    backend: String,
    data_sha256: &'a str,
    #[serde(flatten)]
    found: &'a TuneSummary,
}

impl Job {
    pub(super) fn of(args: &Args) -> Result<Self> {
        let (mut experiment, backend) = args.experiment.read(&args.config, &[])?;
        overrides::seed_split(&mut experiment);
        let merged = merged(&experiment.data)?;
        if args.experiment.changes("train.early_stopping", &[]) {
            overrides::refuse_early_stopping(
                &experiment,
                "trials are compared after the same number of epochs",
            )?;
        }
        if experiment.train.early_stopping.take().is_some() {
            eprintln!(
                "warning: `train.early_stopping` is left out: trials are compared after the same number of epochs"
            );
        }
        let is_asked_for = args.experiment.changes("train.ensemble", &[]);
        let why = "each trial is one network";
        let ensemble = ("train.ensemble", &mut experiment.train.ensemble);
        if let Some(words) = overrides::leave_out(ensemble, is_asked_for, why)? {
            eprintln!("warning: {words}");
        }
        if let Some(words) = overrides::fold_networks(&mut experiment) {
            eprintln!("warning: {words}");
        }
        let experiment = experiment.check()?;
        tune::validate(&experiment)?;
        let folds = match experiment.study.cross_validation {
            Some(folds) => experiment.data.folds(folds)?,
            None => vec![],
        };
        if !folds.is_empty()
            && experiment
                .data
                .split
                .as_ref()
                .is_some_and(SplitConfig::validates)
        {
            eprintln!(
                "warning: `data.split.validation` is left out: trials are compared on each fold in turn"
            );
        }
        let load = |data: &DataConfig| reading::load(data, experiment.seed, Style::Words);
        let folds: Vec<Splits> = folds.iter().map(load).collect::<Result<_>>()?;
        let splits = match folds.first() {
            Some(first) => first.clone(),
            None => load(&experiment.data)?,
        };
        for note in &splits.notes {
            eprintln!("warning: {note}");
        }
        let rows = TuneSplits::new(&splits, &load(&merged)?)?.with_folds(&folds);
        Ok(Job {
            experiment: tune::prepare(&experiment, splits.train.task())?,
            backend,
            rows,
            splits,
            merged,
        })
    }

    /// What is stored of the data.
    pub(super) fn prepared(&self) -> Prepared {
        Prepared::new(&self.splits)
    }

    /// The configuration of the first network of the recommended setting.
    pub(super) fn best(&self, summary: &TuneSummary) -> Result<String> {
        let arm = summary.arm(summary.recommended).ok_or_else(|| {
            // Each search has a best trial, or the recipe fails.
            Error::Compute("no setting came out of the search".to_owned())
        })?;
        let mut best = arm.setting.apply(&self.experiment)?.into_inner();
        best.data = self.merged.clone();
        best.study = StudyConfig::default();
        overrides::write(&best)
    }

    pub(super) fn summary<'a>(&'a self, found: &'a TuneSummary) -> Summary<'a> {
        Summary {
            dropwise: env!("CARGO_PKG_VERSION"),
            burn: BURN_VERSION,
            backend: self.backend.to_string(),
            data_sha256: &self.splits.hash,
            found,
        }
    }
}

/// The same data with its validation rows among the training rows. The test rows stay: they are chosen first.
fn merged(data: &DataConfig) -> Result<DataConfig> {
    let mut data = data.clone();
    let Some(split) = &mut data.split else {
        return Ok(data);
    };
    if split.train_rows.is_some() && split.validation_rows.is_some() {
        return Err(Error::invalid(
            "data.split.train_rows",
            "no list beside `validation_rows`, because the final networks train on the rows of both",
            "one; remove it: all rows that are not listed for validation or test are trained on",
        ));
    }
    if let Some(rows) = split.train {
        return Err(Error::invalid(
            "data.split.train",
            "none, because the final networks train on all training and validation rows",
            format!("{rows}; to train on fewer rows, make `test` larger"),
        ));
    }
    split.validation = 0.0;
    split.validation_rows = None;
    Ok(data)
}
