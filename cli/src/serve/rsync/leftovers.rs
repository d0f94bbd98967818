//! What sessions have left that were killed: a staging directory each. The next session of the same tree removes it.
//!
//! Whether a directory is such a one its name alone cannot say, because a client may have a directory of any name backed up, and in
//! a tree that only grows it is to stay. So each session keeps a record outside of the tree, in the account's directory for what is
//! to last, and holds a lock on it that goes with the last of its processes.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::FdFlags;
use xssh_fs::{Entry, Kind, RelPath, Root};

/// Where the records are, from the account's directory for such on.
const FOLDER: &str = "xssh/staging";
/// The longest record.
const RECORD: u64 = 200;
/// How deep a directory is that is cleared; rsync itself makes none.
pub(super) const DEPTH: usize = 32;

/// The record of a session.
#[derive(Debug)]
pub(super) struct Record {
    path: PathBuf,
    #[expect(dead_code, reason = "held, not used")]
    locked: File,
}

impl Record {
    /// Notes that this directory is a session's, which is all it is for.
    ///
    /// # Errors
    /// The account has no place for it: then what a killed session leaves stays.
    pub(super) fn make(state: &Path, root: &Root, staging: &RelPath) -> io::Result<Self> {
        let folder = state.join(FOLDER);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let path = folder.join(staging.to_string());
        let mut options = OpenOptions::new();
        let mut locked = options.write(true).create_new(true).mode(0o600).open(&path)?;
        flock(&locked, FlockOperation::LockExclusive)?;
        locked.write_all(record(root, staging)?.as_bytes())?;
        // rsync holds it too, and may outlive who started it.
        rustix::io::fcntl_setfd(&locked, FdFlags::empty())?;
        Ok(Self { path, locked })
    }

    /// The directory is gone.
    pub(super) fn remove(self) {
        let _ = fs::remove_file(self.path);
    }
}

/// What a record says: which tree, and which directory in it.
fn record(root: &Root, staging: &RelPath) -> io::Result<String> {
    let place = |path: &RelPath| root.stat(path).map_err(io::Error::other);
    let words = |Entry { device: (major, minor), inode, .. }: Entry| format!("{major}:{minor}:{inode}");
    Ok(format!("{} {}\n", words(place(&RelPath::root())?), words(place(staging)?)))
}

/// Removes what killed sessions have left in this tree. What cannot be removed stays for the next one.
pub(super) fn sweep(state: &Path, root: &Root) {
    let Ok(records) = fs::read_dir(state.join(FOLDER)) else { return };
    for path in records.filter_map(|entry| Some(entry.ok()?.path())) {
        if let Err(error) = sweep_one(&path, root) {
            ::log::warn!("{}: {error}", path.display());
        }
    }
}

fn sweep_one(path: &Path, root: &Root) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let staging = RelPath::parse(name).map_err(io::Error::other)?;
    let mut options = OpenOptions::new();
    let file = match options.read(true).custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        // Its session is at work.
        return Ok(());
    }
    let mut said = String::new();
    file.take(RECORD).read_to_string(&mut said)?;
    let top = record(root, &RelPath::root())?;
    if said.split(' ').next() != top.split(' ').next() {
        return Ok(());
    }
    if record(root, &staging).is_ok_and(|found| found == said) {
        clear(root, &staging, DEPTH).map_err(io::Error::other)?;
    }
    fs::remove_file(path)
}

/// Removes a directory with what is in it.
pub(super) fn clear(root: &Root, path: &RelPath, depth: usize) -> Result<(), xssh_fs::FsError> {
    for name in root.names(path, usize::MAX)? {
        let Ok(path) = path.join(&name) else { continue };
        let is_directory = root.stat(&path).is_ok_and(|entry| entry.kind == Kind::Directory);
        // What cannot be removed is told of by the directory, which then cannot be removed either.
        let _ = match depth.checked_sub(1) {
            Some(depth) if is_directory => clear(root, &path, depth),
            _ => root.remove_file(&path),
        };
    }
    root.remove_directory(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_session_left_goes_and_what_only_looks_like_it_stays() {
        let (folder, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = Root::open(folder.path()).unwrap();
        let path = |name: &str| RelPath::parse(name.as_bytes()).unwrap();
        let made = |name: &str| {
            fs::create_dir_all(folder.path().join(name).join("deep/er")).unwrap();
            fs::write(folder.path().join(name).join("deep/half"), "x").unwrap();
        };
        for name in ["left", "busy", "like"] {
            made(name);
        }
        let (left, busy) =
            (Record::make(state.path(), &root, &path("left")), Record::make(state.path(), &root, &path("busy")));
        drop(left.unwrap());
        let busy = busy.unwrap();
        // Somebody else's tree.
        let other = tempfile::tempdir().unwrap();
        sweep(state.path(), &Root::open(other.path()).unwrap());
        assert!(folder.path().join("left").exists());
        sweep(state.path(), &root);
        assert!(!folder.path().join("left").exists() && folder.path().join("busy/deep/half").exists());
        // Its session has removed it, and somebody has made another of its name.
        fs::rename(folder.path().join("busy"), folder.path().join("gone")).unwrap();
        made("busy");
        drop(busy);
        sweep(state.path(), &root);
        assert!(folder.path().join("busy/deep/half").exists() && folder.path().join("like").exists());
        assert_eq!(fs::read_dir(state.path().join(FOLDER)).unwrap().count(), 0);
    }
}
