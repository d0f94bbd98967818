//! Makes one tree like another over a pair of byte streams.
//!
//! One side is the *source*, the other the *target*; either may be where the user sits. Nothing here knows what the streams
//! run over: an SSH channel, a child's pipes, or memory. `docs/sync-protocol.md` has the words that travel.
//!
//! In order of use: [`Start`] (what the user's side asks of the helper), [`client`] and [`serve`] (the two ends of the line),
//! and inside `source` and `target`, which do the work on [`Tree`]s. `wire` has the messages, `page` the digests that
//! make an unchanged tree cheap, `limits` every bound.
//!
//! It must never take a name, a length or a count of the other side's for true, and never touch a tree but through
//! `xssh_fs::Root`.
#![forbid(unsafe_code)]

mod above;
mod buffers;
mod chmod;
mod content;
mod digester;
mod drive;
mod error;
mod filtering;
pub mod lanes;
pub mod limits;
mod line;
mod mapping;
mod options;
mod owners;
mod page;
mod pruning;
mod repository;
mod selection;
mod source;
mod spans;
mod speed;
mod striped;
mod summary;
mod target;
mod tree;
mod watch;
mod wire;

pub use above::{AboveError, FoundAbove, GitAbove};
pub use chmod::{Chmod, ChmodError};
pub use drive::{Near, Opened, Opener, client, serve};
pub use error::SyncError;
pub use mapping::{Mapping, MappingError};
pub use options::{Backup, BackupPlace, Options, References, Reuse};
pub use selection::Selection;
pub use summary::Summary;
pub use tree::{Difference, Item, Meta, Tree};
pub use watch::{Change, Nobody, Note, Outlook, Watch};
pub use wire::WireError;
pub use wire::opening::Speaker;
pub use wire::start::{Reason, Refusal, Role, Shown, Start};
pub use xssh_filter::Rules;
