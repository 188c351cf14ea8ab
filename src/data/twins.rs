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
    if others.is_empty() {
        return None;
    }
    let known: HashSet<K> = train.filter(|row| others.contains(row)).collect();
    let count = |rows: &mut dyn ExactSizeIterator<Item = K>| {
        let len = rows.len();
        (rows.filter(|row| known.contains(row)).count(), len)
    };
    let validation = validation.map(|mut rows| count(&mut rows));
    let test = test.map(|mut rows| count(&mut rows));
    words(validation, test)
}

/// The same of how many rows of each part are twins, and how many there are.
pub(super) fn words(
    validation: Option<(usize, usize)>,
    test: Option<(usize, usize)>,
) -> Option<String> {
    let parts = [("validation", validation), ("test", test)];
    let parts = parts.into_iter().filter_map(|(name, part)| match part? {
        (0, _) => None,
        (twins, len) => Some(format!("{twins} of {len} {name} rows")),
    });
    let words: Vec<String> = parts.collect();
    (!words.is_empty()).then(|| {
        format!(
            "{} stand among the training rows too, with the same inputs and target, and measure what was learned by heart",
            words.join(" and ")
        )
    })
}
