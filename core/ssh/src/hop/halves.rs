//! A wire of a reader and a writer that are descriptors of their own.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Reads from one, writes to the other, and keeps a guard until both are closed. Shutting it down closes the writer,
/// which is the only way to tell the reader of a pipe that no more comes.
pub(super) struct Halves<R, W, G> {
    reader: R,
    writer: Option<W>,
    _guard: G,
}

impl<R, W, G> Halves<R, W, G> {
    pub(super) fn new(reader: R, writer: W, guard: G) -> Self {
        Self { reader, writer: Some(writer), _guard: guard }
    }
}

impl<R: Unpin, W: AsyncWrite + Unpin, G: Unpin> Halves<R, W, G> {
    fn writer(&mut self) -> io::Result<Pin<&mut W>> {
        self.writer.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

impl<R: AsyncRead + Unpin, W: Unpin, G: Unpin> AsyncRead for Halves<R, W, G> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reader).poll_read(cx, buf)
    }
}

impl<R: Unpin, W: AsyncWrite + Unpin, G: Unpin> AsyncWrite for Halves<R, W, G> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.writer()?.poll_write(cx, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writer()?.poll_write_vectored(cx, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.writer.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.writer() {
            Ok(writer) => writer.poll_flush(cx),
            Err(_) => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.as_mut().poll_flush(cx);
        if flushed.is_ready() {
            self.writer = None;
        }
        flushed
    }
}
