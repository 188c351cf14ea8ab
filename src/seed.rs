//! Every random number of a run comes from one seed.
//!
//! The seed opens one stream of ChaCha8 numbers per purpose. ChaCha is counter-based: any position
//! of any stream is reached directly, so what is drawn for one purpose never shifts what is drawn
//! for another, and the numbers of step 10,000 need no replay of the steps before it. The streams
//! are the same on every machine and backend.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// What random numbers are drawn for; each purpose has a stream of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// The initial weights.
    Weights = 0,
    /// The seeds of the framework's generator for dropout masks, one a step.
    Masks = 1,
    /// The random networks and batches of the gradient certificate.
    Verify = 2,
    /// Which rows are for training, validation and test.
    Split = 3,
    /// The order of the rows in each epoch.
    Shuffle = 4,
    /// Seeded dropout masks; each layer has a stream of its own.
    SeededMasks = 5,
    /// Which settings are tried while tuning; each generation of trials has a part of its own.
    Search = 6,
    /// The masks of thinned networks that are sampled at run time; each member of an ensemble has a part of its own.
    Samples = 7,
    /// Which training rows each member of an ensemble leaves out.
    Folds = 8,
}

/// The stream of `seed` for one purpose, at its start.
#[must_use]
pub fn stream(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(purpose as u64);
    generator
}

/// The stream of `seed` for one purpose, at the part that belongs to one epoch; a part holds 2^40
/// numbers.
#[must_use]
pub fn stream_at(seed: u64, purpose: Purpose, epoch: usize) -> ChaCha8Rng {
    let mut generator = stream(seed, purpose);
    generator.set_word_pos((epoch as u128) << 40);
    generator
}

/// The stream of `seed` for one purpose and one layer, counted from 0, at its start: the lower half of the
/// stream's number names the purpose, the upper half the layer.
#[must_use]
pub fn layer_stream(seed: u64, purpose: Purpose, layer: usize) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(purpose as u64 | (layer as u64) << 32);
    generator
}

/// The number that seeds the backend's generator for masks: before the first step of a training with `step` 0, as
/// `examples/xor.rs` does, or where the masks of one step are wanted by themselves.
///
/// ```
/// use dropwise::seed::mask_seed;
/// assert_eq!(mask_seed(7, 500), mask_seed(7, 500));
/// assert_ne!(mask_seed(7, 500), mask_seed(7, 501));
/// ```
#[must_use]
pub fn mask_seed(seed: u64, step: usize) -> u64 {
    let mut generator = stream(seed, Purpose::Masks);
    generator.set_word_pos(2 * step as u128); // a u64 is two words
    generator.next_u64()
}
