//! The way to the host: TCP, a command's pipes, or a proxy's tunnel, one after the other, each a plain byte stream.
//!
//! The order of use: [`jump`] reads what the user named as hops, and [`environment`] what the environment adds to it;
//! [`tcp`] or [`command`] opens the first stream; [`through_proxy`] takes a stream to a proxy and gives one to what lies
//! behind it, with [`credentials`] where the proxy wants some. An ssh hop between them is the session's to open.
//!
//! This room must never resolve a name that the proxy is to resolve, never put a password into a log line, an error or
//! an argument, and never wait for a peer without a deadline. Every byte that a proxy sends behind its answer reaches the
//! caller.

pub mod command;
pub mod credentials;
pub mod environment;
pub mod jump;
pub mod tcp;

mod backlog;
mod command_child;
mod command_fdpass;
mod error;
mod halves;
mod http;
mod http_reply;
mod interface;
mod netrc;
mod no_proxy;
mod proxy;
mod replay;
#[cfg(test)]
mod scripted;
mod socks;
mod standard_io;
mod tcp_wire;
mod tls;
mod tunnel;

pub use backlog::Backlog;
pub use credentials::Credentials;
pub(crate) use error::system_words;
pub use error::{HopError, TlsProblem};
pub use jump::Hop;
pub use proxy::{Proxy, Scheme};
pub use standard_io::standard_io;
pub use tcp_wire::TcpWire;
pub use tls::Trust;
pub use tunnel::{Tunnel, deadline, through_proxy};

use tokio::io::{AsyncRead, AsyncWrite};

/// A byte stream to the next hop.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Any wire.
pub type BoxedWire = Box<dyn Wire>;
