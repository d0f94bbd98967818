//! A long line: the target is asked at once, which tells how long it is. On a long one contents are compressed before they pile up, and
//! further lanes are opened when much has gone out already. Until the answer is there, a line is taken for long over which it took long
//! to begin.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use super::Shared;
use crate::lanes::{Joining, Lanes};
use crate::limits::{LANE_TRIP, LANES, LANES_WORTH, LONG_BEGINNING};
use crate::wire::message::FromSource;

/// What lanes wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// The target has answered.
    Answer { welcome: bool },
    /// So much was sent that more is likely to come.
    Busy,
}

/// Finds out how long the line is, and does what is worth it then. Ends when nobody can signal any more.
pub(super) fn run(shared: &Shared<'_>, lanes: Option<&dyn Lanes>, key: [u8; 32], signals: &Receiver<Signal>) {
    let asked = Instant::now();
    if shared.line.send(&FromSource::AskLanes).is_err() {
        return;
    }
    let (mut answer, mut busy) = (None, false);
    while answer.is_none() || !busy {
        match signals.recv() {
            Ok(Signal::Answer { welcome }) => {
                let more = worth(asked.elapsed());
                shared.line.set_long(more > 0);
                answer = Some(if welcome { more } else { 0 });
            }
            Ok(Signal::Busy) => busy = true,
            Err(_) => return,
        }
    }
    if let Some(lanes) = lanes {
        let opened = open(lanes, key, answer.unwrap_or_default().min(lanes.most()));
        if !opened.is_empty() {
            // Where the line is closed, nothing is left to be sent.
            let _ = shared.line.widen(opened);
        }
    }
}

/// Opens so many lanes; those that are to be had, with their numbers.
fn open(lanes: &dyn Lanes, key: [u8; 32], most: u8) -> Vec<(u8, Box<dyn Write + Send>)> {
    thread::scope(|scope| {
        let opening: Vec<_> =
            (1..=most).map(|number| scope.spawn(move || (number, lanes.open(Joining { key, number })))).collect();
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

/// A stream that signals when it is busy.
pub(super) struct Metered<W> {
    inner: W,
    sent: usize,
    signal: Option<SyncSender<Signal>>,
}

impl<W> Metered<W> {
    pub(super) fn new(inner: W, signal: Option<SyncSender<Signal>>) -> Self {
        Self { inner, sent: 0, signal }
    }
}

impl<W: Write> Write for Metered<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.sent += n;
        if self.sent >= LANES_WORTH
            && let Some(signal) = self.signal.take()
        {
            // Where nobody waits for it, it is not needed.
            let _ = signal.try_send(Signal::Busy);
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
}
