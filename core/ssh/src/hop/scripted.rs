//! A peer for tests: it says its lines in pieces of the sizes that a test wants, and keeps what it was sent.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::tunnel::Tunnel;
use super::{BoxedWire, Credentials, HopError, Proxy, Trust};
use crate::settings::AddressFamily;

/// What the wire's owner wrote.
pub(super) type Written = Arc<Mutex<Vec<u8>>>;

struct Scripted {
    says: Vec<u8>,
    said: usize,
    pieces: Vec<usize>,
    reads: usize,
    written: Written,
}

/// A wire on which the peer says `says`, at most `pieces[n]` bytes in the n-th read (again from the start when they are
/// used up; all at once when there are none), and then ends.
pub(super) fn peer(says: &[u8], pieces: &[usize]) -> (BoxedWire, Written) {
    let written = Written::default();
    let wire =
        Scripted { says: says.to_vec(), said: 0, pieces: pieces.to_vec(), reads: 0, written: Arc::clone(&written) };
    (Box::new(wire), written)
}

/// Goes through `proxy` to target:22 against a peer that says `says`: gives what lies behind, to its end.
pub(super) fn through(
    uri: &str,
    credentials: Option<&Credentials>,
    says: &[u8],
    pieces: &[usize],
) -> (Result<Vec<u8>, HopError>, Vec<u8>) {
    let proxy = Proxy::parse(uri, super::proxy::Passwords::Accepted).unwrap();
    let (wire, written) = peer(says, pieces);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(async {
        let tunnel = Tunnel {
            target: ("target", 22),
            credentials,
            address_family: AddressFamily::Any,
            trust: &Trust::System,
            deadline: Instant::now() + Duration::from_secs(20),
        };
        let mut wire = super::through_proxy(wire, &proxy, &tunnel).await?;
        let mut behind = Vec::new();
        wire.read_to_end(&mut behind).await.unwrap();
        Ok(behind)
    });
    let sent = written.lock().unwrap().clone();
    (result, sent)
}

impl AsyncRead for Scripted {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let piece = match self.pieces.is_empty() {
            true => usize::MAX,
            false => self.pieces[self.reads % self.pieces.len()].max(1),
        };
        self.reads += 1;
        let count = piece.min(buf.remaining()).min(self.says.len() - self.said);
        buf.put_slice(&self.says[self.said..self.said + count]);
        self.said += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.written.lock().unwrap().extend_from_slice(data);
        Poll::Ready(Ok(data.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
