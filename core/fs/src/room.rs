//! How much may still be added below a root, where whoever opened it has set a bound.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::walk::{Span, walk};
use crate::{FsError, Kind, RelPath, Root};

/// What is left, for all who hold the tree by this value.
#[derive(Debug)]
pub struct Room {
    bytes: AtomicU64,
    entries: AtomicU64,
    largest: u64,
}

/// What a tree holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// The sizes of its files; one with several names counts once.
    pub bytes: u64,
    /// Its entries, but for the root.
    pub entries: u64,
}

impl Room {
    /// So many bytes and entries, and no file larger than that.
    pub fn new(bytes: u64, entries: u64, largest: u64) -> Self {
        Self { bytes: bytes.into(), entries: entries.into(), largest }
    }

    /// Takes room for one more name.
    pub(crate) fn claim_entry(&self, path: &RelPath) -> Result<(), FsError> {
        if take(&self.entries, 1) { Ok(()) } else { Err(FsError::Full { path: path.clone(), what: "more entries" }) }
    }
}

fn take(from: &AtomicU64, amount: u64) -> bool {
    from.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(amount)).is_ok()
}

fn give(to: &AtomicU64, amount: u64) {
    // None of these is near the end of its numbers but the one that means no bound.
    let _ = to.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_add(amount)));
}

impl Root {
    /// Bounds what may be added.
    #[must_use]
    pub fn within(mut self, room: Arc<Room>) -> Self {
        self.room = Some(room);
        self
    }

    /// Takes room for a file's contents before they are written. `old`: the size of what they replace, which goes.
    ///
    /// # Errors
    /// There is not so much left ([`FsError::Full`]).
    pub fn claim(&self, path: &RelPath, size: u64, old: u64) -> Result<(), FsError> {
        let Some(room) = &self.room else { return Ok(()) };
        let full = |what| FsError::Full { path: path.clone(), what };
        if size > room.largest {
            return Err(full("files of this size"));
        }
        if !take(&room.bytes, size.saturating_sub(old)) {
            return Err(full("this much"));
        }
        give(&room.bytes, old.saturating_sub(size));
        Ok(())
    }

    /// Takes room for one more name.
    pub(crate) fn claim_entry(&self, path: &RelPath) -> Result<(), FsError> {
        self.room.as_ref().map_or(Ok(()), |room| room.claim_entry(path))
    }

    /// The bytes that an entry which is about to go has taken; none where nothing is counted.
    pub(crate) fn taken(&self, path: &RelPath) -> Option<u64> {
        let entry = self.room.as_ref().and_then(|_| self.stat(path).ok())?;
        Some(if entry.kind == Kind::File && entry.links == 1 { entry.size } else { 0 })
    }

    /// Gives back what an entry that has gone had taken.
    pub(crate) fn gone(&self, taken: Option<u64>) {
        if let (Some(room), Some(bytes)) = (&self.room, taken) {
            give(&room.entries, 1);
            give(&room.bytes, bytes);
        }
    }

    /// What the tree holds now. What cannot be read is not counted.
    pub fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        let mut several = HashSet::new();
        walk(self, &Span { staged: true, ..Span::default() }, &mut |_| true, &mut |found| {
            if let Ok(found) = found {
                let entry = &found.entry;
                usage.entries += u64::from(!found.path.is_root());
                let is_first = entry.links < 2 || several.insert((entry.device, entry.inode));
                if entry.kind == Kind::File && is_first {
                    usage.bytes = usage.bytes.saturating_add(entry.size);
                }
            }
            ControlFlow::Continue(())
        });
        usage
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Attributes;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_tree_is_measured_and_names_of_one_file_count_once() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("d")).unwrap();
        fs::write(folder.path().join("d/a"), "12345").unwrap();
        fs::hard_link(folder.path().join("d/a"), folder.path().join("b")).unwrap();
        fs::write(folder.path().join("c"), "1").unwrap();
        assert_eq!(Root::open(folder.path()).unwrap().usage(), Usage { bytes: 6, entries: 4 });
    }

    #[test]
    fn no_more_is_added_than_there_is_room_for() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap().within(Arc::new(Room::new(10, 3, 8)));
        let is_full = |done: Result<(), FsError>| matches!(done, Err(FsError::Full { .. }));
        assert!(is_full(root.claim(&path("a"), 9, 0)));
        root.claim(&path("a"), 8, 0).unwrap();
        assert!(is_full(root.claim(&path("b"), 3, 0)));
        // What replaces eight bytes by six gives two back.
        root.claim(&path("a"), 6, 8).unwrap();
        root.claim(&path("b"), 4, 0).unwrap();
        assert!(is_full(root.claim(&path("c"), 1, 0)));
        let none = Attributes::default();
        root.make_directory(&path("d"), 0o700).unwrap();
        root.make_symlink(&path("l"), b"x", &none, false).unwrap();
        root.stage_new(&path("f"), 0o600).unwrap().finish_new(&none).unwrap();
        assert!(is_full(root.make_directory(&path("e"), 0o700)));
        assert!(is_full(root.make_symlink(&path("m"), b"x", &none, false)));
        assert!(is_full(root.stage(&path("g")).and_then(|staged| staged.finish_new(&none))));
        assert!(is_full(root.link_from(&root, &path("f"), &path("h"))));
        // What cannot be removed gives nothing back.
        fs::write(folder.path().join("d/inside"), "").unwrap();
        assert!(root.remove_directory(&path("d")).is_err() && root.remove_file(&path("d")).is_err());
        assert!(is_full(root.make_directory(&path("e"), 0o700)));
        fs::remove_file(folder.path().join("d/inside")).unwrap();
        root.remove_file(&path("l")).unwrap();
        root.beneath(&path("d")).unwrap().make_directory(&path("e"), 0o700).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
