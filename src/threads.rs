//! The pool of threads that a step with large products runs in.
//!
//! Burn's matrix products on `flex` share their work among the threads of the rayon pool that they are called
//! in. Called from outside of any pool, each product sends the calling thread to sleep, wakes the pool, and
//! wakes the caller again; on two cores the products of 784-1024-1024-10 then take 1.4 times as long as in a
//! pool. [`in_pool`] enters one for a whole step. Where the work runs changes no bit of what it computes.

/// Multiplications in one product from which on `flex` shares it among threads. Where none is as large, there
/// is nothing to enter a pool for.
#[cfg(not(target_family = "wasm"))]
const SHARED_PRODUCT: usize = 192 * 192 * 192;

/// Runs `work`, in a pool of threads if its largest matrix product has `multiplications` enough.
///
/// One caller at a time has the pool to itself, and others compute where they are: a thread of the pool that
/// waits for its product may pick up any other work of the pool, which must not be another caller's step with
/// locks of its own.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn in_pool<T: Send>(multiplications: usize, work: impl FnOnce() -> T + Send) -> T {
    use rayon::{ThreadPool, ThreadPoolBuilder, current_thread_index};
    use std::sync::{Mutex, TryLockError};

    static POOL: Mutex<Option<ThreadPool>> = Mutex::new(None);

    if multiplications < SHARED_PRODUCT || current_thread_index().is_some() {
        return work();
    }
    let mut pool = match POOL.try_lock() {
        Ok(pool) => pool,
        // Work that panicked has left the pool as it was.
        Err(TryLockError::Poisoned(pool)) => pool.into_inner(),
        Err(TryLockError::WouldBlock) => return work(),
    };
    if pool.is_none() {
        *pool = ThreadPoolBuilder::new().build().ok();
    }
    match &*pool {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

/// Runs `work`. There are no threads here.
#[cfg(target_family = "wasm")]
pub(crate) fn in_pool<T>(_multiplications: usize, work: impl FnOnce() -> T) -> T {
    work()
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::{SHARED_PRODUCT, in_pool};
    use rayon::current_thread_index;

    #[test]
    fn large_products_run_in_the_pool_and_small_ones_where_they_are() {
        // Another test may have the pool for a moment.
        let in_a_pool = || in_pool(SHARED_PRODUCT, || current_thread_index().is_some());
        assert!((0..1_000_000).any(|_| in_a_pool()));
        assert!(!in_pool(SHARED_PRODUCT - 1, || current_thread_index().is_some()));
    }

    #[test]
    fn who_comes_while_the_pool_is_taken_is_not_kept_waiting() {
        let inner = in_pool(SHARED_PRODUCT, || {
            let other = std::thread::spawn(|| in_pool(SHARED_PRODUCT, || 7));
            other.join().expect("no panic")
        });
        assert_eq!(inner, 7);
    }
}
