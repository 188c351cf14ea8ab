//! How well predictions are in order: curves of ROC and of precision and recall, Spearman's correlation, medians.

use super::sorting::{Memory, Order, Sorted, Sorter, key, number};
use crate::error::Result;

/// For each distinct score, from the highest on, how many rows are of the class, and how many are not. None if a score is not a number.
///
/// # Shapes
/// - `rows`: `[rows]`, the score of each, and whether it is of the class
#[must_use]
pub fn thresholds(rows: impl IntoIterator<Item = (f64, bool)>) -> Option<Vec<[usize; 2]>> {
    // Nothing fails in memory.
    let mut scores = Sorter::new(2, Memory::default());
    for (score, is_of_class) in rows {
        if score.is_nan() {
            return None;
        }
        let sequence = usize::from(!is_of_class);
        scores.push(sequence, [key(score)]).ok()?;
    }
    let mut found = Vec::new();
    let visit = |counts| found.push(counts);
    let scores = scores.sorted().ok()?;
    scores.each_key([0, 1], Order::Descending, visit).ok()?;
    Some(found)
}

/// The area under the ROC curve, which is the chance that a row of the class has a higher score than one that is not, a tie
/// counting half; and the average precision, `sum_n (R_n - R_(n-1)) P_n` over the distinct scores. None without a row of the
/// class, and for the area without one that is not.
///
/// # Shapes
/// - `thresholds`: as [`thresholds`] has them
#[must_use]
pub fn areas(thresholds: impl IntoIterator<Item = [usize; 2]>) -> (Option<f64>, Option<f64>) {
    let mut areas = Areas::default();
    thresholds.into_iter().for_each(|counts| areas.add(counts));
    areas.finish()
}

/// [`areas`], a threshold at a time.
#[derive(Default)]
pub(super) struct Areas {
    positives: usize,
    negatives: usize,
    /// Pairs in order, those of a tie counting half: twice as many as there are.
    pairs: u128,
    precision: f64,
}

impl Areas {
    /// The next lower threshold.
    pub(super) fn add(&mut self, [of_class, others]: [usize; 2]) {
        self.pairs += others as u128 * (2 * self.positives + of_class) as u128;
        self.positives += of_class;
        self.negatives += others;
        let all = self.positives + self.negatives;
        self.precision += of_class as f64 * self.positives as f64 / all as f64;
    }

    pub(super) fn finish(self) -> (Option<f64>, Option<f64>) {
        let all = 2 * self.positives as u128 * self.negatives as u128;
        (
            (all > 0).then(|| self.pairs as f64 / all as f64),
            (self.positives > 0).then(|| self.precision / self.positives as f64),
        )
    }
}

/// The correlation of the ranks of two numbers; of equal numbers the mean rank. None if one of the two is the same in all rows.
/// Whole numbers are added up, so that the order of the rows changes no bit.
///
/// # Shapes
/// - `pairs`: in this sequence the [`key`]s of both, a record a row
///
/// # Errors
/// Those of a sorter's file, in `memory` and of `pairs`.
pub(super) fn spearman(
    pairs: &Sorted<'_, 2>,
    sequence: usize,
    memory: Memory<'_>,
) -> Result<Option<f64>> {
    let rows = pairs.len(sequence) as i64;
    // Ties have to be counted before any of them goes on.
    let mut ahead = pairs.read(sequence, Order::Ascending)?;
    let mut pairs = pairs.read(sequence, Order::Ascending)?;
    let mut others = Sorter::new(1, memory);
    let mut first = Ranks::new(rows);
    while let Some(key) = ahead.key() {
        let mut ties = 0;
        while ahead.next_of(key)?.is_some() {
            ties += 1;
        }
        let from_mean = first.next(ties);
        while let Some([_, other]) = pairs.next_of(key)? {
            others.push(0, [other, from_mean.cast_unsigned()])?;
        }
    }
    let others = others.sorted()?;
    let mut others = others.read(0, Order::Ascending)?;
    let mut second = Ranks::new(rows);
    let mut products = 0;
    while let Some(key) = others.key() {
        let (mut ties, mut sum) = (0, 0);
        while let Some([_, from_mean]) = others.next_of(key)? {
            ties += 1;
            sum += i128::from(from_mean.cast_signed());
        }
        products += sum * i128::from(second.next(ties));
    }
    let size = (first.squares as f64 * second.squares as f64).sqrt();
    Ok((size > 0.0).then(|| products as f64 / size))
}

/// Ranks of numbers in ascending order.
struct Ranks {
    rows: i64,
    before: i64,
    squares: i128,
}

impl Ranks {
    fn new(rows: i64) -> Self {
        Ranks {
            rows,
            before: 0,
            squares: 0,
        }
    }

    /// Twice how far the rank of the next numbers, which are equal, is from the mean of all ranks.
    fn next(&mut self, ties: i64) -> i64 {
        // Ranks count from 1. Twice the mean of these is `2 before + ties + 1`, of all `rows + 1`.
        let from_mean = 2 * self.before + ties - self.rows;
        self.before += ties;
        self.squares += i128::from(ties) * i128::from(from_mean).pow(2);
        from_mean
    }
}

/// The median of one sequence of [`key`]s, of an even number of them the mean of the two in the middle; NaN if there is none.
///
/// # Errors
/// Those of the sorter's file.
pub(super) fn median(numbers: &Sorted<'_, 1>) -> Result<f64> {
    let count = numbers.len(0);
    let mut numbers = numbers.read(0, Order::Ascending)?;
    for _ in 0..count.saturating_sub(1) / 2 {
        numbers.next()?;
    }
    let mut middle =
        || -> Result<f64> { Ok(numbers.next()?.map_or(f64::NAN, |[key]| number(key))) };
    Ok(match count % 2 {
        1 => middle()?,
        _ => f64::midpoint(middle()?, middle()?),
    })
}
