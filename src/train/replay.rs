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
mod program;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod ready;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod record;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod run;

use std::mem::{Discriminant, discriminant};
use std::sync::OnceLock;

use burn::module::Module;

use super::pass::{At, Batch, Drops, Pass};
use crate::config::Loss;
use crate::model::Mlp;

#[cfg(any(feature = "flex", feature = "ndarray"))]
use ready::replay;

/// The kinds of steps that are recorded separately: the operations depend on nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    rows: usize,
    drops: Discriminant<Drops>,
}

impl Kind {
    fn of(batch: &Batch) -> Self {
        Kind {
            rows: batch.rows(),
            drops: discriminant(&batch.drops),
        }
    }
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

    /// The forward and the backward pass of a network on a batch. The first step of a kind goes through
    /// Burn's autodiff, on `tracked`, which is made of the network if need be. It is recorded, and the
    /// recording, if it gives the same bits from the same random numbers, is replayed from then on.
    pub(super) fn pass(
        &mut self,
        at: At<'_>,
        (network, tracked): (&Mlp, &OnceLock<Mlp>),
        loss: Loss,
        batch: &Batch,
    ) -> Pass {
        let kind = Kind::of(batch);
        let replayed = |replay: &mut Box<dyn Replay>| at.run(batch, || replay.run(network, batch));
        let known = self.known.iter_mut().find(|(known, _)| *known == kind);
        let is_known = known.is_some();
        if let Some((_, Some(replay))) = known
            && let Some(pass) = replayed(replay)
        {
            self.replayed += 1;
            return pass;
        }
        let tracked = tracked.get_or_init(|| network.clone().train());
        let pass = at.run(batch, || Pass::through_autodiff(tracked, loss, batch));
        if !is_known && !self.off {
            let mut replay = replay(network, loss, batch);
            let again = replay.as_mut().and_then(replayed);
            if !again.is_some_and(|again| again.equals(&pass)) {
                replay = None;
            }
            self.known.push((kind, replay));
        }
        pass
    }
}

/// A recorded step.
pub(super) trait Replay: Send {
    /// The forward and the backward pass of `network`, which has no graph, on a batch; none if the
    /// tensors are not on the backend of the recording.
    fn run(&mut self, network: &Mlp, batch: &Batch) -> Option<Pass>;
}

/// Records a step for the backend that the batch is on, if it is one that gains by it.
#[cfg(not(any(feature = "flex", feature = "ndarray")))]
fn replay(_: &Mlp, _: Loss, _: &Batch) -> Option<Box<dyn Replay>> {
    None
}
