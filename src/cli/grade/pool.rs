//! Work on every core, one piece after the other; a panic ends its own piece and no other.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};

thread_local! {
    // What the last panic of a worker said; no other thread's panics are kept from the terminal.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    static WORKING: RefCell<bool> = const { RefCell::new(false) };
}

/// Does the work for every piece, in any order, and answers in the pieces' order. `done` is told of each as it is ready.
pub(super) fn each<T: Sync, R: Send>(
    pieces: &[T],
    work: &(impl Fn(&T) -> R + Sync),
    broken: &(impl Fn(&T, String) -> R + Sync),
    done: &mut (impl FnMut(&R) + Send),
) -> Vec<R> {
    quiet_workers();
    let bar = bar(pieces.len());
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<R>>> = pieces.iter().map(|_| Mutex::new(None)).collect();
    let done = Mutex::new(done);
    let threads = thread::available_parallelism().map_or(1, usize::from).min(pieces.len().max(1));
    let run = || {
        WORKING.set(true);
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = pieces.get(place) else { break };
            // What a panicking piece leaves behind is its own: sessions are made for each.
            let result = match panic::catch_unwind(AssertUnwindSafe(|| work(piece))) {
                Ok(result) => result,
                Err(_) => broken(piece, PANIC.take().unwrap_or_default()),
            };
            (done.lock().expect("telling does not panic"))(&result);
            *results[place].lock().expect("each place is written once") = Some(result);
            bar.inc(1);
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(run);
        }
    });
    bar.finish_and_clear();
    let result = |slot: Mutex<Option<R>>| slot.into_inner().expect("nobody holds it any more");
    results.into_iter().map(|slot| result(slot).expect("every piece was worked on")).collect()
}

/// Drawn on standard error, and only when that is a terminal.
fn bar(length: usize) -> ProgressBar {
    if length < 20 {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len}, {per_sec}, {eta} left");
    ProgressBar::new(length as u64).with_style(style.expect("the template is well-formed"))
}

/// A worker's panic goes into its row, not onto the terminal.
fn quiet_workers() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |told| {
            if WORKING.with_borrow(|working| *working) {
                PANIC.set(Some(told.to_string()));
            } else {
                before(told);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_its_own_piece() {
        let pieces: Vec<u32> = (0..100).collect();
        let work = |piece: &u32| {
            assert!(piece % 10 != 3, "piece {piece} breaks");
            format!("{piece} done")
        };
        let mut told = 0;
        let results =
            each(&pieces, &work, &|piece, why| format!("{piece}: {why}"), &mut |_| told += 1);
        assert_eq!((results.len(), told), (100, 100));
        assert_eq!(results[4], "4 done");
        assert!(results[13].starts_with("13: ") && results[13].contains("piece 13 breaks"));
        assert_eq!(results.iter().filter(|result| result.contains("breaks")).count(), 10);
    }

    #[test]
    fn nothing_to_do_is_done() {
        assert_eq!(each(&[], &|_: &u8| 1, &|_, _| 2, &mut |_| {}), Vec::<i32>::new());
    }
}
