//! One connection shared by many callers: OpenSSH's PROTOCOL.mux, version 4, as a master and as a client.
//!
//! Order of use: a client [`dial`]s the control socket and greets the master ([`Client::greet`]); where there is none, the
//! program connects by itself, and becomes the master if it is told to: it binds a [`ControlSocket`] and runs a [`Master`] on
//! its session. A client hands its own three descriptors over, so the master carries the bytes and the client only waits.
//!
//! What this room must never do: serve a peer of another user, read a byte beyond a packet (a descriptor rides on it), hand a
//! session's end to a client before its output is written, or let a master whose connection is dead hold a client up.

mod client;
mod draft;
mod line;
mod master;
mod message;
mod name;
mod packet;
mod relay;
mod ride;
mod socket;
#[cfg(test)]
mod tests;
mod window;

pub use client::{Client, ClientError, Passenger, Waited};
pub use line::Line;
pub use master::{Master, Terms, Verdict};
pub use message::{End, Forward, ForwardKind, FromClient, FromMaster, Malformed, NewSession, Request};
pub use name::name_of;
pub use packet::{ChannelRequest, GlobalRequest, Grant, Opening, Packet};
pub use socket::{ControlSocket, SocketError, dial};
pub(crate) use window::Window;
