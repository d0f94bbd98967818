//! A control connection: packets with their length before them, and descriptors between them.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream as Blocking;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use tokio::io::Interest;
use tokio::net::UnixStream;

use crate::limits::MUX_PACKET;

/// One control connection.
pub struct Line {
    socket: UnixStream,
}

impl Line {
    /// Takes a connected socket. Must be called inside a runtime.
    ///
    /// # Errors
    /// The system cannot watch more.
    pub fn new(socket: Blocking) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self { socket: UnixStream::from_std(socket)? })
    }

    /// The user that the other side runs as.
    ///
    /// # Errors
    /// The system does not say.
    pub fn peer_user(&self) -> io::Result<u32> {
        Ok(self.socket.peer_cred()?.uid())
    }

    /// Sends a packet.
    ///
    /// # Errors
    /// The other side is gone.
    pub async fn send(&self, message: &[u8]) -> io::Result<()> {
        let length = u32::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let packet = [&length.to_be_bytes(), message].concat();
        let mut rest = &packet[..];
        while !rest.is_empty() {
            let sent = self
                .socket
                .async_io(Interest::WRITABLE, || Ok(rustix::net::send(&self.socket, rest, SendFlags::NOSIGNAL)?));
            rest = &rest[sent.await?..];
        }
        Ok(())
    }

    /// The next packet; `None` where the other side has closed the connection in order.
    ///
    /// Nothing is read beyond the packet: a descriptor may follow it, and would be lost. A future that is dropped may have
    /// read a part.
    ///
    /// # Errors
    /// The connection broke, in the middle of a packet perhaps, or the packet is longer than any.
    pub async fn receive(&self) -> io::Result<Option<Vec<u8>>> {
        let mut header = [0; 4];
        match self.fill(&mut header).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            filled => filled?,
        }
        let length = u32::from_be_bytes(header) as usize;
        if length > MUX_PACKET {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a packet of impossible length"));
        }
        // What is announced is not yet there: memory is taken as it comes.
        let mut packet = Vec::new();
        while packet.len() < length {
            let start = packet.len();
            packet.resize(length.min(start + (64 << 10)), 0);
            self.fill(&mut packet[start..]).await?;
        }
        Ok(Some(packet))
    }

    async fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.socket.async_io(Interest::READABLE, || self.socket.try_read(&mut buffer[filled..])).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => filled += n,
            }
        }
        Ok(())
    }

    /// Sends a descriptor, with the one byte that carries it.
    ///
    /// # Errors
    /// The other side is gone.
    pub async fn send_descriptor(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        let send = || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut ancillary = SendAncillaryBuffer::new(&mut space);
            let fds = [fd];
            ancillary.push(SendAncillaryMessage::ScmRights(&fds));
            Ok(rustix::net::sendmsg(&self.socket, &[IoSlice::new(&[0])], &mut ancillary, SendFlags::NOSIGNAL)?)
        };
        self.socket.async_io(Interest::WRITABLE, send).await.map(|_| ())
    }

    /// The next descriptor.
    ///
    /// # Errors
    /// The other side is gone, or sent something else.
    pub async fn receive_descriptor(&self) -> io::Result<OwnedFd> {
        let receive = || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut ancillary = RecvAncillaryBuffer::new(&mut space);
            let mut byte = [0];
            let flags = RecvFlags::CMSG_CLOEXEC;
            let got = rustix::net::recvmsg(&self.socket, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, flags)?;
            let descriptor = ancillary.drain().find_map(|message| match message {
                RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
                _ => None,
            });
            match descriptor {
                Some(fd) => Ok(fd),
                None if got.bytes == 0 => Err(io::ErrorKind::UnexpectedEof.into()),
                None => Err(io::Error::new(io::ErrorKind::InvalidData, "no descriptor came")),
            }
        };
        self.socket.async_io(Interest::READABLE, receive).await
    }

    /// Waits until the other side has closed the connection; what it says meanwhile is not heard.
    pub async fn closed(&self) {
        let mut ignored = [0; 256];
        while self.socket.async_io(Interest::READABLE, || self.socket.try_read(&mut ignored)).await.is_ok_and(|n| n > 0)
        {
        }
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
