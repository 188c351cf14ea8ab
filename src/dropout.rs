//! Inverted dropout: `y = x * m / (1 - p)`, with `m` drawn from Bernoulli(1 - p).
//!
//! `p` is the dropout rate, `1 - p` the keep probability. Kept values are scaled up while training,
//! so that nothing needs to be scaled at run time, where dropout is off (Srivastava et al. 2014,
//! JMLR 15, sections 4 and 10; the scaling is their "another way to achieve the same effect").
//! The gradient is masked and scaled alike: `dL/dx = dL/dy * m / (1 - p)`.
//!
//! Masks come from one of two places ([`Masks`]). Burn's own layer `Dropout` draws from
//! the backend's generator: this module checks rates before Burn panics on them, and makes drawing
//! repeatable. [`SeededMasks`] are a function of seed, step, layer and position: the same on every backend
//! and in any number of threads, scaled beforehand, and drawn in bulk. Masks that are given are applied too.
//!
//! ```
//! use burn::tensor::Tensor;
//! use dropwise::{Backend, dropout};
//!
//! let device = Backend::default().device()?;
//! let x = Tensor::<2>::from_data([[1.0, 2.0, 3.0, 4.0]], &device);
//! let mask = Tensor::<2>::from_data([[1.0, 0.0, 1.0, 1.0]], &device);
//! let y = dropout::apply_mask(x, mask, 0.5);
//! assert_eq!(y.into_data().to_vec::<f32>().unwrap(), [2.0, 0.0, 6.0, 8.0]);
//! # Ok::<(), dropwise::Error>(())
//! ```

mod noise;
mod seeded;

use std::sync::{Mutex, PoisonError};

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::seed::mask_seed;

pub(crate) use noise::NoiseLayer;
pub use noise::{Noise, layer};
pub use seeded::{LayerMasks, MaskAt, SeededMasks};

/// Where dropout masks come from. Either way, a run gives the same masks again for the same seed and backend.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Masks {
    /// Burn's dropout layer, which draws from the backend's generator.
    Framework,
    /// [`SeededMasks`]: the same masks on every backend, and many times as fast.
    #[default]
    Seeded,
}

/// Applies a given mask: `x * mask / (1 - rate)`.
///
/// # Shapes
/// - `x`: `[batch, width]`
/// - `mask`: `[batch, width]`, 1 keeps a value and 0 drops it
/// - output: `[batch, width]`
#[must_use]
pub fn apply_mask(x: Tensor<2>, mask: Tensor<2>, rate: f64) -> Tensor<2> {
    x * mask * (1.0 / (1.0 - rate))
}

/// Burn's CPU backends keep one generator for the whole process: whoever seeds it and draws from
/// it must not be interrupted by another thread that does the same.
static GENERATOR: Mutex<()> = Mutex::new(());

/// Runs `draw` with the backend's generator seeded for one step, and keeps other threads that come
/// this way out until it returns.
///
/// The masks are then a function of (seed, step) on a given backend, in any number of threads.
/// `draw` must not call this function again (it would wait for itself), and code that draws from
/// the device in another thread without coming this way can still disturb the masks.
#[doc(hidden)]
pub fn with_framework_masks<T>(
    device: &Device,
    seed: u64,
    step: usize,
    draw: impl FnOnce() -> T,
) -> T {
    let _guard = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    device.seed(mask_seed(seed, step));
    draw()
}
