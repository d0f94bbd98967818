//! A wire that goes on reading while it cannot write.
//!
//! A session that runs through another one shares its event loop's fate: what arrives for the inner session is handed over
//! by the outer one, which waits if it is not taken. If the inner session were blocked in a write at that time, the outer
//! one could not learn of the room that the write waits for. So with a command that reads only when it has written.
//! [`super::TcpWire`] does the same for a socket.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::BoxedWire;
use crate::limits::{WIRE_BACKLOG, WIRE_READ};

/// Takes in up to [`WIRE_BACKLOG`] while a write waits: all that a peer may send of one window.
pub struct Backlog {
    wire: BoxedWire,
    buffer: Vec<u8>,
    taken: usize,
}

impl Backlog {
    /// Wraps a wire.
    #[must_use]
    pub fn new(wire: BoxedWire) -> Self {
        Self { wire, buffer: Vec::new(), taken: 0 }
    }

    fn buffered(&self) -> usize {
        self.buffer.len() - self.taken
    }

    /// Takes what has arrived, within the bound. The end and errors are left for the read that follows.
    fn take_in(&mut self, cx: &mut Context<'_>) {
        while self.buffered() < WIRE_BACKLOG {
            let filled = self.buffer.len();
            self.buffer.resize(filled + WIRE_READ, 0);
            let mut room = ReadBuf::new(&mut self.buffer[filled..]);
            let read = Pin::new(&mut self.wire).poll_read(cx, &mut room);
            let count = room.filled().len();
            self.buffer.truncate(filled + count);
            if count == 0 || !matches!(read, Poll::Ready(Ok(()))) {
                return;
            }
        }
    }
}

impl AsyncRead for Backlog {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.buffered() == 0 {
            return Pin::new(&mut self.wire).poll_read(cx, out);
        }
        let count = self.buffered().min(out.remaining());
        out.put_slice(&self.buffer[self.taken..self.taken + count]);
        self.taken += count;
        if self.buffered() == 0 {
            (self.buffer, self.taken) = (Vec::new(), 0);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Backlog {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.wire).poll_write(cx, data);
        if written.is_pending() {
            self.take_in(cx);
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.wire).poll_write_vectored(cx, data);
        if written.is_pending() {
            self.take_in(cx);
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.wire).poll_flush(cx);
        if flushed.is_pending() {
            self.take_in(cx);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    async fn write_then_read(wire: DuplexStream, bulk: &[u8]) -> Vec<u8> {
        let mut wire = Backlog::new(Box::new(wire));
        wire.write_all(bulk).await.unwrap();
        let mut back = vec![0; bulk.len()];
        wire.read_exact(&mut back).await.unwrap();
        back
    }

    #[tokio::test]
    async fn two_sides_that_write_first_do_not_lock_up() {
        let (near, far) = duplex(64 << 10);
        let (up, down) = (vec![7; 6 << 20], vec![9; 6 << 20]);
        let both = async { tokio::join!(write_then_read(near, &up), write_then_read(far, &down)) };
        let both = tokio::time::timeout(Duration::from_secs(20), both).await.unwrap();
        assert!(both == (down.clone(), up.clone()));
    }

    #[tokio::test]
    async fn the_end_comes_after_what_was_taken_in() {
        let (near, mut far) = duplex(1 << 10);
        let mut wire = Backlog::new(Box::new(near));
        far.write_all(&[5; 1000]).await.unwrap();
        let mut writing = tokio::spawn(async move {
            wire.write_all(&[1; 4000]).await.unwrap();
            let mut got = Vec::new();
            wire.read_to_end(&mut got).await.unwrap();
            got
        });
        // Room for the first is made by the backlog alone.
        let late = Duration::from_millis(50);
        assert!(tokio::time::timeout(late, &mut writing).await.is_err());
        far.write_all(&[5; 1000]).await.unwrap();
        let mut got = vec![0; 4000];
        far.read_exact(&mut got).await.unwrap();
        drop(far);
        assert_eq!(writing.await.unwrap(), [5; 2000]);
    }
}
