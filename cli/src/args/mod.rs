//! The command line, in OpenSSH's grammar: from the bytes of argv to what is to be done.
//!
//! In order of use: [`definition`] says which letters there are, and all help is made from it; `word` tells a subcommand
//! from a host of the same name; `walk` goes through the words as getopt(3) does for ssh; `translation` turns letters
//! into lines of configuration, as ssh.c does, and `refusal` turns down those whose feature is not there. [`parse`] puts
//! them in this order.
//!
//! **Subcommands** are words in first place only; `word` has the rule and its exceptions. Under the name `ssh` there are
//! none.
//!
//! Nothing here prints or connects. The one look outside is whether the files of `-i` exist.

mod action;
pub(crate) mod authorize;
mod control;
pub(crate) mod definition;
mod fault;
mod identity;
mod invocation;
pub(crate) mod listen;
mod loudness;
mod refusal;
pub(crate) mod serve;
pub(crate) mod size;
mod stdio_forward;
pub(crate) mod sync;
#[cfg(test)]
mod tests;
mod translation;
mod tunnel;
mod walk;
mod word;

pub(crate) use action::{Action, Help, Topic, parse};
pub(crate) use control::Control;
pub(crate) use fault::Fault;
pub(crate) use invocation::{Invocation, LogChoice};
pub(crate) use tunnel::Tunnel;
