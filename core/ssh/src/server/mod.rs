//! A small SSH server, for boxes and containers without sshd: keys log in, and a program of ours serves what each asks for.
//!
//! In the order of use: [`HostKey`] (what the server proves itself with, made on first use), [`Gatekeeper`] (the caller's word
//! on whose key may come in, and what runs for it), [`Server`] (who may connect, how many at once, and the end), `startups` (who gives
//! way before it has logged in), `peer` (one connection as russh reports it), `program` (one process, its pipes and its channel), `stdin` (what it is sent, and what the
//! client may send).
//!
//! It must never start a shell, never choose a program by itself, give no terminal, open no connection
//! to another host itself (a program does, where the service says so), and let nobody who has
//! not proved a key hold more than [`limits::LOGIN_GRACE`](crate::limits::LOGIN_GRACE) of its time.

mod gatekeeper;
mod host_key;
mod listening;
mod peer;
mod program;
mod startups;
mod stdin;

pub use gatekeeper::{ClientCertificate, ClientKey, Gatekeeper, Service};
pub use host_key::{HostKey, HostKeyError};
pub use listening::{Plan, Server, Stop};
