//! Figures of explanations and numbers that are made up: every value in its place, and nothing that breaks a file.

#[path = "../common/explained.rs"]
mod explained;
#[path = "../common/markup.rs"]
mod markup;

mod extremes;
mod formats;
mod lines;
mod sparsity;
mod values;
