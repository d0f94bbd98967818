//! What is to be done on the way to one host, decided: the typed result of command line and configuration files.
//!
//! Each consumer reads its own part and no other. Values that may hold `%` tokens or `${ENV}` are [`Template`]s, just as
//! they were written; [`crate::config::tokens`] expands them where they are used. Nothing here does I/O.

mod algorithms;
mod auth;
mod connection;
mod forward;
mod forwarded_agent;
mod forwarding;
mod host_key;
mod route;
mod session;
mod target;
mod x11;

pub use algorithms::Algorithms;
pub use auth::{AddKeys, Auth, IdentityAgent, Method};
pub use connection::{AddressFamily, Connection, Rekey};
pub use forward::{ChannelTimeout, Connect, Forward, Listen, Permitted};
pub use forwarded_agent::ForwardedAgent;
pub use forwarding::{Forwarding, Mastering, Sharing};
pub use host_key::{FingerprintHash, HostKey, StrictChecking, UpdateHostKeys};
pub use route::{Jump, Route};
pub use session::{RequestTty, Session, SessionType};
pub use target::{Canonicalize, Target};
pub use x11::X11;

/// A value as written, tokens and all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template(pub String);

/// The level from which on messages are shown (ssh_config(5), LogLevel).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[allow(missing_docs)]
pub enum LogLevel {
    Quiet,
    Fatal,
    Error,
    #[default]
    Info,
    Verbose,
    Debug1,
    Debug2,
    Debug3,
}

/// A line of `-G`: a keyword and its values, tokens and all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedLine {
    /// The keyword as `-G` writes it.
    pub keyword: &'static str,
    /// What stands behind it, blank by blank.
    pub values: Vec<String>,
}

/// Everything that was decided for one host.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Who and where.
    pub target: Target,
    /// How the stream to it is opened and kept.
    pub connection: Connection,
    /// Which algorithms may be used.
    pub algorithms: Algorithms,
    /// How the host proves itself.
    pub host_key: HostKey,
    /// How we prove ourselves.
    pub auth: Auth,
    /// What lies between here and there.
    pub route: Route,
    /// What is run there.
    pub session: Session,
    /// Ports, sockets, X11 and agent.
    pub forwarding: Forwarding,
    /// Connection sharing.
    pub sharing: Sharing,
    /// How much to say.
    pub log_level: LogLevel,
    /// All of it as [`crate::config::dump`] prints it, with the keywords that only it knows.
    pub carried: Vec<CarriedLine>,
}
