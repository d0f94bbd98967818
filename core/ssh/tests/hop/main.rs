//! The ways to a host, through the real programs: tinyproxy, microsocks, ssh -D, socat, nc. A program that is missing fails
//! the run by its name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod chain;
mod command;
mod http;
mod servers;
mod socks;
mod tcp;
mod tls;
mod travel;
