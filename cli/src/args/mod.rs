//! The command line, in OpenSSH's grammar.
//!
//! [`definition`] is the one list of letters, with their help; [`walk`] splits argv by it as getopt(3) would, around the
//! destination; [`letters`] says what each letter means as a line of configuration; [`Action`] is what comes out.
//!
//! **Subcommands** are words in first place only. Even there a word is a host where the rest is a call that rsync or cvs
//! makes to a host of that name: `sync rsync --server …`, `sync cvs server`. Every other call of theirs begins with an
//! option (`-l user sync …`, `-- sync …`), and then the word is not in first place. `user@sync` and `-- sync` reach such
//! a host too. Under the name `ssh` there are no subcommands.

mod action;
pub mod definition;
mod letters;
mod walk;

pub use action::{Action, Help, Invocation, UsageError, parse};
