use std::io;
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// Why an agent could not help.
#[derive(Debug, Error)]
pub enum AgentError {
    /// Nobody listens.
    #[error("cannot reach the agent {}: {source}", path.display())]
    Connect {
        /// The agent's socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the agent {} went away: {source}", path.display())]
    Talk {
        /// The agent's socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No answer in time.
    #[error("the agent {} did not answer within {seconds} s", path.display())]
    Silent {
        /// The agent's socket.
        path: PathBuf,
        /// How long we waited.
        seconds: u64,
    },
    /// The agent says no: it does not have the key, is locked, or someone declined.
    #[error("the agent {} refused", path.display())]
    Refused {
        /// The agent's socket.
        path: PathBuf,
    },
    /// The agent does not keep to the protocol.
    #[error("the agent {} {what}", path.display())]
    Broke {
        /// The agent's socket.
        path: PathBuf,
        /// What it did.
        what: &'static str,
    },
    /// The agent signed with another algorithm than it was asked for.
    #[error("the agent {} signed with {got} where {expected} was asked for", path.display())]
    SignatureType {
        /// The agent's socket.
        path: PathBuf,
        /// What it signed with; control bytes are escaped.
        got: String,
        /// What it should have signed with.
        expected: String,
    },
}

impl AgentError {
    pub(super) fn silent(path: PathBuf, patience: Duration) -> Self {
        Self::Silent { path, seconds: patience.as_secs() }
    }
}
