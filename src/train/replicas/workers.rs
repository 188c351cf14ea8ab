//! Groups of networks on the cores of this machine.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::group::{Common, Group};
use crate::error::Result;

/// The fewest multiplications in the forward pass of a step that are worth a thread of their own.
const FEWEST_PRODUCTS: usize = 1 << 13;

/// Parts that steps are taken in where there are more groups than threads.
const PARTS: usize = 4;

/// Groups a thread, at most.
pub(super) const GROUPS_A_THREAD: usize = 8;

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
/// A group takes a part of its steps at a time, and that which is furthest behind is next, so that no thread waits long
/// for another: five networks on two cores take two and a half times as long as one, and not three times.
///
/// # Errors
/// [`Error::Compute`](crate::Error::Compute) if the backend fails.
pub(super) fn take_steps(threads: usize, groups: &mut [Group], steps: Range<usize>) -> Result<()> {
    let threads = threads.min(groups.len());
    if threads < 2 {
        let mut groups = groups.iter_mut();
        return groups.try_for_each(|group| group.take_steps(steps.clone()));
    }
    let parts = if groups.len() > threads { PARTS } else { 1 };
    let part = steps.len().div_ceil(parts).max(1);
    let waiting = groups.iter_mut().map(|group| (steps.start, group));
    let waiting = Mutex::new(waiting.collect::<VecDeque<_>>());
    let lock = || waiting.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || -> Result<()> {
        loop {
            // Those that took their part are put behind the others, so that the first is the furthest behind.
            let Some((from, group)) = lock().pop_front() else {
                return Ok(());
            };
            let until = steps.end.min(from + part);
            group.take_steps(from..until)?;
            if until < steps.end {
                lock().push_back((until, group));
            }
        }
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let own = work();
        let others = others.into_iter().map(|worker| match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        others.chain([own]).collect()
    })
}
