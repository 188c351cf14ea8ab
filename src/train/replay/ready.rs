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
use crate::config::Loss;
use crate::model::{LayerTensors, Mlp};
use crate::train::pass::{Batch, Pass};

/// Records a step for the backend that the batch is on, if it is one that gains by it.
pub(super) fn replay(network: &Mlp, loss: Loss, batch: &Batch) -> Option<Box<dyn Replay>> {
    let program = || Program::new(record(network, loss, batch)?);
    #[cfg(feature = "flex")]
    if is_on::<Flex>(batch) {
        return Some(Box::new(Ready::<Flex>::new(program()?)?));
    }
    #[cfg(feature = "ndarray")]
    if is_on::<NdArray>(batch) {
        return Some(Box::new(Ready::<NdArray>::new(program()?)?));
    }
    None
}

fn is_on<B: Backend>(batch: &Batch) -> bool
where
    DispatchTensor: DispatchKindConversion<B>,
{
    batch.inputs.clone().try_into_primitive::<B>().is_ok()
}

/// A program with its memory.
struct Ready<B: Backend> {
    program: Program,
    slots: Slots<B>,
}

impl<B: Backend> Ready<B> {
    /// None if the program has an operation that is not known here.
    fn new(program: Program) -> Option<Self> {
        let mut slots = Slots::new(program.slots);
        for operation in &program.constants {
            slots.run(operation)?;
        }
        Some(Ready { program, slots })
    }
}

impl<B: Backend> Replay for Ready<B>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    fn run(&mut self, network: &Mlp, batch: &Batch) -> Option<Pass> {
        let slots = &mut self.slots;
        let layers = network.tensors();
        let biased: Vec<bool> = layers.iter().map(|layer| layer.bias.is_some()).collect();
        let mut places = self.program.inputs.iter();
        for layer in layers {
            let weight = layer.weight.try_into_primitive::<B>().ok()?;
            slots.put(*places.next()?, weight);
            if let Some(bias) = layer.bias {
                slots.put(*places.next()?, bias.try_into_primitive::<B>().ok()?);
            }
        }
        for tensor in batch.tensors() {
            slots.put(
                *places.next()?,
                tensor.clone().try_into_primitive::<B>().ok()?,
            );
        }

        for operation in &self.program.operations {
            slots.run(operation)?;
        }

        let mut places = self.program.outputs.iter();
        let loss = Tensor::from_primitive::<B>(slots.take(*places.next()?)?);
        let mut gradients = Vec::with_capacity(biased.len());
        for biased in biased {
            gradients.push(LayerTensors {
                weight: Tensor::from_primitive::<B>(slots.take(*places.next()?)?),
                bias: match biased {
                    true => Some(Tensor::from_primitive::<B>(slots.take(*places.next()?)?)),
                    false => None,
                },
            });
        }
        Some(Pass { loss, gradients })
    }
}
