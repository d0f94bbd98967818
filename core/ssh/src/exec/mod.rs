//! The pipe between the caller's descriptors and a program on the host.
//!
//! Order of use: an [`Input`] and two [`Output`]s are made of the caller's descriptors; the session hands what arrives to
//! the outputs as it decrypts it; [`pump`] reads the input, watches for signals and the channel's end, and says how it ended.
//!
//! What this room must never do: change the flags of a descriptor that it did not open itself (O_NONBLOCK lives on the
//! description, which the caller shares), block the session's task on a slow reader, or hold more of a stalled reader's
//! data than [`crate::limits`] allows.

mod descriptor;
mod input;
mod output;
mod pump;
mod spill;

pub use input::Input;
pub use output::Output;
pub use pump::{Ending, Keyboard, Pump, pump};
