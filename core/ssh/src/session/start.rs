//! Starting what the user asked for on an open session.

use log::debug;

use super::channel::{Channel, StreamTo};
use super::table::Line;
use super::{Request, Session, SessionError};
use crate::exec::Output;
use crate::terminal::request::PtyRequest;
use crate::terminal::visible::visible;
use crate::x11;

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

impl StartKind {
    /// Its name for ChannelTimeout.
    fn timed(&self) -> &'static str {
        match self {
            Self::Exec(_) => "session:command",
            Self::Shell => "session:shell",
            Self::Subsystem(_) => "session:subsystem",
            Self::Forward { .. } => "direct-tcpip",
        }
    }
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
    /// The display to show the host's X clients on; someone must serve them ([`x11::Forward::serve`]).
    pub x11: Option<x11::Request>,
    /// Whether the agent here is for the host's programs too; someone must serve them
    /// ([`crate::agent_forward::AgentForward::serve`]).
    pub agent: bool,
}

impl Start {
    /// With nothing around it.
    pub fn plain(kind: StartKind) -> Self {
        Self { kind, pty: None, environment: Vec::new(), x11: None, agent: false }
    }
}

impl Session {
    /// Starts `start`; what it writes goes to the two outputs from its first byte on.
    ///
    /// The requests are sent behind one another without waiting for the answers, which reach [`super::Progress`].
    ///
    /// # Errors
    /// The host opens no channel, or the connection is gone.
    pub async fn start(&self, start: &Start, stdout: Output, stderr: Output) -> Result<Channel, SessionError> {
        if let StartKind::Forward { host, port } = &start.kind {
            let to = StreamTo::Tcp { host: host.clone(), port: *port, from: ("127.0.0.1".to_owned(), 65535) };
            return self.stream(&to, stdout).await;
        }
        let opening = self.board.table.opening();
        let opened = self.handle.channel_open_session().await;
        let channel = self.claim(opened, opening, Line::new(stdout, Some(stderr)), start.kind.timed()).await?;
        match self.request(start, &channel).await {
            Ok(()) => Ok(channel),
            Err(error) => Err(self.lost(error).await),
        }
    }

    async fn request(&self, start: &Start, channel: &Channel) -> Result<(), russh::Error> {
        let Channel { writer, line, .. } = channel;
        if let Some(x11) = &start.x11 {
            debug!("Requesting X11 forwarding with authentication spoofing.");
            line.await_reply(Request::X11);
            let many_clients = false;
            writer.request_x11(true, many_clients, x11.protocol.as_str(), x11.cookie.as_str(), x11.screen).await?;
        }
        if start.agent {
            debug!("Requesting authentication agent forwarding.");
            line.await_reply(Request::Agent);
            writer.agent_forward(true).await?;
        }
        if let Some(pty) = &start.pty {
            line.await_reply(Request::Pty);
            let size = pty.size;
            let (columns, rows) = (size.columns, size.rows);
            writer.request_pty(true, &pty.term, columns, rows, size.pixel_width, size.pixel_height, &pty.modes).await?;
        }
        for (name, value) in &start.environment {
            debug!("channel 0: setting env {} = \"{}\"", visible(name.as_bytes()), visible(value.as_bytes()));
            writer.set_env(false, name, value).await?;
        }
        match &start.kind {
            StartKind::Exec(command) => {
                debug!("Sending command: {}", visible(command));
                line.await_reply(Request::Exec);
                writer.exec(true, command.as_slice()).await
            }
            StartKind::Shell => {
                line.await_reply(Request::Shell);
                writer.request_shell(true).await
            }
            StartKind::Subsystem(name) => {
                debug!("Sending subsystem: {}", visible(name.as_bytes()));
                line.await_reply(Request::Subsystem);
                writer.request_subsystem(true, name).await
            }
            StartKind::Forward { .. } => Ok(()),
        }
    }
}
