//! Peers that mean harm, and a client under watch.
//!
//! [`Server`] listens and runs a script for each connection; the script has the whole protocol in its hands through
//! [`Wire`]: it may speak SSH properly up to any point (version, key exchange, authentication, a session) and then do
//! what no server would. It is written down to the packets, and not on top of an SSH library, because a library refuses
//! to send what these scripts are about. [`Victim`] runs the client with limits of time and memory and looks at what it
//! did. [`Client`] is the other way round: a client that speaks properly up to any [`Stage`]. Nothing here checks a client's signatures: it must never be used as a server for anything else.

mod agent;
mod algorithm;
mod client;
mod handshake;
mod packet;
mod proxy;
pub mod rsync;
mod server;
mod session;
mod victim;
mod wire;

pub use agent::Agent;
pub use algorithm::HostKey;
pub use client::{Client, Stage};
pub use handshake::{Handshake, VERSION};
pub use packet::{Fields, Payload, message};
pub use proxy::Proxy;
pub use server::Server;
pub use session::Session;
pub use victim::{MEMORY, Outcome, PATIENCE, Victim};
pub use wire::{Damage, Wire};
