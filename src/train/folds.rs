//! Folds: which rows each member of an ensemble leaves out of its training, to be judged on them.
//!
//! Of `K` folds, member `r` leaves out fold `r mod K`. A row is judged by the members that left it out, so that all training rows count
//! in choosing the step that the members are taken from, and each of them trains most members (Krogh and Vedelsby 1995).

use rand::seq::SliceRandom;

use super::plan::EpochOrder;
use crate::config::{Loss, ResolvedExperiment};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::evaluate::{BATCH_ROWS, Evaluation, evaluate_outputs, outputs_of, predicted_class};
use crate::model::Mlp;
use crate::seed::{Purpose, stream};

/// The rows of each fold, in increasing order.
pub(super) struct Folds(Vec<Vec<usize>>);

impl Folds {
    /// The folds that the experiment asks for, if it does: as large as each other but for one row, with the same share of each class.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if there are more folds than rows.
    pub(super) fn new(experiment: &ResolvedExperiment, rows: &Dataset) -> Result<Option<Self>> {
        let Some(count) = experiment.train.cross_validation else {
            return Ok(None);
        };
        if count > rows.len() {
            let expected = format!("at most the number of training rows, {}", rows.len());
            return Err(Error::invalid("train.cross_validation", expected, count));
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.shuffle(&mut stream(experiment.seed, Purpose::Folds));
        order.sort_by_key(|row| predicted_class(rows.task(), &rows.target_row(*row)));
        let mut folds = vec![Vec::new(); count];
        for (place, row) in order.into_iter().enumerate() {
            folds[place % count].push(row);
        }
        folds.iter_mut().for_each(|fold| fold.sort_unstable());
        Ok(Some(Folds(folds)))
    }

    /// Rows that each member trains on in an epoch. One whose fold is a row smaller leaves out another row in each epoch.
    pub(super) fn trained_rows(&self) -> usize {
        let largest = self.0.iter().map(Vec::len).max().unwrap_or(0);
        self.0.iter().map(Vec::len).sum::<usize>() - largest
    }

    /// The order of the rows of member `r`, with this seed.
    pub(super) fn order(&self, r: usize, seed: u64) -> EpochOrder {
        let fold = r % self.0.len();
        let others = self.0.iter().enumerate().filter(|(k, _)| *k != fold);
        let rows = others.flat_map(|(_, rows)| rows);
        let mut rows: Vec<u32> = rows.map(|row| *row as u32).collect();
        rows.sort_unstable();
        EpochOrder::of(seed, rows)
    }

    /// How well the members do on the rows that they left out.
    ///
    /// # Errors
    /// Those of [`evaluate`](crate::evaluate::evaluate).
    pub(super) fn evaluate(
        &self,
        members: &[Mlp],
        loss: Loss,
        data: &Dataset,
    ) -> Result<Evaluation> {
        let d_output = data.d_output();
        let mut outputs = vec![0.0; data.len() * d_output];
        for (k, fold) in self.0.iter().enumerate() {
            let judges: Vec<Mlp> = members
                .iter()
                .skip(k)
                .step_by(self.0.len())
                .cloned()
                .collect();
            let rows = data.select(fold);
            let found = outputs_of((&judges, loss), &rows, BATCH_ROWS, 0..fold.len())?;
            for (row, output) in fold.iter().zip(found.chunks_exact(d_output)) {
                outputs[row * d_output..][..d_output].copy_from_slice(output);
            }
        }
        evaluate_outputs((members, loss), data, &outputs)
    }
}
