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

use super::pass::{Batch, Drops, Pass};
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

    /// Runs the recording of a step of this kind, where there is one.
    pub(super) fn replay(
        &mut self,
        batch: &Batch,
        run: impl FnOnce(&mut dyn Replay) -> Option<Pass>,
    ) -> Option<Pass> {
        let kind = Kind::of(batch);
        let (_, replay) = self.known.iter_mut().find(|(known, _)| *known == kind)?;
        let pass = run(replay.as_mut()?.as_mut())?;
        self.replayed += 1;
        Some(pass)
    }

    /// Records a step of this kind, if there is no recording of one yet, and keeps it if it gives what
    /// `expected` says. `run` runs it on the batch that `expected` comes from, from the same random numbers.
    pub(super) fn record(
        &mut self,
        (network, loss): (&Mlp, Loss),
        batch: &Batch,
        expected: &Pass,
        run: impl FnOnce(&mut dyn Replay) -> Option<Pass>,
    ) {
        let kind = Kind::of(batch);
        if self.off || self.known.iter().any(|(known, _)| *known == kind) {
            return;
        }
        let mut replay = replay(network, loss, batch);
        let agrees = replay.as_mut().and_then(|replay| run(replay.as_mut()));
        if !agrees.is_some_and(|pass| pass.equals(expected)) {
            replay = None;
        }
        self.known.push((kind, replay));
    }
}

/// A recorded step.
pub(super) trait Replay {
    /// The forward and the backward pass of `network`, which has no graph, on a batch; none if the
    /// tensors are not on the backend of the recording.
    fn run(&mut self, network: &Mlp, batch: &Batch) -> Option<Pass>;
}

/// Records a step for the backend that the batch is on, if it is one that gains by it.
#[cfg(not(any(feature = "flex", feature = "ndarray")))]
fn replay(_: &Mlp, _: Loss, _: &Batch) -> Option<Box<dyn Replay>> {
    None
}
