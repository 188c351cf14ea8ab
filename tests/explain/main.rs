//! What a network has become: laws, plain loops and NumPy beside what `explain` computes, and runs on disk.

#[path = "../common/mod.rs"]
mod common;

mod activity;
mod card;
mod curves;
mod diagram;
mod features;
mod golden;
mod landscape;
mod made;
mod mistakes;
mod predictions;
mod redundancy;
#[cfg(feature = "cli")]
mod runs;
#[cfg(feature = "cli")]
mod snapshot;
mod subject;
mod trail;
