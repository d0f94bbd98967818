use thiserror::Error;

use crate::Protocol;

/// Why a command is not served, in one line for the client.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A login, or a command of blanks.
    #[error("this key gives no shell; it serves {0}")]
    NoCommand(String),
    /// Longer than a command may be.
    #[error("the command is too long")]
    TooLong,
    /// A byte that stands in no command: a newline, a NUL, an escape.
    #[error("the command holds a control character (\\x{0:02x})")]
    Control(u8),
    /// A byte that means something to a shell, and there is none here.
    #[error("there is no shell here, so '{}' cannot be used in a command", .0.escape_ascii())]
    Shell(u8),
    /// A quote or a backslash without an end.
    #[error("a quote in the command does not end")]
    Open,
    /// A home directory's sign.
    #[error("~ is not expanded here: paths begin at the top of the tree that this key serves")]
    Tilde,
    /// Another program.
    #[error("'{0}' is not served to this key; it serves {1}")]
    Program(String, String),
    /// rsync without what its remote side is called with.
    #[error("rsync is served to rsync's clients alone: the command is to begin with rsync --server")]
    RsyncForm,
    /// rsync by another name, or by way of another program.
    #[error("'{0}' cannot be chosen here: leave out --rsync-path")]
    RsyncPath(String),
    /// A protocol that this key has not.
    #[error("{0} is not granted to this key; it serves {1}")]
    Protocol(Protocol, String),
    /// Another host than the one.
    #[error("this key reaches {0} at port {1} and nothing else")]
    Elsewhere(String, u16),
    /// A channel to a host, where the key has none.
    #[error("this key reaches no host by -W; it serves {0}")]
    Tunnel(String),
    /// A subsystem.
    #[error("there is no subsystem '{0}' for this key; it serves {1}")]
    Subsystem(String, String),
    /// Reading where only writing is granted.
    #[error("this key may not read: it is write-only")]
    WriteOnly,
    /// Writing where only reading is granted.
    #[error("this key may not write: it is read-only")]
    ReadOnly,
}
