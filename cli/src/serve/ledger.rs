//! What all sessions together have of a root, where keys have a quota: two numbers in a file outside of every tree, which each of
//! the sessions has mapped, so that taking room costs no system call.
//!
//! A session marks the file for as long as it lives, and the kernel takes the mark away with the process. Whoever finds no other
//! mark measures the tree and begins anew: what a killed session took and never wrote is forgotten then. Who [takes](Part::Takes)
//! room does so before it writes; who [looks](Part::Looks) writes first, and says what the tree is seen to hold.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;
use xssh_fs::{RelPath, Room, Root, Tally, Usage};
use xssh_gate::Limits;
use xssh_os::shared::{Counters, Mark, is_marked, mark, try_mark};

use crate::environment;

/// Where such files are: nothing of them is to outlast the machine's next start.
const PLACE: &str = "/dev/shm";
/// The marks of all sessions, and of those that take.
const SESSIONS: u32 = 0;
const TAKERS: u32 = 1;

/// How a session comes by its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// It takes it before it writes.
    Takes,
    /// It writes, and is looked after.
    Looks,
}

/// Whether an entry counts.
type Counts = fn(&RelPath) -> bool;

/// The file, before anything is known of the tree.
#[derive(Debug)]
pub(super) struct Page(File);

/// A session's part.
#[derive(Debug)]
pub(super) struct Ledger {
    page: File,
    part: Part,
    tally: Arc<Tally>,
    counts: Counts,
}

impl Page {
    /// Opens it, where the limits are such that anything is to be counted. A process that is confined cannot do that any more.
    ///
    /// # Errors
    /// It cannot be had: what cannot be counted is not granted.
    pub(super) fn open(limits: &Limits, root: &Root) -> Result<Option<Self>, String> {
        if limits.quota.is_none() && limits.max_files.is_none() {
            return Ok(None);
        }
        let path = path(root).map_err(|error| uncounted(&error))?;
        let opened = open(&path, rustix::process::geteuid().as_raw());
        opened.map(|file| Some(Self(file))).map_err(|error| uncounted(&format!("{}: {error}", path.display())))
    }
}

/// The file of a root, for this account.
fn path(root: &Root) -> io::Result<PathBuf> {
    let top = root.stat(&RelPath::root()).map_err(io::Error::other)?;
    let (uid, (major, minor)) = (rustix::process::geteuid().as_raw(), top.device);
    Ok(folder()?.join(format!("xssh-room-{uid}-{major}-{minor}-{}", top.inode)))
}

fn uncounted(why: &dyn std::fmt::Display) -> String {
    format!("what this key has cannot be counted: {why}")
}

fn folder() -> io::Result<PathBuf> {
    let shared = Path::new(PLACE);
    if shared.is_dir() {
        return Ok(shared.to_owned());
    }
    let own = environment::state().join("xssh");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&own)?;
    Ok(own)
}

/// The folder is everybody's, so somebody else may have been there first.
fn open(path: &Path, uid: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(path)?;
    let stat = file.metadata()?;
    if !stat.is_file() || stat.uid() != uid || stat.mode() & 0o077 != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is somebody else's"));
    }
    Ok(file)
}

impl Ledger {
    /// Takes part. The tree is measured, by what counts of it.
    ///
    /// # Errors
    /// The file is on a disk that is full, or that knows no locks.
    pub(super) fn join(page: Page, root: &Root, part: Part, counts: Counts) -> Result<Self, String> {
        Self::enter(page.0, root, part, counts).map_err(|error| uncounted(&error))
    }

    fn enter(page: File, root: &Root, part: Part, counts: Counts) -> io::Result<Self> {
        let is_alone = try_mark(&page, SESSIONS, Mark::Alone)?;
        if !is_alone {
            // Whoever is alone just now measures, and is not for long.
            mark(&page, SESSIONS, Mark::Shared)?;
        }
        let tally = Arc::new(Tally::shared(Counters::map(&page)?));
        if part == Part::Takes {
            mark(&page, TAKERS, Mark::Shared)?;
        }
        let ledger = Self { page, part, tally, counts };
        if is_alone {
            ledger.tally.set(root.usage(counts));
            mark(&ledger.page, SESSIONS, Mark::Shared)?;
        } else {
            let _ = ledger.look(root);
        }
        Ok(ledger)
    }

    /// Measures the tree, and notes what it holds.
    pub(super) fn look(&self, root: &Root) -> Usage {
        let before = self.tally.usage();
        let found = root.usage(self.counts);
        // Where that cannot be told, somebody takes.
        let is_taken_from = self.part == Part::Takes || is_marked(&self.page, TAKERS).unwrap_or(true);
        if is_taken_from {
            self.tally.raise(found)
        } else {
            self.tally.renew(before, found)
        }
        found
    }

    /// What all together have, as far as it is known.
    pub(super) fn usage(&self) -> Usage {
        self.tally.usage()
    }

    /// What may be taken of it.
    pub(super) fn room(&self, limits: &Limits) -> Room {
        room(Arc::clone(&self.tally), limits)
    }
}

/// What limits leave of a tree that holds so much.
pub(super) fn room(tally: Arc<Tally>, limits: &Limits) -> Room {
    let most = Usage { bytes: limits.quota.unwrap_or(u64::MAX), entries: limits.max_files.unwrap_or(u64::MAX) };
    Room::new(tally, most, limits.max_file_size.unwrap_or(u64::MAX))
}

/// Why a key that has this may take no more.
pub(super) fn excess(limits: &Limits, usage: Usage) -> Option<String> {
    if let Some(quota) = limits.quota.filter(|quota| usage.bytes > *quota) {
        return Some(format!("the tree holds {} bytes, and this key may have {quota}", usage.bytes));
    }
    let most = limits.max_files.filter(|most| usage.entries > *most);
    most.map(|most| format!("the tree holds {} entries, and this key may have {most}", usage.entries))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const LIMITS: Limits =
        Limits { quota: Some(100), max_files: None, max_file_size: None, rate: None, idle: None, sessions: None };

    fn join(root: &Root, part: Part) -> Ledger {
        Ledger::join(Page::open(&LIMITS, root).unwrap().unwrap(), root, part, |_| true).unwrap()
    }

    /// Takes bytes as a sync does.
    fn takes(ledger: &Ledger, bytes: u64) -> bool {
        ledger.room(&LIMITS).take(Usage { bytes, entries: 1 })
    }

    #[test]
    fn sessions_have_one_quota_together() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("there"), vec![0; 30]).unwrap();
        let root = Root::open(folder.path()).unwrap();
        let (one, other) = (join(&root, Part::Takes), join(&root, Part::Takes));
        assert!(takes(&one, 40) && takes(&other, 20));
        assert!(!takes(&one, 11) && !takes(&other, 11) && takes(&other, 10));
        // One that is killed wrote nothing of what it took; whoever comes while another is there does not know that.
        drop(one);
        assert!(!takes(&join(&root, Part::Takes), 1));
        drop(other);
        assert!(takes(&join(&root, Part::Takes), 70));
        fs::remove_file(path(&root).unwrap()).unwrap();
    }

    #[test]
    fn what_is_written_first_counts_from_the_next_look() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let rsync = join(&root, Part::Looks);
        let sync = join(&root, Part::Takes);
        fs::write(folder.path().join("new"), vec![0; 95]).unwrap();
        assert_eq!(rsync.look(&root).bytes, 95);
        assert!(!takes(&sync, 6) && takes(&sync, 5));
        // What another has taken and not written yet is not forgotten, and is when it is gone.
        let _ = rsync.look(&root);
        assert_eq!(rsync.usage().bytes, 100);
        drop(sync);
        let _ = rsync.look(&root);
        assert_eq!(rsync.usage().bytes, 95);
        fs::remove_file(path(&root).unwrap()).unwrap();
    }

    #[test]
    fn a_page_of_somebody_elses_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let uid = rustix::process::geteuid().as_raw();
        let page = folder.path().join("page");
        assert!(open(&page, uid).is_ok() && open(&page, uid + 1).is_err());
        std::os::unix::fs::symlink(&page, folder.path().join("link")).unwrap();
        assert!(open(&folder.path().join("link"), uid).is_err());
    }
}
