//! What is replaced or deleted is kept, where that is asked for: beside it, in a directory of the tree, or in one outside, which
//! is held by itself. A backup is another name of the same file, and a copy where that cannot be, as on another file system.

use xssh_fs::{FsError, RelPath, Root};

use super::Shared;
use crate::options::{Backup, BackupPlace};
use crate::tree::joined;

impl Shared<'_> {
    /// Keeps what is about to be replaced, where that is asked for; it stays under its own name too. `within`: the file itself is
    /// going to be written to.
    pub(super) fn back_up(&self, path: &RelPath, within: bool) -> Result<(), FsError> {
        let Some(backup) = &self.options.backup else { return Ok(()) };
        let (root, own) = self.tree.place(path)?;
        let (to, kept) = self.kept_as(root, &own, backup)?;
        if within { to.copy_over(root, &own, &kept) } else { to.link_over(root, &own, &kept) }
    }

    /// Keeps what is deleted, in place of its deletion.
    pub(super) fn put_away(&self, path: &RelPath, backup: &Backup) -> Result<(), FsError> {
        let (root, own) = self.tree.place(path)?;
        let (to, kept) = self.kept_as(root, &own, backup)?;
        to.rename(root, &own, &kept)
    }

    /// Where a backup is kept, in a directory that is there.
    fn kept_as<'a>(&'a self, root: &'a Root, own: &RelPath, backup: &Backup) -> Result<(&'a Root, RelPath), FsError> {
        let parent = own.parent().unwrap_or_else(RelPath::root);
        let name = [own.name(), &backup.suffix].concat();
        let (to, parent) = match &backup.place {
            BackupPlace::Beside => return Ok((root, parent.join(&name)?)),
            BackupPlace::Inside(directory) => (root, joined(directory, parent.as_bytes())?),
            // Whoever opened the tree has opened this too.
            BackupPlace::Outside(_) => (self.tree.backups().unwrap_or(root), parent),
        };
        to.make_directories(&parent, 0o700)?;
        Ok((to, parent.join(&name)?))
    }
}
