//! The rules that are in force in one directory.

use std::io;
use std::sync::Arc;

use crate::{FilterError, Rules};

/// A directory that may hold a file of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directory<'a> {
    /// In the transfer: the path from its root, empty for the root itself.
    Inside(&'a [u8]),
    /// Above the transfer's root: an absolute path. Asked for only by rules like `: /.rsync-filter`.
    Above(&'a [u8]),
}

/// Reads the rule files of directories.
///
/// Whoever serves a tree to others answers [`Directory::Above`] with None, and follows no symbolic link out of the tree.
pub trait MergeFiles {
    /// The bytes of the file `name` (one component, never `.` or `..`) in a directory; None where there is none.
    ///
    /// # Errors
    /// Whatever the system says. The scope is not made then, because a missing rule could delete what it protects.
    fn read(&self, directory: Directory<'_>, name: &[u8]) -> io::Result<Option<Vec<u8>>>;
}

/// The rules that are in force in one directory. Cheap to clone, and never changes.
#[derive(Debug, Clone)]
pub struct Scope {
    path: Arc<[u8]>,
}

impl Scope {
    pub(crate) fn root(_rules: &Rules, _absolute: &[u8], _files: &dyn MergeFiles) -> Result<Self, FilterError> {
        Ok(Self { path: Arc::default() })
    }

    /// The scope of a directory in this one. `name` is one component.
    ///
    /// # Errors
    /// A per-directory file that is malformed or cannot be read.
    pub fn enter(&self, _name: &[u8], _files: &dyn MergeFiles) -> Result<Self, FilterError> {
        Ok(self.clone())
    }

    /// The directory's path from the transfer's root; empty for the root.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// Whether a name in this directory is left out of the transfer. What is below a hidden directory is not asked about.
    #[must_use]
    pub fn hidden(&self, _name: &[u8], _is_dir: bool) -> bool {
        false
    }

    /// Whether a name in this directory must not be deleted though the sender has not got it.
    #[must_use]
    pub fn protected(&self, _name: &[u8], _is_dir: bool) -> bool {
        false
    }

    /// As [`Scope::protected`], in a directory that is itself being deleted: perishable rules do not count.
    #[must_use]
    pub fn protected_in_deleted(&self, _name: &[u8], _is_dir: bool) -> bool {
        false
    }
}
