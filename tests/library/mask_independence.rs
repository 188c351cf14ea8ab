//! The values of seeded masks are independent of each other: across positions, rows, steps, layers, seeds.
//!
//! Six values are looked at together, many times. There are 64 patterns that they can have, and for values
//! that are kept independently, each with the keep probability, the counts of the patterns follow Pearson's
//! chi-square distribution with 63 degrees of freedom (all probabilities are given, none estimated).

use dropwise::dropout::{MaskAt, SeededMasks};

const VALUES: usize = 6;
/// The 1 - 1e-6 quantile for 63 degrees of freedom: `scipy.stats.chi2.isf(1e-6, 63)`.
const BOUND: f64 = 131.3697;
const RATES: [f64; 3] = [0.2, 0.5, 0.7];
const SAMPLES: usize = 200_000;

/// Pearson's statistic of samples of values kept with the probability `1 - rate`.
fn chi_square(rate: f64, samples: impl Iterator<Item = [bool; VALUES]>) -> f64 {
    let mut counts = [0_usize; 1 << VALUES];
    for sample in samples {
        let pattern = sample
            .iter()
            .fold(0, |bits, kept| bits << 1 | usize::from(*kept));
        counts[pattern] += 1;
    }
    let all = counts.iter().sum::<usize>() as f64;
    let statistic = |(pattern, count): (usize, &usize)| {
        let kept = pattern.count_ones() as i32;
        let expected = all * (1.0 - rate).powi(kept) * rate.powi(VALUES as i32 - kept);
        assert!(expected > 10.0, "too few samples for the distribution");
        (*count as f64 - expected).powi(2) / expected
    };
    counts.iter().enumerate().map(statistic).sum()
}

/// Which of so many values of a mask are kept.
fn kept(seed: u64, step: usize, layer: usize, rate: f64, stride: usize) -> Vec<bool> {
    let at = MaskAt {
        step,
        layer,
        stride,
    };
    let mut mask = vec![0.0_f32; stride];
    SeededMasks::new(seed).fill(at, rate, &mut mask);
    mask.into_iter().map(|value| value != 0.0).collect()
}

/// The values at one place of six masks are one sample.
fn across<'a>(masks: &'a [Vec<bool>]) -> impl Iterator<Item = [bool; VALUES]> + 'a {
    (0..masks[0].len()).map(|place| std::array::from_fn(|k| masks[k][place]))
}

#[track_caller]
fn assert_independent(what: &str, masks: impl Fn(f64) -> Vec<Vec<bool>>) {
    for rate in RATES {
        let statistic = chi_square(rate, across(&masks(rate)));
        assert!(statistic < BOUND, "{what}, rate {rate}: {statistic}");
    }
}

/// Six masks out of one: values that are `distance` apart are together in a sample, each value in one.
fn apart(distance: usize, whole: &[bool]) -> Vec<Vec<bool>> {
    let mut masks = vec![Vec::new(); VALUES];
    for part in whole.chunks_exact(VALUES * distance) {
        for (mask, values) in masks.iter_mut().zip(part.chunks(distance)) {
            mask.extend_from_slice(values);
        }
    }
    masks
}

#[test]
fn of_neighbors_in_a_row_and_of_values_a_block_of_the_generator_apart() {
    for distance in [1, 2, 32, 128] {
        assert_independent(&format!("{distance} apart"), |rate| {
            apart(distance, &kept(21, 1, 0, rate, VALUES * SAMPLES))
        });
    }
}

#[test]
fn of_the_rows_of_a_unit() {
    let width = 1_000;
    assert_independent("rows", |rate| {
        apart(width, &kept(22, 1, 0, rate, VALUES * SAMPLES))
    });
}

#[test]
fn of_the_steps_of_a_small_mask_and_of_a_large_one() {
    assert_independent("large masks", |rate| {
        (1..=VALUES)
            .map(|step| kept(23, step, 0, rate, SAMPLES))
            .collect()
    });
    // One 4x4 mask after the other: value i of six steps is a sample, for each i.
    assert_independent("small masks", |rate| {
        let mut layer = SeededMasks::new(24).layer(0, 16);
        let mut samples = vec![Vec::new(); VALUES];
        let mut mask = [0.0_f32; 16];
        for step in 0..SAMPLES / 16 * VALUES {
            layer.fill(step + 1, rate, &mut mask);
            samples[step % VALUES].extend(mask.iter().map(|value| *value != 0.0));
        }
        samples
    });
}

#[test]
fn of_the_layers() {
    assert_independent("layers", |rate| {
        (0..VALUES)
            .map(|layer| kept(25, 1, layer, rate, SAMPLES))
            .collect()
    });
}

#[test]
fn of_neighboring_seeds() {
    assert_independent("seeds", |rate| {
        (0..VALUES as u64)
            .map(|seed| kept(seed, 1, 0, rate, SAMPLES))
            .collect()
    });
}

#[test]
fn what_is_not_independent_is_seen() {
    let rate = 0.5;
    // One sample in fifty has its second value from the first.
    let mut masks: Vec<Vec<bool>> = (0..VALUES)
        .map(|layer| kept(26, 1, layer, rate, SAMPLES))
        .collect();
    assert!(chi_square(rate, across(&masks)) < BOUND);
    for place in (0..SAMPLES).step_by(50) {
        masks[1][place] = masks[0][place];
    }
    assert!(chi_square(rate, across(&masks)) > BOUND);
    // A keep probability that is 0.5% off.
    let masks: Vec<Vec<bool>> = (0..VALUES)
        .map(|layer| kept(26, 1, layer, 0.505, SAMPLES))
        .collect();
    assert!(chi_square(rate, across(&masks)) > BOUND);
}
