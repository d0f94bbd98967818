//! The way to the host: TCP, a command's pipes, or a proxy's tunnel, one after the other, each a plain byte stream.

mod tcp_wire;

use tokio::io::{AsyncRead, AsyncWrite};

pub use tcp_wire::TcpWire;

/// A byte stream to the next hop.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Any wire.
pub type BoxedWire = Box<dyn Wire>;
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct HopError;
