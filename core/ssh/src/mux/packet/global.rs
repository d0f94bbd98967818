//! What is asked for without a channel.

use bytes::Bytes;

use super::field::Field;
use crate::mux::draft::Draft;
use crate::mux::message::Malformed;
use crate::terminal::visible::visible;

/// A global request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum GlobalRequest {
    /// That the host listens on a port (RFC 4254, section 7.1).
    Listen { address: String, port: u16 },
    /// That it does so no more.
    ListenNoMore { address: String, port: u16 },
    /// The same for a socket (PROTOCOL, section 2.4).
    ListenAt(String),
    /// The same for a socket.
    ListenAtNoMore(String),
    /// Something else.
    Other(String),
}

impl GlobalRequest {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Listen { .. } => "tcpip-forward",
            Self::ListenNoMore { .. } => "cancel-tcpip-forward",
            Self::ListenAt(_) => "streamlocal-forward@openssh.com",
            Self::ListenAtNoMore(_) => "cancel-streamlocal-forward@openssh.com",
            Self::Other(name) => name,
        }
    }

    pub(super) fn write(&self, draft: Draft) -> Draft {
        match self {
            Self::Listen { address, port } | Self::ListenNoMore { address, port } => {
                draft.string(address).uint((*port).into())
            }
            Self::ListenAt(path) | Self::ListenAtNoMore(path) => draft.string(path),
            Self::Other(_) => draft,
        }
    }

    pub(super) fn read(name: Bytes, field: &mut Field<'_>) -> Result<Self, Malformed> {
        Ok(match &name[..] {
            b"tcpip-forward" => Self::Listen { address: field.text()?, port: field.port()? },
            b"cancel-tcpip-forward" => Self::ListenNoMore { address: field.text()?, port: field.port()? },
            b"streamlocal-forward@openssh.com" => Self::ListenAt(field.text()?),
            b"cancel-streamlocal-forward@openssh.com" => Self::ListenAtNoMore(field.text()?),
            other => {
                field.skip();
                Self::Other(visible(other))
            }
        })
    }
}
