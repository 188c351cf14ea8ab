//! How well a network does, with dropout off.
//!
//! Rows pass in batches, so that memory stays small, and every row has the same weight: sums run over
//! rows in 64 bits and are divided once, at the end. So the size of the batches changes nothing, and a
//! last batch with fewer rows counts for what it is.
//!
//! ```
//! use dropwise::config::Loss;
//! use dropwise::{Backend, MlpConfig, data, evaluate};
//!
//! let network = MlpConfig::new(3, [4], 1).init(1, &Backend::default().device()?)?;
//! let found = evaluate(&network, Loss::SquaredError, &data::xor())?;
//! assert_eq!(found.predictions.len(), 4);
//! assert_eq!(found.metrics.rows, 4);
//! // An untrained network calls all four rows the same, and two of them are.
//! assert_eq!(found.metrics.errors, Some(2));
//! # Ok::<(), dropwise::Error>(())
//! ```

mod classes;
mod evaluator;
mod measure;
mod metrics;
mod moments;
mod numbers;
mod predictions;
mod probabilities;
mod ranks;
mod sampled;
mod scores;
mod sorting;
mod spread;
mod tally;

use std::ops::Range;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::backend::{in_process, read};
use crate::check::check_count;
use crate::config::{Activation, Loss};
use crate::data::{Dataset, Task};
use crate::error::{Error, Result};
use crate::model::Mlp;
use crate::threads::{each_on_a_core, in_pool};

pub use crate::config::Measure;
pub use evaluator::{Evaluator, EvaluatorOptions};
pub use metrics::Metrics;
use predictions::averaged;
pub use predictions::{predicted_class, predictions};
#[doc(hidden)]
pub use sampled::{
    SampledError, SampledErrors, sampled_errors, sampled_errors_in_batches, sampled_predictions,
};
pub use scores::{ClassReport, ClassScores};
pub use sorting::TemporaryFile;
#[doc(hidden)]
pub use spread::entropy;
pub use spread::{SAMPLES, Sampler, Samples, Spread};
// What `dropwise-lab` makes its figures of; hidden from the documentation, since it may change at any time.
#[doc(hidden)]
pub use crate::loss::LossSum;
#[doc(hidden)]
pub use metrics::number;
#[doc(hidden)]
pub use probabilities::{BINS, Bin};
#[doc(hidden)]
pub use ranks::{areas, thresholds};
#[doc(hidden)]
pub use tally::Tally;

/// Few enough for memory and caches, enough to keep a CPU busy: 10,000 rows through 784-1024-1024-10 cost
/// flex 0.6 to 0.7 s of processor time in batches of 200 to 1,000, 0.8 s in one of 10,000, 0.9 s in 50.
#[doc(hidden)]
pub const BATCH_ROWS: usize = 500;

/// What a network predicts for a data set, and how good that is.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Predictions, `[rows, d_output]`, row after row: see [`predictions()`].
    pub predictions: Vec<f64>,
    /// How far they are from the targets.
    pub metrics: Metrics,
    /// How well the classes are told apart; none for a regression.
    pub classes: Option<ClassReport>,
}

/// Whether the predictions of a network with this loss and this activation of its output are the
/// probabilities of classes: those of several classes then add up to 1, and that of two classes with one
/// output is the second's.
#[must_use]
#[doc(hidden)]
pub fn are_probabilities(loss: Loss, output: Activation, task: &Task) -> bool {
    tally::origin(loss, output, task).is_some()
}

/// Evaluates on all rows of `data`, with dropout off, on the network's own device. `loss` is the one
/// that the network was trained with: it says what the outputs mean. Of several networks, the members of an ensemble, the mean of their
/// predictions is evaluated.
///
/// # Errors
/// [`Error::InvalidValue`] if `data` has no rows, [`Error::Shape`] if the network has other inputs or
/// outputs than `data`, [`Error::Compute`] if the backend fails.
pub fn evaluate(
    network: &(impl AsRef<[Mlp]> + ?Sized),
    loss: Loss,
    data: &Dataset,
) -> Result<Evaluation> {
    evaluate_in_batches(network, loss, data, BATCH_ROWS)
}

/// [`evaluate`] in batches of `batch_rows` rows. More rows take more memory; the result is the same up to
/// the backend's rounding.
///
/// # Errors
/// As [`evaluate`], and [`Error::InvalidValue`] for batches of 0 rows.
#[doc(hidden)]
pub fn evaluate_in_batches(
    network: &(impl AsRef<[Mlp]> + ?Sized),
    loss: Loss,
    data: &Dataset,
    batch_rows: usize,
) -> Result<Evaluation> {
    evaluation((network.as_ref(), loss), data, |visit| {
        each_row((network, loss), data, batch_rows, visit)
    })
}

/// What outputs of all rows of `data` come to: see [`evaluate`].
///
/// # Errors
/// Those of [`evaluate`].
///
/// # Shapes
/// - `outputs`: `[rows, d_output]`, row after row
pub(crate) fn evaluate_outputs(
    (network, loss): (&(impl AsRef<[Mlp]> + ?Sized), Loss),
    data: &Dataset,
    outputs: &[f64],
) -> Result<Evaluation> {
    evaluation((network.as_ref(), loss), data, |visit| {
        visit_rows(loss, data, (0, outputs), visit)
    })
}

/// Evaluates the rows that `each` calls its argument with, and keeps their predictions.
fn evaluation(
    (members, loss): (&[Mlp], Loss),
    data: &Dataset,
    each: impl FnOnce(&mut dyn FnMut(&[f64], &[f64], &[f64]) -> Result<()>) -> Result<()>,
) -> Result<Evaluation> {
    let members = checked(members, data)?;
    let options = EvaluatorOptions::default();
    let mut evaluator = Evaluator::new((members, loss), data.task(), options)?;
    let mut predictions = Vec::with_capacity(data.len() * data.d_output());
    each(&mut |output, prediction, target| {
        predictions.extend_from_slice(prediction);
        evaluator.add_row(output, prediction, target)
    })?;
    let (metrics, classes) = evaluator.finish()?;
    Ok(Evaluation {
        predictions,
        metrics,
        classes,
    })
}

/// Batches whose outputs are in memory at a time, whatever the number of rows.
const BATCHES: usize = 64;

/// Calls `visit(output, prediction, target)` for each row, in order, with dropout off.
///
/// # Shapes
/// - `output`, `prediction`, `target`: `[d_output]`, `target` as the network learns it
///
/// # Errors
/// As [`evaluate_in_batches`], and those of `visit`, which ends it.
#[doc(hidden)]
pub fn each_row(
    (network, loss): (&(impl AsRef<[Mlp]> + ?Sized), Loss),
    data: &Dataset,
    batch_rows: usize,
    mut visit: impl FnMut(&[f64], &[f64], &[f64]) -> Result<()>,
) -> Result<()> {
    check_count("batch_rows", batch_rows)?;
    checked(network.as_ref(), data)?;
    let some = batch_rows.saturating_mul(BATCHES);
    for first in (0..data.len()).step_by(some) {
        let rows = first..data.len().min(first.saturating_add(some));
        let outputs = outputs_of((network, loss), data, batch_rows, rows)?;
        visit_rows(loss, data, (first, &outputs), &mut visit)?;
    }
    Ok(())
}

/// `outputs` are those of the rows from `first` on.
fn visit_rows(
    loss: Loss,
    data: &Dataset,
    (first, outputs): (usize, &[f64]),
    mut visit: impl FnMut(&[f64], &[f64], &[f64]) -> Result<()>,
) -> Result<()> {
    let d_output = data.d_output();
    let predictions = predictions(loss, data.task(), outputs);
    let outputs = outputs.chunks_exact(d_output);
    let pairs = outputs.zip(predictions.chunks_exact(d_output));
    for (row, (output, prediction)) in (first..).zip(pairs) {
        visit(output, prediction, &data.target_row(row))?;
    }
    Ok(())
}

/// The outputs for some of the rows of `data`, with dropout off. Those from the beginning of a batch on are the same whether the rows
/// before them are asked for or not.
///
/// # Errors
/// As [`evaluate_in_batches`].
///
/// # Shapes
/// - result: `[rows, d_output]`, row after row
pub(crate) fn outputs_of(
    (network, loss): (&(impl AsRef<[Mlp]> + ?Sized), Loss),
    data: &Dataset,
    batch_rows: usize,
    rows: Range<usize>,
) -> Result<Vec<f64>> {
    check_count("batch_rows", batch_rows)?;
    let members: Vec<Mlp> = checked(network.as_ref(), data)?
        .iter()
        .map(Mlp::valid)
        .collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let options = (&members[0].device(), members[0].dtype());
    let rows: Vec<usize> = rows.collect();
    outputs((&members, loss), rows.len(), batch_rows, |place| {
        data.select(&rows[place]).inputs(options)
    })
}

/// The outputs of a network without a graph for `rows` rows, `batch_rows` at a time: `inputs` gives those of some rows.
/// The size of the batches alone decides how the backend rounds. Of an ensemble they are the outputs that mean its averaged
/// predictions.
///
/// # Shapes
/// - what `inputs` returns: `[rows of the batch, d_input]`
/// - result: `[rows, d_output]`, row after row
#[doc(hidden)]
pub fn outputs(
    (members, loss): (&[Mlp], Loss),
    rows: usize,
    batch_rows: usize,
    inputs: impl Fn(Range<usize>) -> Tensor<2> + Sync,
) -> Result<Vec<f64>> {
    let Some(first) = members.first() else {
        return Ok(Vec::new());
    };
    let one = |(member, place): (usize, Range<usize>)| read(members[member].forward(inputs(place)));
    let batches = in_batches((first, members.len()), rows, batch_rows, one)?;
    let of_a_member = rows.div_ceil(batch_rows).max(1);
    let outputs = batches.chunks(of_a_member).map(<[_]>::concat);
    Ok(averaged(loss, first.dims()[1], outputs.collect()))
}

/// What `work` comes to for each of so many members of an ensemble and each batch of rows, in order. Large batches are computed side by
/// side on a CPU; another device has threads of its own.
fn in_batches<T: Send>(
    (network, members): (&Mlp, usize),
    rows: usize,
    batch_rows: usize,
    work: impl Fn((usize, Range<usize>)) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let product = network.largest_product(batch_rows.min(rows));
    let of_a_member = rows.div_ceil(batch_rows);
    let count = members * of_a_member;
    let one = |batch: usize| {
        let first = batch % of_a_member * batch_rows;
        work((batch / of_a_member, first..rows.min(first + batch_rows)))
    };
    if count > 1 && in_process(&network.device()) {
        return each_on_a_core(count, product, one).into_iter().collect();
    }
    (0..count)
        .map(|batch| in_pool(product, || one(batch)))
        .collect()
}

/// The networks, if there are any and they fit the data.
fn checked<'a>(members: &'a [Mlp], data: &Dataset) -> Result<&'a [Mlp]> {
    let members = at_least_one(members)?;
    members
        .iter()
        .try_for_each(|network| check(network, data))?;
    Ok(members)
}

fn check(network: &Mlp, data: &Dataset) -> Result<()> {
    if data.is_empty() {
        return Err(no_rows());
    }
    check_dims(network, [data.d_input(), data.d_output()])
}

fn at_least_one(members: &[Mlp]) -> Result<&[Mlp]> {
    if members.is_empty() {
        let (what, expected) = ("the networks to evaluate", "at least one");
        return Err(Error::invalid(what, expected, "none"));
    }
    Ok(members)
}

fn no_rows() -> Error {
    let (what, expected) = ("the data to evaluate on", "at least one row");
    Error::invalid(what, expected, "none")
}

/// `expected` are inputs and outputs.
fn check_dims(network: &Mlp, expected: [usize; 2]) -> Result<()> {
    let found = network.dims();
    if expected != found {
        return Err(Error::Shape {
            what: "the network's inputs and outputs".to_owned(),
            expected: expected.to_vec(),
            found: found.to_vec(),
        });
    }
    Ok(())
}
