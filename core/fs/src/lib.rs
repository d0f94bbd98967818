//! A confined tree: everything below one held directory, and nothing else.
//!
//! Whoever holds a [`Root`] can read and change what is below it, by [`RelPath`]s. Every access resolves beneath the held
//! directory and follows no symbolic link on the way (openat2(2), `RESOLVE_BENEATH` and `RESOLVE_NO_SYMLINKS`), so that no
//! name of a peer's, and nobody who swaps a directory meanwhile, leads out of it.
//!
//! In order of use: [`RelPath`], [`Root`], [`walk`] (the entries in their order), [`Staged`] (a file that appears whole
//! or not at all), [`Version`] (whether a file changed while it was read), [`Xattr`], and the changes that `Root` offers. All calls block; all can be made from several threads at once.
//!
//! It must never follow a symbolic link, unless the opener of a root has granted it that ([`Follow`] says what that opens, and for
//! whom it is not), and never change a file under its final name but by a rename,
//! unless its caller asks for that file itself ([`Root::open_in_place`]).
#![forbid(unsafe_code)]

mod beside;
mod change;
mod copy;
mod elsewhere;
mod entry;
mod error;
mod follow;
mod granted;
pub mod limits;
mod lock;
mod names;
mod parents;
mod path;
mod room;
mod root;
mod space;
mod staged;
mod stand_in;
mod version;
pub mod walk;
mod xattr;

pub use beside::{is_beside, name_beside, unkept};
pub use change::Attributes;
pub use copy::{append, copy_range, share, unbroken};
pub use entry::{Entry, Kind};
pub use error::{FsError, PathError};
pub use follow::Follow;
pub use granted::Granted;
pub use lock::Lock;
pub use path::RelPath;
pub use room::{Room, Tally, Usage};
pub use root::Root;
pub use space::Space;
pub use staged::{Staged, StagedBy, is_partial_name, is_staged_here, is_staged_name};
pub use stand_in::StandIn;
pub use version::Version;
pub use xattr::{Refused, Xattr};
