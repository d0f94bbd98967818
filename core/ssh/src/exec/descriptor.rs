//! How one of the caller's descriptors can be used without waiting on it and without changing its flags.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fstat, open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use xssh_os::readiness::watch;

/// The way a descriptor is read or written.
pub(super) enum Way {
    /// Always ready: a regular file, /dev/null.
    Plain(OwnedFd),
    /// A socket: MSG_DONTWAIT says for each call that it must not wait.
    Socket(Arc<AsyncFd<OwnedFd>>),
    /// A pipe or terminal through a non-blocking description: our own, or the caller's, where it is so already.
    Nonblocking(AsyncFd<OwnedFd>),
    /// Neither is to be had (a pipe of another user's): a thread waits.
    Thread(OwnedFd),
}

impl Way {
    /// Finds the way for `fd`, which is duplicated and not changed. Must be called inside a runtime.
    ///
    /// # Errors
    /// The descriptor is closed, or the process has too many.
    pub(super) fn find(fd: BorrowedFd<'_>, interest: Interest) -> io::Result<Self> {
        let own = fd.try_clone_to_owned()?;
        let flags = fcntl_getfl(&own)?;
        match FileType::from_raw_mode(fstat(&own)?.st_mode) {
            FileType::RegularFile | FileType::Directory | FileType::BlockDevice => Ok(Self::Plain(own)),
            FileType::Socket => {
                watch(own, interest).map(|own| Self::Socket(Arc::new(own))).or_else(|own| Ok(Self::Thread(own)))
            }
            _ if flags.contains(OFlags::NONBLOCK) => watch(own, interest).map(Self::Nonblocking).or_else(plain),
            _ => match reopen(fd, interest) {
                Ok(own) => watch(own, interest).map(Self::Nonblocking).or_else(plain),
                Err(_) => Ok(Self::Thread(own)),
            },
        }
    }
}

/// epoll refuses what is always ready, such as /dev/null (epoll_ctl(2), EPERM).
fn plain(own: OwnedFd) -> io::Result<Way> {
    Ok(Way::Plain(own))
}

/// Opens the file behind `fd` a second time: a description of our own, whose flags nobody shares.
fn reopen(fd: BorrowedFd<'_>, interest: Interest) -> rustix::io::Result<OwnedFd> {
    use std::os::fd::AsRawFd;
    let access = if interest.is_readable() { OFlags::RDONLY } else { OFlags::WRONLY };
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    open(path, access | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())
}
