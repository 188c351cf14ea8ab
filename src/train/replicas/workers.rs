//! Groups of networks on the cores of this machine.

use std::ops::Range;

use super::group::{Common, Group};

/// Threads to train on. A device that computes elsewhere needs only one to feed it.
pub(super) fn threads(computes_where_called: bool) -> usize {
    if cfg!(target_family = "wasm") || !computes_where_called {
        return 1;
    }
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Takes these steps, counted from 0, with all groups. Groups know nothing of each other, so that it is
/// all the same which thread a group is trained on.
pub(super) fn take_steps(
    threads: usize,
    groups: &mut [Group],
    common: &Common,
    steps: Range<usize>,
) {
    let share = groups.len().div_ceil(threads);
    let mut shares = groups.chunks_mut(share.max(1));
    let Some(first) = shares.next() else { return };
    std::thread::scope(|scope| {
        let others: Vec<_> = shares
            .map(|share| scope.spawn(|| take_all(share, common, steps.clone())))
            .collect();
        take_all(first, common, steps.clone());
        for other in others {
            if let Err(panic) = other.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

fn take_all(groups: &mut [Group], common: &Common, steps: Range<usize>) {
    for group in groups {
        group.take_steps(common, steps.clone());
    }
}
