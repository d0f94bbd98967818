//! What a channel is opened for.

use bytes::Bytes;

use super::field::Field;
use crate::mux::draft::Draft;
use crate::mux::message::Malformed;
use crate::terminal::visible::visible;

/// A channel's type and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Opening {
    /// A program on the host (RFC 4254, section 6.1).
    Session,
    /// A port that the host can reach (section 7.2).
    Port { host: String, port: u16, from: (String, u16) },
    /// A socket on the host (PROTOCOL, section 2.4).
    Path(String),
    /// Someone has connected to a port on which the host listens for us (RFC 4254, section 7.2).
    ForwardedPort { address: String, port: u32, from: (String, u32) },
    /// The same with a socket (PROTOCOL, section 2.4).
    ForwardedPath(String),
    /// Something else.
    Other(String),
}

impl Opening {
    /// The type's name, made safe to show.
    pub fn name(&self) -> &str {
        match self {
            Self::Session => "session",
            Self::Port { .. } => "direct-tcpip",
            Self::Path(_) => "direct-streamlocal@openssh.com",
            Self::ForwardedPort { .. } => "forwarded-tcpip",
            Self::ForwardedPath(_) => "forwarded-streamlocal@openssh.com",
            Self::Other(name) => name,
        }
    }

    pub(super) fn write(&self, draft: Draft) -> Draft {
        match self {
            Self::Session | Self::Other(_) => draft,
            Self::Port { host, port, from: (address, from) } => {
                draft.string(host).uint((*port).into()).string(address).uint((*from).into())
            }
            Self::Path(path) => draft.string(path).string("").uint(0),
            Self::ForwardedPort { address, port, from: (peer, from) } => {
                draft.string(address).uint(*port).string(peer).uint(*from)
            }
            Self::ForwardedPath(path) => draft.string(path).string(""),
        }
    }

    pub(super) fn read(name: Bytes, field: &mut Field<'_>) -> Result<Self, Malformed> {
        Ok(match &name[..] {
            b"session" => Self::Session,
            b"direct-tcpip" => {
                Self::Port { host: field.text()?, port: field.port()?, from: (field.text()?, field.port()?) }
            }
            b"direct-streamlocal@openssh.com" => {
                let path = field.text()?;
                let _reserved = (field.bytes()?, field.uint()?);
                Self::Path(path)
            }
            b"forwarded-tcpip" => Self::ForwardedPort {
                address: field.text()?,
                port: field.uint()?,
                from: (field.text()?, field.uint()?),
            },
            b"forwarded-streamlocal@openssh.com" => {
                let path = field.text()?;
                let _reserved = field.bytes()?;
                Self::ForwardedPath(path)
            }
            other => {
                field.skip();
                Self::Other(visible(other))
            }
        })
    }
}
