//! Whether a file answers what the network answers.

use std::collections::HashMap;

use dropwise::data::Task;
use dropwise::error::{Error, Result};
use dropwise::evaluate::predicted_class;

use super::super::columns::Rows;
use super::super::examples::{Cell, examples};
use super::Inputs;
use super::graph::{Graph, Tensor, Type, Values};
use super::run::run;
use crate::store::Trained;

/// What rounding may come to, of probabilities or of a target's deviation.
const BOUND: f64 = 1e-5;

/// Computes a file on made-up rows and compares. The number of rows and the largest difference are the result.
pub(super) fn check(
    bytes: &[u8],
    trained: &Trained,
    inputs: Inputs,
    threshold: f64,
) -> Result<(usize, f64)> {
    let rows = Rows::of(&trained.prepared.preprocessing)?;
    let examples = examples(&rows);
    let prepared = prepared(trained, &rows, &examples)?;
    let expected = trained.predict(&prepared)?;
    let graph = Graph::decode(bytes).ok_or_else(unreadable)?;
    let given = match inputs {
        Inputs::Columns => columns(&graph, &rows, &examples),
        Inputs::Matrix => matrix(&graph, &prepared, examples.len()),
    };
    let found = run(&graph, &given).ok_or_else(unreadable)?;
    let task = &trained.prepared.task;
    let difference = compare(&found, (task, threshold), &expected).ok_or_else(unreadable)?;
    if difference <= BOUND {
        return Ok((examples.len(), difference));
    }
    Err(Error::Compute(format!(
        "the file to be written answers otherwise than the network, by {difference:e}, where {BOUND:e} may be rounding"
    )))
}

fn unreadable() -> Error {
    Error::Compute("the file to be written cannot be read back".to_owned())
}

/// The rows as the network takes them, `[rows, d_input]`.
fn prepared(trained: &Trained, rows: &Rows, examples: &[Vec<Cell>]) -> Result<Vec<f64>> {
    let preprocessing = &trained.prepared.preprocessing;
    let mut inputs = vec![0.0; examples.len() * preprocessing.d_input()];
    for (row, into) in examples
        .iter()
        .zip(inputs.chunks_mut(preprocessing.d_input()))
    {
        let fields: Vec<String> = row.iter().map(|cell| cell.field(rows)).collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let transformed = preprocessing.transform(&fields, into);
        transformed
            .map_err(|error| Error::Compute(format!("a made-up row is refused: {error}")))?;
    }
    Ok(inputs)
}

/// The rows as the graph takes them: a tensor for each of its inputs, whose columns are those of the rows in their order.
fn columns(graph: &Graph, rows: &Rows, examples: &[Vec<Cell>]) -> HashMap<String, Tensor> {
    let mut first = 0;
    let tensor = |kind, from: usize, width: usize| {
        let cells = examples.iter().flat_map(|row| &row[from..from + width]);
        let number = |cell: &Cell| match cell {
            Cell::Number(number) | Cell::Date(number, _) => *number,
            _ => f64::NAN,
        };
        let values = match kind {
            Type::Text => Values::Texts(cells.map(|cell| cell.field(rows)).collect()),
            kind => Values::Numbers(kind, cells.map(number).collect()),
        };
        let shape = vec![examples.len(), width];
        Tensor { shape, values }
    };
    let inputs = graph.inputs.iter().map(|place| {
        let width = place.width.unwrap_or(1);
        first += width;
        (place.name.clone(), tensor(place.kind, first - width, width))
    });
    inputs.collect()
}

fn matrix(graph: &Graph, prepared: &[f64], rows: usize) -> HashMap<String, Tensor> {
    let inputs = graph.inputs.iter().map(|place| {
        let shape = vec![rows, place.width.unwrap_or(1)];
        (
            place.name.clone(),
            Tensor::of(place.kind, shape, prepared.to_vec()),
        )
    });
    inputs.collect()
}

/// The largest difference of numbers; infinite if the numbers mean another class than the label. `None` if there are too few.
fn compare(found: &[Tensor], (task, threshold): (&Task, f64), expected: &[f64]) -> Option<f64> {
    // Labels, where there are any, come first.
    let (numbers, labels) = found.split_last()?;
    let mut numbers = numbers.numbers()?.to_vec();
    if matches!(task, Task::Binary { .. }) && numbers.len() == 2 * expected.len() {
        numbers = numbers.chunks(2).map(|both| both[1]).collect();
    }
    if numbers.len() != expected.len() {
        return None;
    }
    let width = task.d_output();
    if let Some(labels) = labels.first() {
        for (row, label) in numbers.chunks(width).zip(labels.as_texts()?) {
            let class = match task {
                Task::Binary { .. } => Some(usize::from(row[0] > threshold)),
                _ => predicted_class(task, row),
            };
            if task.classes().get(class?) != Some(label) {
                return Some(f64::INFINITY);
            }
        }
    }
    let scale = |column: usize| match task {
        Task::Regression { targets } => targets[column].deviation,
        _ => 1.0,
    };
    let pairs = numbers.iter().zip(expected).enumerate();
    let differences = pairs.map(|(k, (found, expected))| {
        let difference = (found - expected).abs() / scale(k % width).max(expected.abs());
        // NaN is no agreement.
        if difference.is_nan() {
            f64::INFINITY
        } else {
            difference
        }
    });
    Some(differences.fold(0.0, f64::max))
}
