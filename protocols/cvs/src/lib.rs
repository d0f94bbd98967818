//! CVS's client/server protocol as a gate sees it: which requests a client makes, and which of them may reach a server.
//!
//! `cvs server` draws no boundary of its own: it serves every root, and a commit to `CVSROOT` is a way to run programs. The gate
//! stands in front of it. In order of use: a [`Grant`] (what a key may do), a [`Gate`] over it, which takes the client's bytes
//! until it [wants](Gate::wanted) a server for one of the granted roots; then [`Gate::serve`] with what is to be known of that
//! repository ([`Repository`]), and bytes from both sides until one of them ends.
//!
//! `wire` makes typed requests of bytes, `path` says where in a repository a name leads, `modules` what the names of modules stand
//! for, `arguments` which words of a command are names, `bounds` how much a client may send and add, `answers` reads the few lines of the server's that matter.
//!
//! It must never do I/O, never pass on bytes that it has not understood (each request is written anew from its typed value), and
//! never take a length of the client's for true. Facts about the protocol are those of the document *cvsclient*; "cvsclient 5.8"
//! is its section on requests.
#![forbid(unsafe_code)]

mod answers;
mod arguments;
mod bounds;
mod command;
mod directories;
mod gate;
mod grant;
mod hooks;
pub mod limits;
mod login;
mod modules;
mod path;
mod refusal;
mod wire;

pub use bounds::{Bounds, Load, Room};
pub use command::{Command, Effect};
pub use gate::Gate;
pub use grant::{Access, Grant, Hooks};
pub use hooks::{Trigger, Triggers};
pub use login::Login;
pub use modules::Modules;
pub use path::Repository;
pub use refusal::Refusal;
pub use wire::request::Request;
pub use wire::stream::{Event, Requests};
