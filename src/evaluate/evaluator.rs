//! Rows that come in pieces, as many as there are, in as much memory as there is.

use super::scores::{AllRows, ClassReport};
use super::sorting::{Memory, TemporaryFile};
use super::{BATCH_ROWS, Metrics, Tally, at_least_one, check_dims, each_row, no_rows};
use crate::config::Loss;
use crate::data::{Dataset, Task};
use crate::error::{Error, Result};
use crate::model::Mlp;

/// How an [`Evaluator`] works.
#[derive(Debug, Clone, Copy)]
pub struct EvaluatorOptions<'a> {
    /// Of two classes the second is predicted in the class report where its probability is above this. The metrics are those of 0.5.
    pub threshold: f64,
    /// The bytes of memory for predictions that have to be put in order; more of them are written to the file.
    pub memory: usize,
    /// Without a file they all stay in memory.
    pub file: Option<&'a TemporaryFile<'a>>,
}

impl Default for EvaluatorOptions<'_> {
    fn default() -> Self {
        EvaluatorOptions {
            threshold: 0.5,
            memory: 1 << 26,
            file: None,
        }
    }
}

/// Evaluates a network on rows that come in any number of data sets, without keeping them: see [`evaluate`](fn@super::evaluate) for
/// what is measured, with dropout off.
///
/// The metrics are those of all rows at once, to the last bit, if each data set but the last has a multiple of 500 rows; else the backend
/// may round otherwise, since it gets other batches.
///
/// ```
/// use dropwise::config::Loss;
/// use dropwise::evaluate::{Evaluator, EvaluatorOptions, evaluate};
/// use dropwise::{Backend, MlpConfig, data};
///
/// let rows = data::xor();
/// let network = MlpConfig::new(3, [4], 1).init(1, &Backend::default().device()?)?;
/// let (first, second) = (rows.select(&[0, 1]), rows.select(&[2, 3]));
/// let options = EvaluatorOptions::default();
/// let mut evaluator = Evaluator::new((&network, Loss::SquaredError), rows.task(), options)?;
/// evaluator.add(&first)?;
/// evaluator.add(&second)?;
/// let (metrics, _) = evaluator.finish()?;
/// assert_eq!(metrics.rows, 4);
/// assert_eq!(metrics.errors, evaluate(&network, Loss::SquaredError, &rows)?.metrics.errors);
/// # Ok::<(), dropwise::Error>(())
/// ```
///
/// With a file it takes the same memory for any number of rows:
///
/// ```no_run
/// use std::fs::File;
/// use dropwise::evaluate::{EvaluatorOptions, TemporaryFile};
///
/// let make = || {
///     let mut options = File::options();
///     options.read(true).write(true).create(true).truncate(true);
///     options.open("predictions.tmp")
/// };
/// let file = TemporaryFile::new(&make);
/// let options = EvaluatorOptions { memory: 1 << 24, file: Some(&file), ..Default::default() };
/// ```
pub struct Evaluator<'a> {
    members: &'a [Mlp],
    loss: Loss,
    task: &'a Task,
    tally: Tally<'a>,
    all: AllRows<'a>,
}

impl<'a> Evaluator<'a> {
    /// No rows yet. `network`, or the mean of several, is for this task, and was trained with this loss.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if there is no network, [`Error::Shape`] if one has other outputs than the task.
    pub fn new(
        (network, loss): (&'a (impl AsRef<[Mlp]> + ?Sized), Loss),
        task: &'a Task,
        options: EvaluatorOptions<'a>,
    ) -> Result<Self> {
        let members = at_least_one(network.as_ref())?;
        for member in members {
            check_dims(member, [member.dims()[0], task.d_output()])?;
        }
        let EvaluatorOptions {
            threshold,
            memory: bytes,
            file,
        } = options;
        Ok(Evaluator {
            members,
            loss,
            task,
            tally: Tally::new(loss, members[0].output_activation(), task),
            all: AllRows::new(task, threshold, Memory { bytes, file }),
        })
    }

    /// Evaluates these rows too.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if they are for another task, [`Error::Shape`] if they have other inputs than the network,
    /// [`Error::Compute`] if the backend fails, [`Error::WriteFile`] if the file cannot be written.
    pub fn add(&mut self, data: &Dataset) -> Result<()> {
        if data.task() != self.task {
            let what = "the task of the rows to evaluate";
            return Err(Error::invalid(what, self.task.to_string(), data.task()));
        }
        if data.is_empty() {
            return Ok(());
        }
        let network = (self.members, self.loss);
        each_row(network, data, BATCH_ROWS, |output, prediction, target| {
            self.add_row(output, prediction, target)
        })
    }

    /// # Shapes
    /// - `output`, `prediction`, `target`: `[d_output]`, `target` as the network learns it
    pub(super) fn add_row(
        &mut self,
        output: &[f64],
        prediction: &[f64],
        target: &[f64],
    ) -> Result<()> {
        self.tally.add(output, prediction, target);
        self.all.add(prediction, target)
    }

    /// What all rows come to: the metrics, and how well the classes are told apart, if there are any.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] without a row; [`Error::WriteFile`] or [`Error::Read`] if the file cannot be written or read.
    pub fn finish(self) -> Result<(Metrics, Option<ClassReport>)> {
        let mut metrics = self.tally.metrics();
        if metrics.rows == 0 {
            return Err(no_rows());
        }
        let classes = self.all.finish(&mut metrics)?;
        Ok((metrics, classes))
    }
}
