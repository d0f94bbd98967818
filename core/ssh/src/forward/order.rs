//! A forward whose paths are decided.

use std::fmt;

use crate::config::tokens::{Scope, TokenError, Tokens};
use crate::settings::{Connect, Forward, Listen};

/// A forward to be set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Where it listens.
    pub place: Place,
    /// Where it leads.
    pub target: Target,
}

/// Where a forward listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A TCP port, with the address as written.
    Port {
        /// See [`Listen::Port`].
        bind: Option<String>,
        /// See [`Listen::Port`].
        port: u16,
    },
    /// A unix socket.
    Path(String),
}

/// Where a forward leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A TCP port.
    Port {
        /// The host, as whoever connects shall resolve it.
        host: String,
        /// The port there.
        port: u16,
    },
    /// A unix socket.
    Path(String),
    /// Wherever each client says.
    Socks,
}

impl Order {
    /// Takes a forward as it stands, without a look for tokens.
    #[must_use]
    pub fn literal(forward: &Forward) -> Self {
        Self {
            place: Place::literal(&forward.listen),
            target: match &forward.connect {
                Connect::Port { host, port } => Target::Port { host: host.clone(), port: *port },
                Connect::Path(path) => Target::Path(path.0.clone()),
                Connect::Socks => Target::Socks,
            },
        }
    }

    /// Expands the tokens in a forward's paths.
    ///
    /// # Errors
    /// A path holds a token that it may not hold.
    pub fn new(forward: &Forward, tokens: &Tokens) -> Result<Self, TokenError> {
        let mut order = Self::literal(forward);
        if let Listen::Path(path) = &forward.listen {
            order.place = Place::Path(tokens.expand(path, Scope::FORWARD_PATH)?);
        }
        if let Connect::Path(path) = &forward.connect {
            order.target = Target::Path(tokens.expand(path, Scope::FORWARD_PATH)?);
        }
        Ok(order)
    }
}

impl Place {
    /// Whether whoever listens there chooses the port.
    #[must_use]
    pub fn is_chosen_there(&self) -> bool {
        matches!(self, Self::Port { port: 0, .. })
    }

    /// Takes it as it stands, without a look for tokens.
    #[must_use]
    pub fn literal(listen: &Listen) -> Self {
        match listen {
            Listen::Port { bind, port } => Self::Port { bind: bind.clone(), port: *port },
            Listen::Path(path) => Self::Path(path.0.clone()),
        }
    }
}

/// In the form of OpenSSH's messages.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port { host, port } => write!(f, "{host}:{port}"),
            Self::Path(path) => f.write_str(path),
            Self::Socks => f.write_str("[socks]"),
        }
    }
}

/// In the form of OpenSSH's messages.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port { bind: None, port } => write!(f, "LOCALHOST:{port}"),
            Self::Port { bind: Some(bind), port } => write!(f, "{bind}:{port}"),
            Self::Path(path) => f.write_str(path),
        }
    }
}
