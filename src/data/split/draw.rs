//! Drawing rows by chance, each class by itself.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

/// Draws about `wanted` rows out of a pool, rounded to a whole number: the rows drawn, and those that
/// are left, both sorted. With `strata`, which has a number for every row, the rows of each number
/// are drawn from in proportion, up or down by less than one row.
pub(super) fn draw(
    pool: Vec<u32>,
    wanted: f64,
    strata: Option<&[u32]>,
    random: &mut ChaCha8Rng,
) -> (Vec<u32>, Vec<u32>) {
    let mut groups: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    match strata {
        None => _ = groups.insert(0, pool),
        Some(strata) => {
            for row in pool {
                groups.entry(strata[row as usize]).or_default().push(row);
            }
        }
    }
    let sizes: Vec<usize> = groups.values().map(Vec::len).collect();
    let counts = apportion(&sizes, wanted);
    let all: usize = counts.iter().sum();
    let mut drawn = Vec::with_capacity(all);
    let mut left = Vec::new();
    for (mut rows, count) in groups.into_values().zip(counts) {
        rows.shuffle(random);
        drawn.extend(rows.drain(..count));
        // Where all are together, no other memory is needed for those that are left.
        match left.is_empty() {
            true => left = rows,
            false => left.extend(rows),
        }
    }
    drawn.sort_unstable();
    left.sort_unstable();
    (drawn, left)
}

/// Draws whole groups, in a random order, as long as each brings the number of rows nearer to `wanted`; one group at least is
/// left. `groups` has a number for every row.
pub(super) fn draw_groups(
    pool: &[u32],
    wanted: f64,
    groups: &[u32],
    random: &mut ChaCha8Rng,
) -> (Vec<u32>, Vec<u32>) {
    let mut order: Vec<(u32, usize)> = sizes(pool, groups).into_iter().collect();
    order.shuffle(random);
    let mut drawn = HashSet::new();
    let mut count = 0;
    for (group, size) in &order {
        if drawn.len() + 1 < order.len() && count as f64 + *size as f64 / 2.0 <= wanted {
            drawn.insert(*group);
            count += size;
        }
    }
    pool.iter()
        .partition(|row| drawn.contains(&groups[**row as usize]))
}

/// The rows of the latest times, about `wanted`, and those before them. `times` has a number for every row; those of one time
/// stay together.
pub(super) fn draw_last(pool: &[u32], wanted: f64, times: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let counts = sizes(pool, times);
    let (mut first, mut count) = (u32::MAX, 0);
    for (time, size) in counts.iter().skip(1).rev() {
        if count as f64 + *size as f64 / 2.0 > wanted {
            break;
        }
        first = *time;
        count += size;
    }
    pool.iter().partition(|row| times[**row as usize] >= first)
}

/// Deals the rows of a pool into folds, each stratum by itself, in a random order: the fold of each, counted from 0. Folds differ
/// by one row at most, and by one row of a stratum.
pub(super) fn deal(
    pool: &[u32],
    folds: usize,
    strata: Option<&[u32]>,
    random: &mut ChaCha8Rng,
) -> Vec<usize> {
    let mut places: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (place, row) in pool.iter().enumerate() {
        let stratum = strata.map_or(0, |strata| strata[*row as usize]);
        places.entry(stratum).or_default().push(place);
    }
    let mut dealt = vec![0; pool.len()];
    let mut next = 0;
    for places in places.values_mut() {
        places.shuffle(random);
        for place in places {
            dealt[*place] = next;
            next = (next + 1) % folds;
        }
    }
    dealt
}

/// The same with whole groups: the larger first, each into the fold with the fewest rows; groups of one size in a random order.
pub(super) fn deal_groups(
    pool: &[u32],
    folds: usize,
    groups: &[u32],
    random: &mut ChaCha8Rng,
) -> Vec<usize> {
    let mut order: Vec<(u32, usize)> = sizes(pool, groups).into_iter().collect();
    order.shuffle(random);
    order.sort_by_key(|(_, size)| Reverse(*size));
    let mut counts = vec![0; folds];
    let mut fold_of = BTreeMap::new();
    for (group, size) in order {
        let fewest = (0..folds).min_by_key(|fold| counts[*fold]).unwrap_or(0);
        counts[fewest] += size;
        fold_of.insert(group, fewest);
    }
    pool.iter()
        .map(|row| fold_of[&groups[*row as usize]])
        .collect()
}

/// The part of each row of a pool, counted from 0, of parts of about as many rows, the earliest first; rows of one time are in one.
pub(super) fn deal_times(pool: &[u32], parts: usize, times: &[u32]) -> Vec<usize> {
    let mut part_of = BTreeMap::new();
    let mut before = 0;
    for (time, size) in sizes(pool, times) {
        // By the middle of its rows.
        part_of.insert(time, (2 * before + size) * parts / (2 * pool.len()));
        before += size;
    }
    pool.iter()
        .map(|row| part_of[&times[*row as usize]])
        .collect()
}

/// How many rows of a pool each number has.
fn sizes(pool: &[u32], numbers: &[u32]) -> BTreeMap<u32, usize> {
    let mut sizes = BTreeMap::new();
    for row in pool {
        *sizes.entry(numbers[*row as usize]).or_default() += 1;
    }
    sizes
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
