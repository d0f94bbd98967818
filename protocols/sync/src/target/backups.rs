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
        let (to, kept) = self.kept_as(root, &own, backup, None)?;
        if within { to.copy_over(root, &own, &kept) } else { to.link_over(root, &own, &kept) }
    }

    /// Keeps what is deleted, in place of its deletion. `gives_way`: the directory that it is in, if something else comes in its
    /// place; beside it then means beside that one.
    pub(super) fn put_away(&self, path: &RelPath, backup: &Backup, gives_way: Option<&RelPath>) -> Result<(), FsError> {
        let (root, own) = self.tree.place(path)?;
        let gives_way = gives_way.map(|directory| self.tree.place(directory)).transpose()?;
        let (to, kept) = self.kept_as(root, &own, backup, gives_way.map(|(_, directory)| directory).as_ref())?;
        to.rename(root, &own, &kept)
    }

    /// Where a backup is kept, in a directory that is there.
    fn kept_as<'a>(
        &'a self,
        root: &'a Root,
        own: &RelPath,
        backup: &Backup,
        gives_way: Option<&RelPath>,
    ) -> Result<(&'a Root, RelPath), FsError> {
        let beside =
            |path: &RelPath| path.parent().unwrap_or_else(RelPath::root).join(&[path.name(), &backup.suffix].concat());
        let ((to, kept), base) = match (&backup.place, gives_way) {
            (BackupPlace::Beside, None) => return Ok((root, beside(own)?)),
            (BackupPlace::Beside, Some(directory)) => {
                let rest = own.as_bytes().strip_prefix(directory.as_bytes()).unwrap_or_default();
                let rest = rest.strip_prefix(b"/").unwrap_or_default();
                ((root, joined(&beside(directory)?, rest)?), directory.parent())
            }
            (BackupPlace::Inside(directory), _) => {
                ((root, joined(directory, beside(own)?.as_bytes())?), Some(directory.clone()))
            }
            // Whoever opened the tree has opened this too.
            (BackupPlace::Outside(_), _) => {
                ((self.tree.backups().unwrap_or(root), beside(own)?), Some(RelPath::root()))
            }
        };
        let parent = kept.parent().unwrap_or_else(RelPath::root);
        match to.make_directories(&parent, 0o700) {
            // What an earlier run has kept under the name of a directory is older.
            Err(FsError::Taken { path }) if base.is_none_or(|base| path.is_below(&base)) => {
                to.remove_file(&path)?;
                to.make_directories(&parent, 0o700)?;
            }
            made => made?,
        }
        Ok((to, kept))
    }
}
