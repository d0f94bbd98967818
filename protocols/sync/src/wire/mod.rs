//! What travels: frames, and the messages in them. Bytes of the other side become validated values here and nowhere later.
//!
//! No I/O but the reading and writing of whole frames; no decisions. In order of use: `bytes` (numbers and strings), `frame`,
//! `entry` (names and what belongs to them), `fields` (what several messages hold), `opening` (who speaks, and what), `start`
//! (the first words of each side), the `options` in them and what is `above`, `message` and the `kind` of each.

mod above;
mod bytes;
mod entry;
mod error;
mod fields;
pub(crate) mod frame;
mod kind;
pub(crate) mod message;
pub(crate) mod opening;
mod options;
pub(crate) mod start;
mod summary;
#[cfg(test)]
mod tests;

pub use error::WireError;
