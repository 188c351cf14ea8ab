//! A run's model, as the commands that use one name it.

use std::path::Path;

use clap::ValueEnum;
use dropwise::Result;
use dropwise::backend::Backend;
use dropwise::store::{ModelName, Trained, experiment_of, open_for_reading};

/// Which of a run's models.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Model {
    /// The one with the smallest loss on the validation rows
    Best,
    /// The one of the last step
    Last,
}

/// Loads a run's model onto the backend that is asked for, else the run's own.
pub(super) fn load(run: &Path, model: Option<Model>, backend: Option<&Backend>) -> Result<Trained> {
    let name = model.map(|model| match model {
        Model::Best => ModelName::Best,
        Model::Last => ModelName::Last,
    });
    let experiment = experiment_of(&open_for_reading(run)?)?;
    let backend = match (backend, &experiment.backend) {
        (Some(backend), _) => backend.clone(),
        (None, Some(name)) => name.parse()?,
        (None, None) => Backend::default(),
    };
    Trained::load(run, name, &backend.device()?)
}
