use std::fmt;
use std::time::Duration;

use super::Template;

/// Where a forward listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A TCP port.
    Port {
        /// The address as written: nothing said, a name or number, or empty or `*` for all there are.
        bind: Option<String>,
        /// The port; 0, on the far side only, lets the host choose.
        port: u16,
    },
    /// A unix socket.
    Path(Template),
}

/// Where a forward connects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connect {
    /// A TCP port.
    Port {
        /// The host, as whoever connects shall resolve it.
        host: String,
        /// The port there.
        port: u16,
    },
    /// A unix socket.
    Path(Template),
    /// Wherever the SOCKS client says.
    Socks,
}

/// A forward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Its near end.
    pub listen: Listen,
    /// Its far end.
    pub connect: Connect,
}

/// In the form of `-G`.
impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port { bind: None, port } => write!(f, "{port}"),
            Self::Port { bind: Some(bind), port } => write!(f, "[{bind}]:{port}"),
            Self::Path(path) => f.write_str(&path.0),
        }
    }
}

/// In the form of `-G`.
impl fmt::Display for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port { host, port } => write!(f, "[{host}]:{port}"),
            Self::Path(path) => f.write_str(&path.0),
            Self::Socks => f.write_str("[socks]:0"),
        }
    }
}

/// `PermitRemoteOpen`: where clients of a SOCKS proxy on the far side may have us connect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Permitted {
    /// Anywhere.
    #[default]
    Any,
    /// To these hosts, `*` for each, and ports, `None` for each.
    Only(Vec<(String, Option<u16>)>),
}

impl Permitted {
    /// Whether this host and port may be reached: hosts are compared as they are written, as in OpenSSH.
    #[must_use]
    pub fn allows(&self, host: &str, port: u16) -> bool {
        let fits = |(name, number): &(String, Option<u16>)| {
            (name == "*" || name == host) && number.is_none_or(|number| number == port)
        };
        match self {
            Self::Any => true,
            Self::Only(targets) => targets.iter().any(fits),
        }
    }
}

/// One word of `ChannelTimeout`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelTimeout {
    /// A pattern for types of channels, or `global`.
    pub kind: String,
    /// How long nothing may pass; zero is for ever.
    pub interval: Duration,
}
