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

#[cfg(any(feature = "flex", feature = "ndarray"))]
mod beside;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod matmul;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod program;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod ready;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod record;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod run;

use burn::tensor::{Tensor, TensorData};

use super::{AtOnce, Shard, ShardsPass};
use crate::error::{Error, Result};
use crate::model::LayerTensors;
use crate::train::pass::{Forward, Operands, Pass, StepKind};

#[cfg(any(feature = "flex", feature = "ndarray"))]
use beside::beside;
#[cfg(any(feature = "flex", feature = "ndarray"))]
use ready::replay;

/// The recordings of a training, at most one of each kind of step.
#[derive(Default)]
pub(super) struct Replays<const D: usize> {
    known: Vec<(StepKind, Option<Box<dyn Replay<D>>>)>,
    /// The same for shards that are run side by side, which are known by their kinds.
    known_beside: Vec<KnownBeside>,
    off: bool,
    replayed: usize,
}

/// Shards of these kinds, and their recording if it is used.
type KnownBeside = (Vec<Option<StepKind>>, Option<Box<dyn Beside>>);

impl<const D: usize> Replays<D> {
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

    /// The forward and the backward pass of a step. The first step of a kind goes through Burn's autodiff. It
    /// is recorded, and the recording, if it gives the same bits from the same random numbers, is replayed from
    /// then on.
    ///
    /// # Errors
    /// Those of [`Forward::loss`].
    pub(super) fn pass(&mut self, step: &impl Forward<D>, operands: Operands) -> Result<Pass<D>> {
        let through_autodiff =
            |operands| step.seeded(|| Pass::through_autodiff(step, operands, Some(&mut AtOnce)));
        let kind = step.kind();
        match self.known.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, Some(replay))) => {
                self.replayed += 1;
                // What ran once, on tensors of the same shapes and device, runs.
                let pass = step.seeded(|| replay.run(operands));
                pass.ok_or_else(|| Error::Compute("a recorded step does not fit".to_owned()))
            }
            None if !self.off => {
                let pass = through_autodiff(operands.clone())?;
                let mut replay = replay(step, &operands);
                let again = replay.as_mut();
                let again = again.and_then(|again| step.seeded(|| again.run(operands)));
                if !again.is_some_and(|again| same_bits(&again, &pass)) {
                    replay = None;
                }
                self.known.push((kind, replay));
                Ok(pass)
            }
            _ => through_autodiff(operands),
        }
    }
}

impl Replays<1> {
    /// The recording for shards of these kinds, if there is one.
    pub(super) fn beside(&mut self, kinds: &[Option<StepKind>]) -> Option<&mut dyn Beside> {
        let known = self.known_beside.iter_mut();
        let (_, beside) = known.into_iter().find(|(known, _)| known == kinds)?;
        let beside = beside.as_deref_mut()?;
        self.replayed += kinds.iter().flatten().count();
        Some(beside)
    }

    /// Records shards that were run one by one and came to `pass`. The recording is used from then on if it gives the same bits.
    pub(super) fn record_beside(
        &mut self,
        kinds: Vec<Option<StepKind>>,
        (shards, divisor): (&[Option<Shard<impl Forward<1>>>], Option<f64>),
        pass: &ShardsPass,
    ) {
        let is_known = self.known_beside.iter().any(|(known, _)| *known == kinds);
        if self.off || is_known {
            return;
        }
        let mut beside = beside(shards);
        let operands = shards
            .iter()
            .map(|shard| Some(shard.as_ref()?.operands.clone()));
        let again = beside
            .as_mut()
            .and_then(|beside| beside.run(operands.collect(), divisor).ok());
        let all = |pass: &ShardsPass| {
            let gradients = pass.gradients.iter().flatten();
            bits(pass.losses.iter().flatten(), gradients)
        };
        if again.is_none_or(|again| all(&again) != all(pass)) {
            beside = None;
        }
        self.known_beside.push((kinds, beside));
    }
}

/// Whether two passes give the same numbers to the last bit.
fn same_bits<const D: usize>(one: &Pass<D>, other: &Pass<D>) -> bool {
    let all = |pass: &Pass<D>| bits([&pass.loss], &pass.gradients);
    all(one) == all(other)
}

/// The bytes of losses and gradients.
fn bits<'a, const D: usize>(
    losses: impl IntoIterator<Item = &'a Tensor<D>>,
    gradients: impl IntoIterator<Item = &'a LayerTensors>,
) -> Vec<Vec<u8>> {
    let losses = losses.into_iter().cloned().map(Tensor::into_data);
    let mut all: Vec<TensorData> = losses.collect();
    for layer in gradients.into_iter().cloned() {
        all.push(layer.weight.into_data());
        all.extend(layer.bias.map(Tensor::into_data));
    }
    all.iter().map(|data| data.as_bytes().to_vec()).collect()
}

/// A recorded step.
pub(super) trait Replay<const D: usize>: Send {
    /// The forward and the backward pass of a step; `None` if the operands are not on the backend of the
    /// recording, or an operation is not known.
    fn run(&mut self, operands: Operands) -> Option<Pass<D>>;
}

/// Recorded passes of shards.
pub(super) trait Beside: Send {
    /// See [`Engine::shards`](super::Engine::shards).
    ///
    /// # Errors
    /// [`Error::Compute`] if the operands are not on the backend of the recording, or an operation is not known.
    fn run(&mut self, operands: Vec<Option<Operands>>, divisor: Option<f64>) -> Result<ShardsPass>;
}

/// Records shards for the backend that their operands are on, if it is one that gains by it.
#[cfg(not(any(feature = "flex", feature = "ndarray")))]
fn beside(_: &[Option<Shard<impl Forward<1>>>]) -> Option<Box<dyn Beside>> {
    None
}

/// Records a step for the backend that the operands are on, if it is one that gains by it.
#[cfg(not(any(feature = "flex", feature = "ndarray")))]
fn replay<const D: usize>(_: &impl Forward<D>, _: &Operands) -> Option<Box<dyn Replay<D>>> {
    None
}
