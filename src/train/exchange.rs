//! The seam between the processes that train one network together.
//!
//! A batch of `n` rows is cut into `S` shards (`train.shards`), of which shard `s` has the rows from `floor(s n / S)` to before
//! `floor((s + 1) n / S)`. The gradient of each is one pass of exactly its rows, whoever makes it, and the sum over shards is made in a
//! fixed order, that of a binary tree over their numbers:
//!
//! ```text
//! ((g0 + g1) + (g2 + g3)) + ((g4 + g5) + (g6 + g7))
//! ```
//!
//! Of `W` processes, a power of two that is at most `S`, each has `S / W` shards beside each other, which is a subtree. So the weights
//! have the same bits for any number of processes; one process alone makes the whole tree. The sum is divided by `n` once.
//!
//! Numbers go from process to process in halves (recursive halving, then doubling: Rabenseifner 2004): each sends `2 P (1 - 1 / W)`
//! numbers for `P` parameters in `2 log2 W` rounds, and every number is added up in the order of the tree. Large tensors have rounds of
//! their own, small ones share theirs.

use std::ops::{AddAssign, DivAssign, Range};

use burn::tensor::{DType, Tensor, TensorData};
use bytemuck::{Pod, cast_slice, cast_slice_mut};

use crate::backend::{ToMemory, to_memory};
use crate::config::Loss;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::evaluate::{BATCH_ROWS, Evaluation, evaluate_outputs, outputs_of};
use crate::model::{LayerTensors, Mlp};

/// The processes that train one network together: which this one is, and how it reaches the others. All of them make the same calls
/// in the same order.
pub trait Exchange {
    /// The number of this process, from 0.
    fn rank(&self) -> usize;

    /// How many there are: a power of two.
    fn size(&self) -> usize;

    /// Sends `bytes` to process `other`, which does the same, and receives what it sends: as many bytes as `into` has.
    ///
    /// # Errors
    /// [`Error::Compute`] that names both processes, if the other one does not answer in time.
    fn swap(&mut self, other: usize, bytes: &[u8], into: &mut [u8]) -> Result<()>;
}

/// One process alone: nothing is exchanged.
impl Exchange for () {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn swap(&mut self, _other: usize, _bytes: &[u8], _into: &mut [u8]) -> Result<()> {
        Ok(())
    }
}

impl<E: Exchange + ?Sized> Exchange for Box<E> {
    fn rank(&self) -> usize {
        (**self).rank()
    }

    fn size(&self) -> usize {
        (**self).size()
    }

    fn swap(&mut self, other: usize, bytes: &[u8], into: &mut [u8]) -> Result<()> {
        (**self).swap(other, bytes, into)
    }
}

/// Checks that the processes can share out `shards` shards.
pub(super) fn check_size(exchange: &dyn Exchange, shards: usize) -> Result<()> {
    let size = exchange.size();
    if size == 1 || (size.is_power_of_two() && size <= shards) {
        return Ok(());
    }
    let expected =
        format!("a power of two of at most {shards}, the number of shards (`train.shards`)");
    Err(Error::invalid("processes", expected, size))
}

/// Checks that something is the same in all processes, and names two that differ.
///
/// # Errors
/// [`Error::Compute`] if it is not; those of [`Exchange::swap`].
#[doc(hidden)]
pub fn check_same(exchange: &mut dyn Exchange, what: &str, hash: [u8; 32]) -> Result<()> {
    let (rank, size) = (exchange.rank(), exchange.size());
    let mut found = Ok(());
    for distance in distances(size) {
        let other = rank ^ distance;
        let mut theirs = [0; 32];
        exchange.swap(other, &hash, &mut theirs)?;
        // The others wait for this process in the rounds that follow, and shall say the same.
        if theirs != hash && found.is_ok() {
            let (one, two) = (rank.min(other), rank.max(other));
            found = Err(Error::Compute(format!(
                "expected {what} to be the same in all processes, found that rank {one} and rank {two} differ"
            )));
        }
    }
    found
}

/// Hands what process 0 has to all others.
///
/// # Errors
/// Those of [`Exchange::swap`].
#[doc(hidden)]
pub fn broadcast(exchange: &mut dyn Exchange, bytes: &mut Vec<u8>) -> Result<()> {
    let (rank, size) = (exchange.rank(), exchange.size());
    // In each round the processes up to `distance` have it, and each hands it on to one more.
    for distance in distances(size).filter(|distance| rank < 2 * distance) {
        let other = rank ^ distance;
        let mine = if rank < distance {
            bytes.len() as u64
        } else {
            0
        };
        let mut theirs = [0; 8];
        exchange.swap(other, &mine.to_le_bytes(), &mut theirs)?;
        if rank < distance {
            exchange.swap(other, bytes, &mut [])?;
        } else {
            bytes.resize(u64::from_le_bytes(theirs) as usize, 0);
            exchange.swap(other, &[], bytes)?;
        }
    }
    Ok(())
}

/// The sum over the items at some places, which `leaf` makes one after another, in the order of a binary tree over the places; none
/// where no item is there. No more than one sum a level of the tree is kept.
pub(super) fn tree<T>(
    places: Range<usize>,
    leaf: &mut impl FnMut(usize) -> Result<Option<T>>,
    add: &mut impl FnMut(T, T) -> T,
) -> Result<Option<T>> {
    if places.len() < 2 {
        return leaf(places.start);
    }
    let middle = places.start + places.len() / 2;
    let one = tree(places.start..middle, leaf, add)?;
    let other = tree(middle..places.end, leaf, add)?;
    Ok(match (one, other) {
        (Some(one), Some(other)) => Some(add(one, other)),
        (one, other) => one.or(other),
    })
}

fn distances(size: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(1), |distance| Some(2 * distance)).take_while(move |it| *it < size)
}

/// A number that is sent as it is, from a processor to one of its kind.
pub(super) trait Number: Pod + AddAssign + DivAssign {}

impl Number for f32 {}
impl Number for f64 {}

/// Adds up the numbers of all processes, in the order of the tree over their ranks, and divides the sums by `divisor`. All get the same.
pub(super) fn sum<E: Number>(
    exchange: &mut dyn Exchange,
    values: &mut [E],
    divisor: Option<E>,
) -> Result<()> {
    let (rank, size) = (exchange.rank(), exchange.size());
    let mut swap = swaps(exchange);
    let (mut whole, mut halves) = (0..values.len(), Vec::new());
    for distance in distances(size) {
        let middle = whole.start + whole.len() / 2;
        let (mut keep, mut give) = (whole.start..middle, middle..whole.end);
        if rank & distance != 0 {
            (keep, give) = (give, keep);
        }
        swap(rank ^ distance, values, &give, &keep, true)?;
        whole = keep.clone();
        halves.push((rank ^ distance, keep, give));
    }
    // Each process divides its part alone.
    if let Some(divisor) = divisor {
        values[whole].iter_mut().for_each(|value| *value /= divisor);
    }
    for (other, keep, give) in halves.iter().rev() {
        swap(*other, values, keep, give, false)?;
    }
    Ok(())
}

/// Numbers that are sent, received and added at once.
const PART: usize = 1 << 18;

/// Sends the numbers at some places to another process, and receives those at others, which lie beside them, to take their place or to
/// be added.
fn swaps<E: Number>(
    exchange: &mut dyn Exchange,
) -> impl FnMut(usize, &mut [E], &Range<usize>, &Range<usize>, bool) -> Result<()> {
    let mut received = Vec::new();
    move |other, values, give, take, adds| {
        let (low, high) = values.split_at_mut(give.start.max(take.start));
        // An empty range may begin where the other one does.
        let (give, take) = if (give.start, give.end) < (take.start, take.end) {
            (&low[give.clone()], &mut high[..take.len()])
        } else {
            (&high[..give.len()], &mut low[take.clone()])
        };
        if !adds {
            return exchange.swap(other, cast_slice(give), cast_slice_mut(take));
        }
        // In parts, so that what is received is small enough to stay in a cache until it is added.
        let parts = give.len().max(take.len()).div_ceil(PART);
        let (mut give, mut take) = (give.chunks(PART), take.chunks_mut(PART));
        for _ in 0..parts.max(1) {
            let (give, take) = (give.next(), take.next().unwrap_or_default());
            received.resize(take.len(), E::zeroed());
            let into = cast_slice_mut(&mut received);
            exchange.swap(other, cast_slice(give.unwrap_or_default()), into)?;
            for (own, theirs) in take.iter_mut().zip(&received) {
                // `a + b` and `b + a` have the same bits.
                *own += *theirs;
            }
        }
        Ok(())
    }
}

/// Evaluates in shares: each process has the outputs for some of the batches of rows, and all get the outputs for all rows, from which
/// each makes the metrics. So these have the bits that one process comes to.
///
/// # Errors
/// Those of [`evaluate`](crate::evaluate::evaluate) and of [`Exchange::swap`].
pub(super) fn evaluate(
    exchange: &mut dyn Exchange,
    (members, loss): (&[Mlp], Loss),
    data: &Dataset,
) -> Result<Evaluation> {
    let (rank, size, rows) = (exchange.rank(), exchange.size(), data.len());
    if size == 1 {
        // In less memory: no output is kept.
        return crate::evaluate::evaluate(members, loss, data);
    }
    let batches = rows.div_ceil(BATCH_ROWS);
    // Where the rows of a process begin.
    let first = |rank: usize| (rank * batches / size * BATCH_ROWS).min(rows);
    let own = first(rank)..first(rank + 1);
    let own = outputs_of((members, loss), data, BATCH_ROWS, own)?;
    let mut outputs = vec![0.0; rows * data.d_output()];
    let place = |rank: usize| first(rank) * data.d_output();
    outputs[place(rank)..place(rank + 1)].copy_from_slice(&own);
    drop(own);
    let mut swap = swaps::<f64>(exchange);
    for distance in distances(size) {
        let known = |rank: usize| {
            let first = rank / distance * distance;
            place(first)..place(first + distance)
        };
        let other = rank ^ distance;
        swap(other, &mut outputs, &known(rank), &known(other), false)?;
    }
    drop(swap);
    evaluate_outputs((members, loss), data, &outputs)
}

/// Adds up the gradients of all processes, and divides the sums by `divisor`. One process alone has its sum, and has divided it.
pub(super) fn sum_gradients(
    exchange: &mut dyn Exchange,
    gradients: Vec<LayerTensors>,
    divisor: Option<f64>,
) -> Result<Vec<LayerTensors>> {
    if exchange.size() == 1 {
        return Ok(gradients);
    }
    match gradients.first().map(|layer| layer.weight.dtype()) {
        Some(DType::F64) => sum_of::<f64>(exchange, gradients, divisor),
        _ => sum_of::<f32>(exchange, gradients, divisor.map(|divisor| divisor as f32)),
    }
}

/// Tensors of fewer numbers are sent together: to start a message takes as long as to send some ten thousand.
const FEW: usize = 1 << 14;

fn sum_of<E: Number + ToMemory>(
    exchange: &mut dyn Exchange,
    gradients: Vec<LayerTensors>,
    divisor: Option<E>,
) -> Result<Vec<LayerTensors>> {
    let mut tensors = Vec::new();
    let mut shapes = Vec::new();
    for LayerTensors { weight, bias } in gradients {
        let options = (weight.device(), weight.dtype());
        let of_bias = bias.as_ref().map(|bias| bias.dims());
        shapes.push((weight.dims(), of_bias, options));
        tensors.push(to_memory::<E, 2>(weight)?);
        if let Some(bias) = bias {
            tensors.push(to_memory::<E, 1>(bias)?);
        }
    }
    let mut small = Vec::new();
    for tensor in tensors.iter().filter(|tensor| tensor.len() < FEW) {
        small.extend_from_slice(tensor);
    }
    sum(exchange, &mut small, divisor)?;
    let mut small = small.as_slice();
    for tensor in &mut tensors {
        if tensor.len() < FEW {
            let (own, others) = small.split_at(tensor.len());
            tensor.copy_from_slice(own);
            small = others;
        } else {
            sum(exchange, tensor, divisor)?;
        }
    }
    let mut tensors = tensors.into_iter();
    let layers = shapes.into_iter().map(|(weight, bias, (device, dtype))| {
        let mut next = || tensors.next().unwrap_or_default();
        LayerTensors {
            weight: Tensor::from_data(TensorData::new(next(), weight), (&device, dtype)),
            bias: bias
                .map(|bias| Tensor::from_data(TensorData::new(next(), bias), (&device, dtype))),
        }
    });
    Ok(layers.collect())
}
