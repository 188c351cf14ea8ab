//! A recording made ready to run: each result in a numbered slot, nothing computed twice.

use std::collections::{HashMap, HashSet};

use burn::backend::ir::{
    FloatOperationIr, IrVisitorMut, OperationIr, TensorId, TensorIr, TensorStatus,
};

use super::record::Recording;

/// The operations of a step. The identifiers of their tensors are places in a table of slots.
pub(super) struct Program {
    /// Those whose results are the same in every step, to be run once.
    pub(super) constants: Vec<OperationIr>,
    /// Those of each step.
    pub(super) operations: Vec<OperationIr>,
    /// Slots in all.
    pub(super) slots: usize,
    /// The slots of [`Recording::inputs`].
    pub(super) inputs: Vec<TensorId>,
    /// The slots of [`Recording::outputs`].
    pub(super) outputs: Vec<TensorId>,
}

impl Program {
    /// `None` if the recording reads a tensor that nothing in it makes.
    ///
    /// One pass over the recording: each result gets the next free slot, unless an earlier slot holds the same numbers.
    /// For instance
    ///
    /// ```text
    /// recorded                       program
    /// t7 = sigmoid(t3)               slot 2 = sigmoid(slot 0)
    /// t9 = t7 * t5                   slot 3 = slot 2 * slot 1
    /// t12 = sigmoid(t3)              -           t12 is slot 2: the backward pass computes t7 anew
    /// t13 = ones(..)                 constant    slot 4, run once
    /// drop(t9)                       -           slots keep their numbers until they are read for the last time
    /// ```
    pub(super) fn new(recording: Recording) -> Option<Self> {
        let mut naming = Naming::default();
        for id in &recording.inputs {
            naming.add(*id);
        }
        let mut fixed = HashSet::new(); // slots with the same numbers in every step
        let mut seen: Vec<(OperationIr, Vec<TensorId>)> = Vec::new(); // with the slots of their results
        let (mut constants, mut operations) = (Vec::new(), Vec::new());
        for operation in recording.operations {
            let results: Vec<TensorId> = operation.outputs().map(|tensor| tensor.id).collect();
            let is_known = results.iter().any(|id| naming.slots.contains_key(id));
            if results.is_empty() || is_known {
                // A tensor is let go of, or this is where the zeros that stand for an input, or for a result of a
                // sigmoid, were made: that has its slot.
                continue;
            }
            if let Some(slot) = naming.slot_of_same(&recording.same, &results[0]) {
                // The line through a sigmoid's values (see `sigmoid.rs`) has the sigmoid's own numbers.
                naming.slots.insert(results[0], slot);
                continue;
            }
            // With slots for what it reads, an operation can be compared with those before: its results are all named
            // alike for now.
            let mut renamed = operation;
            renamed.visit_mut(&mut naming);
            if naming.failed {
                return None;
            }
            let draws = draws(&renamed);
            let first = seen.iter().find(|(operation, _)| *operation == renamed);
            if let (false, Some((_, first))) = (draws, first) {
                // The same operation on the same numbers gives the same results. Two draws do not.
                for (id, first) in results.iter().zip(first) {
                    naming.slots.insert(*id, *first);
                }
                continue;
            }
            let is_fixed = !draws && renamed.inputs().all(|tensor| fixed.contains(&tensor.id));
            let slots: Vec<TensorId> = results.iter().map(|id| naming.add(*id)).collect();
            if !draws {
                seen.push((renamed.clone(), slots.clone()));
            }
            renamed.visit_mut(&mut Results(slots.iter()));
            if is_fixed {
                fixed.extend(slots);
                constants.push(renamed);
            } else {
                operations.push(renamed);
            }
        }
        let find = |ids: &[TensorId]| -> Option<Vec<TensorId>> {
            ids.iter().map(|id| naming.slots.get(id).copied()).collect()
        };
        let (inputs, outputs) = (find(&recording.inputs)?, find(&recording.outputs)?);
        if outputs.iter().any(|slot| fixed.contains(slot)) {
            return None; // an output is taken out of its slot, and a constant would not be there in the next step
        }
        let mut live: HashSet<TensorId> = outputs.iter().copied().chain(fixed).collect();
        keep_needed(&mut operations, &mut live);
        Some(Program {
            constants,
            operations,
            slots: naming.count,
            inputs,
            outputs,
        })
    }
}

/// Drops the operations whose results nothing reads, and marks what is read for the last time, so that
/// its memory can take the result. `live` is what is read after the step.
fn keep_needed(operations: &mut Vec<OperationIr>, live: &mut HashSet<TensorId>) {
    let mut kept = Vec::with_capacity(operations.len());
    for mut operation in operations.drain(..).rev() {
        let is_read = operation.outputs().any(|tensor| live.contains(&tensor.id));
        if !is_read && !draws(&operation) {
            continue;
        }
        let read: Vec<TensorId> = operation.inputs().map(|tensor| tensor.id).collect();
        operation.visit_mut(&mut LastReads { read: &read, live });
        live.extend(read);
        kept.push(operation);
    }
    kept.reverse();
    *operations = kept;
}

/// Whether an operation takes numbers from the generator: it is run even if nothing reads its result, so
/// that the next one draws the same as ever.
fn draws(operation: &OperationIr) -> bool {
    matches!(
        operation,
        OperationIr::Float(_, FloatOperationIr::Random(_))
    )
}

/// Gives slots to tensors, and renames what operations read.
#[derive(Default)]
struct Naming {
    slots: HashMap<TensorId, TensorId>,
    count: usize,
    failed: bool,
}

impl Naming {
    /// The slot of the tensor that this one is the same as.
    fn slot_of_same(&self, same: &HashMap<TensorId, TensorId>, id: &TensorId) -> Option<TensorId> {
        self.slots.get(same.get(id)?).copied()
    }

    fn add(&mut self, id: TensorId) -> TensorId {
        let slot = TensorId::new(self.count as u64);
        self.count += 1;
        self.slots.insert(id, slot);
        slot
    }
}

impl IrVisitorMut for Naming {
    fn visit_tensor_mut(&mut self, tensor: &mut TensorIr) {
        if tensor.status == TensorStatus::NotInit {
            tensor.id = TensorId::new(0); // a result: it gets its slot later
            return;
        }
        tensor.status = TensorStatus::ReadOnly;
        match self.slots.get(&tensor.id) {
            Some(slot) => tensor.id = *slot,
            None => self.failed = true,
        }
    }
}

/// Gives the results of an operation their slots.
struct Results<'a>(std::slice::Iter<'a, TensorId>);

impl IrVisitorMut for Results<'_> {
    fn visit_tensor_mut(&mut self, tensor: &mut TensorIr) {
        if tensor.status == TensorStatus::NotInit
            && let Some(slot) = self.0.next()
        {
            tensor.id = *slot;
        }
    }
}

/// Marks what an operation is the last to read. What it reads twice is marked the second time.
struct LastReads<'a> {
    read: &'a [TensorId],
    live: &'a HashSet<TensorId>,
}

impl IrVisitorMut for LastReads<'_> {
    fn visit_tensor_mut(&mut self, tensor: &mut TensorIr) {
        if tensor.status == TensorStatus::NotInit {
            return;
        }
        let [_, rest @ ..] = self.read else {
            return;
        };
        self.read = rest;
        if !self.live.contains(&tensor.id) && !rest.contains(&tensor.id) {
            tensor.status = TensorStatus::ReadWrite;
        }
    }
}
