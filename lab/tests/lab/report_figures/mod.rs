//! Figures of explanations and numbers that are made up: every value in its place, and nothing that breaks a file.

mod extremes;
mod formats;
mod lines;
mod sparsity;
mod values;
