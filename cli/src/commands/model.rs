//! A run's model, as the commands that use one name it.

use clap::ValueEnum;
use dropwise_lab::store::ModelName;

/// Which of a run's models.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Model {
    /// The one with the smallest loss on the validation rows
    Best,
    /// The one of the last step
    Last,
}

impl From<Model> for ModelName {
    fn from(model: Model) -> Self {
        match model {
            Model::Best => ModelName::Best,
            Model::Last => ModelName::Last,
        }
    }
}
