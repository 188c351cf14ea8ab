//! The library: laws, hand-derived references, golden numbers of NumPy, PyTorch and scikit-learn.

#[path = "../common/mod.rs"]
mod common;

mod alpha;
mod autoencoder;
mod backend;
mod cells;
mod config;
mod csv;
mod digits;
mod dropconnect;
mod dropout_laws;
mod evaluator;
mod gaussian;
mod golden;
mod gradients;
mod held;
mod idx;
mod idx_source;
mod initializers;
mod layers;
mod learned;
mod linear;
mod linear_start;
mod mask_independence;
mod memory;
mod metrics;
mod optimizers;
mod preprocessing;
mod printed_delta;
mod replicas;
mod resume;
mod sampled;
mod seeded_masks;
mod seeds;
mod shards;
mod split_columns;
mod split_lists;
mod splits;
mod spread;
mod training;
mod xor_example;
