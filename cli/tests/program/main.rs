//! The `dropwise` program as a process: what it prints, writes, keeps and refuses.

#[path = "../../../tests/common/mod.rs"]
mod common;
mod folder;
mod forward;
#[path = "../../../tests/common/markup.rs"]
mod markup;
mod runs;

mod autoencoder;
mod cells;
mod closed_pipe;
mod completions;
mod evaluate;
mod explain;
mod export;
mod fetch;
#[cfg(feature = "wgpu")]
mod gpu;
mod honest;
mod imported;
mod init;
mod kept;
mod linear;
mod noise;
mod on_disk;
mod parquet;
mod predict;
#[cfg(feature = "remote-server")]
mod remote;
mod report;
mod reproduce;
mod resume;
mod study;
mod sure;
mod train;
mod tune;
mod usage;
