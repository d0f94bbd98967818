//! Starting what the user asked for on an open session.

use bytes::Bytes;
use log::debug;
use russh::ChannelId;
use russh::client::Msg;
use russh::{ChannelReadHalf, ChannelWriteHalf};

use super::{Request, Session, SessionError};
use crate::exec::Output;
use crate::terminal::request::PtyRequest;
use crate::terminal::visible::visible;

/// What runs on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartKind {
    /// A command, byte for byte.
    Exec(Vec<u8>),
    /// The account's shell.
    Shell,
    /// A subsystem, by name.
    Subsystem(String),
    /// Nothing: a stream to a further host (`-W`).
    Forward {
        /// As the host shall resolve it.
        host: String,
        /// The port there.
        port: u16,
    },
}

/// What to start, and with what around it.
#[derive(Debug, Clone)]
pub struct Start {
    /// What runs.
    pub kind: StartKind,
    /// The pseudo-terminal to ask for.
    pub pty: Option<PtyRequest>,
    /// The variables to send; the host takes those that its AcceptEnv names.
    pub environment: Vec<(String, String)>,
}

/// A channel with something running at its other end.
pub struct Started {
    pub(crate) id: ChannelId,
    pub(crate) writer: ChannelWriteHalf<Msg>,
}

impl Session {
    /// Starts `start`; what it writes goes to the two outputs from its first byte on.
    ///
    /// The requests are sent behind one another without waiting for the answers, which reach [`super::Progress`].
    ///
    /// # Errors
    /// The host opens no channel, or the connection is gone.
    pub async fn start(&self, start: &Start, stdout: Output, stderr: Output) -> Result<Started, SessionError> {
        self.board.expect_channel(stdout, stderr);
        let opened = match &start.kind {
            StartKind::Forward { host, port } => {
                self.handle.channel_open_direct_tcpip(host.as_str(), (*port).into(), "127.0.0.1", 65535).await
            }
            _ => self.handle.channel_open_session().await,
        };
        let channel = match opened {
            Ok(channel) => channel,
            Err(error) => return Err(self.open_error(error).await),
        };
        let id = channel.id();
        // Data comes through the event loop: the queue that would hold it a second time goes.
        let (reader, writer): (ChannelReadHalf, _) = channel.split();
        drop(reader);
        let started = Started { id, writer };
        match self.request(start, &started.writer).await {
            Ok(()) => Ok(started),
            Err(error) => Err(self.lost(error).await),
        }
    }

    /// Sends a piece of our program's input. Past the channel's own accounting: there is one such channel on a
    /// connection, and the event loop holds what the host's window does not take, a few pieces at most.
    ///
    /// # Errors
    /// The connection is gone; the piece comes back.
    pub async fn send(&self, started: &Started, piece: Bytes) -> Result<(), Bytes> {
        self.handle.data(started.id, piece).await
    }

    async fn request(&self, start: &Start, channel: &ChannelWriteHalf<Msg>) -> Result<(), russh::Error> {
        if let Some(pty) = &start.pty {
            self.board.await_reply(Request::Pty);
            let size = pty.size;
            let (columns, rows) = (size.columns, size.rows);
            channel
                .request_pty(true, &pty.term, columns, rows, size.pixel_width, size.pixel_height, &pty.modes)
                .await?;
        }
        for (name, value) in &start.environment {
            debug!("channel 0: setting env {} = \"{}\"", visible(name.as_bytes()), visible(value.as_bytes()));
            channel.set_env(false, name, value).await?;
        }
        match &start.kind {
            StartKind::Exec(command) => {
                debug!("Sending command: {}", visible(command));
                self.board.await_reply(Request::Exec);
                channel.exec(true, command.as_slice()).await
            }
            StartKind::Shell => {
                self.board.await_reply(Request::Shell);
                channel.request_shell(true).await
            }
            StartKind::Subsystem(name) => {
                debug!("Sending subsystem: {}", visible(name.as_bytes()));
                self.board.await_reply(Request::Subsystem);
                channel.request_subsystem(true, name).await
            }
            StartKind::Forward { .. } => Ok(()),
        }
    }
}
