//! Waiting until a descriptor can be read or written.

use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Registers `fd` with the runtime's epoll. Must be called inside a runtime.
///
/// # Errors
/// epoll refuses what is always ready (regular files, /dev/null); the descriptor comes back.
pub fn watch(fd: OwnedFd, interest: Interest) -> Result<AsyncFd<OwnedFd>, OwnedFd> {
    // SAFETY: an OwnedFd names one open descriptor for as long as it lives, and the AsyncFd owns it until it has
    // taken it out of epoll again.
    let registered = unsafe { AsyncFd::register_with_interest(fd, interest) };
    registered.map_err(|error| error.into_parts().0)
}
