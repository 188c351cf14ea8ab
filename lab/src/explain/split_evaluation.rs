//! A network evaluated on a part of the data.

use dropwise::data::{Dataset, Part, Task};
use dropwise::error::Result;
use dropwise::evaluate::{BATCH_ROWS, BINS, Bin, LossSum, Metrics, Tally, each_row};

use super::Subject;

/// A network evaluated on a part of the data, dropout off.
pub(super) struct SplitEvaluation<'a> {
    pub(super) part: Part,
    pub(super) rows: &'a Dataset,
    /// `[rows, d_output]`, row after row.
    pub(super) predictions: Vec<f64>,
    pub(super) metrics: Metrics,
    /// The training loss of each row as if it were alone.
    pub(super) losses: Vec<f64>,
    /// The rows by their confidence, where predictions are probabilities.
    pub(super) bins: Option<[Bin; BINS]>,
}

impl<'a> SplitEvaluation<'a> {
    /// Evaluates on all parts that have rows; none without data.
    pub(super) fn all(subject: &Subject<'a>) -> Result<Vec<Self>> {
        let Some(splits) = subject.splits else {
            return Ok(Vec::new());
        };
        let parts = Part::ALL.into_iter();
        let parts = parts.filter_map(|part| Some((part, splits.part(part)?)));
        parts
            .filter(|(_, rows)| !rows.is_empty())
            .map(|(part, rows)| SplitEvaluation::of(subject, part, rows))
            .collect()
    }

    fn of(subject: &Subject<'_>, part: Part, rows: &'a Dataset) -> Result<Self> {
        let (network, loss) = (subject.members, subject.loss());
        let mut tally = Tally::new(loss, subject.network().output_activation(), rows.task());
        let mut predictions = Vec::with_capacity(rows.len() * rows.d_output());
        let mut losses = Vec::with_capacity(rows.len());
        each_row(
            (network, loss),
            rows,
            BATCH_ROWS,
            |output, prediction, target| {
                tally.add(output, prediction, target);
                predictions.extend_from_slice(prediction);
                let mut alone = LossSum::new(loss);
                alone.add(output, target);
                losses.push(alone.value(1, output.len()));
                Ok(())
            },
        )?;
        Ok(SplitEvaluation {
            part,
            rows,
            predictions,
            metrics: tally.metrics(),
            losses,
            bins: tally.bins().copied(),
        })
    }

    pub(super) fn task(&self) -> &Task {
        self.rows.task()
    }

    /// Number, prediction and target of each row; the target as the network learns it.
    pub(super) fn rows_in_order(&self) -> impl Iterator<Item = (usize, &[f64], Vec<f64>)> {
        let predictions = self.predictions.chunks_exact(self.rows.d_output());
        let row = |(row, prediction)| (row, prediction, self.rows.target_row(row));
        predictions.enumerate().map(row)
    }
}

/// The part of the data that is asked for, else the first of [`Part::BY_PREFERENCE`] that there is.
pub(super) fn preferred_split<'a, 'b>(
    evaluations: &'b [SplitEvaluation<'a>],
    asked: Option<Part>,
) -> Option<&'b SplitEvaluation<'a>> {
    let find = |part: Part| {
        evaluations
            .iter()
            .find(|evaluation| evaluation.part == part)
    };
    match asked {
        Some(part) => find(part),
        None => Part::BY_PREFERENCE.into_iter().find_map(find),
    }
}
