//! Masks that follow from a seed, and from where they stand, by a counter-based generator.

use burn::tensor::{DType, Device, Element, Tensor, TensorCreationOptions, TensorData};
use rand::rngs::ChaCha8Rng;
#[cfg(not(target_family = "wasm"))]
use rayon::prelude::*;

#[cfg(not(target_family = "wasm"))]
use super::noise::BLOCK;
use super::noise::words;
use super::{Noise, on_device};
use crate::seed::{Purpose, layer_stream};

/// Values that a thread draws at a time, and the largest mask that is not worth a second thread.
const PART: usize = 8_192;

/// Which mask, of those of a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MaskAt {
    /// The training step, counted from 1.
    pub step: usize,
    /// The layer whose inputs or weights it masks, counted from 0.
    pub layer: usize,
    /// Values in the mask of a full batch: rows times width, or the weights of a layer.
    pub stride: usize,
}

impl MaskAt {
    /// Where the mask begins in its layer's stream, in words of 32 bits.
    ///
    /// # Panics
    /// In step 0, and if `count` values are more than the stride.
    fn first_word(self, count: usize) -> u128 {
        assert!(self.step > 0, "steps are counted from 1");
        assert!(
            count <= self.stride,
            "a mask of {count} values does not fit a stride of {}",
            self.stride
        );
        (self.step - 1) as u128 * words(self.stride) as u128
    }
}

/// The masks of a run, each a function of the seed and of [`MaskAt`]: the same on every backend and in any
/// number of threads, in training and out of it.
///
/// The mask of a layer in a step is an array of rows times width values, row after row. Value `i` has 16
/// random bits of its own, and is kept if and only if they, as a number, are below `round(65536 (1 - p))`:
/// the keep probability is exact to half of 2^-16. Each layer has a ChaCha8 stream of its own
/// ([`layer_stream`]), and each step a fixed place in it:
///
/// ```text
/// bits of value i in step s = bytes 2i and 2i + 1 (little-endian) from word (s - 1) ceil(n / 2) on
/// ```
///
/// where `n`, the stride, is the number of values in the mask of a full batch. So the fate of a value is a
/// function of seed, step, layer, row and unit, and of the layer's width and the batch size, which a run
/// does not change. A last batch of fewer rows has the first rows of its step's mask. Any step is reached directly, and a
/// generator that has drawn one step stands at the next.
///
/// Of a rate that is learned, a mask is the logistic numbers that the gates are made of while training. A mask of weights has the
/// shape of the weights, and their number is its stride: all rows of a step share it.
///
/// ```
/// use dropwise::dropout::{MaskAt, SeededMasks};
///
/// let masks = SeededMasks::new(42);
/// let at = MaskAt { step: 1, layer: 0, stride: 8 };
/// let (mut mask, mut again) = ([0.0_f32; 8], [0.0_f32; 8]);
/// masks.fill(at, 0.2, &mut mask);
/// masks.fill(at, 0.2, &mut again);
/// assert!(mask.iter().all(|value| *value == 0.0 || *value == 1.25));
/// assert_eq!(mask, again);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SeededMasks {
    seed: u64,
}

impl SeededMasks {
    /// The masks of a run with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        SeededMasks { seed }
    }

    /// Writes the first values of a mask: what each value of the layer's inputs is multiplied by. A number in place of a
    /// [`Noise`] is a dropout rate in `[0, 1)`: the mask is then 0, or `1 / (1 - rate)` for what is kept. A rate of 0
    /// keeps everything and draws nothing. Large masks are drawn on all threads of the rayon pool it is called in.
    ///
    /// # Panics
    /// In step 0, and if `into` is longer than `at.stride`.
    #[doc(hidden)]
    pub fn fill<E: Element>(&self, at: MaskAt, noise: impl Into<Noise>, into: &mut [E]) {
        let noise = noise.into();
        let first = at.first_word(into.len());
        if let Some(factor) = noise.constant() {
            return into.fill(factor);
        }
        let draw = |first, into: &mut [E]| self.stream(at.layer).draw(first, noise, into);
        #[cfg(not(target_family = "wasm"))]
        if into.len() > PART {
            let parts = into.par_chunks_mut(PART).enumerate();
            return parts.for_each(|(k, part)| draw(first + (k * words(PART)) as u128, part));
        }
        draw(first, into);
    }

    /// The first values of a large mask, as [`fill`](Self::fill) writes them, in memory of their own that no
    /// thread has had to clear first: where one clears and others write, that costs as much as the drawing.
    #[cfg(not(target_family = "wasm"))]
    fn collect<E: Element>(&self, at: MaskAt, noise: Noise, count: usize) -> Vec<E> {
        let first = at.first_word(count);
        let blocks = (0..count.div_ceil(BLOCK)).into_par_iter();
        let blocks = blocks.with_min_len(PART / BLOCK).map_init(
            || self.stream(at.layer),
            |stream, k| {
                let mut block = [E::default(); BLOCK];
                stream.draw(first + (k * words(BLOCK)) as u128, noise, &mut block);
                block
            },
        );
        let mut values = blocks.collect::<Vec<_>>().into_flattened();
        values.truncate(count);
        values
    }

    /// The mask as a tensor, to multiply the layer's inputs by. `options` is a device, or a device and a
    /// type.
    ///
    /// # Shapes
    /// - `shape` and output: `[rows, width]`
    ///
    /// # Panics
    /// In step 0, and if the mask has more values than `at.stride`.
    #[must_use]
    pub fn mask(
        &self,
        at: MaskAt,
        noise: impl Into<Noise>,
        shape: [usize; 2],
        options: impl Into<TensorCreationOptions>,
    ) -> Tensor<2> {
        let mut layer = self.layer(at.layer, at.stride);
        layer.mask(at.step, noise, shape, options)
    }

    /// The mask of a step for the weights of a layer, on their device.
    ///
    /// # Shapes
    /// - `weight`, output: `[d_input, d_output]`
    #[must_use]
    pub(crate) fn of_weights(
        &self,
        layer: usize,
        (step, noise): (usize, Noise),
        weight: &Tensor<2>,
    ) -> Tensor<2> {
        let [d_input, d_output] = weight.dims();
        let mut masks = self.layer(layer, d_input * d_output);
        masks.mask(
            step,
            noise,
            [d_input, d_output],
            (&weight.device(), weight.dtype()),
        )
    }

    /// The masks of one layer, with a generator that goes on from step to step. `stride` is the number of
    /// values in the mask of a full batch.
    #[must_use]
    pub fn layer(&self, layer: usize, stride: usize) -> LayerMasks {
        LayerMasks {
            masks: *self,
            layer,
            stride,
            stream: self.stream(layer),
        }
    }

    fn stream(&self, layer: usize) -> Stream {
        Stream {
            generator: layer_stream(self.seed, Purpose::SeededMasks, layer),
            next: 0,
        }
    }
}

/// A layer's random words. What goes on where the last draw ended need not look for its place.
#[derive(Debug)]
struct Stream {
    generator: ChaCha8Rng,
    /// The word that the generator gives next.
    next: u128,
}

impl Stream {
    /// Draws values from a word on.
    fn draw<E: Element>(&mut self, first: u128, noise: Noise, into: &mut [E]) {
        if self.next != first {
            self.generator.set_word_pos(first);
        }
        noise.fill(&mut self.generator, into);
        self.next = first + words(into.len()) as u128;
    }
}

/// The masks of one layer: those of [`SeededMasks`], cheaper where small masks are asked for step after
/// step. Made by [`SeededMasks::layer`].
#[derive(Debug)]
pub struct LayerMasks {
    masks: SeededMasks,
    layer: usize,
    stride: usize,
    stream: Stream,
}

impl LayerMasks {
    /// As [`SeededMasks::fill`], for any step.
    ///
    /// # Panics
    /// In step 0, and if `into` is longer than the stride.
    #[doc(hidden)]
    pub fn fill<E: Element>(&mut self, step: usize, noise: impl Into<Noise>, into: &mut [E]) {
        let (at, noise) = (self.at(step), noise.into());
        if into.len() > PART {
            return self.masks.fill(at, noise, into);
        }
        let first = at.first_word(into.len());
        if let Some(factor) = noise.constant() {
            return into.fill(factor);
        }
        self.stream.draw(first, noise, into);
    }

    /// As [`SeededMasks::mask`], for any step.
    ///
    /// # Shapes
    /// - `shape` and output: `[rows, width]`
    ///
    /// # Panics
    /// In step 0, and if the mask has more values than the stride.
    #[must_use]
    pub fn mask(
        &mut self,
        step: usize,
        noise: impl Into<Noise>,
        shape: [usize; 2],
        options: impl Into<TensorCreationOptions>,
    ) -> Tensor<2> {
        let (noise, options) = (noise.into(), options.into());
        let default = || options.device.settings().float_dtype.into();
        let data = match options.dtype.unwrap_or_else(default) {
            DType::F64 => self.data::<f64>(step, noise, shape),
            _ => self.data::<f32>(step, noise, shape),
        };
        Tensor::from_data(data, options)
    }

    /// As [`mask`](Self::mask), for the rows of a batch from row `first`, counted from 0, on: a part of the mask that all rows of the
    /// batch would have.
    ///
    /// # Shapes
    /// - `shape` and output: `[rows, width]`
    ///
    /// # Panics
    /// In step 0, and if the mask up to the last of these rows has more values than the stride.
    #[must_use]
    #[doc(hidden)]
    pub fn mask_from(
        &mut self,
        first: usize,
        step: usize,
        noise: impl Into<Noise>,
        shape: [usize; 2],
        (device, dtype): (&Device, DType),
    ) -> Tensor<2> {
        let noise = noise.into();
        let data = match dtype {
            DType::F64 => self.data_from::<f64>(first, step, noise, shape),
            _ => self.data_from::<f32>(first, step, noise, shape),
        };
        Tensor::from_data(data, (device, dtype))
    }

    fn data_from<E: Element>(
        &mut self,
        first: usize,
        step: usize,
        noise: Noise,
        shape: [usize; 2],
    ) -> TensorData {
        let (start, count) = (first * shape[1], shape[0] * shape[1]);
        let word = self.at(step).first_word(start + count);
        if let Some(factor) = noise.constant::<E>() {
            return TensorData::new(vec![factor; count], shape);
        }
        // Random bits come in blocks of whole words: an odd place is in the middle of one.
        let skipped = start % 2;
        let mut values = vec![E::default(); skipped + count];
        let first = word + words(start - skipped) as u128;
        self.stream.draw(first, noise, &mut values);
        values.drain(..skipped);
        TensorData::new(values, shape)
    }

    /// As [`mask`](Self::mask), drawn on the device that `options` names, where that is a GPU: the same bits, and nothing
    /// is copied to it. Drawn on the CPU for a noise that only the CPU draws.
    ///
    /// # Shapes
    /// - `shape` and output: `[rows, width]`
    ///
    /// # Panics
    /// In step 0, and if the mask has more values than the stride.
    #[must_use]
    #[doc(hidden)]
    pub fn mask_on_device(
        &mut self,
        step: usize,
        noise: impl Into<Noise>,
        shape: [usize; 2],
        (device, dtype): (&Device, DType),
    ) -> Tensor<2> {
        let noise = noise.into();
        let first = self.at(step).first_word(shape[0] * shape[1]);
        let generator = &self.stream.generator;
        on_device::mask(generator, first, noise, shape, (device, dtype))
            .unwrap_or_else(|| self.mask(step, noise, shape, (device, dtype)))
    }

    fn data<E: Element>(&mut self, step: usize, noise: Noise, shape: [usize; 2]) -> TensorData {
        let count = shape[0] * shape[1];
        #[cfg(not(target_family = "wasm"))]
        if count > PART {
            let at = self.at(step);
            return TensorData::new(self.masks.collect::<E>(at, noise, count), shape);
        }
        let mut values = vec![E::default(); count];
        self.fill(step, noise, &mut values);
        TensorData::new(values, shape)
    }

    fn at(&self, step: usize) -> MaskAt {
        MaskAt {
            step,
            layer: self.layer,
            stride: self.stride,
        }
    }

    /// Drops from a layer's inputs: one multiplication by the mask, none where there is no noise; with alpha dropout values are shifted
    /// too. Of DropConnect `x` is the layer's weights.
    ///
    /// # Shapes
    /// - `x` and output: `[rows, width]`
    ///
    /// # Panics
    /// In step 0, and if `x` has more values than the stride.
    #[must_use]
    pub fn apply(&mut self, step: usize, noise: impl Into<Noise>, x: Tensor<2>) -> Tensor<2> {
        let noise = noise.into();
        if noise.is_off() {
            return x;
        }
        let mask = self.mask(step, noise, x.dims(), (&x.device(), x.dtype()));
        noise.put_on(x, mask)
    }
}
