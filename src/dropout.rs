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

pub(crate) mod learned;
mod noise;
mod on_device;
mod seeded;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::seed::mask_seed;

pub use noise::{Noise, NoiseKind, layer};
pub(crate) use noise::{NoiseLayer, noises};
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
/// it must not be interrupted by another thread that does the same. It holds the training whose next draws the generator
/// stands at, by its number, and the step that these are for.
static GENERATOR: Mutex<Option<(u64, usize)>> = Mutex::new(None);

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
    let mut place = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    *place = None;
    device.seed(mask_seed(seed, step));
    draw()
}

/// The draws of one training from a backend's generator, which is seeded once, before the first step, as in
/// `examples/xor.rs`: generators of GPUs give masks that are alike where they are seeded before every step.
///
/// What is drawn for a step is still a function of the seed and the step. The generator cannot be asked where it stands, so
/// where another one has drawn in between, and after a resume, the draws of all steps before are made again and thrown away.
#[derive(Debug)]
pub(crate) struct FrameworkDraws {
    seed: u64,
    training: u64,
}

impl FrameworkDraws {
    pub(crate) fn new(seed: u64) -> Self {
        static TRAININGS: AtomicU64 = AtomicU64::new(0);
        FrameworkDraws {
            seed,
            training: TRAININGS.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Runs `draw`, with the generator of `device` where it is to be for `step`, counted from 0; `again` makes the draws of an
    /// earlier step. Neither may come this way again: it would wait for itself.
    pub(crate) fn at<T>(
        &self,
        device: &Device,
        step: usize,
        again: impl FnMut(usize),
        draw: impl FnOnce() -> T,
    ) -> T {
        let mut place = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
        if place.take() != Some((self.training, step)) {
            device.seed(mask_seed(self.seed, 0));
            (0..step).for_each(again);
        }
        let drawn = draw();
        *place = Some((self.training, step + 1));
        drawn
    }
}
