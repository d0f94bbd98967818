//! What the event loop has seen of a channel, for those who wait for it.

/// How the remote program ended (RFC 4254, section 6.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with a status.
    Status(u32),
    /// By a signal, named without `SIG`.
    Signal {
        /// Its name, made safe to show.
        name: String,
        /// What the host says about it, made safe to show.
        message: String,
    },
}

/// A channel request of ours that the host answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Request {
    X11,
    Agent,
    Pty,
    Exec,
    Shell,
    Subsystem,
}

impl Request {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::X11 => "X11 forwarding",
            Self::Agent => "agent forwarding",
            Self::Pty => "PTY allocation",
            Self::Exec => "exec",
            Self::Shell => "shell",
            Self::Subsystem => "subsystem",
        }
    }
}

/// The state of a channel; it only ever grows.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// How the program ended, once known.
    pub exit: Option<Exit>,
    /// The host sends no more data.
    pub eof: bool,
    /// The host closed the channel.
    pub closed: bool,
    /// The request that the host refused.
    pub refused: Option<Request>,
    /// The request for a pseudo-terminal was refused (the session goes on without).
    pub pty_refused: bool,
    /// The connection is gone.
    pub lost: bool,
}
