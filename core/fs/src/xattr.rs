//! Extended attributes: names with values that belong to an entry, POSIX ACLs among them (xattr(7), acl(5)).
//!
//! An entry is held (O_PATH) while they are read or set, and reached through its name in /proc, so that no link is followed
//! and a file that may not be opened can be asked too.

use std::cell::RefCell;
use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::limits::{XATTR_NAMES, XATTR_VALUE, XATTRS};
use crate::{FsError, RelPath, Root};

/// What most entries' names and values fit in.
const USUAL: usize = 1024;

/// An extended attribute.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Xattr {
    /// Its name, with the namespace: `user.comment`.
    pub name: Box<[u8]>,
    /// Its value.
    pub value: Box<[u8]>,
}

/// Extended attributes that a file system would not take, and why: they are too large for it, or it has none at all.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Refused(RefCell<Vec<(Box<[u8]>, Errno)>>);

impl Refused {
    pub(crate) fn note(&self, name: &[u8], errno: Errno) {
        self.0.borrow_mut().push((name.into(), errno));
    }

    /// Whether all were taken.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, errno)) in self.0.borrow().iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{}: {}", name.escape_ascii(), std::io::Error::from(*errno))?;
        }
        Ok(())
    }
}

impl Root {
    /// The extended attributes of an entry that this process may read, in the order of their names. A file system without
    /// any has none, and neither have symbolic links.
    ///
    /// # Errors
    /// The entry is not there, or has more than [`crate::limits`] allows.
    pub fn xattrs(&self, path: &RelPath) -> Result<Vec<Xattr>, FsError> {
        let held = self.held(path)?;
        let at = in_proc(&held);
        let names = match grown(XATTR_NAMES, |buffer| rustix::fs::listxattr(&at, buffer)) {
            // A symbolic link has no name in /proc that leads to it.
            Err(Errno::NOTSUP | Errno::LOOP | Errno::NOENT) => return Ok(Vec::new()),
            names => names.map_err(FsError::of(path))?,
        };
        let mut all = Vec::new();
        let mut size = 0;
        for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            let value = match grown(XATTR_VALUE, |buffer| rustix::fs::getxattr(&at, name, buffer)) {
                // Gone since, or not for us.
                Err(Errno::NODATA | Errno::PERM | Errno::ACCESS | Errno::NOTSUP) => continue,
                value => value.map_err(FsError::of(path))?,
            };
            size += name.len() + value.len();
            if size > XATTRS {
                return Err(FsError::io(path, Errno::TOOBIG.into()));
            }
            all.push(Xattr { name: name.into(), value: value.into() });
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    /// Removes an extended attribute; one that is not there is good.
    ///
    /// # Errors
    /// What removexattr(2) says.
    pub fn remove_xattr(&self, path: &RelPath, name: &[u8]) -> Result<(), FsError> {
        let held = self.held(path)?;
        absent_is_good(rustix::fs::removexattr(in_proc(&held), name)).map_err(FsError::of(path))
    }

    /// Holds an entry, whatever it is.
    pub(crate) fn held(&self, path: &RelPath) -> Result<OwnedFd, FsError> {
        if path.is_root() {
            return hold(self.fd(), b".").map_err(FsError::of(path));
        }
        let parent = self.parent(path)?;
        if self.follows(parent.as_fd(), path) {
            return rustix::fs::openat(&parent, path.name(), OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
                .map_err(FsError::of(path));
        }
        hold(parent.as_fd(), path.name()).map_err(FsError::of(path))
    }
}

/// Holds a name in a directory, whatever it is, without opening it.
pub(crate) fn hold(directory: BorrowedFd<'_>, name: &[u8]) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(directory, name, flags, Mode::empty())
}

/// An extended attribute that was to be removed and is not there is gone.
pub(crate) fn absent_is_good(removed: rustix::io::Result<()>) -> rustix::io::Result<()> {
    match removed {
        Err(Errno::NODATA | Errno::NOTSUP) => Ok(()),
        removed => removed,
    }
}

/// The name in /proc that leads to what is held, also for calls that would follow a link at the entry's own name.
pub(crate) fn in_proc(held: impl AsFd) -> String {
    format!("/proc/self/fd/{}", held.as_fd().as_raw_fd())
}

/// Asks with a small buffer, and with the largest where that is too small.
fn grown(most: usize, ask: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> rustix::io::Result<Vec<u8>> {
    let mut buffer = vec![0; USUAL];
    let n = match ask(&mut buffer) {
        Err(Errno::RANGE) => {
            buffer.resize(most, 0);
            ask(&mut buffer)?
        }
        asked => asked?,
    };
    buffer.truncate(n);
    Ok(buffer)
}
