//! SSH, first as a client: who to reach, by which way, whether it is really them, and a pipe to a program there.
//!
//! The order of use is the order of the rooms:
//! [`destination`] (what the user typed) → [`config`] (resolves it to [`settings::Settings`]) → [`hop`] (a byte stream to
//! the host) → [`session`] (key exchange; [`hostkey`] mints the proof, [`auth`] spends it) → [`exec`] (the pipe) and
//! [`terminal`]. [`x11`] and [`agent_forward`] serve what the host opens on it. [`server`] is the other side, in small.
//!
//! This crate alone names russh. It must never print, never read the environment, never exit the process, and never
//! prompt by itself: all that reaches it through [`settings`], [`prompt::Prompt`] and the `log` facade.
#![forbid(unsafe_code)]

pub mod agent_forward;
pub mod auth;
pub mod config;
pub mod destination;
pub mod exec;
mod fields;
pub mod forward;
pub mod hop;
pub mod hostkey;
pub mod limits;
pub mod mux;
pub mod prompt;
pub mod server;
pub mod session;
pub mod settings;
mod socks;
pub mod terminal;
pub mod x11;
