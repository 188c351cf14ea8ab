//! `dropwise predict`, as a process: every form of rows, every mistake in them, pipes, stored models.

mod bad_rows;
mod images;
mod json;
mod keep;
mod mistakes;
mod models;
mod pets;
mod readers;
mod streams;
mod tables;
