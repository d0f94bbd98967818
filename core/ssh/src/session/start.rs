//! Starting what the user asked for on an open session.

use log::debug;

use super::channel::{Channel, StreamTo};
use super::table::{Awaited, Line};
use super::{Ask, Request, Session, SessionError};
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
    /// Nothing: a stream to a further host, or to a socket on this one (`-W`).
    Forward(StreamTo),
}

impl StartKind {
    /// Its name for ChannelTimeout.
    fn timed(&self) -> &'static str {
        match self {
            Self::Exec(_) => "session:command",
            Self::Shell => "session:shell",
            Self::Subsystem(_) => "session:subsystem",
            Self::Forward(to) => to.kind(),
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

impl Start {
    /// What is asked for, in order; the display comes before all of it.
    pub(crate) fn asks(&self) -> Vec<Ask> {
        let program = match &self.kind {
            StartKind::Exec(command) => Some(Ask::Exec(command.clone())),
            StartKind::Shell => Some(Ask::Shell),
            StartKind::Subsystem(name) => Some(Ask::Subsystem(name.clone())),
            StartKind::Forward { .. } => None,
        };
        let variable = |(name, value): &(String, String)| Ask::Variable { name: name.clone(), value: value.clone() };
        let first = self.agent.then_some(Ask::Agent).into_iter().chain(self.pty.clone().map(Ask::Pty));
        first.chain(self.environment.iter().map(variable)).chain(program).collect()
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
        if let StartKind::Forward(to) = &start.kind {
            return self.stream(to, stdout).await;
        }
        let opening = self.board.table.opening();
        let opened = self.carrier.open_session().await;
        let channel = self.claim(opened, opening, Line::new(stdout, Some(stderr)), start.kind.timed()).await?;
        match self.request(start, &channel).await {
            Ok(()) => Ok(channel),
            Err(error) => Err(self.lost(error).await),
        }
    }

    async fn request(&self, start: &Start, channel: &Channel) -> Result<(), russh::Error> {
        if let Some(x11) = &start.x11 {
            debug!("Requesting X11 forwarding with authentication spoofing.");
            channel.ask_for_x11(x11, Some(Awaited::Start(Request::X11))).await?;
        }
        for ask in start.asks() {
            tell(&ask);
            channel.say(&ask, ask.request().map(Awaited::Start)).await?;
        }
        Ok(())
    }

    /// Opens a channel for a session on which nothing is asked for yet.
    ///
    /// # Errors
    /// The host opens no channel, or the connection is gone.
    pub async fn session(&self, stdout: Output, stderr: Output) -> Result<Channel, SessionError> {
        let opening = self.board.table.opening();
        let opened = self.carrier.open_session().await;
        self.claim(opened, opening, Line::new(stdout, Some(stderr)), "session").await
    }
}

fn tell(ask: &Ask) {
    match ask {
        Ask::Agent => debug!("Requesting authentication agent forwarding."),
        Ask::Variable { name, value } => {
            debug!("channel 0: setting env {} = \"{}\"", visible(name.as_bytes()), visible(value.as_bytes()));
        }
        Ask::Exec(command) => debug!("Sending command: {}", visible(command)),
        Ask::Subsystem(name) => debug!("Sending subsystem: {}", visible(name.as_bytes())),
        Ask::Pty(_) | Ask::Shell | Ask::Size(_) | Ask::Signal(_) => {}
    }
}
