//! The shards of a step, recorded and run side by side.
//!
//! Each shard's operations are run on its own rows, but for the two kinds in which small shards lose their time:
//!
//! - **A product with weights** reads all of them, however few its rows are. So the rows of all shards are put below each other and
//!   multiplied at once. A row of a product is the same with others below it, since the kernels add up along it in an order that
//!   does not depend on them.
//! - **A gradient of weights** is a sum over rows, which is made for each shard by itself. It is made in blocks that fit a core's
//!   cache, of all shards, which are added up and divided there before the next block is begun. So no gradient of a shard is written
//!   to memory.
//!
//! As with every recording, the first step is made in the plain way too, and the recording is used if no bit differs.

use std::collections::HashSet;
use std::ops::Range;

#[cfg(feature = "flex")]
use burn::backend::Flex;
use burn::backend::ir::{FloatOperationIr, MatmulOpIr, OperationIr, TensorId};
use burn::backend::{Backend, DispatchKindConversion, DispatchTensor, TensorMetadata};
use burn::tensor::{Slice, Tensor};

use super::program::Program;
use super::ready::{is_on, put_operands, ready_slots};
use super::record::record;
use super::run::{Float, Slots};
use super::{Beside, Shard, ShardsPass};
#[cfg(feature = "ndarray")]
use crate::backend::NdArray;
use crate::error::{Error, Result};
use crate::model::LayerTensors;
use crate::threads;
use crate::train::engine::in_place;
use crate::train::exchange::tree;
use crate::train::pass::{Forward, Operands, StepKind};

/// Numbers in a block of a gradient: as many as fit a core's cache together with the sums of earlier shards.
const BLOCK: usize = 1 << 15;
/// With more columns than these, the kernels add up along a row in the same order whatever the number of rows is, if those are more
/// than one.
const COLUMNS: usize = 64;

/// Records shards for the backend that their operands are on, if it is one that gains by it.
pub(super) fn beside(shards: &[Option<Shard<impl Forward<1>>>]) -> Option<Box<dyn Beside>> {
    let mut with_rows = shards.iter().flatten();
    // One alone has nothing to share.
    let (first, _) = (with_rows.next()?, with_rows.next()?);
    #[cfg(feature = "flex")]
    if is_on::<Flex>(&first.operands) {
        return Some(Box::new(SideBySide::<Flex>::new(shards, true)?));
    }
    #[cfg(feature = "ndarray")]
    if is_on::<NdArray>(&first.operands) {
        return Some(Box::new(SideBySide::<NdArray>::new(shards, false)?));
    }
    None
}

/// A part of a program, by the places of its operations.
enum Part {
    /// Operations that each shard runs by itself.
    Each(Range<usize>),
    /// A product of the rows of all shards with the same weights.
    Joined(usize),
    /// A product that is the gradient of this output.
    Summed(usize, usize),
}

struct SideBySide<B: Backend> {
    /// One for each number of rows. They differ in shapes alone.
    programs: Vec<Program>,
    /// Of each shard that has rows, which program it runs, and where.
    shards: Vec<Option<(usize, Slots<B>)>>,
    parts: Vec<Part>,
    /// Multiplications in the largest product of all shards.
    work: usize,
}

impl<B: Backend> SideBySide<B>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    fn new(shards: &[Option<Shard<impl Forward<1>>>], in_halves: bool) -> Option<Self> {
        let mut kinds: Vec<StepKind> = Vec::new();
        let mut side_by_side = SideBySide {
            programs: Vec::new(),
            shards: Vec::new(),
            parts: Vec::new(),
            work: 0,
        };
        let mut parameters = 0;
        for shard in shards {
            let Some(Shard { pass, operands }) = shard else {
                side_by_side.shards.push(None);
                continue;
            };
            let programs = &mut side_by_side.programs;
            let known = kinds.iter().position(|kind| *kind == pass.kind());
            let program = match known {
                Some(known) => known,
                None => {
                    programs.push(Program::new(record(pass, operands)?)?);
                    kinds.push(pass.kind());
                    kinds.len() - 1
                }
            };
            let slots = ready_slots(&programs[program], in_halves)?;
            side_by_side.shards.push(Some((program, slots)));
            let layers = operands.layers.iter();
            parameters = layers
                .map(|layer| 1 + usize::from(layer.bias.is_some()))
                .sum();
        }
        let (first, rest) = side_by_side.programs.split_first()?;
        if !rest.iter().all(|program| are_alike(first, program)) {
            return None;
        }
        let rows = kinds.iter().map(|kind| kind.rows);
        side_by_side.parts = parts(first, parameters, rows.min()? > 1);
        let rows: usize = shards
            .iter()
            .flatten()
            .map(|shard| shard.pass.kind().rows)
            .sum();
        let operations = first.operations.iter().filter_map(product);
        let weights = operations.map(|op| op.rhs.shape[0] * op.rhs.shape[1]);
        side_by_side.work = rows * weights.max().unwrap_or(0);
        Some(side_by_side)
    }

    fn passes(
        &mut self,
        operands: Vec<Option<Operands>>,
        divisor: Option<f64>,
    ) -> Option<ShardsPass> {
        let mut biased = Vec::new();
        for (shard, operands) in self.shards.iter_mut().zip(operands) {
            if let Some(((program, slots), operands)) = shard.as_mut().zip(operands) {
                biased = put_operands(&self.programs[*program], slots, operands)?;
            }
        }
        let outputs = self.programs[0].outputs.clone();
        let mut sums: Vec<Option<Tensor<2>>> = outputs.iter().map(|_| None).collect();
        for k in 0..self.parts.len() {
            match self.parts[k] {
                Part::Each(ref operations) => self.each(operations.clone())?,
                Part::Joined(k) => self.joined(k)?,
                Part::Summed(k, output) => sums[output] = Some(self.summed(k, divisor)?),
            }
        }
        let losses = self.shards.iter_mut().map(|shard| {
            let (_, slots) = shard.as_mut()?;
            Some(Tensor::from_primitive::<B>(slots.take(outputs[0])?))
        });
        let losses = losses.collect();
        let mut outputs = outputs.into_iter().zip(sums).skip(1);
        let mut gradients = Vec::with_capacity(biased.len());
        for biased in biased {
            let weight = match outputs.next()? {
                (_, Some(sum)) => sum,
                (slot, None) => over(self.sum(slot)?, divisor),
            };
            let bias = match biased {
                true => Some(over(self.sum(outputs.next()?.0)?, divisor)),
                false => None,
            };
            gradients.push(LayerTensors { weight, bias });
        }
        // The weights are let go of, so that the optimizer can change them in place.
        for (program, slots) in self.shards.iter_mut().flatten() {
            for place in &self.programs[*program].inputs {
                slots.take(*place);
            }
        }
        Some(ShardsPass {
            losses,
            gradients: Some(gradients),
        })
    }

    /// Runs some operations on each shard, on all threads where that is worth it.
    fn each(&mut self, operations: Range<usize>) -> Option<()> {
        let programs = &self.programs;
        let run = |_, (program, slots): &mut (usize, Slots<B>)| {
            let mut operations = programs[*program].operations[operations.clone()].iter();
            operations.try_for_each(|operation| slots.run(operation))
        };
        let shards = self.shards.iter_mut().flatten();
        if threads::is_shared(self.work) {
            let done = threads::beside(shards.collect(), run);
            return done.into_iter().collect();
        }
        shards.map(|shard| run(0, shard)).collect()
    }

    fn joined(&mut self, k: usize) -> Option<()> {
        let (mut rows, mut weights) = (Vec::new(), None);
        for (program, slots) in self.shards.iter_mut().flatten() {
            let op = product(&self.programs[*program].operations[k])?;
            rows.push(slots.get(&op.lhs)?);
            weights = Some(slots.get(&op.rhs)?);
        }
        let counts: Vec<usize> = rows.iter().map(|rows| rows.shape()[0]).collect();
        let all = B::float_cat(rows, 0);
        let op = product(&self.programs[0].operations[k])?;
        let (_, slots) = self.shards.iter().flatten().next()?;
        let all = slots.product(op, all, weights?);
        let mut first = 0;
        for ((program, slots), count) in self.shards.iter_mut().flatten().zip(counts) {
            let op = product(&self.programs[*program].operations[k])?;
            slots.put(op.out.id, of_rows::<B>(&all, first..first + count));
            first += count;
        }
        Some(())
    }

    fn summed(&mut self, k: usize, divisor: Option<f64>) -> Option<Tensor<2>> {
        let mut factors = Vec::new();
        for shard in &mut self.shards {
            factors.push(match shard {
                Some((program, slots)) => {
                    let op = product(&self.programs[*program].operations[k])?;
                    Some((slots.get(&op.lhs)?, slots.get(&op.rhs)?))
                }
                None => None,
            });
        }
        let op = product(&self.programs[0].operations[k])?;
        let [rows, columns] = op.out.shape[..] else {
            return None;
        };
        let blocks = rows.div_ceil((BLOCK / columns).max(1));
        let block = |_, block: usize| {
            let rows = block * rows / blocks..(block + 1) * rows / blocks;
            let mut leaf = |shard: usize| {
                let product = factors[shard].as_ref().map(|(a, b)| {
                    let product = B::float_matmul(of_rows::<B>(a, rows.clone()), b.clone());
                    Tensor::<2>::from_primitive::<B>(product)
                });
                Ok(product)
            };
            let sum = tree(0..factors.len(), &mut leaf, &mut in_place::add).ok()??;
            Some(over(sum, divisor))
        };
        let blocks = match threads::is_shared(self.work) {
            true => threads::beside((0..blocks).collect(), block),
            false => (0..blocks).map(|k| block(k, k)).collect(),
        };
        let blocks: Vec<_> = blocks.into_iter().collect::<Option<_>>()?;
        Some(Tensor::cat(blocks, 0))
    }

    /// The sum of what all shards have in a slot.
    fn sum<const D: usize>(&mut self, slot: TensorId) -> Option<Tensor<D>> {
        let (count, shards) = (self.shards.len(), &mut self.shards);
        let mut leaf = |k: usize| {
            let Some((_, slots)) = &mut shards[k] else {
                return Ok(None);
            };
            let found = slots.take(slot).ok_or_else(does_not_fit)?;
            Ok(Some(Tensor::from_primitive::<B>(found)))
        };
        tree(0..count, &mut leaf, &mut in_place::add).ok()?
    }
}

impl<B: Backend> Beside for SideBySide<B>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    fn run(&mut self, operands: Vec<Option<Operands>>, divisor: Option<f64>) -> Result<ShardsPass> {
        // What ran once, on tensors of the same shapes and device, runs.
        let pass = self.passes(operands, divisor);
        pass.ok_or_else(does_not_fit)
    }
}

fn over<const D: usize>(sum: Tensor<D>, divisor: Option<f64>) -> Tensor<D> {
    match divisor {
        Some(n) => sum / n,
        None => sum,
    }
}

fn does_not_fit() -> Error {
    Error::Compute("recorded shards do not fit".to_owned())
}

/// Whether two programs are the same but for shapes.
fn are_alike(one: &Program, other: &Program) -> bool {
    let places = |operation: &OperationIr| -> (Vec<TensorId>, Vec<TensorId>) {
        let (read, written) = (operation.inputs(), operation.outputs());
        (
            read.map(|tensor| tensor.id).collect(),
            written.map(|tensor| tensor.id).collect(),
        )
    };
    let same = |(one, other): (&OperationIr, &OperationIr)| {
        std::mem::discriminant(one) == std::mem::discriminant(other) && places(one) == places(other)
    };
    (&one.inputs, &one.outputs) == (&other.inputs, &other.outputs)
        && one.operations.len() == other.operations.len()
        && one.operations.iter().zip(&other.operations).all(same)
}

/// The parts of a program whose first inputs are `parameters` weights and biases. With `joins` the rows of shards may be multiplied
/// at once.
fn parts(program: &Program, parameters: usize, joins: bool) -> Vec<Part> {
    let weights = program.inputs.iter().take(parameters).copied();
    // What all shards have alike.
    let mut alike: HashSet<TensorId> = weights.collect();
    let (mut parts, mut begun) = (Vec::new(), 0);
    let operations = &program.operations;
    for (k, operation) in operations.iter().enumerate() {
        let part = product(operation).and_then(|op| {
            let outputs = &mut program.outputs.iter();
            if let Some(output) = outputs.position(|output| *output == op.out.id) {
                let mut later = operations[k + 1..].iter().flat_map(OperationIr::inputs);
                return later
                    .all(|tensor| tensor.id != op.out.id)
                    .then_some(Part::Summed(k, output));
            }
            let is_joined = joins
                && op.out.shape[1] > COLUMNS
                && alike.contains(&op.rhs.id)
                && !alike.contains(&op.lhs.id);
            is_joined.then_some(Part::Joined(k))
        });
        let mut read = operation.inputs().peekable();
        if read.peek().is_some() && read.all(|tensor| alike.contains(&tensor.id)) {
            alike.extend(operation.outputs().map(|tensor| tensor.id));
        }
        if let Some(part) = part {
            parts.push(Part::Each(begun..k));
            parts.push(part);
            begun = k + 1;
        }
    }
    parts.push(Part::Each(begun..operations.len()));
    parts.retain(|part| !matches!(part, Part::Each(operations) if operations.is_empty()));
    parts
}

fn product(operation: &OperationIr) -> Option<&MatmulOpIr> {
    match operation {
        OperationIr::Float(_, FloatOperationIr::Matmul(op)) if op.out.shape.num_dims() == 2 => {
            Some(op)
        }
        _ => None,
    }
}

fn of_rows<B: Backend>(all: &Float<B>, rows: Range<usize>) -> Float<B> {
    let columns = all.shape()[1];
    B::float_slice(all.clone(), &[Slice::from(rows), Slice::from(0..columns)])
}
