//! ProxyUseFdpass: a command that connects, hands us the descriptor, and goes (ssh_config(5)).

use std::ffi::OsStr;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::Path;
use std::process::Stdio;

use log::debug;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketType, getsockname, recvmsg, sockopt,
};
use tokio::io::Interest;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, timeout, timeout_at};

use super::command::FAREWELL;
use super::command_child::{Process, exit_words};
use super::{BoxedWire, HopError};
use crate::terminal::visible::visible;

/// A connection that was passed to us.
#[derive(Debug)]
pub enum Passed {
    /// Over TCP.
    Tcp(TcpStream),
    /// A local one.
    Unix(UnixStream),
}

impl From<Passed> for BoxedWire {
    fn from(passed: Passed) -> Self {
        match passed {
            Passed::Tcp(stream) => Box::new(stream),
            Passed::Unix(stream) => Box::new(stream),
        }
    }
}

/// Runs the command, with one socket as its standard input and output, and receives a connected socket over that. The
/// command may go on; it is reaped when it ends.
///
/// `shell` and `command` are as for [`super::command::spawn`]. Must be called inside a tokio runtime.
///
/// # Errors
/// [`HopError::Local`] where it cannot be started, [`HopError::CommandEnded`] where it passes nothing or no connection,
/// [`HopError::TimedOut`].
pub async fn dial(shell: &Path, command: &OsStr, deadline: Instant) -> Result<Passed, HopError> {
    debug!("Executing proxy dialer command: exec {}", visible(command.as_encoded_bytes()));
    let local =
        |source: io::Error| HopError::Local { what: "prepare a socket for the proxy command".to_owned(), source };
    let (ours, theirs) = StdUnixStream::pair().map_err(local)?;
    ours.set_nonblocking(true).map_err(local)?;
    let ours = UnixStream::from_std(ours).map_err(local)?;
    let output = theirs.try_clone().map_err(local)?;
    let process = Process::start(shell, command, OwnedFd::from(theirs).into(), Stdio::from(OwnedFd::from(output)))?;
    let received = timeout_at(deadline, receive(&ours)).await.map_err(|_| HopError::TimedOut {
        hop: format!("proxy command \"{}\"", visible(command.as_encoded_bytes())),
        doing: "waiting for the connection that it should pass back".to_owned(),
    })?;
    let descriptor = match received.map_err(local)? {
        Some(descriptor) => descriptor,
        None => {
            let status = timeout(FAREWELL, process.exit_status()).await;
            let how = match status {
                Ok(Ok(status)) => format!("{} and did not pass back a connection", exit_words(status)),
                _ => "did not pass back a connection".to_owned(),
            };
            return Err(process.failed(how));
        }
    };
    process.spare();
    connection(descriptor).map_err(|error| {
        let words = super::error::system_words(&error);
        process.failed(format!("passed back something that is no connection ({words})"))
    })
}

/// One byte with one descriptor. None where the command closed its end, or sent a byte alone.
async fn receive(socket: &UnixStream) -> io::Result<Option<OwnedFd>> {
    loop {
        socket.readable().await?;
        match socket.try_io(Interest::READABLE, || receive_now(socket)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
            result => return result,
        }
    }
}

fn receive_now(socket: &UnixStream) -> io::Result<Option<OwnedFd>> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let descriptors = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    // Any others are closed as they are dropped.
    Ok(descriptors.flatten().last())
}

fn connection(descriptor: OwnedFd) -> io::Result<Passed> {
    if sockopt::socket_type(&descriptor)? != SocketType::STREAM {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    match getsockname(&descriptor)?.address_family() {
        AddressFamily::UNIX => {
            let stream = StdUnixStream::from(descriptor);
            stream.set_nonblocking(true)?;
            UnixStream::from_std(stream).map(Passed::Unix)
        }
        AddressFamily::INET | AddressFamily::INET6 => {
            let stream = std::net::TcpStream::from(descriptor);
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            TcpStream::from_std(stream).map(Passed::Tcp)
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_stream_is_a_connection() {
        let (stream, _other) = StdUnixStream::pair().unwrap();
        assert!(matches!(connection(stream.into()), Ok(Passed::Unix(_))));
        let (datagram, _other) = std::os::unix::net::UnixDatagram::pair().unwrap();
        assert!(connection(datagram.into()).is_err());
        assert!(connection(tempfile::tempfile().unwrap().into()).is_err());
    }
}
