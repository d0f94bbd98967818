//! What the way to a host was, hop by hop.

use std::net::SocketAddr;
use std::time::Duration;

use super::Chosen;
use crate::auth::AuthReport;

/// One hop of a way.
#[derive(Debug, Clone, Default)]
pub struct HopReport {
    /// `ssh`, `http`, `https`, `socks4a`, `socks5`, `socks5h` or `command`.
    pub kind: &'static str,
    /// What was named: `user@host:port`, or the command.
    pub name: String,
    /// The address reached, where we connected ourselves.
    pub address: Option<SocketAddr>,
    /// The host's key: type, fingerprint, and how it is known.
    pub host_key: Option<String>,
    /// How we proved ourselves.
    pub auth: Option<AuthReport>,
    /// The algorithms.
    pub algorithms: Option<Chosen>,
    /// From asking for the stream to having it.
    pub connecting: Duration,
    /// The key exchange, the check of the host included.
    pub key_exchange: Duration,
    /// The authentication.
    pub authentication: Duration,
}
