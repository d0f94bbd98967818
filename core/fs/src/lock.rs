use std::os::fd::OwnedFd;

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::{FsError, RelPath, Root};

/// The right to change a tree, as long as it is held: an flock(2) of the root directory itself, so that nothing is left
/// behind in the tree, and nothing outlives a process that is killed.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not used")] OwnedFd);

impl Root {
    /// Takes the right to change this tree.
    ///
    /// # Errors
    /// [`FsError::Held`] where another run has it.
    pub fn lock(&self) -> Result<Lock, FsError> {
        // A description of its own: a lock belongs to one.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let own = rustix::fs::openat(self.fd(), ".", flags, Mode::empty()).map_err(FsError::of(&RelPath::root()))?;
        match rustix::fs::flock(&own, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Lock(own)),
            Err(Errno::WOULDBLOCK) => Err(FsError::Held),
            Err(errno) => Err(FsError::io(&RelPath::root(), errno.into())),
        }
    }
}
