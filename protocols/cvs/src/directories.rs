//! What a client has said of its working directory, as far as it matters to what it may do.
//!
//! A server keeps every directory that it has heard of for as long as the connection lasts, and what a directory is of cannot be
//! changed by naming it again. So what was seen once is remembered.

use crate::path::{self, Place, Repository, parts};
use crate::refusal::Refusal;

/// The directories of one connection.
#[derive(Debug, Default)]
pub(crate) struct Directories {
    /// How far above the working directory there may be one.
    dotdot: u32,
    /// One is of `CVSROOT`.
    pub(crate) has_admin: bool,
    /// One is of the repository's root, so that `CVSROOT` could be named below it.
    pub(crate) has_top: bool,
    /// One is called `CVSROOT` here, which is where an import puts it.
    pub(crate) is_named_admin: bool,
    /// One is above the working directory.
    pub(crate) leads_up: bool,
}

impl Directories {
    /// The client says how far up it will refer.
    pub(crate) fn set_dotdot(&mut self, level: u32) {
        self.dotdot = level;
    }

    /// How far up it may refer.
    pub(crate) fn dotdot(&self) -> u32 {
        self.dotdot
    }

    /// The client says what a directory is of.
    pub(crate) fn note(
        &mut self,
        root: &[u8],
        repository: &Repository,
        (local, path, relative): (&[u8], &[u8], bool),
    ) -> Result<(), Refusal> {
        path::check_working(local, self.dotdot)?;
        let path = path::within(root, path, relative)?;
        match repository.place(parts(path)) {
            // cvs itself puts nothing there.
            Place::Admin if repository.is_empty_directory(parts(path)) => {}
            Place::Admin => self.has_admin = true,
            Place::Top => self.has_top = true,
            Place::Ordinary => {}
        }
        let first = parts(local).next();
        self.is_named_admin |= first.is_some_and(|first| repository.is_admin(first));
        self.leads_up |= first == Some(b"..");
        Ok(())
    }
}
