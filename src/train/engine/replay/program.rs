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
    /// None if the recording reads a tensor that nothing in it makes.
    pub(super) fn new(recording: Recording) -> Option<Self> {
        let mut naming = Naming::default();
        for id in &recording.inputs {
            naming.add(*id);
        }
        let mut fixed = HashSet::new();
        let mut seen: Vec<(OperationIr, Vec<TensorId>)> = Vec::new();
        let (mut constants, mut operations) = (Vec::new(), Vec::new());
        for operation in recording.operations {
            let results: Vec<TensorId> = operation.outputs().map(|tensor| tensor.id).collect();
            let is_known = results.iter().any(|id| naming.slots.contains_key(id));
            if results.is_empty() || is_known {
                // The end of a tensor, or where the stand-in was made of an input, or of another result.
                continue;
            }
            if let Some(slot) = naming.slot_of_same(&recording.same, &results[0]) {
                naming.slots.insert(results[0], slot);
                continue;
            }
            let mut renamed = operation;
            renamed.visit_mut(&mut naming);
            if naming.failed {
                return None;
            }
            // An operation on the same tensors again, such as an activation that the backward pass computes
            // anew, gives the same results: the first ones do.
            let draws = draws(&renamed);
            let first = seen.iter().find(|(operation, _)| *operation == renamed);
            if let (false, Some((_, first))) = (draws, first) {
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
        let find = |ids: &[TensorId]| ids.iter().map(|id| naming.slots.get(id).copied()).collect();
        let inputs = find(&recording.inputs);
        let outputs: Option<Vec<TensorId>> = find(&recording.outputs);
        let outputs = outputs?;
        if outputs.iter().any(|slot| fixed.contains(slot)) {
            return None; // it is taken out of its slot, and would not be there again
        }
        let mut live: HashSet<TensorId> = outputs.iter().copied().chain(fixed).collect();
        keep_needed(&mut operations, &mut live);
        Some(Program {
            constants,
            operations,
            slots: naming.count,
            inputs: inputs?,
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
