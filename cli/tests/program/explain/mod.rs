//! Runs on disk, explained.

mod runs;
mod snapshot;
