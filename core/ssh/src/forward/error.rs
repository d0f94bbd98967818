use std::fmt;
use std::net::SocketAddr;

use crate::session::SessionError;

/// An address of a port that is not listened on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// The address.
    pub address: SocketAddr,
    /// What the system says.
    pub reason: String,
}

/// In the form of OpenSSH's messages.
impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bind [{}]:{}: {}", self.address.ip(), self.address.port(), self.reason)
    }
}

/// Why a forward does not stand. The words are OpenSSH's: scripts read them.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// No address could be listened on; each was logged with its reason.
    #[error("channel_setup_fwd_listener_tcpip: cannot listen to port: {port}")]
    Port {
        /// The port.
        port: u16,
        /// What was logged.
        reasons: Vec<String>,
    },
    /// A socket could not be listened on.
    #[error("unix_listener: cannot bind to path {path}: {reason}")]
    Path {
        /// The socket.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// The host does not want it.
    #[error("remote port forwarding failed for listen {0}")]
    Refused(String),
    /// The host says that it has chosen a port that is none.
    #[error("remote port forwarding failed: the host says that it listens on port {0}, which is none")]
    NoPort(u32),
    /// The host was asked, and a master that passes our packets on keeps the answer to itself.
    #[error("remote port forwarding for listen {0}: the master does not pass on what the host answers")]
    Untold(String),
    /// There is no such forward.
    #[error("there is no such forward")]
    Unknown,
    /// The connection is gone.
    #[error(transparent)]
    Session(#[from] SessionError),
}
