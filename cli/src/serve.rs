//! `xssh serve`: what this program does where sshd or another xssh has started it.
//!
//! - [`forced()`] is the forced command of a key: what the client asks for is matched with what the line grants, once, and one of
//!   the rooms below acts on the authority that comes of it. `tree` is a sync in the granted tree, `rsync` the system's rsync in
//!   a Landlock domain of it, `cvs` the system's cvs behind a gate, `relay` the way to one other host; `own` says what no tree may
//!   hold, `fitness` what else is wrong with a grant before anybody comes, `slot` counts sessions, `ledger` what they have
//!   together, `pace` holds streams to a rate, `grants` reads what many keys may; `explain` says the same without doing it, and
//!   `journal` writes a line of JSON about the session. `ending` has a signal end it in order, with its `children`.
//! - [`sync`] is the helper of `xssh sync` for somebody with an account: it may touch what the account may. `orphan` ends one whose client
//!   is gone in silence.
//! - [`listen()`] is a small SSH server, which starts [`forced()`] for each of its keys where there is no sshd; `terms` says
//!   whether a line of authorized_keys still counts, and `trusted` whether a file is nobody else's.
//! - [`join()`] brings a helper a further lane, `landing` is where it takes it.
//!
//! Under a grant, no path of a client's ever reaches a system call but through a held directory (`xssh_fs::Root`); those that cvs
//! gets have passed the gate, and it is held to its domain.

mod children;
mod conversation;
mod cvs;
mod ending;
mod explain;
pub(crate) mod fitness;
mod forced;
pub(crate) mod grants;
mod join;
mod journal;
mod landing;
mod ledger;
mod listen;
mod orphan;
pub(crate) mod own;
mod pace;
mod relay;
mod rsync;
mod slot;
pub(crate) mod terms;
mod tree;
pub(crate) mod trusted;

pub(crate) use conversation::sync;
pub(crate) use forced::forced;
pub(crate) use join::join;
pub(crate) use journal::try_log;
pub(crate) use listen::listen;
