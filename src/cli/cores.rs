//! Work shared out to all cores, and how far it is.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

/// A number of threads, as the command line has it.
pub fn threads(text: &str) -> Result<NonZero<usize>, &'static str> {
    text.parse().map_err(|_| "must be a whole number, at least 1")
}

/// How far a count of things is; hidden where nobody looks.
pub fn bar(count: usize, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(count as u64).with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{pos} of {len} {msg} {wide_bar} {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// Runs `work` once for each of `count` items, on one thread a core unless `threads` says how
/// many; gives the results in the items' order: which thread does which changes nothing.
///
/// After a `Break` nobody begins another item. What was not begun, or panicked, gives none.
pub fn on_all_cores<R: Send>(
    count: usize,
    threads: Option<NonZero<usize>>,
    work: impl Fn(usize) -> ControlFlow<R, R> + Sync,
) -> Vec<Option<R>> {
    let cores = threads.or_else(|| std::thread::available_parallelism().ok());
    let threads = cores.map_or(1, NonZero::get).min(count);
    let next = AtomicUsize::new(0);
    let done: Vec<Mutex<Option<R>>> = (0..count).map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(slot) = done.get(at) else { break };
                    let result = match work(at) {
                        ControlFlow::Continue(result) => result,
                        ControlFlow::Break(result) => {
                            next.store(count, Ordering::Relaxed);
                            result
                        }
                    };
                    if let Ok(mut slot) = slot.lock() {
                        *slot = Some(result);
                    }
                }
            });
        }
    });
    done.into_iter().map(|slot| slot.into_inner().ok().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items_and_a_break_begins_no_other() {
        for threads in [1, 3] {
            let threads = NonZero::new(threads);
            let squares = on_all_cores(100, threads, |at| ControlFlow::Continue(at * at));
            let wanted: Vec<_> = (0..100).map(|at| Some(at * at)).collect();
            assert_eq!(squares, wanted);
        }
        let stopped = on_all_cores(100, NonZero::new(1), |at| match at {
            7 => ControlFlow::Break(at),
            _ => ControlFlow::Continue(at),
        });
        assert_eq!(stopped.iter().flatten().count(), 8);
        assert_eq!(on_all_cores(0, None, ControlFlow::<usize, usize>::Continue), []);
    }
}
