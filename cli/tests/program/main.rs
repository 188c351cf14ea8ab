//! The `dropwise` program as a process: what it prints, writes, keeps and refuses.

#[path = "../../../tests/common/mod.rs"]
mod common;
mod folder;
mod forward;
#[path = "../../../tests/common/markup.rs"]
mod markup;
mod runs;

mod autoencoder;
mod completions;
mod evaluate;
mod explain;
mod fetch;
mod init;
mod linear;
mod predict;
mod report_runs;
mod reproduce;
mod resume_runs;
mod study;
mod train_runs;
mod tune;
mod usage;
