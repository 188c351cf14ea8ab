//! Independent jobs in parallel, each on one core.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};

use dropwise::threads::spread;
use dropwise::{Error, Result};
use rayon::ThreadPoolBuilder;

/// The number of jobs at a time: the one that was asked for, else one a core.
pub(super) fn jobs(asked: Option<usize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    asked.unwrap_or_else(cores)
}

/// Runs `work(0, ..)` to `work(count - 1, ..)`, `jobs` at a time. Each runs in a pool of one thread, so that its matrix
/// products and masks stay on one core.
///
/// `on_result` gets each result as it comes, on the calling thread. After an error no more work is started, and the
/// function that each `work` is given returns false, so that it can stop early. The first error is returned.
pub(super) fn run_parallel<T: Send>(
    jobs: usize,
    count: usize,
    work: impl Fn(usize, &(dyn Fn() -> bool + Sync)) -> Result<T> + Sync,
    mut on_result: impl FnMut(usize, T) -> Result<()>,
) -> Result<()> {
    let failed = AtomicBool::new(false);
    let goes_on = || !failed.load(Ordering::Relaxed);
    let worker = |k: usize| {
        if !goes_on() {
            return None;
        }
        let result = work(k, &goes_on);
        failed.fetch_or(result.is_err(), Ordering::Relaxed);
        Some(result)
    };
    let pools = (0..jobs.min(count)).map(|_| ThreadPoolBuilder::new().num_threads(1).build());
    let pools: Vec<_> = pools
        .collect::<std::result::Result<_, _>>()
        .map_err(|cause| Error::Compute(format!("a worker thread cannot be started: {cause}")))?;
    let mut first_error = None;
    spread(&pools, count, worker, |k, result| {
        if let Err(error) = result.and_then(|result| on_result(k, result)) {
            failed.store(true, Ordering::Relaxed);
            first_error.get_or_insert(error);
        }
    });
    first_error.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn failed(k: usize) -> Error {
        Error::Compute(format!("piece {k}"))
    }

    #[test]
    fn every_result_is_reported_once_on_the_calling_thread() {
        for (jobs, count) in [(1, 5), (3, 20), (8, 2), (4, 0)] {
            let here = std::thread::current().id();
            let mut results = Vec::new();
            let work = |k: usize, _: &(dyn Fn() -> bool + Sync)| Ok(k * k);
            let ended = run_parallel(jobs, count, work, |k, found| {
                assert_eq!(std::thread::current().id(), here);
                results.push((k, found));
                Ok(())
            });
            assert!(ended.is_ok());
            results.sort_unstable();
            let expected: Vec<(usize, usize)> = (0..count).map(|k| (k, k * k)).collect();
            assert_eq!(results, expected, "{jobs} jobs");
        }
    }

    #[test]
    fn after_an_error_nothing_is_started_and_running_work_can_see_it() {
        let started = Mutex::new(Vec::new());
        let work = |k: usize, goes_on: &(dyn Fn() -> bool + Sync)| {
            started.lock().expect("no panic").push(k);
            if k == 1 {
                return Err(failed(k));
            }
            while goes_on() {
                std::thread::yield_now();
            }
            Ok(())
        };
        let mut results = Vec::new();
        let ended = run_parallel(2, 100, work, |k, ()| {
            results.push(k);
            Ok(())
        });
        let error = ended.expect_err("an error").to_string();
        assert!(error.contains("piece 1"), "{error}");
        let mut started = started.into_inner().expect("no panic");
        started.sort_unstable();
        assert_eq!((started, results), (vec![0, 1], vec![0]));
    }

    #[test]
    fn an_error_of_the_callback_is_returned_and_stops_the_rest() {
        let started = AtomicUsize::new(0);
        let work = |_: usize, _: &(dyn Fn() -> bool + Sync)| {
            started.fetch_add(1, Ordering::Relaxed);
            // So that the error is seen long before the last piece.
            std::thread::sleep(std::time::Duration::from_millis(1));
            Ok(())
        };
        let ended = run_parallel(1, 100_000, work, |k, ()| Err(failed(k)));
        assert!(ended.expect_err("an error").to_string().contains("piece 0"));
        assert!(started.into_inner() < 100_000);
    }

    #[test]
    fn each_piece_runs_in_a_pool_of_one_thread() {
        let work = |_: usize, _: &(dyn Fn() -> bool + Sync)| {
            assert_eq!(rayon::current_thread_index(), Some(0), "inside of a pool");
            Ok(rayon::current_num_threads())
        };
        let mut results = Vec::new();
        let ended = run_parallel(3, 9, work, |_, found| {
            results.push(found);
            Ok(())
        });
        assert!(ended.is_ok());
        assert_eq!(results, [1; 9]);
    }
}
