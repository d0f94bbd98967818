//! Where contents are written.

use std::fs::File;

use xssh_fs::{FsError, Staged};

use super::Shared;
use super::ledger::Wanted;

/// A place for the contents of one file.
pub(super) enum Place {
    /// Beside the file, until they are complete.
    Beside(Staged),
    /// Into the file itself.
    Within(File),
}

impl Place {
    /// Where a file's contents go. `large`: so that the next run finds them.
    pub(super) fn of(shared: &Shared<'_>, wanted: &Wanted, large: bool) -> Result<Self, FsError> {
        let (root, own) = shared.tree.place(&wanted.item.path)?;
        if Self::is_within(shared, wanted) {
            shared.back_up(&wanted.item.path, true)?;
            return root.open_in_place(&own).map(Self::Within);
        }
        let staged = match () {
            () if large => root.stage_partial(&own)?,
            () if wanted.vacant => root.stage_new(&own, wanted.item.meta.mode)?,
            () => root.stage(&own)?,
        };
        Ok(Self::Beside(staged))
    }

    /// Whether a file is to be written to itself.
    pub(super) fn is_within(shared: &Shared<'_>, wanted: &Wanted) -> bool {
        shared.options.inplace && wanted.replaces && !shared.is_shared(&wanted.item.path)
    }

    /// So much has come that the next run is to go on from here.
    pub(super) fn outlast(&mut self) {
        if let Self::Beside(staged) = self {
            // Where it cannot, the next run has what this one had.
            let _ = staged.outlast();
        }
    }

    pub(super) fn file(&self) -> &File {
        match self {
            Self::Beside(staged) => staged.file(),
            Self::Within(file) => file,
        }
    }
}
