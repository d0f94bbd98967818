//! Files that are here already, while they are compared: what is known of them, shared by who reads them and who writes what
//! becomes of them.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use xssh_delta::{Blocks, Chaining, SUM};

use super::likeness::Contents;
use super::place::Place;
use crate::limits::{PLACED_AHEAD, SUMS_AHEAD, SUMS_LEAST};
use crate::wire::message::FileId;

/// What the source may name parts of.
pub(super) struct Basis {
    pub(super) contents: Contents,
    pub(super) blocks: Blocks,
    /// The contents are written into this very file.
    pub(super) is_place: bool,
    known: Mutex<Known>,
    changed: Condvar,
    /// Next to nothing stays at its offset any more.
    apart: AtomicBool,
    /// Nobody wants to know more.
    over: AtomicBool,
}

/// What is known of the blocks, from the first one on.
#[derive(Default)]
struct Known {
    chaining: Vec<Chaining>,
    /// Which spans are at their place in the new contents already.
    placed: Vec<bool>,
    /// How far the new contents have come.
    reached: u64,
    /// Nothing is added any more.
    ended: bool,
    /// Nothing is read or written any more.
    rests: bool,
}

impl Basis {
    pub(super) fn new(contents: Contents, blocks: Blocks, is_place: bool) -> Self {
        let (apart, over) = (false.into(), false.into());
        Self { contents, blocks, is_place, known: Mutex::default(), changed: Condvar::new(), apart, over }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the next span.
    pub(super) fn learn(&self, chaining: &[Chaining], placed: bool) {
        let mut known = self.known();
        known.chaining.extend_from_slice(chaining);
        known.placed.push(placed);
    }

    /// Adds the next blocks, of which nothing but sums was made: nothing stays at its offset.
    pub(super) fn pass(&self, blocks: usize) {
        let mut known = self.known();
        let all = known.chaining.len() + blocks;
        known.chaining.resize(all, [0; 32]);
        known.placed.push(false);
    }

    /// Nothing is added any more.
    pub(super) fn end(&self) {
        self.known().ended = true;
    }

    /// Nothing is read or written any more.
    pub(super) fn rest(&self) {
        let mut known = self.known();
        (known.ended, known.rests) = (true, true);
        self.changed.notify_all();
    }

    /// Has whoever reads it stop, and waits for that.
    pub(super) fn stop(&self) {
        self.set(&self.over);
        let mut known = self.known();
        while !known.rests {
            known = self.changed.wait(known).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn set(&self, flag: &AtomicBool) {
        // Whoever is about to wait for it holds this.
        let _known = self.known();
        flag.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    pub(super) fn go_apart(&self) {
        self.set(&self.apart);
    }

    pub(super) fn is_apart(&self) -> bool {
        self.apart.load(Ordering::Relaxed)
    }

    /// The new contents have come so far.
    pub(super) fn reached(&self, at: u64) {
        self.known().reached = at;
        self.changed.notify_all();
    }

    /// Waits until the new contents come near, so that little is placed in vain where nothing stays at its offset.
    pub(super) fn wait_near(&self, at: u64) {
        let mut known = self.known();
        while at > known.reached + PLACED_AHEAD && !self.is_over() && !self.is_apart() {
            known = self.changed.wait(known).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The chaining value of a block that is at its place in the new contents already.
    pub(super) fn placed(&self, number: u64) -> Option<Chaining> {
        let (number, span) = (usize::try_from(number).ok()?, usize::try_from(number / self.blocks.in_span()).ok()?);
        let known = self.known();
        known.placed.get(span).filter(|placed| **placed)?;
        known.chaining.get(number).copied()
    }

    /// Whether the source can know what it says of the new contents up to here.
    ///
    /// # Errors
    /// It was not told of the basis so far: what it says might be written over what is still to be read.
    pub(super) fn allows(&self, until: u64) -> io::Result<()> {
        let known = self.known();
        if known.ended || until <= self.blocks.range(known.chaining.len() as u64).start {
            return Ok(());
        }
        Err(io::Error::other("the other side said what differs before it could know"))
    }
}

/// The bases of files that were asked for.
#[derive(Default)]
pub(super) struct Bases {
    ready: Mutex<HashMap<FileId, (Held, Place)>>,
    ahead: Arc<Ahead>,
}

/// Bytes of sums that are sent ahead of contents.
#[derive(Default)]
struct Ahead {
    room: Mutex<Room>,
    freed: Condvar,
}

#[derive(Default)]
struct Room {
    taken: u64,
    closed: bool,
}

impl Ahead {
    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A basis for as long as its file is wanted.
pub(super) struct Held {
    pub(super) basis: Arc<Basis>,
    _permit: Permit,
}

/// Room for the sums of one file.
pub(super) struct Permit {
    ahead: Arc<Ahead>,
    cost: u64,
}

impl Bases {
    fn ready(&self) -> MutexGuard<'_, HashMap<FileId, (Held, Place)>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the sums of so many blocks may be sent. `None`: nobody listens any more.
    pub(super) fn permit(&self, blocks: u64) -> Option<Permit> {
        let cost = (blocks * SUM as u64).max(SUMS_LEAST);
        let mut room = self.ahead.room();
        while !room.closed && room.taken > 0 && room.taken + cost > SUMS_AHEAD {
            room = self.ahead.freed.wait(room).unwrap_or_else(PoisonError::into_inner);
        }
        room.taken += cost;
        let closed = room.closed;
        drop(room);
        let permit = Permit { ahead: Arc::clone(&self.ahead), cost };
        (!closed).then_some(permit)
    }

    /// What is to become of a basis waits here for the source's word.
    pub(super) fn put(&self, file: FileId, permit: Permit, basis: Arc<Basis>, place: Place) {
        self.ready().insert(file, (Held { basis: Arc::clone(&basis), _permit: permit }, place));
        if self.ahead.room().closed {
            basis.set(&basis.over);
        }
    }

    pub(super) fn take(&self, file: FileId) -> Option<(Held, Place)> {
        self.ready().remove(&file)
    }

    /// The source says no more. What it said before is still to be done: what that needs stays.
    pub(super) fn close(&self) {
        self.ahead.room().closed = true;
        self.ahead.freed.notify_all();
        self.ready().values().for_each(|(held, _)| held.basis.set(&held.basis.over));
    }

    /// Nothing is written any more: what was begun goes.
    pub(super) fn clear(&self) {
        self.ready().clear();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.basis.set(&self.basis.over);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut room = self.ahead.room();
        room.taken = room.taken.saturating_sub(self.cost);
        self.ahead.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn who_sends_too_much_ahead_waits() {
        let bases = Bases::default();
        let large = bases.permit(1 << 18).unwrap();
        let small = bases.permit(1).unwrap();
        let (say, said) = channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                say.send(bases.permit(1 << 18).is_some()).unwrap();
                say.send(bases.permit(1 << 18).is_some()).unwrap();
            });
            drop((large, small));
            // The first had room and is gone again; the second does not wait for anybody who hangs up.
            assert!(said.recv().unwrap());
            assert!(said.recv().unwrap());
            bases.close();
        });
        assert!(bases.permit(1).is_none());
    }

    /// The word that begins a file may still wait for its writer when the line breaks.
    #[test]
    fn a_basis_outlives_the_line() {
        let bases = Bases::default();
        let empty = || {
            let contents = Contents::of(tempfile::tempfile().unwrap()).unwrap();
            Arc::new(Basis::new(contents, Blocks::checked(1, 11).unwrap(), true))
        };
        let basis = empty();
        let file = FileId { range: 1, index: 2 };
        let permit = bases.permit(1).unwrap();
        bases.put(file, permit, Arc::clone(&basis), Place::Within(tempfile::tempfile().unwrap()));
        bases.close();
        assert!(basis.is_over() && bases.take(file).is_some());
        // One that comes later is not waited for either.
        let late = empty();
        let permit = Permit { ahead: Arc::clone(&bases.ahead), cost: 0 };
        bases.put(file, permit, Arc::clone(&late), Place::Within(tempfile::tempfile().unwrap()));
        assert!(late.is_over());
    }

    #[test]
    fn what_is_not_known_is_not_to_be_overwritten() {
        let blocks = Blocks::checked(5 << 20, 11).unwrap();
        let basis = Basis::new(Contents::of(tempfile::tempfile().unwrap()).unwrap(), blocks, true);
        assert!(basis.allows(0).is_ok() && basis.allows(1).is_err());
        basis.learn(&[[1; 32]; 512], true);
        basis.learn(&[[2; 32]; 512], false);
        assert!(basis.allows(2 << 20).is_ok() && basis.allows((2 << 20) + 1).is_err());
        assert_eq!((basis.placed(511), basis.placed(512), basis.placed(1024)), (Some([1; 32]), None, None));
        basis.end();
        assert!(basis.allows(u64::MAX).is_ok());
    }
}
