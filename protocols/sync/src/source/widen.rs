//! A long line: the target is asked at once, which tells how long it is. On a long one contents are compressed before they pile up, and
//! further lanes are opened when much has gone out already. Until the answer is there, a line is taken for long over which it took long
//! to begin.
//!
//! On a busy machine an answer comes late over a short line too. So a few lanes are opened at first, and more only where the first one
//! has been as fast since as its window lets it be.

use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use super::Shared;
use crate::lanes::{Joining, Lanes};
use crate::limits::{LANE_TRIP, LANE_WINDOW, LANES, LANES_AT_FIRST, LANES_WORTH, LONG_BEGINNING, MORE_LANES_WORTH};
use crate::line::Line;
use crate::wire::message::FromSource;

/// What lanes wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// The target has answered.
    Answer { welcome: bool },
    /// So much was sent that more is likely to come.
    Busy,
}

/// Asks the target, before anything else is under way: what it waits behind would count as the line's length. Says when that was.
pub(super) fn ask(line: &Line) -> Instant {
    let asked = Instant::now();
    // Where the line is closed already, no answer comes.
    let _ = line.send(&FromSource::AskLanes);
    asked
}

/// Finds out how long the line is from when the target was asked, and does what is worth it then. Ends when nobody can signal any more.
pub(super) fn run(
    shared: &Shared<'_>,
    lanes: Option<&dyn Lanes>,
    key: [u8; 32],
    asked: Instant,
    signals: &Receiver<Signal>,
) {
    let (mut answer, mut busy) = (None, false);
    while answer.is_none() || !busy {
        match signals.recv() {
            Ok(Signal::Answer { welcome }) => {
                let trip = asked.elapsed();
                shared.line.set_long(worth(trip) > 0);
                answer = Some((trip, welcome));
            }
            Ok(Signal::Busy) => busy = true,
            Err(_) => return,
        }
    }
    let (Some(lanes), Some((trip, true))) = (lanes, answer) else { return };
    let most = worth(trip).min(lanes.most());
    let few = most.min(LANES_AT_FIRST);
    widen(shared, open(lanes, key, 1..=few));
    let widened = Instant::now();
    if most > few && matches!(signals.recv(), Ok(Signal::Busy)) && is_full(widened.elapsed(), trip) {
        widen(shared, open(lanes, key, few + 1..=most));
    }
}

fn widen(shared: &Shared<'_>, opened: Vec<(u8, Box<dyn Write + Send>)>) {
    if !opened.is_empty() {
        // Where the line is closed, nothing is left to be sent.
        let _ = shared.line.widen(opened);
    }
}

/// Opens so many lanes; those that are to be had, with their numbers.
fn open(lanes: &dyn Lanes, key: [u8; 32], numbers: RangeInclusive<u8>) -> Vec<(u8, Box<dyn Write + Send>)> {
    thread::scope(|scope| {
        let opening: Vec<_> =
            numbers.map(|number| scope.spawn(move || (number, lanes.open(Joining { key, number })))).collect();
        let opened = opening.into_iter().filter_map(|opening| opening.join().ok());
        opened.filter_map(|(number, lane)| Some((number, lane.ok()?))).collect()
    })
}

/// Whether a line over which a run took so long to begin is long, as far as that tells: there were several round trips.
pub(super) fn seems_long(begun: Duration) -> bool {
    begun >= LONG_BEGINNING
}

/// How many more lanes a round trip of this length is worth.
fn worth(trip: Duration) -> u8 {
    let more = trip.as_millis() / LANE_TRIP.as_millis();
    u8::try_from(more).unwrap_or(LANES).min(LANES)
}

/// Whether the first lane had at least half of what its window lets through, when [`MORE_LANES_WORTH`] took so long.
fn is_full(took: Duration, trip: Duration) -> bool {
    took <= trip * 2 * (MORE_LANES_WORTH / LANE_WINDOW)
}

/// A stream that signals when it is busy, and once more when it still is.
pub(super) struct Metered<W> {
    inner: W,
    sent: usize,
    /// After so much more.
    next: usize,
    signal: Option<SyncSender<Signal>>,
}

impl<W> Metered<W> {
    pub(super) fn new(inner: W, signal: Option<SyncSender<Signal>>) -> Self {
        Self { inner, sent: 0, next: LANES_WORTH, signal }
    }
}

impl<W: Write> Write for Metered<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.sent = self.sent.saturating_add(n);
        if self.sent >= self.next
            && let Some(signal) = &self.signal
        {
            // Where nobody waits for it, it is not needed.
            let _ = signal.try_send(Signal::Busy);
            if self.next > LANES_WORTH {
                self.signal = None;
            }
            self.next = LANES_WORTH + MORE_LANES_WORTH as usize;
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_for_long_lines() {
        let millis = [0, 12, 13, 50, 100, 10_000].map(|millis| worth(Duration::from_millis(millis)));
        assert_eq!(millis, [0, 0, 1, 3, 7, LANES]);
    }

    #[test]
    fn more_lanes_are_for_a_window_that_was_full() {
        let trip = Duration::from_millis(100);
        // 16 MiB of which 2 go in each trip.
        assert!(is_full(trip * 8, trip) && is_full(trip * 16, trip) && !is_full(trip * 17, trip));
    }

    #[test]
    fn a_stream_says_twice_that_it_is_busy() {
        let (sender, signals) = std::sync::mpsc::sync_channel(8);
        let mut metered = Metered::new(io::sink(), Some(sender));
        let mut write = |bytes: usize| {
            metered.write_all(&vec![0; bytes]).unwrap();
            signals.try_iter().count()
        };
        assert_eq!([write(LANES_WORTH - 1), write(1), write(LANES_WORTH)], [0, 1, 0]);
        assert_eq!([write(MORE_LANES_WORTH as usize), write(2 * MORE_LANES_WORTH as usize)], [1, 0]);
    }
}
