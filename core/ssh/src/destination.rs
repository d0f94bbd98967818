//! What the user typed as a host: `[user@]host`, `ssh://[user@]host[:port]`, and with a port where a jump allows one.

/// A destination, split but not resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The part before the last `@`.
    pub user: Option<String>,
    /// The host, without brackets.
    pub host: String,
    /// The port of a URI or of `host:port` in a jump.
    pub port: Option<u16>,
}
