//! A socket of ours that is joined to a channel: one descriptor for both directions.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::net::Shutdown;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use xssh_os::readiness::watch;

/// A connected socket, TCP or Unix.
#[derive(Clone)]
pub struct Socket(Arc<AsyncFd<OwnedFd>>);

impl Socket {
    /// Takes a connected socket. Must be called inside a runtime.
    ///
    /// # Errors
    /// It is no socket, or the system cannot watch more.
    pub fn new(fd: impl Into<OwnedFd>) -> io::Result<Self> {
        let watched = watch(fd.into(), Interest::READABLE | Interest::WRITABLE);
        watched.map(|fd| Self(Arc::new(fd))).map_err(|_| io::Error::other("the socket cannot be watched"))
    }

    pub(super) fn shared(&self) -> Arc<AsyncFd<OwnedFd>> {
        self.0.clone()
    }

    /// Nothing more will be written: the other side reads the end.
    pub(super) fn end_writing(&self) {
        // Where the other side is gone already, nobody is left to tell.
        let _ = rustix::net::shutdown(self.0.get_ref(), Shutdown::Write);
    }
}
