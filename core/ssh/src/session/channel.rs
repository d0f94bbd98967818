//! One channel: what we say on it, and what is known of it.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::board::Board;
use super::carrier::{Opened, Writer};
use super::idle::watch_channel;
use super::table::{Line, Table};
use super::{Ask, Progress, Session, SessionError};
use crate::exec::Output;
use crate::terminal::size::WindowSize;

/// What a channel without a program behind it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamTo {
    /// A port, as the host sees it (RFC 4254, section 7.2).
    Tcp {
        /// As the host shall resolve it.
        host: String,
        /// The port there.
        port: u16,
        /// Who wants it: an address and a port.
        from: (String, u16),
    },
    /// A socket on the host (PROTOCOL, section 2.4).
    Unix {
        /// The socket's path.
        path: String,
    },
}

impl StreamTo {
    /// A port, for ourselves.
    pub fn port(host: String, port: u16) -> Self {
        Self::Tcp { host, port, from: ("127.0.0.1".to_owned(), 65535) }
    }

    /// The type of the channel.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Tcp { .. } => "direct-tcpip",
            Self::Unix { .. } => "direct-streamlocal@openssh.com",
        }
    }
}

/// A channel. Dropped, it is closed, and its outputs take nothing more.
pub struct Channel {
    id: u32,
    pub(super) writer: Arc<Writer>,
    pub(super) line: Arc<Line>,
    table: Arc<Table>,
}

impl Channel {
    /// From now on what comes on the channel goes to `line`.
    pub(super) fn claim(board: &Board, Opened { id, writer }: Opened, line: Arc<Line>, kind: &str) -> Self {
        line.opened(&writer);
        board.table.claim(id, line.clone());
        watch_channel(board.idle_limits(), kind, &line);
        Self { id, writer, line, table: board.table.clone() }
    }

    /// What is known of it, as it becomes known.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.line.progress.subscribe()
    }

    /// Sends a piece, as the host's window takes it.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn send(&self, piece: Bytes) -> Result<(), ConnectionGone> {
        self.line.pass();
        self.line.flow.pass(piece.len()).await;
        self.writer.data(piece).await
    }

    /// Says that nothing more comes from us.
    pub async fn eof(&self) {
        self.writer.eof().await;
    }

    /// Ends the channel in both directions.
    pub async fn close(&self) {
        self.writer.close().await;
    }

    /// Tells the host how large the window of our terminal is now.
    pub async fn resize(&self, size: WindowSize) {
        // An error says that the connection is gone, which `progress` tells better.
        let _ = self.writer.ask(&Ask::Size(size), false).await;
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.line.cut();
        // What is closed or lost is in the table no more.
        let open = self.table.forget(self.id).is_some();
        if let Ok(runtime) = tokio::runtime::Handle::try_current()
            && open
        {
            let writer = self.writer.clone();
            runtime.spawn(async move { writer.close().await });
        }
    }
}

/// There is no connection any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection is gone")]
pub struct ConnectionGone;

impl Session {
    /// Opens a channel to a port or a socket that the host can reach; what comes goes to `output` from its first byte on.
    ///
    /// # Errors
    /// The host refuses, in its own words, or the connection is gone.
    pub async fn stream(&self, to: &StreamTo, output: Output) -> Result<Channel, SessionError> {
        self.stream_behind(to, output, &[]).await
    }

    /// The same, with a greeting of ours that goes to `output` before anything that comes, and only if it is opened.
    ///
    /// # Errors
    /// As [`Session::stream`].
    pub async fn stream_behind(&self, to: &StreamTo, output: Output, greeting: &[u8]) -> Result<Channel, SessionError> {
        let opening = self.board.table.opening();
        let opened = self.carrier.open_stream(to).await;
        if opened.is_ok() && !greeting.is_empty() {
            output.accept(greeting).await;
        }
        self.claim(opened, opening, Line::new(output, None), to.kind()).await
    }

    /// Claims what the host has opened.
    pub(super) async fn claim(
        &self,
        opened: Result<Opened, russh::Error>,
        opening: super::table::Opening,
        line: Arc<Line>,
        kind: &str,
    ) -> Result<Channel, SessionError> {
        let claimed = opened.map(|opened| Channel::claim(&self.board, opened, line, kind));
        drop(opening);
        match claimed {
            Ok(channel) => Ok(channel),
            Err(error) => Err(self.open_error(error).await),
        }
    }
}
