//! `xssh serve` as the forced command of a key, behind a real sshd, and behind our own server. Where another program stands before
//! ours in the line, as in `unconfined` and `variables`, only sshd takes it.

mod append;
mod authorize;
mod blind;
mod devices;
mod ended;
mod escapes;
mod kept;
mod limits;
mod own;
mod pulls;
mod pushes;
mod races;
mod relayed;
mod stuck;
mod synced;
mod syslog;
mod tables;
mod together;
mod unconfined;
mod variables;
mod wire;

use xssh_tests::sshd::Sshd;

type Served = crate::served::Served<Sshd>;
