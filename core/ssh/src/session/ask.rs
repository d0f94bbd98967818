//! What is asked of the host on a channel.

use tokio::sync::oneshot;

use super::Request;
use super::channel::{Channel, ConnectionGone};
use super::table::Awaited;
use crate::terminal::request::PtyRequest;
use crate::terminal::size::WindowSize;
use crate::x11;

/// A request on a session's channel (RFC 4254, section 6; PROTOCOL, section 2.1 for the agent).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// That the agent here is for the host's programs too.
    Agent,
    /// A pseudo-terminal.
    Pty(PtyRequest),
    /// A variable for the program.
    Variable {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A command, byte for byte.
    Exec(Vec<u8>),
    /// The account's shell.
    Shell,
    /// A subsystem, by name.
    Subsystem(String),
    /// The window has this size now.
    Size(WindowSize),
    /// A signal for the program, named without `SIG`.
    Signal(String),
}

impl Ask {
    /// The request of a session's start whose answer is awaited.
    pub(crate) fn request(&self) -> Option<Request> {
        match self {
            Self::Agent => Some(Request::Agent),
            Self::Pty(_) => Some(Request::Pty),
            Self::Exec(_) => Some(Request::Exec),
            Self::Shell => Some(Request::Shell),
            Self::Subsystem(_) => Some(Request::Subsystem),
            Self::Variable { .. } | Self::Size(_) | Self::Signal(_) => None,
        }
    }
}

impl Channel {
    /// Asks, and says where the answer will be heard if one is wanted. Where the channel ends first, there is none.
    ///
    /// # Errors
    /// The connection is gone.
    pub(crate) async fn ask(&self, ask: &Ask, wants_reply: bool) -> Result<oneshot::Receiver<bool>, ConnectionGone> {
        let (waiting, answer) = oneshot::channel();
        self.say(ask, wants_reply.then_some(Awaited::Other(waiting))).await.map_err(|_| ConnectionGone)?;
        Ok(answer)
    }

    /// The same for a display to show the host's X clients on.
    ///
    /// # Errors
    /// The connection is gone.
    pub(crate) async fn ask_x11(
        &self,
        x11: &x11::Request,
        wants_reply: bool,
    ) -> Result<oneshot::Receiver<bool>, ConnectionGone> {
        let (waiting, answer) = oneshot::channel();
        self.ask_for_x11(x11, wants_reply.then_some(Awaited::Other(waiting))).await.map_err(|_| ConnectionGone)?;
        Ok(answer)
    }

    pub(super) async fn ask_for_x11(&self, x11: &x11::Request, awaited: Option<Awaited>) -> Result<(), russh::Error> {
        self.writer.ask_for_x11(x11, self.awaits(awaited)).await
    }

    pub(super) async fn say(&self, ask: &Ask, awaited: Option<Awaited>) -> Result<(), russh::Error> {
        self.writer.ask(ask, self.awaits(awaited)).await
    }

    /// The host's next answer is for this one; whether there is one to hear it.
    fn awaits(&self, awaited: Option<Awaited>) -> bool {
        let reply = awaited.is_some();
        if let Some(awaited) = awaited {
            self.line.await_reply(awaited);
        }
        reply
    }
}
