//! A line in memory. It carries bytes both ways, counts them, and does what a seed says: splits them, holds them back, and
//! breaks after a given number. It also says when so many bytes have passed, so that a test need not wait for a time.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::dice::Dice;

/// What may be under way in one direction, on a line without faults.
const ROOM: usize = 1 << 20;
/// The same on one with faults. No pipe holds less than the first (PIPE_BUF): that much both sides may say before they listen.
const ROOMS: [usize; 4] = [4 << 10, 9_999, 70_000, ROOM];

/// What happens to bytes on their way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// Pieces and delays, decided by this seed.
    pub(crate) seed: Option<u64>,
    /// The line breaks when so many bytes have passed, both ways together.
    pub(crate) cut: Option<u64>,
}

/// Something that is done once.
type Action = Box<dyn FnOnce() + Send>;

pub(crate) struct Line(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    room: usize,
}

struct State {
    ways: [Way; 2],
    carried: u64,
    cut: Option<u64>,
    broken: bool,
    actions: Vec<(u64, Action)>,
    dice: Option<Dice>,
}

#[derive(Default)]
struct Way {
    bytes: VecDeque<u8>,
    carried: u64,
    /// Nobody writes any more.
    ended: bool,
    /// Nobody reads any more.
    left: bool,
}

impl Line {
    pub(crate) fn new(faults: Faults) -> Self {
        let mut dice = faults.seed.map(Dice::new);
        let room = dice.as_mut().map_or(ROOM, |dice| ROOMS[dice.below(4) as usize]);
        let state =
            State { ways: Default::default(), carried: 0, cut: faults.cut, broken: false, actions: Vec::new(), dice };
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), room }))
    }

    /// Does something when so many bytes have passed, both ways together, before the next one does.
    pub(crate) fn when(&self, carried: u64, action: Action) {
        self.0.state().actions.push((carried, action));
    }

    /// Both ends of one direction.
    pub(crate) fn way(&self, number: usize) -> (Reader, Writer) {
        (Reader { line: self.0.clone(), number }, Writer { line: self.0.clone(), number })
    }

    pub(crate) fn carried(&self) -> u64 {
        self.0.state().carried
    }

    pub(crate) fn carried_one_way(&self, number: usize) -> u64 {
        self.0.state().ways[number].carried
    }

    /// Breaks it.
    pub(crate) fn cut(&self) {
        self.0.state().broken = true;
        self.0.changed.notify_all();
    }

    /// Another hold of the same line.
    pub(crate) fn again(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// What is due at this number of bytes is done before anything else passes.
    fn act(&self) {
        let due: Vec<Action> = {
            let mut state = self.state();
            let carried = state.carried;
            let (due, later) = std::mem::take(&mut state.actions).into_iter().partition(|(at, _)| *at <= carried);
            state.actions = later;
            due.into_iter().map(|(_, action)| action).collect()
        };
        due.into_iter().for_each(|action| action());
    }

    /// Now and then a piece waits.
    fn hold_back(&self) {
        let pause = self.state().dice.as_mut().map_or(0, |dice| if dice.below(24) == 0 { dice.below(300) } else { 0 });
        if pause > 0 {
            thread::sleep(Duration::from_micros(pause));
        }
    }
}

impl State {
    /// So many of `most` bytes pass at once.
    fn piece(&mut self, most: usize) -> usize {
        let Some(dice) = &mut self.dice else { return most };
        match dice.below(12) {
            0 => most,
            1 | 2 => 1,
            _ => 1 + dice.below(most as u64) as usize,
        }
    }
}

pub(crate) struct Writer {
    line: Arc<Shared>,
    number: usize,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        self.line.act();
        self.line.hold_back();
        let mut state = self.line.state();
        loop {
            if state.broken || state.ways[self.number].left {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let room = self.line.room.saturating_sub(state.ways[self.number].bytes.len()).min(bytes.len());
            if room == 0 {
                state = self.line.wait(state);
                continue;
            }
            let mut n = state.piece(room);
            if let Some(cut) = state.cut {
                n = n.min(usize::try_from(cut - state.carried).unwrap_or(n));
                state.broken = n == 0;
                if state.broken {
                    self.line.changed.notify_all();
                    continue;
                }
            }
            state.carried += n as u64;
            state.ways[self.number].carried += n as u64;
            state.ways[self.number].bytes.extend(&bytes[..n]);
            self.line.changed.notify_all();
            return Ok(n);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.line.state().ways[self.number].ended = true;
        self.line.changed.notify_all();
    }
}

pub(crate) struct Reader {
    line: Arc<Shared>,
    number: usize,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.line.hold_back();
        let mut state = self.line.state();
        loop {
            let there = state.ways[self.number].bytes.len().min(buffer.len());
            if there > 0 {
                let n = state.piece(there);
                for (to, from) in buffer.iter_mut().zip(state.ways[self.number].bytes.drain(..n)) {
                    *to = from;
                }
                self.line.changed.notify_all();
                return Ok(n);
            }
            if state.broken {
                let is_reset = state.dice.as_mut().is_some_and(|dice| dice.below(2) == 0);
                return if is_reset { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(0) };
            }
            if state.ways[self.number].ended || buffer.is_empty() {
                return Ok(0);
            }
            state = self.line.wait(state);
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.line.state().ways[self.number].left = true;
        self.line.changed.notify_all();
    }
}
