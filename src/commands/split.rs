//! The parts of the data, as the commands that look at one name them.

use clap::ValueEnum;
use dropwise::Dataset;
use dropwise::data::Splits;

/// The parts of the data.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Split {
    Train,
    Validation,
    Test,
}

impl Split {
    /// The name in flags and JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        }
    }

    /// The name in sentences.
    pub(super) fn word(self) -> &'static str {
        match self {
            Split::Train => "training",
            _ => self.name(),
        }
    }

    pub(super) fn of(self, splits: &Splits) -> Option<&Dataset> {
        match self {
            Split::Train => Some(&splits.train),
            Split::Validation => splits.validation.as_ref(),
            Split::Test => splits.test.as_ref(),
        }
    }
}
