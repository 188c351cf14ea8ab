//! `dropwise predict`, as a process: every form of rows, every mistake in them, pipes, stored models.

#[path = "../common/forward.rs"]
mod forward;
mod images;
mod json;
mod mistakes;
mod models;
mod pets;
#[path = "../common/program.rs"]
mod program;
mod streams;
mod tables;
