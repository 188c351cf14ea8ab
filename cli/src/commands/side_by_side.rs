//! Work at the same time, each piece on a core of its own.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use dropwise::{Error, Result};
use rayon::ThreadPoolBuilder;

/// As many pieces at a time as were asked for, else one a core.
pub(super) fn jobs(asked: Option<usize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    asked.unwrap_or_else(cores)
}

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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn failed(k: usize) -> Error {
        Error::Compute(format!("piece {k}"))
    }

    #[test]
    fn every_result_is_told_once_on_the_calling_thread() {
        for (jobs, count) in [(1, 5), (3, 20), (8, 2), (4, 0)] {
            let here = std::thread::current().id();
            let mut told = Vec::new();
            let work = |k: usize, _: &(dyn Fn() -> bool + Sync)| Ok(k * k);
            let ended = side_by_side(jobs, count, work, |k, found| {
                assert_eq!(std::thread::current().id(), here);
                told.push((k, found));
                Ok(())
            });
            assert!(ended.is_ok());
            told.sort_unstable();
            let expected: Vec<(usize, usize)> = (0..count).map(|k| (k, k * k)).collect();
            assert_eq!(told, expected, "{jobs} jobs");
        }
    }

    #[test]
    fn after_an_error_nothing_is_begun_and_what_is_in_hand_can_see_it() {
        let begun = Mutex::new(Vec::new());
        let work = |k: usize, goes_on: &(dyn Fn() -> bool + Sync)| {
            begun.lock().expect("no panic").push(k);
            if k == 1 {
                return Err(failed(k));
            }
            while goes_on() {
                std::thread::yield_now();
            }
            Ok(())
        };
        let mut told = Vec::new();
        let ended = side_by_side(2, 100, work, |k, ()| {
            told.push(k);
            Ok(())
        });
        let error = ended.expect_err("an error").to_string();
        assert!(error.contains("piece 1"), "{error}");
        let mut begun = begun.into_inner().expect("no panic");
        begun.sort_unstable();
        assert_eq!((begun, told), (vec![0, 1], vec![0]));
    }

    #[test]
    fn an_error_of_who_is_told_is_the_result_and_stops_the_rest() {
        let begun = AtomicUsize::new(0);
        let work = |_: usize, _: &(dyn Fn() -> bool + Sync)| {
            begun.fetch_add(1, Ordering::Relaxed);
            // So that the error is seen long before the last piece.
            std::thread::sleep(std::time::Duration::from_millis(1));
            Ok(())
        };
        let ended = side_by_side(1, 100_000, work, |k, ()| Err(failed(k)));
        assert!(ended.expect_err("an error").to_string().contains("piece 0"));
        assert!(begun.into_inner() < 100_000);
    }

    #[test]
    fn each_piece_runs_in_a_pool_of_one_thread() {
        let work = |_: usize, _: &(dyn Fn() -> bool + Sync)| {
            assert_eq!(rayon::current_thread_index(), Some(0), "inside of a pool");
            Ok(rayon::current_num_threads())
        };
        let mut told = Vec::new();
        let ended = side_by_side(3, 9, work, |_, found| {
            told.push(found);
            Ok(())
        });
        assert!(ended.is_ok());
        assert_eq!(told, [1; 9]);
    }
}
