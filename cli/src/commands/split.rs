//! The parts of the data, as the commands that look at one name them.

use clap::ValueEnum;
use dropwise::data::Part;

/// The parts of the data.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Split {
    Train,
    Validation,
    Test,
}

impl From<Split> for Part {
    fn from(split: Split) -> Self {
        match split {
            Split::Train => Part::Train,
            Split::Validation => Part::Validation,
            Split::Test => Part::Test,
        }
    }
}
