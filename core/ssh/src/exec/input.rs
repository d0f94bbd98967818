//! Standard input, in pieces as large as it gives them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use bytes::Bytes;
use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;

use super::Socket;
use super::descriptor::Way;
use crate::limits::{INPUT_READ, SOCKET_READ};

/// Where the bytes for the host come from.
pub struct Input {
    source: Source,
    chunk: Vec<u8>,
    /// What one read takes at most.
    piece: usize,
}

enum Source {
    Null,
    Plain(OwnedFd),
    Socket(Arc<AsyncFd<OwnedFd>>),
    Nonblocking(AsyncFd<OwnedFd>),
    Thread(mpsc::Receiver<io::Result<Bytes>>),
}

impl Input {
    /// Nothing: the end of file at once (`-n`).
    pub fn null() -> Self {
        Self { source: Source::Null, chunk: Vec::new(), piece: INPUT_READ }
    }

    /// The caller's descriptor. Must be called inside a runtime.
    ///
    /// # Errors
    /// The descriptor is closed, or the process has too many.
    pub fn open(fd: BorrowedFd<'_>) -> io::Result<Self> {
        let source = match Way::find(fd, Interest::READABLE)? {
            Way::Plain(own) => Source::Plain(own),
            Way::Socket(own) => Source::Socket(own),
            Way::Nonblocking(own) => {
                // A writer of bulk data is then woken once a megabyte, not once every 64 KiB. It is the caller's pipe,
                // but its size shows to nobody; where the system refuses, it stays as it was.
                let _ = rustix::pipe::fcntl_setpipe_size(own.as_fd(), 1 << 20);
                Source::Nonblocking(own)
            }
            Way::Thread(own) => Source::Thread(read_in_thread(own)?),
        };
        Ok(Self { source, chunk: Vec::new(), piece: INPUT_READ })
    }

    /// What comes from a socket of ours.
    pub fn socket(socket: &Socket) -> Self {
        Self { source: Source::Socket(socket.shared()), chunk: Vec::new(), piece: SOCKET_READ }
    }

    /// The next piece; `None` at the end of the input. Dropping the future loses nothing.
    ///
    /// # Errors
    /// What read(2) says.
    pub async fn read(&mut self) -> io::Result<Option<Bytes>> {
        if self.chunk.capacity() == 0 {
            self.chunk.reserve_exact(self.piece);
        }
        let chunk = &mut self.chunk;
        let n = match &mut self.source {
            Source::Null => 0,
            Source::Plain(fd) => retry(|| rustix::io::read(&*fd, spare_capacity(chunk)))?,
            Source::Socket(fd) => {
                fd.async_io(Interest::READABLE, |fd| {
                    retry(|| rustix::net::recv(fd, spare_capacity(chunk), RecvFlags::DONTWAIT).map(|(n, _)| n))
                })
                .await?
            }
            Source::Nonblocking(fd) => {
                fd.async_io(Interest::READABLE, |fd| retry(|| rustix::io::read(fd, spare_capacity(chunk)))).await?
            }
            Source::Thread(pieces) => return pieces.recv().await.transpose(),
        };
        Ok((n > 0).then(|| self.take()))
    }

    /// Hands out what was read: the buffer itself when it is well filled, a copy of a few bytes otherwise.
    fn take(&mut self) -> Bytes {
        if self.chunk.len() < self.piece / 4 {
            let piece = Bytes::copy_from_slice(&self.chunk);
            self.chunk.clear();
            return piece;
        }
        Bytes::from(std::mem::take(&mut self.chunk))
    }
}

fn retry(mut read: impl FnMut() -> rustix::io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(Errno::INTR) => {}
            // A terminal whose foreground is another process group's, or that hung up: the input has ended.
            Err(Errno::IO) => return Ok(0),
            done => return done.map_err(io::Error::from),
        }
    }
}

fn read_in_thread(fd: OwnedFd) -> io::Result<mpsc::Receiver<io::Result<Bytes>>> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        let mut chunk = vec![0; INPUT_READ];
        loop {
            let piece = match retry(|| rustix::io::read(fd.as_fd(), &mut chunk[..])) {
                Ok(0) => return,
                Ok(n) => Ok(Bytes::copy_from_slice(&chunk[..n])),
                Err(error) => Err(error),
            };
            if sender.blocking_send(piece).is_err() {
                return;
            }
        }
    })?;
    Ok(receiver)
}
