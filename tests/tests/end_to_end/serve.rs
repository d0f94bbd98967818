//! `xssh serve` as the forced command of a key, behind a real sshd.

mod append;
mod authorize;
mod escapes;
mod pulls;
mod pushes;
mod races;
mod relayed;
mod synced;
mod unconfined;
mod variables;

pub(crate) use crate::served::{SECRET, plant};
use xssh_tests::sshd::Sshd;

type Served = crate::served::Served<Sshd>;
