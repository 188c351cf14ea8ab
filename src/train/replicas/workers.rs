//! Groups of networks on the cores of this machine.

use std::ops::Range;

use super::group::{Common, Group};
use crate::error::Result;

/// The fewest multiplications in the forward pass of a step that are worth a thread of their own.
const FEWEST_PRODUCTS: usize = 1 << 13;

/// The fewest networks that are worth a thread of their own.
pub(super) fn fewest(common: &Common) -> usize {
    FEWEST_PRODUCTS.div_ceil(common.products().max(1))
}

/// Threads to train on. A device that computes elsewhere needs only one to feed it.
pub(super) fn threads(in_process: bool) -> usize {
    if cfg!(target_family = "wasm") || !in_process {
        return 1;
    }
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Takes these steps, counted from 0, with all groups. Groups know nothing of each other, so that it is
/// all the same which thread a group is trained on.
///
/// # Errors
/// [`Error::Compute`](crate::Error::Compute) if the backend fails.
pub(super) fn take_steps(threads: usize, groups: &mut [Group], steps: Range<usize>) -> Result<()> {
    let take_all = |groups: &mut [Group]| {
        let mut groups = groups.iter_mut();
        groups.try_for_each(|group| group.take_steps(steps.clone()))
    };
    let share = groups.len().div_ceil(threads).max(1);
    if groups.len() <= share {
        return take_all(groups);
    }
    std::thread::scope(|scope| {
        let take_all = &take_all;
        let shares = groups.chunks_mut(share);
        let workers: Vec<_> = shares
            .map(|share| scope.spawn(move || take_all(share)))
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| match worker.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
    })
}
