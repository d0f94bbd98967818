//! What is to have a name on another file system than its own: it is copied, with all that belongs to it.

use rustix::io::Errno;

use crate::{Attributes, FsError, Kind, RelPath, Root, copy_range};

impl Root {
    /// Makes at `to` an entry like that at `from` of this or another tree, in place of what stands there. Directories are not
    /// copied.
    ///
    /// # Errors
    /// It cannot be read, or the disk is full.
    pub fn copy_over(&self, tree: &Root, from: &RelPath, to: &RelPath) -> Result<(), FsError> {
        let entry = tree.stat(from)?;
        let xattrs = tree.xattrs(from)?;
        let attributes = Attributes {
            mode: Some(entry.mode),
            mtime: Some(entry.mtime),
            uid: Some(entry.uid),
            gid: Some(entry.gid),
            xattrs: &xattrs,
            beside: None,
            stand_in: None,
            without: &[],
            refused: None,
        };
        match entry.kind {
            Kind::File => {
                let (file, entry) = tree.open_file(from)?;
                self.claim(to, entry.size, self.stat(to).map_or(0, |there| there.size))?;
                let staged = self.stage(to)?;
                copy_range(&file, 0, staged.file(), 0, entry.size).map_err(|error| FsError::io(to, error))?;
                staged.finish(&attributes)
            }
            Kind::Symlink => self.make_symlink(to, &tree.read_link(from)?, &attributes, true),
            Kind::Directory => Err(FsError::io(to, Errno::XDEV.into())),
            kind => self.make_node(to, kind, entry.rdev, &attributes, true),
        }
    }
}
