//! How well predictions are in order: curves of ROC and of precision and recall, Spearman's correlation, medians.

/// The rows in descending order of their scores, those of equal scores together: for each distinct score how many rows are
/// of the class, and how many are not. None if a score is not a number.
///
/// # Shapes
/// - `scores`: `[rows]`; `is_of_class` says of each row whether it is of the class
#[must_use]
pub fn thresholds(scores: &[f64], is_of_class: impl Fn(usize) -> bool) -> Option<Vec<[usize; 2]>> {
    if scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let ties = order.chunk_by(|a, b| scores[*a] == scores[*b]);
    let count = |rows: &[usize]| {
        let of_class = rows.iter().filter(|row| is_of_class(**row)).count();
        [of_class, rows.len() - of_class]
    };
    Some(ties.map(count).collect())
}

/// The area under the ROC curve, which is the chance that a row of the class has a higher score than one that is not, a tie
/// counting half; and the average precision, `sum_n (R_n - R_(n-1)) P_n` over the distinct scores. None without a row of the
/// class, and for the area without one that is not.
///
/// # Shapes
/// - `thresholds`: as [`thresholds`] has them
#[must_use]
pub fn areas(thresholds: &[[usize; 2]]) -> (Option<f64>, Option<f64>) {
    let [mut positives, mut negatives] = [0, 0];
    // Pairs in order, those of a tie counting half: twice as many as there are.
    let mut pairs = 0_u128;
    let mut precision = 0.0;
    for &[of_class, others] in thresholds {
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

/// The correlation of the ranks, those of equal numbers being their mean. None if one of the two is the same in all rows, or
/// is not a number in any.
pub(super) fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = (ranks(a)?, ranks(b)?);
    let mean = (a.len() as f64 + 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| -> f64 {
        let pairs = a.iter().zip(b);
        pairs.map(|(a, b)| (a - mean) * (b - mean)).sum()
    };
    let size = (product(&a, &a) * product(&b, &b)).sqrt();
    (size > 0.0).then(|| product(&a, &b) / size)
}

/// Each number's place in ascending order, counted from 1; of equal numbers the mean of theirs.
fn ranks(numbers: &[f64]) -> Option<Vec<f64>> {
    if numbers.iter().any(|number| number.is_nan()) {
        return None;
    }
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_unstable_by(|a, b| numbers[*a].total_cmp(&numbers[*b]));
    let mut ranks = vec![0.0; numbers.len()];
    let mut before = 0;
    for ties in order.chunk_by(|a, b| numbers[*a] == numbers[*b]) {
        let rank = before as f64 + (ties.len() as f64 + 1.0) / 2.0;
        ties.iter().for_each(|row| ranks[*row] = rank);
        before += ties.len();
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
