//! x
pub mod backend;
pub mod config;
pub mod data;
pub mod dropout;
pub mod error;
pub mod evaluate;
pub mod model;
pub mod seed;
pub mod train;
pub mod verify;
pub use backend::Backend;
pub use error::{Error, Result};
pub use model::{LayerWeights, Mlp, MlpConfig};
