//! Work on the spans of a large file by several threads, whose results come in the order of the file.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::limits::{HASHERS, SPANS_AHEAD};

/// Does `work` for each number below `count`, and hands what comes of it to `take`, in the order of the numbers, until that
/// breaks off. `begin` makes what each thread needs of its own.
///
/// Each thread is at most [`SPANS_AHEAD`] results before what is taken.
pub(crate) fn in_order<S, T: Send>(
    count: u64,
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, u64) -> T + Sync,
    mut take: impl FnMut(T) -> ControlFlow<()>,
) {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(HASHERS) as u64;
    let threads = threads.min(count);
    thread::scope(|scope| {
        let spawn = |first: u64| {
            let (results, taken) = sync_channel(SPANS_AHEAD);
            let (begin, work) = (&begin, &work);
            let turn = move || each(&mut begin(), (first..count).step_by(threads as usize), work, &results);
            thread::Builder::new().spawn_scoped(scope, turn).map(|_| taken)
        };
        // One alone is done here; so is all where a thread cannot be had.
        let several = if threads > 1 { (0..threads).map(spawn).collect::<Result<Vec<_>, _>>().ok() } else { None };
        match several {
            Some(lanes) => gather(&lanes, count, &mut take),
            None => {
                let mut own = begin();
                let _ = (0..count).try_for_each(|number| take(work(&mut own, number)));
            }
        }
    });
}

fn each<S, T>(
    own: &mut S,
    mut numbers: impl Iterator<Item = u64>,
    work: &impl Fn(&mut S, u64) -> T,
    results: &SyncSender<T>,
) {
    // Where nobody takes them any more, there is no need for more.
    while let Some(number) = numbers.next()
        && results.send(work(own, number)).is_ok()
    {}
}

/// Takes from each in turn.
fn gather<T>(lanes: &[Receiver<T>], count: u64, take: &mut impl FnMut(T) -> ControlFlow<()>) {
    for (lane, _) in lanes.iter().cycle().zip(0..count) {
        let Ok(result) = lane.recv() else { return };
        if take(result).is_break() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order() {
        for count in [0, 1, 2, 3, 1000] {
            let mut taken = Vec::new();
            in_order(
                count,
                || (),
                |(), number| number,
                |number| {
                    taken.push(number);
                    ControlFlow::Continue(())
                },
            );
            assert_eq!(taken, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn it_ends_when_nobody_takes_any_more() {
        let mut taken = 0;
        in_order(
            u64::MAX,
            || (),
            |(), _| (),
            |()| {
                taken += 1;
                if taken < 100 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            },
        );
        assert_eq!(taken, 100);
    }
}
