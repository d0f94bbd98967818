use crate::session::SessionError;

/// Why a forward does not stand. The words are OpenSSH's: scripts read them.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// No address could be listened on; each was logged with its reason.
    #[error("channel_setup_fwd_listener_tcpip: cannot listen to port: {0}")]
    Port(u16),
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
    /// There is no such forward.
    #[error("there is no such forward")]
    Unknown,
    /// The connection is gone.
    #[error(transparent)]
    Session(#[from] SessionError),
}
