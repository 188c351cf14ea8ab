//! Arguments that several commands have, each declared once.

use std::path::Path;

use clap::builder::{PossibleValue, PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use dropwise::backend::Backend;
use dropwise::config::{ColumnName, Experiment, Measure};
use dropwise::data::{Part, Task};
use dropwise::{Error, Result};
use dropwise_lab::store::{ModelName, Trained};

use super::overrides::{self, Override};

/// What a command changes of an experiment's file.
#[derive(clap::Args)]
pub(super) struct ExperimentArgs {
    /// Random seed, in place of the file's
    #[arg(long, value_name = "N", value_parser = seed())]
    seed: Option<u64>,
    /// Metric on validation rows that chooses and compares networks, in place of the file's train.select
    #[arg(long, value_name = "METRIC", value_parser = metric())]
    select: Option<Measure>,
    #[command(flatten)]
    changes: ChangeArgs,
}

/// The same without the seed.
#[derive(clap::Args)]
pub(super) struct ChangeArgs {
    /// Change one value of the file, such as --set train.epochs=5 (may be repeated)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) overrides: Vec<Override>,
    /// Backend, in place of the file's: flex, ndarray, wgpu, cuda[:CARD], remote:ws://HOST:PORT
    #[arg(long, value_name = "NAME")]
    pub(super) backend: Option<Backend>,
}

/// Which trained network of a run to use, and where.
#[derive(clap::Args)]
pub(super) struct ModelArgs {
    /// The model to use [default: best where there are validation rows, else last]
    #[arg(long, value_parser = model())]
    pub(super) model: Option<ModelName>,
    /// Backend, in place of the run's
    #[arg(long, value_name = "NAME")]
    pub(super) backend: Option<Backend>,
}

/// From where on the second of two classes is the answer.
#[derive(clap::Args)]
pub(super) struct ThresholdArgs {
    /// With two classes: predict the second if its probability is above this [default: 0.5]
    #[arg(long, value_name = "P", value_parser = probability)]
    pub(super) threshold: Option<f64>,
}

impl ThresholdArgs {
    pub(super) fn value(&self) -> f64 {
        self.threshold.unwrap_or(0.5)
    }

    /// Refuses a threshold for anything but two classes.
    pub(super) fn check(&self, trained: &Trained) -> Result<()> {
        let task = &trained.prepared.task;
        match self.threshold {
            Some(_) if !matches!(task, Task::Binary { .. }) => Err(Error::invalid(
                "--threshold",
                "a network for two classes with one output",
                format!("one for {task}"),
            )),
            _ => Ok(()),
        }
    }
}

pub(super) fn probability(text: &str) -> std::result::Result<f64, String> {
    match text.parse() {
        Ok(p) if (0.0..=1.0).contains(&p) => Ok(p),
        _ => Err("expected a probability, from 0 to 1".to_owned()),
    }
}

impl ExperimentArgs {
    /// Reads the experiment in `file` and applies --set, then `more`, then --seed and --backend. The result names its backend
    /// and is still to be checked.
    pub(super) fn read(&self, file: &Path, more: &[Override]) -> Result<(Experiment, Backend)> {
        let changes = [&self.changes.overrides[..], more].concat();
        let mut experiment = overrides::read(file, &changes)?.into_inner();
        experiment.seed = self.seed.unwrap_or(experiment.seed);
        experiment.train.select = self.select.or(experiment.train.select);
        let backend = overrides::settle(&mut experiment, file, self.changes.backend.as_ref())?;
        Ok((experiment, backend))
    }

    /// Whether --set or `more` has a value for `key`.
    pub(super) fn changes(&self, key: &str, more: &[Override]) -> bool {
        let mut changes = self.changes.overrides.iter().chain(more);
        changes.any(|change| change.key_and_value().0 == key)
    }
}

impl ModelArgs {
    /// The network; that of the newest checkpoint, which is said, if training has not ended.
    pub(super) fn load(&self, run: &Path) -> Result<Trained> {
        let report = &mut |error: &Error| eprintln!("warning: {error}");
        let trained = Trained::load_newest(run, self.model, self.backend.as_ref(), report)?;
        if !trained.ended {
            let step = trained.metadata.get("step").map_or("?", String::as_str);
            let (run, name) = (run.display(), trained.name);
            eprintln!(
                "warning: the training of {run} has not ended; this is its {name} network so far, of step {step}"
            );
        }
        Ok(trained)
    }
}

/// The target of a table by its name, before what it holds.
pub(super) fn target(experiment: &Experiment) -> String {
    match experiment.data.table() {
        Some(table) if !experiment.data.autoencoder => match &table.target {
            ColumnName::Name(name) => format!("target `{name}`: "),
            ColumnName::Number(number) => format!("target column {number}: "),
        },
        _ => "target: ".to_owned(),
    }
}

/// TOML integers are signed: larger seeds could not be written to a configuration.
pub(super) fn seed() -> RangedU64ValueParser<u64> {
    RangedU64ValueParser::new().range(0..=i64::MAX as u64)
}

fn metric() -> impl TypedValueParser<Value = Measure> {
    PossibleValuesParser::new(Measure::ALL.map(Measure::key)).map(|key| {
        let named = |measure: &Measure| measure.key() == key;
        Measure::ALL
            .into_iter()
            .find(named)
            .unwrap_or(Measure::Loss)
    })
}

fn model() -> impl TypedValueParser<Value = ModelName> {
    PossibleValuesParser::new([
        PossibleValue::new("best").help("The one with the smallest loss on the validation rows"),
        PossibleValue::new("last").help("The one of the last step"),
    ])
    .try_map(|name| name.parse())
}

/// Parser of `--split`.
pub(super) fn part() -> impl TypedValueParser<Value = Part> {
    PossibleValuesParser::new(Part::ALL.map(Part::name)).try_map(|name| name.parse())
}
