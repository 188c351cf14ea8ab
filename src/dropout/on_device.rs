//! Seeded masks that are drawn where they are used: ChaCha8 in the backend's integer operations.
//!
//! The words are those of [`ChaCha8Rng`] to the last bit (Bernstein 2008), so that a mask is the same on a GPU as on a CPU,
//! and nothing has to be copied to the card. Every operation works on all blocks of 16 words at once and on nothing
//! else, so that a backend that fuses operations makes few kernels of them.

use burn::tensor::{DType, Device, Int, Tensor};
use rand::rngs::ChaCha8Rng;

use super::Noise;

/// Words in a block, and values that they have bits for, 16 each.
const WORDS: u128 = 16;
const VALUES: usize = 32;

/// "expand 32-byte k"
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// A mask of `[rows, width]` from the word `first` of a generator's stream on; none for a noise that is not made of 16 bits a
/// value, and where the counter of blocks runs over 32 bits within the mask.
pub(super) fn mask(
    generator: &ChaCha8Rng,
    first: u128,
    noise: Noise,
    [rows, width]: [usize; 2],
    (device, dtype): (&Device, DType),
) -> Option<Tensor<2>> {
    let count = rows * width;
    let skipped = 2 * (first % WORDS) as usize;
    let counter = u64::try_from(first / WORDS).ok()?;
    let blocks = (skipped + count).div_ceil(VALUES);
    (counter as u32).checked_add(u32::try_from(blocks).ok()?)?;
    let words = words(generator, counter, blocks, device);
    // Little-endian: the low half of a word comes first.
    let halves = Tensor::stack::<3>(
        vec![
            words.clone().bitwise_and_scalar(0xffff),
            shifted_right(words, 16),
        ],
        2,
    ); // [blocks, 16, 2]
    let bits = halves.reshape([blocks * VALUES]);
    let bits = bits.narrow(0, skipped, count);
    let mask = noise.of_bits(bits.reshape([rows, width]), dtype)?;
    Some(mask)
}

/// `[blocks, 16]`: the words of the blocks from `counter` on.
fn words(generator: &ChaCha8Rng, counter: u64, blocks: usize, device: &Device) -> Tensor<2, Int> {
    let key = generator.get_seed();
    let (key, _) = key.as_chunks::<4>();
    let stream = generator.get_stream();
    let index = Tensor::<1, Int>::arange(0..blocks as i64, (device, DType::I32));
    let constant = |word: u32| Word::Same(word);
    let start: Vec<Word> = CONSTANTS
        .into_iter()
        .chain(key.iter().map(|word| u32::from_le_bytes(*word)))
        .map(constant)
        .chain([
            Word::Each(index.clone()).add(constant(counter as u32)),
            constant((counter >> 32) as u32),
            constant(stream as u32),
            constant((stream >> 32) as u32),
        ])
        .collect();
    let mut state = start.clone();
    for _ in 0..4 {
        for column in 0..4 {
            quarter_round(&mut state, [0, 4, 8, 12].map(|row| row + column));
        }
        for diagonal in 0..4 {
            quarter_round(
                &mut state,
                [0, 1, 2, 3].map(|row| 4 * row + (row + diagonal) % 4),
            );
        }
    }
    let words = state.into_iter().zip(start);
    let words = words.map(|(word, start)| word.add(start).each(&index));
    Tensor::stack(words.collect(), 1)
}

fn quarter_round(state: &mut [Word], [a, b, c, d]: [usize; 4]) {
    for (a, b, d, bits) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        state[a] = state[a].clone().add(state[b].clone());
        state[d] = state[d].clone().xor(state[a].clone()).rotated(bits);
    }
}

/// Without the copies of the sign, which the shift of a signed number brings in.
fn shifted_right<const D: usize>(words: Tensor<D, Int>, bits: u32) -> Tensor<D, Int> {
    let kept = (1_i32 << (32 - bits)) - 1;
    words
        .bitwise_right_shift_scalar(bits.cast_signed())
        .bitwise_and_scalar(kept)
}

/// One word of every block: the same in all of them, or a number for each. The bits are those of signed numbers, which every
/// backend has; sums wrap.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there are some dozens of them")]
enum Word {
    Same(u32),
    Each(Tensor<1, Int>),
}

impl Word {
    fn add(self, other: Word) -> Word {
        match (self, other) {
            (Word::Same(a), Word::Same(b)) => Word::Same(a.wrapping_add(b)),
            (Word::Each(a), Word::Each(b)) => Word::Each(a + b),
            (Word::Each(each), Word::Same(same)) | (Word::Same(same), Word::Each(each)) => {
                Word::Each(each + same.cast_signed())
            }
        }
    }

    fn xor(self, other: Word) -> Word {
        match (self, other) {
            (Word::Same(a), Word::Same(b)) => Word::Same(a ^ b),
            (Word::Each(a), Word::Each(b)) => Word::Each(a.bitwise_xor(b)),
            (Word::Each(each), Word::Same(same)) | (Word::Same(same), Word::Each(each)) => {
                Word::Each(each.bitwise_xor_scalar(same.cast_signed()))
            }
        }
    }

    /// Rotated to the left.
    fn rotated(self, bits: u32) -> Word {
        match self {
            Word::Same(word) => Word::Same(word.rotate_left(bits)),
            Word::Each(word) => {
                let high = word.clone().bitwise_left_shift_scalar(bits.cast_signed());
                Word::Each(high.bitwise_or(shifted_right(word, 32 - bits)))
            }
        }
    }

    /// A number for each block; `index` has as many.
    fn each(self, index: &Tensor<1, Int>) -> Tensor<1, Int> {
        match self {
            Word::Each(word) => word,
            Word::Same(word) => index.full_like(word.cast_signed()),
        }
    }
}
