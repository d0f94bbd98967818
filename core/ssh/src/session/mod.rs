//! A connection to one host: key exchange, the check of the host, authentication, and the channels on it.
//!
//! Order of use: [`route::open`] finds the way to a host and opens a [`Session`] on it; on that,
//! [`Session::start`] starts what the settings ask for, [`Session::stream`] opens a channel to a port or a socket, and
//! [`Session::tunnel`] a stream to a further host. [`Session::admit`] takes the channels that the host opens. A session may also be
//! carried by a master that passes our packets on ([`Session::passed`]): what is done on it is the same.
//! This is the one place that deals with russh's event loop, and that would change if another library took its place.
//!
//! What this room must never do: authenticate without a [`crate::hostkey::HostVerified`], accept a channel that the
//! host opens unasked, or let one channel's reader hold up the connection before the limits are reached.

mod algorithms;
mod ask;
mod board;
mod carrier;
mod channel;
mod checks;
mod chosen;
mod connect;
mod error;
mod events;
mod flow;
mod forwarding;
mod idle;
mod incoming;
mod learning;
mod passed;
mod progress;
mod report;
pub mod route;
mod service;
mod start;
mod table;

pub use ask::Ask;
pub use channel::{Channel, ConnectionGone, StreamTo};
pub use chosen::Chosen;
pub use connect::Session;
pub use error::{Cause, Peer, Refusal, SessionError};
pub use incoming::{IncomingChannel, Kind, Origin};
pub use progress::{Exit, Progress, Request};
pub use report::HopReport;
pub use service::Service;
pub use start::{Start, StartKind};
