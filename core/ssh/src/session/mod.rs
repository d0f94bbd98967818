//! A connection to one host: key exchange, the check of the host, authentication, and the channels on it.
//!
//! Order of use: [`route::open`] finds the way to a host and opens a [`Session`] on it; on that,
//! [`Session::start`] starts what the settings ask for, or [`Session::tunnel`] opens a stream to a further host.
//! This is the one place that deals with russh's event loop, and that would change if another library took its place.
//!
//! What this room must never do: authenticate without a [`crate::hostkey::HostVerified`], accept a channel that the
//! host opens unasked, or let one channel's reader hold up the connection before the limits are reached.

mod algorithms;
mod checks;
mod chosen;
mod connect;
mod error;
mod events;
mod learning;
mod progress;
mod report;
pub mod route;
mod start;

pub use chosen::Chosen;
pub use connect::Session;
pub use error::{Cause, Peer, SessionError};
pub use progress::{Exit, Progress, Request};
pub use report::HopReport;
pub use start::{Start, StartKind, Started};
