//! Seeded masks are a function of seed, step, layer and position, and of nothing else.

use crate::common::{backends, golden};
use burn::tensor::{DType, Device, Tensor};
#[cfg(any(feature = "wgpu", feature = "cuda"))]
use dropwise::Backend;
use dropwise::backend::read;
use dropwise::dropout::{MaskAt, SeededMasks};
use dropwise::seed::{Purpose, layer_stream};
use rand::Rng;
use rayon::ThreadPoolBuilder;

const RATES: [f64; 8] = [1e-4, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.999];

fn at(step: usize, layer: usize, stride: usize) -> MaskAt {
    MaskAt {
        step,
        layer,
        stride,
    }
}

/// So many values of a mask.
fn values(seed: u64, at: MaskAt, rate: f64, count: usize) -> Vec<f32> {
    let mut mask = vec![f32::NAN; count];
    SeededMasks::new(seed).fill(at, rate, &mut mask);
    mask
}

/// The 16 bits of each value of a mask, word for word.
fn bits(seed: u64, at: MaskAt) -> Vec<u16> {
    let mut generator = layer_stream(seed, Purpose::SeededMasks, at.layer);
    let words = at.stride.div_ceil(2);
    generator.set_word_pos(((at.step - 1) * words) as u128);
    let mut bits: Vec<u16> = (0..words)
        .map(|_| generator.next_u32())
        .flat_map(|word| [word as u16, (word >> 16) as u16])
        .collect();
    bits.truncate(at.stride);
    bits
}

#[test]
fn masks_are_those_of_an_independent_implementation() {
    for case in golden("masks").as_array().expect("cases") {
        let number = |name: &str| case[name].as_u64().expect("a number");
        let count = |name: &str| usize::try_from(number(name)).expect("a count");
        let rate = case["rate"].as_f64().expect("a rate");
        let at = at(count("step"), count("layer"), count("stride"));
        let mask: String = values(number("seed"), at, rate, count("values"))
            .iter()
            .map(|value| if *value == 0.0 { '0' } else { '1' })
            .collect();
        assert_eq!(mask, case["mask"].as_str().expect("a mask"), "{at:?}");
    }
}

#[test]
fn every_backend_has_the_same_masks_in_its_own_precision() {
    let (rows, width) = (37, 301);
    let at = at(4, 1, 64 * width);
    let scale = 1.0 / (1.0 - 0.3);
    let expected = values(3, at, 0.3, rows * width);
    assert!(expected.iter().all(|m| *m == 0.0 || *m == scale as f32));
    for (backend, device) in backends() {
        for device in [device.clone(), device.inner()] {
            let masks = SeededMasks::new(3);
            let mask = masks.mask(at, 0.3, [rows, width], &device);
            assert_eq!(mask.dims(), [rows, width]);
            assert_eq!(
                mask.into_data().try_to_vec::<f32>().expect("32 bits"),
                expected,
                "{backend}"
            );
            if device.supports_dtype(DType::F64) {
                let mask = masks.mask(at, 0.3, [rows, width], (&device, DType::F64));
                let mask = mask.into_data().try_to_vec::<f64>().expect("64 bits");
                let is_same = |(wide, narrow): (&f64, &f32)| {
                    *wide == if *narrow == 0.0 { 0.0 } else { scale }
                };
                assert!(mask.iter().zip(&expected).all(is_same), "{backend}");
            }
        }
    }
}

#[test]
fn any_number_of_threads_draws_the_same_masks() {
    let (_, device) = backends().remove(0);
    for stride in [1, 2, 127, 8_192, 8_193, 100_352, 131_073] {
        let at = at(3, 2, stride);
        let kept = |bits: Vec<u16>| bits.into_iter().map(|bits| u32::from(bits) < 52_429);
        let word_for_word: Vec<bool> = kept(bits(5, at)).collect();
        for threads in 1..=3 {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.expect("threads");
            let filled = pool.install(|| values(5, at, 0.2, stride));
            let mask = || SeededMasks::new(5).mask(at, 0.2, [1, stride], &device);
            let tensor = pool.install(mask).into_data().try_to_vec::<f32>();
            assert!(tensor.expect("32 bits") == filled, "{stride}, as a tensor");
            let mask: Vec<bool> = filled.iter().map(|value| *value != 0.0).collect();
            assert!(mask == word_for_word, "{stride} in {threads} threads");
        }
    }
}

#[test]
fn a_step_is_the_same_reached_directly_in_sequence_or_backwards() {
    for stride in [5, 16, 300, 20_000] {
        let masks = SeededMasks::new(11);
        let mut layer = masks.layer(1, stride);
        let mut mask = vec![0.0_f32; stride];
        for step in (1..=40).chain([7, 6, 5, 1_000_000]) {
            layer.fill(step, 0.4, &mut mask);
            let directly = values(11, at(step, 1, stride), 0.4, stride);
            assert_eq!(mask, directly, "stride {stride}, step {step}");
        }
    }
}

#[test]
fn a_partial_batch_has_the_first_rows_and_leaves_the_steps_after_it_where_they_are() {
    let (rows, width) = (9, 5);
    let masks = SeededMasks::new(12);
    let mut layer = masks.layer(0, rows * width);
    for step in 1..=20 {
        let whole = values(12, at(step, 0, rows * width), 0.5, rows * width);
        let rows = if step % 3 == 0 { 4 } else { rows };
        let mut mask = vec![0.0_f32; rows * width];
        layer.fill(step, 0.5, &mut mask);
        assert_eq!(mask, whole[..rows * width], "step {step}");
    }
}

#[test]
fn what_a_rate_of_zero_leaves_out_shifts_nothing() {
    let masks = SeededMasks::new(13);
    let mut layer = masks.layer(0, 16);
    let mut mask = [0.0_f32; 16];
    for step in 1..=6 {
        let rate = if step % 2 == 0 { 0.0 } else { 0.5 };
        layer.fill(step, rate, &mut mask);
        assert_eq!(mask.to_vec(), values(13, at(step, 0, 16), rate, 16));
    }
    layer.fill(7, 0.0, &mut mask);
    assert_eq!(mask, [1.0; 16]);
}

#[test]
fn the_keep_probability_is_exact_to_2_to_the_minus_16() {
    // A value's fate hangs on 16 bits. Among two million values all 65,536 numbers occur; those that
    // keep have to be 1 - p of them, to within half of one.
    let (steps, stride) = (16, 131_072);
    let all: Vec<Vec<u16>> = (1..=steps)
        .map(|step| bits(1, at(step, 0, stride)))
        .collect();
    for rate in RATES {
        let mut fate = vec![None; 1 << 16];
        for (step, bits) in (1..).zip(&all) {
            let mask = values(1, at(step, 0, stride), rate, stride);
            for (bits, value) in bits.iter().zip(mask) {
                let fate = fate[usize::from(*bits)].get_or_insert(value != 0.0);
                assert_eq!(*fate, value != 0.0, "rate {rate}, bits {bits}");
            }
        }
        assert!(fate.iter().all(Option::is_some), "a number is missing");
        let kept = fate.iter().filter(|fate| **fate == Some(true)).count();
        let off = (kept as f64 / 65_536.0 - (1.0 - rate)).abs();
        assert!(off <= 0.5 / 65_536.0, "rate {rate}: {kept} of 65,536 keep");
    }
}

#[test]
fn of_sixteen_million_values_as_many_are_kept_as_should_be() {
    let (steps, stride) = (128, 131_072);
    for rate in [0.1, 0.5, 0.8] {
        let mut mask = vec![0.0_f32; stride];
        let mut kept = 0;
        for step in 1..=steps {
            SeededMasks::new(2).fill(at(step, 0, stride), rate, &mut mask);
            kept += mask.iter().filter(|value| **value != 0.0).count();
        }
        let count = (steps * stride) as f64;
        let sigma = (rate * (1.0 - rate) / count).sqrt();
        let off = (kept as f64 / count - (1.0 - rate)).abs();
        assert!(off < 4.0 * sigma, "rate {rate}: {} sigma", off / sigma);
    }
}

#[test]
fn masks_act_outside_of_training_too() {
    for (backend, device) in backends() {
        let x = Tensor::<2>::ones([6, 7], &device.inner());
        let mut layer = SeededMasks::new(4).layer(2, 42);
        let y = read(layer.apply(3, 0.5, x)).expect("numbers");
        let mask = values(4, at(3, 2, 42), 0.5, 42);
        assert!(
            y.iter().zip(mask).all(|(y, m)| *y == f64::from(m)),
            "{backend}"
        );
        assert!(y.contains(&0.0) && y.contains(&2.0), "{backend}");
    }
}

#[test]
fn an_empty_mask_is_empty() {
    let device: Device = backends()[0].1.clone();
    let mask = SeededMasks::new(1).mask(at(1, 0, 0), 0.5, [0, 3], &device);
    assert_eq!(mask.dims(), [0, 3]);
}

#[test]
#[should_panic(expected = "a mask of 9 values does not fit a stride of 8")]
fn a_mask_does_not_reach_into_the_next_step() {
    values(1, at(1, 0, 8), 0.5, 9);
}

#[cfg(any(feature = "wgpu", feature = "cuda"))]
#[test]
fn masks_that_a_gpu_draws_have_the_bits_of_those_drawn_here() {
    let is_gpu = |backend: &Backend| ["wgpu", "cuda"].contains(&backend.name());
    for (backend, device) in backends()
        .into_iter()
        .filter(|(backend, _)| is_gpu(backend))
    {
        // From the first block, within a block, with a last block that is not full, and beyond 2^32 blocks.
        for (step, stride, shape) in [
            (1, 32, [4, 8]),
            (1, 35, [5, 7]),
            (2, 35, [5, 7]),
            (3, 35, [2, 7]),
            (7, 1, [1, 1]),
            (1_001, 129, [3, 43]),
            (2, 40_000, [100, 400]),
            (6_000_000_000, 64, [2, 9]),
        ] {
            for rate in [0.0, 0.2, 0.5, 0.999] {
                for layer in [0, 3] {
                    let mut masks = SeededMasks::new(42).layer(layer, stride);
                    let options = (&device, DType::F32);
                    let drawn = masks.mask_on_device(step, rate, shape, options);
                    let expected = masks.mask(step, rate, shape, options);
                    let [drawn, expected] =
                        [drawn, expected].map(|mask| read(mask).expect("numbers"));
                    assert_eq!(
                        drawn, expected,
                        "{backend}: step {step}, {shape:?}, rate {rate}"
                    );
                }
            }
        }
    }
}
