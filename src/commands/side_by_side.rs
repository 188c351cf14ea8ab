//! Work at the same time, each piece on a core of its own.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use dropwise::{Error, Result};
use rayon::ThreadPoolBuilder;

/// Does `work(0, ..)` to `work(count - 1, ..)`, `jobs` at a time and each in a pool of one thread, so that its matrix products
/// and masks stay on one core. As each piece ends `told` gets its result, on the calling thread. After an error no other
/// piece is begun, and those that are in hand can see it by the function that they are given: it says whether work goes on.
/// The result is the first error.
pub(super) fn side_by_side<T: Send>(
    jobs: usize,
    count: usize,
    work: impl Fn(usize, &(dyn Fn() -> bool + Sync)) -> Result<T> + Sync,
    mut told: impl FnMut(usize, T) -> Result<()>,
) -> Result<()> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let goes_on = || !failed.load(Ordering::Relaxed);
    let each = |tell: &dyn Fn((usize, Result<T>))| {
        while goes_on() {
            let k = next.fetch_add(1, Ordering::Relaxed);
            if k >= count {
                break;
            }
            let found = work(k, &goes_on);
            if found.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            tell((k, found));
        }
    };
    let mut pools = Vec::new();
    for _ in 0..jobs.min(count) {
        let pool = ThreadPoolBuilder::new().num_threads(1).build();
        pools.push(pool.map_err(|cause| Error::Compute(format!("no thread to work in: {cause}")))?);
    }
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for pool in &pools {
            let (sender, each) = (sender.clone(), &each);
            scope.spawn(move || pool.install(|| each(&|found| drop(sender.send(found)))));
        }
        drop(sender);
        let mut ended = Ok(());
        for (k, found) in receiver {
            if let Err(error) = found.and_then(|found| told(k, found)) {
                failed.store(true, Ordering::Relaxed);
                ended = ended.and(Err(error));
            }
        }
        ended
    })
}
