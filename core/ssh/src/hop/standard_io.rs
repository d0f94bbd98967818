//! `ProxyCommand -`: the connection is what the caller left on standard input and output.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use tokio::net::unix::pipe::{Receiver, Sender};

use super::halves::Halves;
use super::{BoxedWire, HopError};

/// A wire over two descriptors, pipes or sockets, which are made non-blocking until the wire is dropped.
///
/// # Errors
/// [`HopError::Local`] where one of them is a file or a directory, which cannot be waited for.
pub fn standard_io(input: OwnedFd, output: OwnedFd) -> Result<BoxedWire, HopError> {
    let open = || -> io::Result<BoxedWire> {
        let flags = (Blocking::lift(&input)?, Blocking::lift(&output)?);
        let reader = Receiver::from_owned_fd_unchecked(input)?;
        let writer = Sender::from_owned_fd_unchecked(output)?;
        Ok(Box::new(Halves::new(reader, writer, flags)))
    };
    open().map_err(|source| HopError::Local {
        what: "use standard input and output as the connection".to_owned(),
        source,
    })
}

/// Gives an open file its flags back. They are shared by every process that has it open.
struct Blocking(Option<(OwnedFd, OFlags)>);

impl Blocking {
    fn lift(descriptor: &OwnedFd) -> io::Result<Self> {
        let flags = fcntl_getfl(descriptor)?;
        if flags.contains(OFlags::NONBLOCK) {
            return Ok(Self(None));
        }
        let guard = Self(Some((descriptor.try_clone()?, flags)));
        fcntl_setfl(descriptor, flags | OFlags::NONBLOCK)?;
        Ok(guard)
    }
}

impl Drop for Blocking {
    fn drop(&mut self) {
        if let Some((descriptor, flags)) = &self.0 {
            // Nobody is left to tell of a failure.
            let _ = fcntl_setfl(descriptor, *flags);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn is_nonblocking(socket: &UnixStream) -> bool {
        fcntl_getfl(socket).unwrap().contains(OFlags::NONBLOCK)
    }

    #[test]
    fn bytes_pass_and_flags_come_back() {
        let (near, far) = UnixStream::pair().unwrap();
        let ours = near.try_clone().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut wire = standard_io(near.try_clone().unwrap().into(), near.into()).unwrap();
            assert!(is_nonblocking(&ours));
            wire.write_all(b"ping").await.unwrap();
            far.set_nonblocking(true).unwrap();
            let mut far = tokio::net::UnixStream::from_std(far).unwrap();
            let mut heard = [0; 4];
            far.read_exact(&mut heard).await.unwrap();
            far.write_all(&heard).await.unwrap();
            wire.read_exact(&mut heard).await.unwrap();
            assert_eq!(&heard, b"ping");
        });
        assert!(!is_nonblocking(&ours));
    }

    #[test]
    fn a_file_is_no_connection() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let file = || OwnedFd::from(tempfile::tempfile().unwrap());
            let result = standard_io(file(), file()).map(|_| ());
            assert!(matches!(result, Err(HopError::Local { .. })));
        });
    }
}
