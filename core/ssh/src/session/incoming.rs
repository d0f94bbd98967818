//! The channels that the host opens, for those who asked for them.

use std::sync::Arc;

use russh::ChannelOpenFailure;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Session;
use super::board::Board;
use super::carrier::{Opened, Reply};
use super::channel::Channel;
use super::table::Line;
use crate::exec::Output;
use crate::limits::{GOODBYE, INCOMING_CHANNELS};
use crate::terminal::visible::visible;

/// The kinds of channels that a host may open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Kind {
    ForwardedTcp,
    ForwardedUnix,
    X11,
    Agent,
}

impl Kind {
    /// Its name for ChannelTimeout.
    fn timed(self) -> &'static str {
        match self {
            Self::X11 => "x11-connection",
            Self::Agent => "agent-connection",
            forwarded => forwarded.name(),
        }
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::ForwardedTcp => "forwarded-tcpip",
            Self::ForwardedUnix => "forwarded-streamlocal@openssh.com",
            Self::X11 => "x11",
            Self::Agent => "auth-agent@openssh.com",
        }
    }
}

/// What the host says of a channel that it opens; its words, not made safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Someone has connected to a port on the host (RFC 4254, section 7.2).
    Tcp {
        /// The address that was connected to.
        address: String,
        /// Its port.
        port: u32,
        /// Who has connected: an address and a port.
        from: (String, u32),
    },
    /// Someone has connected to a socket on the host (PROTOCOL, section 2.4).
    Unix {
        /// The socket's path.
        path: String,
    },
    /// An X client (RFC 4254, section 6.3.2).
    X11 {
        /// Who has connected: an address and a port.
        from: (String, u32),
    },
    /// A program that wants our agent.
    Agent,
}

impl Origin {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Tcp { .. } => Kind::ForwardedTcp,
            Self::Unix { .. } => Kind::ForwardedUnix,
            Self::X11 { .. } => Kind::X11,
            Self::Agent => Kind::Agent,
        }
    }
}

/// A channel that the host wants to open. It waits for an answer; dropped, it is refused.
pub struct IncomingChannel {
    /// What the host says of it.
    pub origin: Origin,
    opened: Opened,
    reply: Reply,
    board: Arc<Board>,
}

impl IncomingChannel {
    /// Takes it; what comes on it goes to `output` from its first byte on.
    pub async fn accept(self, output: Output) -> Channel {
        let channel = Channel::claim(&self.board, self.opened, Line::new(output, None), self.origin.kind().timed());
        self.reply.accept().await;
        channel
    }

    /// Turns it away: what it was to reach cannot be reached.
    pub async fn cannot_connect(self) {
        self.reply.reject(ChannelOpenFailure::ConnectFailed).await;
    }

    /// Turns it away: there are too many.
    pub(super) async fn no_room(self) {
        self.reply.reject(ChannelOpenFailure::ResourceShortage).await;
    }

    /// Turns it away: it may not be opened.
    pub async fn prohibit(self) {
        self.reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
    }
}

impl Session {
    /// From now on channels of this kind come here, until the receiver is dropped; whoever asked before gets no more.
    pub fn admit(&self, kind: Kind) -> mpsc::Receiver<IncomingChannel> {
        let (taker, incoming) = mpsc::channel(INCOMING_CHANNELS);
        self.board.admit(kind, taker);
        incoming
    }
}

/// Hands the channel to whoever asked for its kind, and refuses it where nobody did.
pub(super) async fn arrive(board: &Arc<Board>, origin: Origin, opened: Opened, reply: Reply) {
    let kind = origin.kind();
    let Some(taker) = board.taker(kind) else {
        return refuse(kind.name(), reply).await;
    };
    let incoming = IncomingChannel { origin, opened, reply, board: board.clone() };
    // Several may come in one read, before whoever takes them has had a turn.
    match timeout(GOODBYE, taker.reserve()).await {
        Ok(Ok(room)) => room.send(incoming),
        _ => {
            log::warn!(
                "Warning: the host opens channels ({}) faster than they are served; one is refused.",
                kind.name()
            );
            incoming.no_room().await;
        }
    }
}

/// Refuses a channel that nobody asked for, and says so.
pub(super) async fn refuse(kind: &str, reply: Reply) {
    log::warn!(
        "Warning: the host tried to open a channel ({}) that was not asked for; refused.",
        visible(kind.as_bytes())
    );
    reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
}
