//! Symbolic links that a root follows, because its opener said so.
//!
//! This is the one opening in this crate's promise, and it is wide: a root that follows links shows and reads what they lead to,
//! wherever that is, with all rights of this process. It is for a tree that the local user named as the source of a copy, and
//! said of that its links are to be followed. It is never for the root of a confined grant, whose links others may make or whose
//! names others may ask for, and never for a tree that is changed. So it is a capability: a root has it only from who opened
//! it ([`Root::following`]), and no name and no option of a peer's gives it.

use std::os::fd::BorrowedFd;

use rustix::fs::AtFlags;
use rustix::io::Errno;

use crate::root::{read_link_at, stat_at};
use crate::{Entry, FsError, Kind, RelPath, Root};

/// Which symbolic links are shown as what they lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Follow {
    /// All.
    pub all: bool,
    /// Those to directories.
    pub directories: bool,
    /// Those that lead out of the tree.
    pub outside: bool,
}

/// What a name stands for, and where it points if it is a symbolic link that is not followed.
pub(crate) type Named = (Entry, Option<Box<[u8]>>);

impl Follow {
    pub(crate) fn is_none(self) -> bool {
        self == Self::default()
    }
}

impl Root {
    /// Follows links from now on: see the module's first lines for what that opens.
    #[must_use]
    pub fn following(mut self, follow: Follow) -> Self {
        self.follow = follow;
        self
    }

    /// What a name in a held directory stands for.
    pub(crate) fn entry_at(&self, directory: BorrowedFd<'_>, path: &RelPath) -> Result<Named, FsError> {
        let entry = stat_at(directory, path.name(), AtFlags::SYMLINK_NOFOLLOW).map_err(FsError::of(path))?;
        if entry.kind != Kind::Symlink {
            return Ok((entry, None));
        }
        let link = read_link_at(directory, path)?;
        let Follow { all, directories, outside } = self.follow;
        if !(all || directories || (outside && path.leads_out(&link))) {
            return Ok((entry, Some(link)));
        }
        let must = all || (outside && path.leads_out(&link));
        match stat_at(directory, path.name(), AtFlags::empty()) {
            Ok(there) if must || there.kind == Kind::Directory => Ok((there, None)),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) if must => Err(FsError::leads_nowhere(path)),
            Err(errno) if must => Err(FsError::io(path, errno.into())),
            _ => Ok((entry, Some(link))),
        }
    }

    /// Whether a name stands for what a symbolic link leads to.
    pub(crate) fn follows(&self, directory: BorrowedFd<'_>, path: &RelPath) -> bool {
        let is_link =
            || stat_at(directory, path.name(), AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|e| e.kind == Kind::Symlink);
        !self.follow.is_none() && is_link() && self.entry_at(directory, path).is_ok_and(|(_, link)| link.is_none())
    }
}
