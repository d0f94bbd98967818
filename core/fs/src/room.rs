//! How much may still be added below a root, where whoever opened it has set a bound.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use xssh_os::shared::Counters;

use crate::walk::{Span, walk};
use crate::{FsError, Kind, RelPath, Root};

/// What a tree holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// The sizes of its files; one with several names counts once.
    pub bytes: u64,
    /// Its entries, but for the root.
    pub entries: u64,
}

/// What a tree is held to have: what it was measured to hold, and what was taken since by those who take before they write.
#[derive(Debug)]
pub struct Tally(Numbers);

#[derive(Debug)]
enum Numbers {
    Own([AtomicU64; 2]),
    Shared(Counters),
}

impl Tally {
    /// One of this process alone.
    pub fn new(usage: Usage) -> Self {
        Self(Numbers::Own([usage.bytes.into(), usage.entries.into()]))
    }

    /// One that other processes take from too.
    pub fn shared(counters: Counters) -> Self {
        Self(Numbers::Shared(counters))
    }

    fn numbers(&self) -> &[AtomicU64; 2] {
        match &self.0 {
            Numbers::Own(numbers) => numbers,
            Numbers::Shared(counters) => counters,
        }
    }

    /// What it says now.
    pub fn usage(&self) -> Usage {
        let [bytes, entries] = self.numbers().each_ref().map(|number| number.load(Ordering::Relaxed));
        Usage { bytes, entries }
    }

    /// The tree was measured while nobody took anything.
    pub fn set(&self, usage: Usage) {
        for (number, found) in self.numbers().iter().zip([usage.bytes, usage.entries]) {
            number.store(found, Ordering::Relaxed);
        }
    }

    /// The tree was measured while others may have taken what they have not written yet: it holds that much at the least.
    pub fn raise(&self, usage: Usage) {
        for (number, found) in self.numbers().iter().zip([usage.bytes, usage.entries]) {
            number.fetch_max(found, Ordering::Relaxed);
        }
    }

    /// The same where nobody seems to take anything: what was said `before` it was measured is forgotten, unless somebody has taken
    /// something since.
    pub fn renew(&self, before: Usage, usage: Usage) {
        let each = self.numbers().iter().zip([(before.bytes, usage.bytes), (before.entries, usage.entries)]);
        for (number, (before, found)) in each {
            if number.compare_exchange(before, found, Ordering::Relaxed, Ordering::Relaxed).is_err() {
                number.fetch_max(found, Ordering::Relaxed);
            }
        }
    }
}

/// What may be added, for all who hold the tree by this value.
#[derive(Debug)]
pub struct Room {
    tally: Arc<Tally>,
    most: Usage,
    largest: u64,
}

impl Room {
    /// A tree may hold so much, and no file more than that.
    pub fn new(tally: Arc<Tally>, most: Usage, largest: u64) -> Self {
        Self { tally, most, largest }
    }

    /// Takes room for so much more, all of it or nothing.
    pub fn take(&self, wanted: Usage) -> bool {
        if !self.take_bytes(wanted.bytes) {
            return false;
        }
        let has_entries = take(self.entries(), wanted.entries, self.most.entries);
        if !has_entries {
            give(self.bytes(), wanted.bytes);
        }
        has_entries
    }

    fn bytes(&self) -> &AtomicU64 {
        &self.tally.numbers()[0]
    }

    fn entries(&self) -> &AtomicU64 {
        &self.tally.numbers()[1]
    }

    fn take_bytes(&self, amount: u64) -> bool {
        take(self.bytes(), amount, self.most.bytes)
    }

    /// Takes room for one more name.
    pub(crate) fn claim_entry(&self, path: &RelPath) -> Result<(), FsError> {
        let has_room = take(self.entries(), 1, self.most.entries);
        if has_room { Ok(()) } else { Err(FsError::Full { path: path.clone(), what: "more entries" }) }
    }
}

/// Nothing fits everywhere, also where there is too much already.
fn take(used: &AtomicU64, amount: u64, most: u64) -> bool {
    let more = |used: u64| used.checked_add(amount).filter(|sum| amount == 0 || *sum <= most);
    used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
}

fn give(used: &AtomicU64, amount: u64) {
    let _ = used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| Some(used.saturating_sub(amount)));
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
        if !room.take_bytes(size.saturating_sub(old)) {
            return Err(full("this much"));
        }
        give(room.bytes(), old.saturating_sub(size));
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

    /// Whether two entries are names of one file: then rename(2) does nothing.
    pub(crate) fn are_one(&self, tree: &Root, from: &RelPath, to: &RelPath) -> bool {
        let each = tree.stat(from).and_then(|from| Ok((from, self.stat(to)?)));
        each.is_ok_and(|(from, to)| (from.device, from.inode) == (to.device, to.inode))
    }

    /// Gives back the bytes of an entry that another has replaced: its name is still there.
    pub(crate) fn replaced(&self, taken: Option<u64>) {
        if let (Some(room), Some(bytes)) = (&self.room, taken) {
            give(room.bytes(), bytes);
        }
    }

    /// Gives back what an entry that has gone had taken.
    pub(crate) fn gone(&self, taken: Option<u64>) {
        if let (Some(room), Some(bytes)) = (&self.room, taken) {
            give(room.entries(), 1);
            give(room.bytes(), bytes);
        }
    }

    /// What the tree holds now, as far as it counts. What cannot be read does not.
    pub fn usage(&self, counts: impl Fn(&RelPath) -> bool) -> Usage {
        let mut usage = Usage::default();
        let mut several = HashSet::new();
        walk(self, &Span { staged: true, ..Span::default() }, &mut |_| true, &mut |found| {
            if let Ok(found) = found
                && counts(&found.path)
            {
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

    fn room(most: Usage, largest: u64) -> Room {
        Room::new(Arc::new(Tally::new(Usage::default())), most, largest)
    }

    #[test]
    fn all_is_taken_or_nothing_and_nothing_always_fits() {
        let room = room(Usage { bytes: 10, entries: 3 }, u64::MAX);
        assert!(!room.take(Usage { bytes: 4, entries: 4 }) && !room.take(Usage { bytes: 11, entries: 1 }));
        assert_eq!(room.tally.usage(), Usage::default());
        assert!(!room.take(Usage { bytes: u64::MAX, entries: 0 }));
        assert!(room.take(Usage { bytes: 10, entries: 3 }));
        room.tally.raise(Usage { bytes: 50, entries: 1 });
        assert_eq!(room.tally.usage(), Usage { bytes: 50, entries: 3 });
        assert!(room.take(Usage::default()) && !room.take(Usage { bytes: 1, entries: 0 }));
    }

    #[test]
    fn what_was_taken_while_a_tree_was_measured_is_not_forgotten() {
        let tally = Arc::new(Tally::new(Usage { bytes: 90, entries: 9 }));
        let room = Room::new(tally.clone(), Usage { bytes: 100, entries: 100 }, u64::MAX);
        let before = tally.usage();
        assert!(room.take(Usage { bytes: 5, entries: 0 }));
        tally.renew(before, Usage { bytes: 20, entries: 2 });
        assert_eq!(tally.usage(), Usage { bytes: 95, entries: 2 });
    }

    #[test]
    fn a_tree_is_measured_and_names_of_one_file_count_once() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("d")).unwrap();
        fs::write(folder.path().join("d/a"), "12345").unwrap();
        fs::hard_link(folder.path().join("d/a"), folder.path().join("b")).unwrap();
        fs::write(folder.path().join("c"), "1").unwrap();
        assert_eq!(Root::open(folder.path()).unwrap().usage(|_| true), Usage { bytes: 6, entries: 4 });
    }

    #[test]
    fn no_more_is_added_than_there_is_room_for() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap().within(Arc::new(room(Usage { bytes: 10, entries: 3 }, 8)));
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

    #[test]
    fn what_another_name_replaces_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| fs::write(folder.path().join(name), "12345").unwrap();
        ["a", "b", "c", "d"].iter().for_each(|name| file(name));
        let tally = Arc::new(Tally::new(Usage { bytes: 20, entries: 4 }));
        let most = Usage { bytes: 20, entries: 5 };
        let root = Root::open(folder.path()).unwrap().within(Arc::new(Room::new(tally.clone(), most, 20)));
        root.link_over(&root, &path("a"), &path("b")).unwrap();
        assert_eq!(tally.usage(), Usage { bytes: 15, entries: 4 });
        // It has a name left, and so has the other.
        root.link_over(&root, &path("c"), &path("b")).unwrap();
        assert_eq!(tally.usage(), Usage { bytes: 15, entries: 4 });
        root.rename(&root, &path("d"), &path("a")).unwrap();
        assert_eq!(tally.usage(), Usage { bytes: 10, entries: 3 });
        assert_eq!(root.usage(|_| true), tally.usage());
        // Names of one file already.
        root.rename(&root, &path("c"), &path("b")).unwrap();
        root.link_over(&root, &path("c"), &path("b")).unwrap();
        assert_eq!((tally.usage(), root.usage(|_| true)), (Usage { bytes: 10, entries: 3 }, tally.usage()));
    }
}
