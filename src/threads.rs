//! The threads that large products run in: one pool for the products of a step, or a pool of one thread a core, each
//! with a batch of its own.
//!
//! Burn's matrix products on `flex` share their work among the threads of the rayon pool that they are called
//! in. Called from outside of any pool, each product sends the calling thread to sleep, wakes the pool, and
//! wakes the caller again; on two cores the products of 784-1024-1024-10 then take 1.4 times as long as in a
//! pool. [`in_pool`] enters one for a whole step. Where there are several batches that do not wait for each other,
//! `each_on_a_core` computes them side by side: what is not a product, such as an activation, is then shared too, and
//! no thread waits for the other within a batch. Where the work runs changes no bit of what it computes.

#[cfg(not(target_family = "wasm"))]
use std::sync::{Mutex, MutexGuard, TryLockError};

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
pub fn in_pool<T: Send>(multiplications: usize, work: impl FnOnce() -> T + Send) -> T {
    use rayon::{ThreadPool, ThreadPoolBuilder, current_thread_index};

    static POOL: Mutex<Option<ThreadPool>> = Mutex::new(None);

    if multiplications < SHARED_PRODUCT || current_thread_index().is_some() {
        return work();
    }
    let Some(mut pool) = if_free(&POOL) else {
        return work();
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
pub fn in_pool<T>(_multiplications: usize, work: impl FnOnce() -> T) -> T {
    work()
}

/// Two results, computed at the same time where the pool that this is called in has two threads.
#[cfg(not(target_family = "wasm"))]
#[cfg_attr(not(any(feature = "flex", feature = "ndarray")), allow(dead_code))]
pub(crate) fn both<A: Send, B: Send>(
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B + Send,
) -> (A, B) {
    rayon::join(one, other)
}

/// Two results. There are no threads here.
#[cfg(target_family = "wasm")]
#[cfg_attr(not(any(feature = "flex", feature = "ndarray")), allow(dead_code))]
pub(crate) fn both<A, B>(one: impl FnOnce() -> A, other: impl FnOnce() -> B) -> (A, B) {
    (one(), other())
}

/// `work` on each item, the results in order, on all threads of the pool that this is called in.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn beside<I: Send, T: Send>(
    items: Vec<I>,
    work: impl Fn(usize, I) -> T + Sync,
) -> Vec<T> {
    let mut done: Vec<Option<T>> = items.iter().map(|_| None).collect();
    let work = &work;
    rayon::in_place_scope(|scope| {
        for (k, (item, slot)) in items.into_iter().zip(&mut done).enumerate() {
            scope.spawn(move |_| *slot = Some(work(k, item)));
        }
    });
    done.into_iter().flatten().collect()
}

/// `work` on each item, the results in order. There are no threads here.
#[cfg(target_family = "wasm")]
pub(crate) fn beside<I, T>(items: Vec<I>, work: impl Fn(usize, I) -> T) -> Vec<T> {
    let items = items.into_iter().enumerate();
    items.map(|(k, item)| work(k, item)).collect()
}

/// `work` on each item that `next` gives, with its number, on all threads of the pool that this is called in, and `then` on each result, in
/// order, up to its first error. The thread that calls has `next` and `then`, and keeps so many items under way for each of the others that
/// none of them waits.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn in_order<I: Send, T: Send, E>(
    mut next: impl FnMut() -> Option<I>,
    work: impl Fn(usize, I) -> T + Sync,
    mut then: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    use std::collections::VecDeque;
    use std::sync::mpsc;

    /// Items under way for each thread.
    const AHEAD: usize = 4;

    /// Tells of the result of an item, or when it goes that there is none, since what was to make it panicked.
    struct Teller<T> {
        item: usize,
        result: Option<T>,
        sender: mpsc::Sender<(usize, Option<T>)>,
    }
    impl<T> Teller<T> {
        fn tell(mut self, result: T) {
            self.result = Some(result);
        }
    }
    impl<T> Drop for Teller<T> {
        fn drop(&mut self) {
            // Nobody listens any more after an error.
            _ = self.sender.send((self.item, self.result.take()));
        }
    }

    if rayon::current_thread_index().is_some() {
        // A thread of the pool that waited here might be the only one.
        let mut items = std::iter::from_fn(next).enumerate();
        return items.try_for_each(|(k, item)| then(work(k, item)));
    }
    let most = AHEAD * rayon::current_num_threads();
    let work = &work;
    rayon::in_place_scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let mut under_way: VecDeque<Option<T>> = VecDeque::new();
        let (mut first, mut is_end) = (0, false);
        loop {
            while !is_end && under_way.len() < most {
                let Some(item) = next() else {
                    is_end = true;
                    break;
                };
                let teller = Teller {
                    item: first + under_way.len(),
                    result: None,
                    sender: sender.clone(),
                };
                scope.spawn(move |_| {
                    let result = work(teller.item, item);
                    teller.tell(result);
                });
                under_way.push_back(None);
            }
            match under_way.pop_front() {
                None => return Ok(()),
                Some(Some(result)) => {
                    first += 1;
                    then(result)?;
                }
                Some(None) => {
                    under_way.push_front(None);
                    match receiver.recv() {
                        Ok((k, Some(result))) => under_way[k - first] = Some(result),
                        // The scope passes the panic on.
                        Ok((_, None)) | Err(_) => return Ok(()),
                    }
                }
            }
        }
    })
}

/// `work` on each item that `next` gives, with its number, and `then` on each result, up to its first error. There are no threads here.
#[cfg(target_family = "wasm")]
pub(crate) fn in_order<I, T, E>(
    next: impl FnMut() -> Option<I>,
    work: impl Fn(usize, I) -> T,
    mut then: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let mut items = std::iter::from_fn(next).enumerate();
    items.try_for_each(|(k, item)| then(work(k, item)))
}

/// Whether a product of this many multiplications is shared among threads where this is called.
#[cfg(not(target_family = "wasm"))]
#[cfg_attr(not(any(feature = "flex", feature = "ndarray")), allow(dead_code))]
pub(crate) fn is_shared(multiplications: usize) -> bool {
    multiplications >= SHARED_PRODUCT
        && rayon::current_thread_index().is_some()
        && rayon::current_num_threads() > 1
}

/// Whether a product of this many multiplications is shared among threads: there are none here.
#[cfg(target_family = "wasm")]
#[cfg_attr(not(any(feature = "flex", feature = "ndarray")), allow(dead_code))]
pub(crate) fn is_shared(_multiplications: usize) -> bool {
    false
}

/// What the lock holds, if no other thread has it now. Work that panicked has left it as it was.
#[cfg(not(target_family = "wasm"))]
fn if_free<T>(lock: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match lock.try_lock() {
        Ok(held) => Some(held),
        Err(TryLockError::Poisoned(held)) => Some(held.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// `work(0)` to `work(count - 1)`, in order, each of them on one thread, and a thread a core. Its largest matrix product
/// has `multiplications` multiplications; where that is small, where there is nothing to share or where another caller has the
/// threads, each runs as [`in_pool`] runs it, one after another.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn each_on_a_core<T: Send>(
    count: usize,
    multiplications: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    use rayon::{ThreadPool, ThreadPoolBuilder, current_thread_index};

    /// A pool of one thread for each core: products that are called in it are not shared.
    static CORES: Mutex<Vec<ThreadPool>> = Mutex::new(Vec::new());

    let one_after_another = || {
        let one = |k| in_pool(multiplications, || work(k));
        (0..count).map(one).collect()
    };
    if count < 2 || multiplications < SHARED_PRODUCT || current_thread_index().is_some() {
        return one_after_another();
    }
    let Some(mut cores) = if_free(&CORES) else {
        return one_after_another();
    };
    if cores.is_empty() {
        let pools = (0..rayon::current_num_threads())
            .map(|_| ThreadPoolBuilder::new().num_threads(1).build().ok());
        *cores = pools.flatten().collect();
    }
    if cores.len() < 2 {
        return one_after_another();
    }
    let mut found = Vec::with_capacity(count);
    spread(
        &cores,
        count,
        |k| Some(work(k)),
        |k, one| found.push((k, one)),
    );
    found.sort_by_key(|(k, _)| *k);
    found.into_iter().map(|(_, result)| result).collect()
}

/// `work(0)` to `work(count - 1)`, each on whichever of `pools` is free next. Each result goes to `on_result` as it comes, on
/// the calling thread. A pool whose work comes to `None` takes no more.
#[cfg(not(target_family = "wasm"))]
pub fn spread<T: Send>(
    pools: &[rayon::ThreadPool],
    count: usize,
    work: impl Fn(usize) -> Option<T> + Sync,
    mut on_result: impl FnMut(usize, T),
) {
    use std::sync::atomic::{AtomicUsize, Ordering};

    let (next, work) = (&AtomicUsize::new(0), &work);
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        for pool in pools.iter().take(count) {
            let sender = sender.clone();
            let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
            let mut own = numbers.take_while(|k| *k < count);
            let each = move || {
                own.try_for_each(|k| sender.send((k, work(k)?)).ok());
            };
            scope.spawn(move || pool.install(each));
        }
        drop(sender);
        receiver
            .into_iter()
            .for_each(|(k, found)| on_result(k, found));
    });
}

/// `work(0)` to `work(count - 1)`, in order. There are no threads here.
#[cfg(target_family = "wasm")]
pub(crate) fn each_on_a_core<T>(
    count: usize,
    _multiplications: usize,
    work: impl Fn(usize) -> T,
) -> Vec<T> {
    (0..count).map(work).collect()
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::{SHARED_PRODUCT, both, each_on_a_core, in_order, in_pool, is_shared};
    use rayon::{current_num_threads, current_thread_index};

    #[test]
    fn two_results_are_computed_at_once_only_where_there_are_two_threads() {
        assert_eq!(both(|| 1, || "b"), (1, "b"));
        assert!(!is_shared(SHARED_PRODUCT), "outside of a pool");
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("a pool").install(|| {
                assert_eq!(is_shared(SHARED_PRODUCT), threads == 2);
                assert!(!is_shared(SHARED_PRODUCT - 1));
                assert_eq!(both(|| 1, || "b"), (1, "b"));
            });
        }
    }

    #[test]
    fn work_that_panics_ends_what_waits_for_it() {
        let mut next = 0..100;
        let work = |_, item: i32| assert!(item < 50, "item {item}");
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            in_order(|| next.next(), work, |()| Ok::<(), ()>(()))
        }));
        assert!(found.is_err());
    }

    #[test]
    fn the_only_thread_of_a_pool_does_the_work_that_it_waits_for() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let found = pool.expect("a pool").install(|| {
            let (mut next, mut found) = (0..100, Vec::new());
            let done = in_order(
                || next.next(),
                |k, item| k + item,
                |sum| {
                    found.push(sum);
                    Ok::<(), ()>(())
                },
            );
            done.map(|()| found)
        });
        assert!(found.is_ok_and(|found| found.into_iter().eq((0..100).map(|k| 2 * k))));
    }

    #[test]
    fn results_come_in_order_wherever_they_were_computed() {
        for (count, product) in [
            (0, SHARED_PRODUCT),
            (1, SHARED_PRODUCT),
            (100, 1),
            (100, SHARED_PRODUCT),
        ] {
            let squares = each_on_a_core(count, product, |k| k * k);
            assert!(squares.into_iter().eq((0..count).map(|k| k * k)));
        }
    }

    #[test]
    fn several_large_ones_run_on_one_thread_each_and_within_them_nothing_is_shared() {
        // Another test may have the threads for a moment.
        let threads = || each_on_a_core(4, SHARED_PRODUCT, |_| current_num_threads());
        let alone = || threads() == [1; 4];
        assert!(current_num_threads() == 1 || (0..100_000).any(|_| alone()));
        let nested = each_on_a_core(2, SHARED_PRODUCT, |k| {
            each_on_a_core(2, SHARED_PRODUCT, |m| (k, m))
        });
        assert_eq!(nested.concat(), [(0, 0), (0, 1), (1, 0), (1, 1)]);
    }

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
