//! What one key may do on this machine, and how what it starts is held to that.
//!
//! In order of use: [`Grant`] (what the administrator's line gives), [`ServedCommand`] (what the client asks for, parsed once and
//! never by a shell), [`Grant::admit`] (the one `match` of the two, which makes an [`Authority`] or a [`Refusal`]), and [`Domain`]
//! (Landlock and limits around whoever acts on it). [`mod@line`] reads, writes and judges the lines of authorized_keys.
//!
//! It must never run anything a client names, never open a path a client names, and never know a protocol: rsync's words are
//! handed on as words.
#![forbid(unsafe_code)]

mod access;
mod authority;
mod command;
mod domain;
mod grant;
pub mod limits;
pub mod line;
mod refusal;
mod relay;
mod words;

pub use access::Access;
pub use authority::{Authority, CvsAuthority, RelayAuthority, TreeAuthority};
pub use command::ServedCommand;
pub use domain::{Bound, ConfineError, Confined, Domain, Less, Right};
pub use grant::{Grant, Limits, Name, NameError, Protocol, Repositories, Tree};
pub use refusal::Refusal;
pub use relay::{Relay, RelayTo, RelayToError, Way};
pub use words::Word;
