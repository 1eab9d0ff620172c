//! Work on all accounts at once: each has its own draws, so the order of work changes nothing.

use std::num::NonZero;
use std::thread;

/// Returns what is made of each part of the items, part after part; there are as many parts as cores.
pub fn parts<I: Sync, T: Send>(items: &[I], of: impl Fn(&[I]) -> T + Sync) -> Vec<T> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let length = items.len().div_ceil(cores).max(1);
    let of = &of;
    thread::scope(|scope| {
        let workers: Vec<_> = (items.chunks(length))
            .map(|part| scope.spawn(move || of(part)))
            .collect();
        let join = |worker: thread::ScopedJoinHandle<T>| match worker.join() {
            Ok(made) => made,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        workers.into_iter().map(join).collect()
    })
}
