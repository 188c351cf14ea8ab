//! Trained networks for other programs, with all that it takes to use them.

mod columns;
mod examples;
mod onnx;
mod protobuf;

pub use onnx::{Inputs, OnnxModel, onnx};
