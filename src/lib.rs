//! Train, verify and explain fully-connected networks with dropout, on the Burn framework.
//!
//! The front door is one program: the network of the tutorial "Hinton's Dropout in 3 Lines of
//! Python" learns XOR. This is `examples/xor.rs` word for word, every step of the training
//! in plain sight; `cargo run --example xor` runs it.
//!
//! ```no_run
#![doc = include_str!("../examples/xor.rs")]
//! ```
//!
//! # Where things are
//!
//! Data flows one way: [`config`] → [`data`] → [`model`] (with [`dropout`]) → [`train`] ↔ [`evaluate`](mod@evaluate);
//! [`verify`] checks the gradients. [`backend`] opens the device that computes, [`seed`] is where all randomness comes
//! from, and [`Error`] is what every fallible function returns. Studies, tuning, explanations, reports and runs on disk
//! are in the crate `dropwise-lab`, the program in `dropwise-cli`.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `flex` (default) | Burn's fast CPU backend, in Rust alone |
//! | `ndarray` (default) | Burn's older CPU backend |
//! | `wgpu` | GPUs through Vulkan, Metal, DirectX 12 or WebGPU |
//! | `cuda` | NVIDIA GPUs |
//! | `remote` | a Burn server on another machine |

mod activation;
pub mod backend;
mod check;
pub mod config;
pub mod data;
pub mod dropout;
pub mod error;
pub mod evaluate;
mod initializer;
mod loss;
pub mod model;
mod normal;
#[doc(hidden)]
pub mod seed;
mod task;
#[doc(hidden)]
pub mod threads;
pub mod train;
pub mod verify;

pub use backend::Backend;
pub use config::{CheckedExperiment, Experiment};
pub use data::Dataset;
pub use error::{Error, Result};
pub use evaluate::{Evaluation, Metrics, evaluate};
pub use model::{LayerWeights, Mlp, MlpConfig};
pub use train::Observer;

/// Compiles and runs the program in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
