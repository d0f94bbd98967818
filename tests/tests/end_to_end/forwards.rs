//! Forwards: ports and sockets, both ways, SOCKS proxies, and a client in the background.

mod background;
mod console;
mod failures;
mod idle;
mod many;
mod ports;
mod programs;
mod remote;
mod sockets;
mod socks;
mod specifications;
pub(crate) mod stalled;
