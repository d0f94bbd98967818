//! Who carries a connection's packets: russh, which has the host at its other end, or a master that passes them on.

use std::sync::Arc;

use bytes::Bytes;
use russh::client::{ChannelOpenHandle, Handle, Msg};
use russh::keys::agent::AgentSessionBinding;
use russh::{ChannelOpenFailure, ChannelReadHalf, ChannelWriteHalf, Disconnect, Error, Sig};

use super::events::Events;
use super::passed::{Far, Offer, Passed};
use super::{Ask, ConnectionGone, StreamTo};
use crate::hop::BoxedWire;
use crate::mux::{ChannelRequest, GlobalRequest, Opening};
use crate::x11;

/// One of the two.
pub(super) enum Carrier {
    /// A connection of our own.
    Own(Handle<Events>),
    /// One of a master's.
    Passed(Passed),
}

/// A channel that is open, or will be when we say so: our number for it, and what we say on it.
pub(super) struct Opened {
    pub(super) id: u32,
    pub(super) writer: Arc<Writer>,
}

impl From<russh::Channel<Msg>> for Opened {
    /// What comes goes past the queue that would hold it a second time.
    fn from(channel: russh::Channel<Msg>) -> Self {
        let id = channel.id().number();
        let (reader, writer): (ChannelReadHalf, _) = channel.split();
        drop(reader);
        Self { id, writer: Arc::new(Writer::Own(writer)) }
    }
}

/// What a host answers.
pub(super) enum Answer {
    /// Yes, with the port that it chose if it was to choose one.
    Yes(u32),
    No,
    /// Nobody says.
    Untold,
}

impl Carrier {
    pub(super) async fn open_session(&self) -> Result<Opened, Error> {
        match self {
            Self::Own(handle) => handle.channel_open_session().await.map(Opened::from),
            Self::Passed(passed) => passed.open(Opening::Session).await,
        }
    }

    pub(super) async fn open_stream(&self, to: &StreamTo) -> Result<Opened, Error> {
        match (self, to) {
            (Self::Own(handle), StreamTo::Tcp { host, port, from }) => {
                let (address, from) = (from.0.as_str(), from.1.into());
                handle.channel_open_direct_tcpip(host.as_str(), (*port).into(), address, from).await.map(Opened::from)
            }
            (Self::Own(handle), StreamTo::Unix { path }) => {
                handle.channel_open_direct_streamlocal(path.as_str()).await.map(Opened::from)
            }
            (Self::Passed(passed), StreamTo::Tcp { host, port, from }) => {
                passed.open(Opening::Port { host: host.clone(), port: *port, from: from.clone() }).await
            }
            (Self::Passed(passed), StreamTo::Unix { path }) => passed.open(Opening::Path(path.clone())).await,
        }
    }

    /// A stream for a connection to a further host. The way to a host leads through connections of our own.
    pub(super) async fn open_tunnel(&self, host: &str, port: u16) -> Result<BoxedWire, Error> {
        let Self::Own(handle) = self else { return Err(Error::ChannelOpenFailure(ChannelOpenFailure::ConnectFailed)) };
        let channel = handle.channel_open_direct_tcpip(host, port.into(), "127.0.0.1", 65535).await?;
        Ok(Box::new(channel.into_stream()))
    }

    /// Asks the host for something without a channel.
    pub(super) async fn ask(&self, request: GlobalRequest) -> Result<Answer, Error> {
        let handle = match self {
            Self::Own(handle) => handle,
            Self::Passed(passed) => return passed.ask(request).await,
        };
        let answer = match request {
            GlobalRequest::Listen { address, port } => handle.tcpip_forward(address, port.into()).await,
            GlobalRequest::ListenNoMore { address, port } => {
                handle.cancel_tcpip_forward(address, port.into()).await.map(|()| 0)
            }
            GlobalRequest::ListenAt(path) => handle.streamlocal_forward(path).await.map(|()| 0),
            GlobalRequest::ListenAtNoMore(path) => handle.cancel_streamlocal_forward(path).await.map(|()| 0),
            GlobalRequest::Other(_) => Err(Error::RequestDenied),
        };
        match answer {
            Ok(port) => Ok(Answer::Yes(port)),
            Err(Error::RequestDenied) => Ok(Answer::No),
            Err(error) => Err(error),
        }
    }

    /// Asks the host whether it is there; a master does so by itself.
    pub(super) async fn ping(&self) -> Result<(), Error> {
        match self {
            Self::Own(handle) => handle.send_ping().await,
            Self::Passed(_) => Ok(()),
        }
    }

    /// Renews the keys, where they are ours.
    pub(super) async fn rekey(&self) {
        if let Self::Own(handle) = self {
            // An error says that the connection is gone, which whoever waits for its end learns too.
            let _ = handle.rekey_soon().await;
        }
    }

    pub(super) fn agent_binding(&self) -> Option<&AgentSessionBinding> {
        match self {
            Self::Own(handle) => handle.agent_session_binding(),
            Self::Passed(_) => None,
        }
    }

    /// Says goodbye.
    pub(super) async fn leave(&self) -> Result<(), Error> {
        match self {
            Self::Own(handle) => handle.disconnect(Disconnect::ByApplication, "disconnected by user", "").await,
            Self::Passed(passed) => {
                passed.leave().await;
                Ok(())
            }
        }
    }
}

/// What we say on a channel. An error says that the connection is gone, which a channel's `Progress` tells better.
pub(super) enum Writer {
    Own(ChannelWriteHalf<Msg>),
    Passed(Far),
}

impl Writer {
    /// Sends a piece, as the window takes it.
    pub(super) async fn data(&self, piece: Bytes) -> Result<(), ConnectionGone> {
        match self {
            Self::Own(writer) => writer.data_bytes(piece).await.map_err(|_| ConnectionGone),
            Self::Passed(far) => far.data(piece).await.map_err(|_| ConnectionGone),
        }
    }

    pub(super) async fn eof(&self) {
        let _ = match self {
            Self::Own(writer) => writer.eof().await,
            Self::Passed(far) => far.eof().await,
        };
    }

    pub(super) async fn close(&self) {
        let _ = match self {
            Self::Own(writer) => writer.close().await,
            Self::Passed(far) => far.close().await,
        };
    }

    pub(super) async fn ask(&self, ask: &Ask, reply: bool) -> Result<(), Error> {
        let writer = match self {
            Self::Own(writer) => writer,
            Self::Passed(far) => return far.ask(ChannelRequest::Ask(ask.clone()), reply).await,
        };
        match ask {
            Ask::Agent => writer.agent_forward(reply).await,
            Ask::Pty(pty) => {
                let size = pty.size;
                let (columns, rows) = (size.columns, size.rows);
                let (width, height) = (size.pixel_width, size.pixel_height);
                writer.request_pty(reply, &pty.term, columns, rows, width, height, &pty.modes).await
            }
            Ask::Variable { name, value } => writer.set_env(reply, name, value).await,
            Ask::Exec(command) => writer.exec(reply, command.as_slice()).await,
            Ask::Shell => writer.request_shell(reply).await,
            Ask::Subsystem(name) => writer.request_subsystem(reply, name).await,
            // These have no answer (RFC 4254, sections 6.7 and 6.9).
            Ask::Size(size) => writer.window_change(size.columns, size.rows, size.pixel_width, size.pixel_height).await,
            Ask::Signal(name) => writer.signal(Sig::Custom(name.clone())).await,
        }
    }

    pub(super) async fn ask_for_x11(&self, x11: &x11::Request, reply: bool) -> Result<(), Error> {
        let many_clients = false;
        match self {
            Self::Own(writer) => {
                writer.request_x11(reply, many_clients, x11.protocol.as_str(), x11.cookie.as_str(), x11.screen).await
            }
            Self::Passed(far) => far.ask(ChannelRequest::X11, reply).await,
        }
    }
}

/// How a channel that the host opens is answered. Dropped, it refuses.
pub(super) enum Reply {
    Own(ChannelOpenHandle),
    Passed(Offer),
}

impl Reply {
    pub(super) async fn accept(self) {
        match self {
            Self::Own(handle) => handle.accept().await,
            Self::Passed(offer) => offer.accept().await,
        }
    }

    pub(super) async fn reject(self, reason: ChannelOpenFailure) {
        match self {
            Self::Own(handle) => handle.reject(reason).await,
            Self::Passed(offer) => offer.refuse(reason.code()),
        }
    }
}
