//! A recording with its memory, on the backend that it is run on.

#[cfg(feature = "flex")]
use burn::backend::Flex;
use burn::backend::{Backend, DispatchKindConversion, DispatchTensor};
use burn::tensor::Tensor;

use super::Replay;
use super::program::Program;
use super::record::record;
use super::run::Slots;
#[cfg(feature = "ndarray")]
use crate::backend::NdArray;
use crate::model::LayerTensors;
use crate::train::pass::{Forward, Operands, Pass};

/// Records a step for the backend that the operands are on, if it is one that gains by it.
pub(super) fn replay<const D: usize>(
    step: &impl Forward<D>,
    operands: &Operands,
) -> Option<Box<dyn Replay<D>>> {
    let program = || Program::new(record(step, operands)?);
    #[cfg(feature = "flex")]
    if is_on::<Flex>(operands) {
        return Some(Box::new(Ready::<Flex>::new(program()?, true)?));
    }
    #[cfg(feature = "ndarray")]
    if is_on::<NdArray>(operands) {
        return Some(Box::new(Ready::<NdArray>::new(program()?, false)?));
    }
    None
}

pub(super) fn is_on<B: Backend>(operands: &Operands) -> bool
where
    DispatchTensor: DispatchKindConversion<B>,
{
    let mut tensors = operands.tensors.iter();
    tensors.all(|tensor| tensor.clone().try_into_primitive::<B>().is_ok())
}

/// A program with its memory.
struct Ready<B: Backend> {
    program: Program,
    slots: Slots<B>,
}

impl<B: Backend> Ready<B>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    /// None if the program has an operation that is not known here.
    fn new(program: Program, in_halves: bool) -> Option<Self> {
        let slots = ready_slots(&program, in_halves)?;
        Some(Ready { program, slots })
    }
}

/// Slots for a program, with its constants in them.
pub(super) fn ready_slots<B: Backend>(program: &Program, in_halves: bool) -> Option<Slots<B>>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    let mut slots = Slots::new(program.slots, in_halves);
    for operation in &program.constants {
        slots.run(operation)?;
    }
    Some(slots)
}

/// Puts what a step reads into its slots. The result is which layers have biases.
pub(super) fn put_operands<B: Backend>(
    program: &Program,
    slots: &mut Slots<B>,
    operands: Operands,
) -> Option<Vec<bool>>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    let layers = operands.layers;
    let biased: Vec<bool> = layers.iter().map(|layer| layer.bias.is_some()).collect();
    let mut places = program.inputs.iter();
    for layer in layers {
        let weight = layer.weight.try_into_primitive::<B>().ok()?;
        slots.put(*places.next()?, weight);
        if let Some(bias) = layer.bias {
            slots.put(*places.next()?, bias.try_into_primitive::<B>().ok()?);
        }
    }
    for tensor in operands.tensors {
        slots.put(*places.next()?, tensor.try_into_primitive::<B>().ok()?);
    }
    Some(biased)
}

impl<B: Backend, const D: usize> Replay<D> for Ready<B>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    fn run(&mut self, operands: Operands) -> Option<Pass<D>> {
        let slots = &mut self.slots;
        let biased = put_operands(&self.program, slots, operands)?;
        for operation in &self.program.operations {
            slots.run(operation)?;
        }

        let mut places = self.program.outputs.iter();
        let loss = Tensor::from_primitive::<B>(slots.take(*places.next()?)?);
        let mut gradients = Vec::with_capacity(biased.len());
        for biased in biased {
            let weight = Tensor::from_primitive::<B>(slots.take(*places.next()?)?);
            let bias = if biased {
                Some(Tensor::from_primitive::<B>(slots.take(*places.next()?)?))
            } else {
                None
            };
            gradients.push(LayerTensors { weight, bias });
        }
        // The weights are let go of, so that the optimizer can change them in place.
        for place in &self.program.inputs {
            slots.take(*place);
        }
        Some(Pass { loss, gradients })
    }
}
