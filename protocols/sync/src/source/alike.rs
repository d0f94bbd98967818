//! What the target has of a file already: the sums of its blocks, as they arrive.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use bytes::Bytes;
use xssh_delta::{BasisSums, Blocks, DeltaError, SUM, Strong, Sums};

use crate::error::SyncError;
use crate::limits::{SUMS_AHEAD, WANTS};
use crate::wire::message::FileId;

/// Where the sums go that are still to come.
#[derive(Default)]
pub(super) struct Alike {
    open: HashMap<FileId, Open>,
    /// Bytes of sums, of all files that are not sent yet.
    held: Arc<AtomicU64>,
}

struct Open {
    /// There is never more in it than `left` was at first.
    sums: Sender<(Strong, Bytes)>,
    /// Bytes that may still come.
    left: u64,
}

impl Alike {
    /// The target wants a file against a basis that is so long.
    pub(super) fn announce(&mut self, file: FileId, length: u64, bits: u8) -> Result<Arriving, SyncError> {
        let blocks = Blocks::checked(length, bits).map_err(|_| SyncError::Broke("announced blocks that are none"))?;
        if self.open.contains_key(&file) {
            return Err(SyncError::Broke("wants a file while it wants it"));
        }
        // Also such as are done with, whose sums have not come.
        if self.open.len() > WANTS * 2 {
            return Err(SyncError::Broke("compares more files at a time than it may"));
        }
        let left = blocks.count() * SUM as u64;
        let before = self.held.fetch_add(left, Ordering::Relaxed);
        let (sums, more) = channel();
        let room = Room { held: Arc::clone(&self.held), size: left };
        // Twice what it may: it hears later than we of a file that is done with.
        if before > SUMS_AHEAD * 2 {
            return Err(SyncError::Broke("compares more files at a time than it may"));
        }
        if left > 0 {
            self.open.insert(file, Open { sums, left });
        }
        Ok(Arriving { sums: BasisSums::new(blocks), more, _room: room })
    }

    /// Sums of the next blocks; none: no more will come.
    pub(super) fn sums(&mut self, file: FileId, strong: Strong, sums: Bytes) -> Result<(), SyncError> {
        let open = self.open.get_mut(&file).ok_or(SyncError::Broke("sent sums of a file it does not want"))?;
        let size = sums.len() as u64;
        open.left = open.left.checked_sub(size).ok_or(SyncError::Broke("sent more sums than it announced"))?;
        // The file may be done with already.
        let _ = open.sums.send((strong, sums));
        if size == 0 || open.left == 0 {
            self.open.remove(&file);
        }
        Ok(())
    }
}

/// The sums of one basis.
pub(super) struct Arriving {
    sums: BasisSums,
    more: Receiver<(Strong, Bytes)>,
    _room: Room,
}

/// What the sums of a file take.
struct Room {
    held: Arc<AtomicU64>,
    size: u64,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.held.fetch_sub(self.size, Ordering::Relaxed);
    }
}

impl Sums for Arriving {
    fn sums(&self) -> &BasisSums {
        &self.sums
    }

    fn wait_for(&mut self, blocks: u64) -> Result<(), DeltaError> {
        while self.sums.known() < blocks.min(self.sums.blocks().count()) {
            let Ok((strong, sums)) = self.more.recv() else { break };
            self.sums.take(&sums, strong)?;
        }
        // What is there besides is taken with them: who searches looks among many at once.
        self.more.try_iter().try_for_each(|(strong, sums)| self.sums.take(&sums, strong))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId { range: 1, index: 2 };

    /// How many there are when all have come.
    fn all(mut arriving: Arriving) -> Result<u64, DeltaError> {
        arriving.wait_for(u64::MAX)?;
        Ok(arriving.sums().known())
    }

    #[test]
    fn sums_arrive_until_they_are_complete_or_end() {
        let mut alike = Alike::default();
        let mut arriving = alike.announce(FILE, 5 << 11, 11).unwrap();
        alike.sums(FILE, Strong::Chaining, vec![1; 2 * SUM].into()).unwrap();
        arriving.wait_for(2).unwrap();
        assert_eq!(arriving.sums().known(), 2);
        alike.sums(FILE, Strong::Moved, vec![1; 3 * SUM].into()).unwrap();
        assert_eq!(all(arriving).unwrap(), 5);
        assert!(matches!(alike.sums(FILE, Strong::Moved, Bytes::new()), Err(SyncError::Broke(_))), "it was complete");
        let arriving = alike.announce(FILE, 5 << 11, 11).unwrap();
        alike.sums(FILE, Strong::Chaining, vec![1; SUM].into()).unwrap();
        alike.sums(FILE, Strong::Moved, Bytes::new()).unwrap();
        assert_eq!(all(arriving).unwrap(), 1);
        assert_eq!(alike.held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_a_target_may_not_say_is_refused() {
        let mut alike = Alike::default();
        assert!(matches!(alike.announce(FILE, 1, 99), Err(SyncError::Broke(_))));
        assert!(matches!(alike.announce(FILE, u64::MAX, 22), Err(SyncError::Broke(_))));
        assert!(matches!(alike.sums(FILE, Strong::Moved, Bytes::new()), Err(SyncError::Broke(_))));
        let arriving = alike.announce(FILE, 5 << 11, 11).unwrap();
        assert!(matches!(alike.announce(FILE, 5 << 11, 11), Err(SyncError::Broke(_))));
        assert!(matches!(alike.sums(FILE, Strong::Moved, vec![1; 6 * SUM].into()), Err(SyncError::Broke(_))));
        alike.sums(FILE, Strong::Moved, vec![1; SUM + 1].into()).unwrap();
        assert!(all(arriving).is_err(), "a part of a sum");
    }

    #[test]
    fn so_many_sums_are_held() {
        let mut alike = Alike::default();
        let mut held = Vec::new();
        let refused = (0..).find_map(|index| match alike.announce(FileId { range: 0, index }, 1 << 29, 11) {
            Ok(arriving) => {
                held.push(arriving);
                None
            }
            Err(error) => Some(error),
        });
        assert!(matches!(refused, Some(SyncError::Broke(_))));
        assert!(held.len() as u64 * (1 << 18) * SUM as u64 <= SUMS_AHEAD * 3);
    }
}
