//! What rsync's client asks of its remote side: `rsync --server` and its arguments, as a typed value.
//!
//! In order of use: [`ServerCall::parse`] (an allow-list that refuses by default; every value has a type and bounds),
//! [`ServerCall::check`] (what a key may ask for), [`ServerCall::resolve`] (each path, below the root that it is served in), and
//! [`ServerCall::options`] (fresh words for the system's rsync, made from the value and not from what came).
//!
//! It must never pass on a word as it came, and never touch a file: what a path is, somebody else looks up.
//!
//! What clients send was observed on rsync 3.5.0 and is described in rsync(1); the form of a remote command is no published
//! protocol.
#![forbid(unsafe_code)]

mod call;
mod cluster;
mod error;
pub mod limits;
mod option;
mod permission;
mod place;
mod table;
mod value;

pub use call::{Argument, ServerCall};
pub use error::CallError;
pub use option::PathUse;
pub use permission::{Denied, Permission};
pub use place::{Place, Placed};
