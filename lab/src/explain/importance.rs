//! Which columns a network needs: permutation importance.

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use dropwise::data::{Dataset, Preprocessing, Task};
use dropwise::error::Result;
use dropwise::evaluate::{evaluate, predicted_class};
use dropwise::seed::{Purpose, stream};

use super::split_evaluation::SplitEvaluation;
use super::{Subject, spaced};

/// By how much a network gets worse when the values of one column are shuffled among the rows (Breiman 2001; as
/// scikit-learn's `permutation_importance`). Of columns that say the same, each alone may look unimportant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// The part of the data: `training`, `validation` or `test`.
    pub split: String,
    /// Rows that were predicted.
    pub rows: usize,
    /// What gets worse: `loss`, or `RMSE` in the target's own units.
    pub measure: String,
    /// Its value with every column in its place.
    pub baseline: f64,
    /// How often each column was shuffled.
    pub repeats: usize,
    /// All columns, the most important first.
    pub columns: Vec<ColumnImportance>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnImportance {
    /// Its name.
    pub column: String,
    /// The mean increase over the repeats; 0 or less for a column that the network does not need.
    pub increase: f64,
    /// The standard deviation of the increase over the repeats.
    pub deviation: f64,
}

/// Rows that are predicted, evenly spaced over the split.
const ROWS: usize = 1_000;
const REPEATS: usize = 5;
/// More take longer than a reader waits: wide tables get fewer repeats, wider ones none.
const EVALUATIONS: usize = 600;

/// The importance of each column; none for images, for several targets, for a single column, and for very wide tables.
///
/// # Errors
/// Those of [`evaluate`].
pub(super) fn importance(
    subject: &Subject<'_>,
    evaluation: &SplitEvaluation<'_>,
    seed: u64,
    notes: &mut Vec<String>,
) -> Result<Option<Importance>> {
    let columns = subject.preprocessing.input_columns();
    let is_images = matches!(subject.preprocessing, Preprocessing::Images { .. });
    let several_targets =
        matches!(evaluation.task(), Task::Regression { targets } if targets.len() > 1);
    if is_images || several_targets || columns.len() < 2 || evaluation.rows.len() < 2 {
        return Ok(None);
    }
    if columns.len() > EVALUATIONS {
        notes.push(format!(
            "The importance of columns is not shown: there are {}, and at most {EVALUATIONS} are shuffled.",
            columns.len()
        ));
        return Ok(None);
    }
    let (mut inputs, targets): (Vec<_>, Vec<_>) = spaced(evaluation.rows.len(), ROWS)
        .filter_map(|row| numbers(evaluation, row))
        .unzip();
    if inputs.is_empty() {
        return Ok(None);
    }
    let measured = |inputs: &[Vec<f64>]| -> Result<f64> {
        let data = Dataset::from_rows(inputs, &targets, evaluation.task().clone())?;
        let metrics = evaluate(subject.members, subject.loss(), &data)?.metrics;
        Ok(metrics.rmse.unwrap_or(metrics.loss))
    };
    let baseline = measured(&inputs)?;
    let repeats = (EVALUATIONS / columns.len()).clamp(1, REPEATS);
    let mut generator = stream(seed, Purpose::Shuffle);
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    let mut found = Vec::with_capacity(columns.len());
    let mut first = 0;
    for (column, width) in columns {
        let place = first..first + width;
        first += width;
        let kept: Vec<Vec<f64>> = inputs
            .iter()
            .map(|row| row[place.clone()].to_vec())
            .collect();
        let mut increases = Vec::with_capacity(repeats);
        for _ in 0..repeats {
            order.shuffle(&mut generator);
            for (row, from) in inputs.iter_mut().zip(&order) {
                row[place.clone()].copy_from_slice(&kept[*from]);
            }
            increases.push(measured(&inputs)? - baseline);
        }
        for (row, kept) in inputs.iter_mut().zip(&kept) {
            row[place.clone()].copy_from_slice(kept);
        }
        let increase = increases.iter().sum::<f64>() / repeats as f64;
        let squares = increases.iter().map(|value| (value - increase).powi(2));
        found.push(ColumnImportance {
            column,
            increase,
            deviation: (squares.sum::<f64>() / repeats as f64).sqrt(),
        });
    }
    if !baseline.is_finite() || found.iter().any(|column| !column.increase.is_finite()) {
        let note = "The importance of columns is not shown: some predictions are not numbers.";
        notes.push(note.to_owned());
        return Ok(None);
    }
    found.sort_by(|a, b| b.increase.total_cmp(&a.increase));
    Ok(Some(Importance {
        split: evaluation.part.word().to_owned(),
        rows: inputs.len(),
        measure: match evaluation.task() {
            Task::Regression { .. } => "RMSE",
            _ => "loss",
        }
        .to_owned(),
        baseline,
        repeats,
        columns: found,
    }))
}

/// Inputs and target of a row as [`Dataset::from_rows`] takes them; none if they are not numbers.
fn numbers(evaluation: &SplitEvaluation<'_>, row: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let (inputs, target) = (
        evaluation.rows.input_row(row),
        evaluation.rows.target_row(row),
    );
    let target = match evaluation.task() {
        Task::Regression { .. } => target,
        task => vec![predicted_class(task, &target)? as f64],
    };
    let all = inputs.iter().chain(&target);
    all.copied().all(f64::is_finite).then_some((inputs, target))
}
