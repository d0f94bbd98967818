use std::fs;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, StatxFlags};
use rustix::io::Errno;

use crate::{FsError, RelPath, Root};

/// The right to change a tree, as long as it is held: an flock(2) of the root directory itself, so that nothing is left
/// behind in the tree, and nothing outlives a process that is killed.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not used")] OwnedFd);

const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

fn hold(own: OwnedFd, path: &RelPath) -> Result<Lock, FsError> {
    match rustix::fs::flock(&own, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock(own)),
        Err(Errno::WOULDBLOCK) => Err(FsError::Held),
        Err(errno) => Err(FsError::io(path, errno.into())),
    }
}

impl Root {
    /// Takes the right to change this tree.
    ///
    /// # Errors
    /// [`FsError::Held`] where another run has it.
    pub fn lock(&self) -> Result<Lock, FsError> {
        // A description of its own: a lock belongs to one.
        let own = rustix::fs::openat(self.fd(), ".", FLAGS, Mode::empty()).map_err(FsError::of(&RelPath::root()))?;
        hold(own, &RelPath::root())
    }

    /// The same for the tree that a directory in this one is the root of.
    ///
    /// # Errors
    /// As [`Root::lock`], and there is no such directory.
    pub fn lock_below(&self, directory: &RelPath) -> Result<Lock, FsError> {
        hold(self.open_beneath(directory, FLAGS)?, directory)
    }

    /// The process that has the right to change this tree, as far as the system tells (proc_locks(5)).
    pub fn holder(&self) -> Option<u32> {
        let stat = rustix::fs::statx(self.fd(), "", AtFlags::EMPTY_PATH, StatxFlags::INO).ok()?;
        let place = format!("{:02x}:{:02x}:{}", stat.stx_dev_major, stat.stx_dev_minor, stat.stx_ino);
        let locks = fs::read_to_string("/proc/locks").ok()?;
        locks.lines().find_map(|line| {
            let mut words = line.split_whitespace().skip(1);
            let (kind, pid, of) = (words.next()?, words.nth(2)?, words.next()?);
            (kind == "FLOCK" && of == place).then(|| pid.parse().ok()).flatten()
        })
    }
}
