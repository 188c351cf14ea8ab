//! How well predictions are in order: curves of ROC and of precision and recall, Spearman's correlation, medians.

/// For each distinct score, from the highest on, how many rows are of the class, and how many are not. None if a score is not a number.
///
/// # Shapes
/// - `rows`: `[rows]`, the score of each, and whether it is of the class
#[must_use]
pub fn thresholds(
    rows: impl ExactSizeIterator<Item = (f64, bool)>,
) -> Option<impl Iterator<Item = [usize; 2]>> {
    // Those of the class from the front on, the others from the back.
    let mut scores = vec![0.0; rows.len()];
    let (mut front, mut back) = (0, scores.len());
    for (score, is_of_class) in rows {
        if score.is_nan() {
            return None;
        }
        match is_of_class {
            true => {
                scores[front] = score;
                front += 1;
            }
            false => {
                back -= 1;
                scores[back] = score;
            }
        }
    }
    let (of_class, others) = scores.split_at_mut(front);
    of_class.sort_unstable_by(|a, b| b.total_cmp(a));
    others.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut next, ends) = ([0, front], [front, scores.len()]);
    Some(std::iter::from_fn(move || {
        let heads = [0, 1].map(|part| (next[part] < ends[part]).then(|| scores[next[part]]));
        let highest = heads.into_iter().flatten().reduce(f64::max)?;
        Some([0, 1].map(|part| {
            let left = &scores[next[part]..ends[part]];
            let count = left.iter().take_while(|score| **score == highest).count();
            next[part] += count;
            count
        }))
    }))
}

/// The area under the ROC curve, which is the chance that a row of the class has a higher score than one that is not, a tie
/// counting half; and the average precision, `sum_n (R_n - R_(n-1)) P_n` over the distinct scores. None without a row of the
/// class, and for the area without one that is not.
///
/// # Shapes
/// - `thresholds`: as [`thresholds`] has them
#[must_use]
pub fn areas(thresholds: impl IntoIterator<Item = [usize; 2]>) -> (Option<f64>, Option<f64>) {
    let [mut positives, mut negatives] = [0, 0];
    // Pairs in order, those of a tie counting half: twice as many as there are.
    let mut pairs = 0_u128;
    let mut precision = 0.0;
    for [of_class, others] in thresholds {
        pairs += others as u128 * (2 * positives + of_class) as u128;
        positives += of_class;
        negatives += others;
        precision += of_class as f64 * positives as f64 / (positives + negatives) as f64;
    }
    let all = 2 * positives as u128 * negatives as u128;
    (
        (all > 0).then(|| pairs as f64 / all as f64),
        (positives > 0).then(|| precision / positives as f64),
    )
}

/// The correlation of ranks, as [`ranks`] has them. None if one of the two is the same in all rows.
///
/// # Shapes
/// - `a`, `b`: `[rows]`
pub(super) fn spearman(a: &[u32], b: &[u32]) -> Option<f64> {
    let mean = (a.len() as f64 + 1.0) / 2.0;
    let product = |a: &[u32], b: &[u32]| -> f64 {
        let pairs = a.iter().zip(b);
        let from_mean = |twice: u32| f64::from(twice) / 2.0 - mean;
        pairs.map(|(a, b)| from_mean(*a) * from_mean(*b)).sum()
    };
    let size = (product(a, a) * product(b, b)).sqrt();
    (size > 0.0).then(|| product(a, b) / size)
}

/// Twice the place of each of so many numbers in ascending order, counted from 1; of equal numbers the mean of theirs. None if one is not
/// a number, and for more than 32 bits can count.
pub(super) fn ranks(count: usize, number: impl Fn(usize) -> f64) -> Option<Vec<u32>> {
    u32::try_from(count.checked_mul(2)?).ok()?;
    let number = |place: &u32| number(*place as usize);
    let mut order: Vec<u32> = (0..count as u32).collect();
    if order.iter().any(|place| number(place).is_nan()) {
        return None;
    }
    order.sort_unstable_by(|a, b| number(a).total_cmp(&number(b)));
    let mut ranks = vec![0; count];
    let mut before = 0;
    for ties in order.chunk_by(|a, b| number(a) == number(b)) {
        let twice = 2 * before + ties.len() as u32 + 1;
        ties.iter().for_each(|row| ranks[*row as usize] = twice);
        before += ties.len() as u32;
    }
    Some(ranks)
}

/// The median, of an even number of them the mean of the two in the middle; NaN if there is none or one is not a number.
pub(super) fn median(mut numbers: Vec<f64>) -> f64 {
    if numbers.is_empty() || numbers.iter().any(|number| number.is_nan()) {
        return f64::NAN;
    }
    numbers.sort_unstable_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 {
        numbers[middle]
    } else {
        f64::midpoint(numbers[middle - 1], numbers[middle])
    }
}
