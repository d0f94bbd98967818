//! The pipe between the caller's descriptors and a program on the host.
//!
//! Order of use: an [`Input`] and two [`Output`]s are made of the caller's descriptors; the session hands what arrives to
//! the outputs as it decrypts it; [`pump`] reads the input, watches for signals and the channel's end, and says how it ended.
//! A forwarded connection is a [`Socket`], whose input and output [`carry`] joins to a channel.
//!
//! What this room must never do: change the flags of a descriptor that it did not open itself (O_NONBLOCK lives on the
//! description, which the caller shares), block the session's task on a slow reader, or hold more of a stalled reader's
//! data than [`crate::limits`] allows.

mod carry;
mod descriptor;
mod feed;
mod input;
mod interposed;
mod killers;
mod output;
mod patience;
mod pump;
mod socket;
mod spill;

pub use carry::{Carried, carry};
pub use feed::{Console, Keyboard};
pub use input::Input;
pub(crate) use interposed::interpose;
pub use killers::Killers;
pub(crate) use output::Held;
pub use output::Output;
pub use pump::{Ending, Pump, pump};
pub use socket::Socket;
pub use spill::Storeroom;
