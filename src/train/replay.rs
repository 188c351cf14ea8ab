//! A training step that is recorded once and replayed.
//!
//! A step of a tiny network is a hundred times as much bookkeeping as arithmetic: Burn's autodiff gives
//! every operation a node, registers it in a graph behind locks, walks that graph backwards and takes it
//! down again. But what a step consists of is the same in every step. So Burn's capture backend records one:
//! forward pass, loss, and the backward pass that Burn's autodiff makes of them. The list of operations is
//! then run on the plain backend, without a graph. These are the very operations of an ordinary step, so the
//! numbers are the same to the last bit; a recording is compared with the first step of its kind, and is not
//! used if any bit differs.
//!
//! This is for the CPU backends. A GPU is busy with its kernels while the graph is built.

mod program;
mod record;
mod run;

use burn::backend::{Backend, DispatchKindConversion, DispatchTensor};
use burn::tensor::{Tensor, TensorData};

use crate::config::Loss;
use crate::model::{LayerTensors, Mlp};

use program::Program;
use run::Slots;

/// What a forward and a backward pass give.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    /// The loss of the batch, shape `[1]`, without a graph.
    pub(super) loss: Tensor<1>,
    /// Its gradients, layer by layer.
    pub(super) gradients: Vec<LayerTensors>,
}

impl Pass {
    /// Whether two passes give the same numbers to the last bit.
    fn equals(&self, other: &Pass) -> bool {
        let bytes = |pass: &Pass| -> Vec<TensorData> {
            let gradients = pass.gradients.iter().cloned().flat_map(|layer| {
                let bias = layer.bias.map(Tensor::into_data);
                [Some(layer.weight.into_data()), bias]
            });
            let loss = pass.loss.clone().into_data();
            gradients.flatten().chain([loss]).collect()
        };
        let pairs = bytes(self).into_iter().zip(bytes(other));
        self.gradients.len() == other.gradients.len()
            && pairs.into_iter().all(|(a, b)| a.as_bytes() == b.as_bytes())
    }
}

/// The kinds of steps that are recorded separately: the operations depend on nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// Rows of the batch.
    pub(super) rows: usize,
    /// Whether the dropout layers act.
    pub(super) dropout: bool,
}

/// The recordings of a training, at most one of each kind. A training has few kinds: full and last
/// batches, with and without dropout.
#[derive(Default)]
pub(super) struct Replays {
    known: Vec<(Kind, Option<Box<dyn Replay>>)>,
    off: bool,
    replayed: usize,
}

impl Replays {
    /// Never a recording.
    pub(super) fn none() -> Self {
        Replays {
            off: true,
            ..Replays::default()
        }
    }

    /// Steps that were replayed.
    pub(super) fn replayed(&self) -> usize {
        self.replayed
    }

    /// Whether a step of this kind has still to be recorded.
    pub(super) fn lacks(&self, kind: Kind) -> bool {
        !self.off && self.known.iter().all(|(known, _)| *known != kind)
    }

    /// Runs the recording of a step of this kind, where there is one.
    pub(super) fn replay(
        &mut self,
        kind: Kind,
        run: impl FnOnce(&mut dyn Replay) -> Option<Pass>,
    ) -> Option<Pass> {
        let (_, replay) = self.known.iter_mut().find(|(known, _)| *known == kind)?;
        let pass = run(replay.as_mut()?.as_mut())?;
        self.replayed += 1;
        Some(pass)
    }

    /// Records a step and keeps the recording if it gives what `expected` says. `run` runs it on the
    /// batch that `expected` comes from, from the same random numbers.
    pub(super) fn record(
        &mut self,
        kind: Kind,
        (network, loss): (&Mlp, Loss),
        (x, y): (&Tensor<2>, &Tensor<2>),
        expected: &Pass,
        run: impl FnOnce(&mut dyn Replay) -> Option<Pass>,
    ) {
        let replay = replay(network, loss, (x, y), kind.dropout);
        let replay = replay.and_then(|mut replay| {
            let pass = run(replay.as_mut())?;
            pass.equals(expected).then_some(replay)
        });
        self.known.push((kind, replay));
    }
}

/// A recorded step.
pub(super) trait Replay {
    /// The forward and the backward pass of `network`, which has no graph, on a batch; none if the
    /// tensors are not on the backend of the recording.
    fn run(&mut self, network: &Mlp, x: Tensor<2>, y: Tensor<2>) -> Option<Pass>;
}

/// Records a step for the backend that the batch is on, if it is one that gains by it.
fn replay(
    network: &Mlp,
    loss: Loss,
    (x, y): (&Tensor<2>, &Tensor<2>),
    dropout: bool,
) -> Option<Box<dyn Replay>> {
    let program = || Program::new(record::record(network, loss, (x, y), dropout)?);
    #[cfg(feature = "flex")]
    if is_on::<burn::backend::Flex>(x) {
        return Some(Box::new(Ready::<burn::backend::Flex>::new(program()?)?));
    }
    #[cfg(feature = "ndarray")]
    if is_on::<burn::backend::NdArray>(x) {
        return Some(Box::new(Ready::<burn::backend::NdArray>::new(program()?)?));
    }
    None
}

fn is_on<B: Backend>(x: &Tensor<2>) -> bool
where
    DispatchTensor: DispatchKindConversion<B>,
{
    x.clone().try_into_primitive::<B>().is_ok()
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
    fn run(&mut self, network: &Mlp, x: Tensor<2>, y: Tensor<2>) -> Option<Pass> {
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
        slots.put(*places.next()?, x.try_into_primitive::<B>().ok()?);
        slots.put(*places.next()?, y.try_into_primitive::<B>().ok()?);

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
