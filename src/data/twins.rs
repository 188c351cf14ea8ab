//! Rows that stand in training and in another part alike.

use std::collections::HashSet;
use std::hash::Hash;

/// What is said if validation or test rows are the same as training rows, in inputs and target; `train` and the others are what
/// rows are compared by.
pub(super) fn note<K: Hash + Eq>(
    train: impl Iterator<Item = K>,
    validation: Option<impl ExactSizeIterator<Item = K> + Clone>,
    test: Option<impl ExactSizeIterator<Item = K> + Clone>,
) -> Option<String> {
    // Of the training rows, which are most, only those that are looked for are kept.
    let others = validation.iter().flat_map(|rows| rows.clone());
    let others: HashSet<K> = others
        .chain(test.iter().flat_map(|rows| rows.clone()))
        .collect();
    let known: HashSet<K> = train.filter(|row| others.contains(row)).collect();
    let count = |name: &str, rows: &mut dyn ExactSizeIterator<Item = K>| {
        let len = rows.len();
        let twins = rows.filter(|row| known.contains(row)).count();
        (twins > 0).then(|| format!("{twins} of {len} {name} rows"))
    };
    let validation = validation.and_then(|mut rows| count("validation", &mut rows));
    let test = test.and_then(|mut rows| count("test", &mut rows));
    let words: Vec<String> = validation.into_iter().chain(test).collect();
    (!words.is_empty()).then(|| {
        format!(
            "{} stand among the training rows too, with the same inputs and target, and measure what was learned by heart",
            words.join(" and ")
        )
    })
}
