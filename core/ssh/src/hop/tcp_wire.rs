//! A TCP socket as a wire, tuned for SSH.
//!
//! - Reads are buffered: russh reads a packet's length and its body apart, which would be two system calls a packet.
//! - TCP_QUICKACK is re-armed while reads are small (Linux forgets it after each use): a server that holds back its next
//!   packet until the last one is acknowledged would otherwise wait 40 ms for us. In the middle of bulk data of our own
//!   its packets carry the acknowledgement, and the call is saved.
//! - While a write blocks, arriving data is taken into the buffer, up to a window and some: two peers that both write
//!   bulk data before they read can then not lock each other up.
//! - A write that makes no progress for the given time fails: russh sends no keepalive while it is writing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::{SERVED_BACKLOG, SERVED_WIRE_READ, WIRE_BACKLOG, WIRE_BULK, WIRE_READ, WIRE_SMALL_READ};

/// A TCP connection with a read buffer.
pub struct TcpWire {
    socket: TcpStream,
    buffer: Vec<u8>,
    taken: usize,
    /// Written since the last read.
    written: usize,
    stall: Option<Duration>,
    blocked: Option<Pin<Box<Sleep>>>,
    room: Room,
}

/// How much of what arrives is held, in bytes.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// One read.
    read: usize,
    /// While a write blocks.
    backlog: usize,
}

impl TcpWire {
    /// Wraps a connected socket. A write without progress for `stall` fails with `TimedOut`; `None` waits for ever.
    pub fn new(socket: TcpStream, stall: Option<Duration>) -> Self {
        Self::within(Room { read: WIRE_READ, backlog: WIRE_BACKLOG }, socket, stall)
    }

    /// The same for one of many clients, with less room for each.
    pub(crate) fn served(socket: TcpStream, stall: Duration) -> Self {
        Self::within(Room { read: SERVED_WIRE_READ, backlog: SERVED_BACKLOG }, socket, Some(stall))
    }

    fn within(room: Room, socket: TcpStream, stall: Option<Duration>) -> Self {
        Self { socket, buffer: Vec::new(), taken: 0, written: 0, stall, blocked: None, room }
    }

    fn buffered(&self) -> usize {
        self.buffer.len() - self.taken
    }

    /// Asks for immediate acknowledgement again. An error means that this is no longer a live TCP socket, which the
    /// read that follows reports better.
    fn rearm_quickack(&self) {
        let _ = sockopt::set_tcp_quickack(&self.socket, true);
    }

    /// Reads once from the socket, without waiting, behind what the buffer holds.
    fn try_fill(&mut self, room: usize) -> io::Result<usize> {
        self.buffer.reserve(room);
        let n = self.socket.try_read_buf(&mut self.buffer)?;
        if n < WIRE_SMALL_READ && self.written < WIRE_BULK {
            self.rearm_quickack();
        }
        self.written = 0;
        Ok(n)
    }

    fn take_into(&mut self, out: &mut ReadBuf<'_>) {
        let n = self.buffered().min(out.remaining());
        out.put_slice(&self.buffer[self.taken..self.taken + n]);
        self.taken += n;
        if self.taken == self.buffer.len() {
            self.taken = 0;
            self.buffer.clear();
            self.buffer.shrink_to(self.room.read);
        }
    }

    /// Takes what has arrived while we cannot write, within the bound.
    fn take_in(&mut self, cx: &mut Context<'_>) {
        while self.buffered() < self.room.backlog && self.socket.poll_read_ready(cx).is_ready() {
            match self.try_fill(self.room.read) {
                Ok(n) if n > 0 => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                _ => return,
            }
        }
    }

    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let Some(limit) = self.stall else { return Poll::Pending };
        let timer = self.blocked.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, "the other side takes no more data"))
    }
}

impl AsyncRead for TcpWire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = &mut *self;
        while wire.buffered() == 0 {
            ready!(wire.socket.poll_read_ready(cx))?;
            match wire.try_fill(wire.room.read) {
                Ok(0) => return Poll::Ready(Ok(())),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        wire.take_into(out);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TcpWire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.socket).poll_write(cx, data) {
            Poll::Ready(done) => {
                self.blocked = None;
                self.written = self.written.saturating_add(*done.as_ref().unwrap_or(&0));
                Poll::Ready(done)
            }
            Poll::Pending => {
                self.take_in(cx);
                self.poll_stalled(cx).map(Err)
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn pair(stall: Option<Duration>) -> (TcpWire, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        (TcpWire::new(near.unwrap(), stall), far.unwrap().0)
    }

    #[tokio::test]
    async fn two_sides_that_write_first_do_not_lock_up() {
        let (near, far) = pair(None).await;
        let bulk = vec![7_u8; WIRE_BACKLOG / 2];
        async fn write_then_read<W: AsyncRead + AsyncWrite + Unpin>(mut wire: W, bulk: Vec<u8>) -> Vec<u8> {
            wire.write_all(&bulk).await.unwrap();
            let mut back = vec![0; bulk.len()];
            wire.read_exact(&mut back).await.unwrap();
            back
        }
        let near = write_then_read(near, bulk.clone());
        let far = write_then_read(TcpWire::new(far, None), bulk.clone());
        let both = tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(near, far) });
        assert_eq!(both.await.unwrap(), (bulk.clone(), bulk));
    }

    #[tokio::test]
    async fn a_write_nobody_takes_times_out() {
        let (mut near, _far) = pair(Some(Duration::from_millis(50))).await;
        let error = near.write_all(&vec![0; 64 << 20]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
