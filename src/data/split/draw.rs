//! Drawing rows by chance, each class by itself.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

/// Draws about `wanted` rows out of a pool, rounded to a whole number: the rows drawn, and those that
/// are left, both sorted. With `strata`, which has a number for every row, the rows of each number
/// are drawn from in proportion, up or down by less than one row.
pub(super) fn draw(
    pool: &[usize],
    wanted: f64,
    strata: Option<&[usize]>,
    random: &mut ChaCha8Rng,
) -> (Vec<usize>, Vec<usize>) {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &row in pool {
        let stratum = strata.map_or(0, |strata| strata[row]);
        groups.entry(stratum).or_default().push(row);
    }
    let sizes: Vec<usize> = groups.values().map(Vec::len).collect();
    let (mut drawn, mut left) = (Vec::new(), Vec::new());
    for (rows, count) in groups.values_mut().zip(apportion(&sizes, wanted)) {
        rows.shuffle(random);
        let (first, rest) = rows.split_at(count);
        drawn.extend_from_slice(first);
        left.extend_from_slice(rest);
    }
    drawn.sort_unstable();
    left.sort_unstable();
    (drawn, left)
}

/// How many to take of each group, `wanted` in all: by largest remainder, as seats are given to parties.
fn apportion(sizes: &[usize], wanted: f64) -> Vec<usize> {
    let total = sizes.iter().sum::<usize>() as f64;
    let wanted = wanted.min(total);
    let quotas: Vec<f64> = sizes
        .iter()
        .map(|size| wanted * *size as f64 / total)
        .collect();
    let mut counts: Vec<usize> = quotas.iter().map(|quota| *quota as usize).collect();
    let missing = (wanted.round() as usize).saturating_sub(counts.iter().sum());

    // Equal remainders may differ in their last bits: the group that comes first is to win.
    let remainder = |group: &usize| Reverse((quotas[*group].fract() * 1e9) as u64);
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(remainder);
    for group in order.into_iter().take(missing) {
        counts[group] += 1;
    }
    counts
}
