//! Rows that stand in training and in another part alike.

use std::collections::HashSet;

use super::split::RowSplit;

/// How many validation and test rows have the very inputs and target of a training row; none if no row has.
///
/// # Shapes
/// - `codes`: `[rows, columns]`, row after row; `targets`: `[rows]`
pub(super) fn note(split: &RowSplit, codes: &[f64], targets: &[f64]) -> Option<String> {
    let width = codes.len() / targets.len().max(1);
    let row = |row: usize| -> Vec<u64> {
        let values = codes[row * width..][..width].iter().chain([&targets[row]]);
        values.map(|value| (value + 0.0).to_bits()).collect()
    };
    let known: HashSet<Vec<u64>> = (0..split.train).map(row).collect();
    let mut start = split.train;
    let mut words = Vec::new();
    for (name, len) in [("validation", split.validation), ("test", split.test)] {
        let len = len.unwrap_or(0);
        let twins = (start..start + len)
            .filter(|place| known.contains(&row(*place)))
            .count();
        start += len;
        if twins > 0 {
            words.push(format!("{twins} of {len} {name} rows"));
        }
    }
    (!words.is_empty()).then(|| {
        format!(
            "{} stand among the training rows too, with the same inputs and target, and measure what was learned by heart",
            words.join(" and ")
        )
    })
}
