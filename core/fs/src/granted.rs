//! What whoever opens a root grants beside adding to it.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::staged::is_staged_name;
use crate::{FsError, RelPath, Root};

/// What may happen to what is there already. New names may always appear, and what a run has staged may always go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// Something may come in its place, or be written into it.
    pub replace: bool,
    /// It may go, or get another name.
    pub remove: bool,
}

impl Granted {
    /// Everything.
    pub const ALL: Self = Self { replace: true, remove: true };
}

impl Root {
    /// Grants no more than this. What is refused is refused here, whoever asks.
    #[must_use]
    pub fn granting(mut self, granted: Granted) -> Self {
        self.granted = granted;
        self
    }

    /// What is granted.
    pub fn granted(&self) -> Granted {
        self.granted
    }

    pub(crate) fn may_remove(&self, path: &RelPath) -> Result<(), FsError> {
        if self.granted.remove || is_staged_name(path.name()) {
            return Ok(());
        }
        Err(FsError::Denied { path: path.clone(), wanted: "removing" })
    }

    pub(crate) fn may_write_into(&self, path: &RelPath) -> Result<(), FsError> {
        if self.granted.replace {
            return Ok(());
        }
        Err(FsError::Denied { path: path.clone(), wanted: "writing into what is there" })
    }

    /// Holds a directory below as a root of its own, with the same grants and bounds. No symbolic link is followed to it.
    ///
    /// # Errors
    /// It is not there, or is no directory.
    pub fn beneath(&self, path: &RelPath) -> Result<Self, FsError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let named = self.named().join(OsStr::from_bytes(path.as_bytes()));
        let root = Self::holding(self.open_beneath(path, flags)?, named).granting(self.granted);
        Ok(match &self.room {
            Some(room) => root.within(Arc::clone(room)),
            None => root,
        })
    }

    /// Holds an entry below for another program, which is to look at it. Symbolic links are followed as long as they stay below.
    ///
    /// # Errors
    /// It is not there, or leads out.
    pub fn find(&self, path: &RelPath) -> Result<OwnedFd, FsError> {
        let name: &[u8] = if path.is_root() { b"." } else { path.as_bytes() };
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        loop {
            match rustix::fs::openat2(self.fd(), name, flags, Mode::empty(), resolve) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                // Without openat2, without links: one that is held is nothing that another program may be sent to.
                Err(Errno::NOSYS) => {
                    let held = self.open_beneath(path, flags)?;
                    let stat = rustix::fs::fstat(&held).map_err(FsError::of(path))?;
                    let is_link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
                    return if is_link { Err(FsError::io(path, Errno::LOOP.into())) } else { Ok(held) };
                }
                opened => return opened.map_err(FsError::of(path)),
            }
        }
    }

    /// The names in a directory below, no more than `most` of them, in the order of their bytes. Symbolic links are followed as
    /// long as they stay below.
    ///
    /// # Errors
    /// It cannot be read, or has more.
    pub fn names(&self, path: &RelPath, most: usize) -> Result<Vec<Vec<u8>>, FsError> {
        let held = self.find(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(&held, ".", flags, Mode::empty()).map_err(FsError::of(path))?;
        let mut names = Vec::new();
        for entry in Dir::read_from(&opened).map_err(FsError::of(path))? {
            let entry = entry.map_err(FsError::of(path))?;
            let name = entry.file_name().to_bytes();
            if !matches!(name, b"." | b"..") {
                names.push(name.to_vec());
            }
            if names.len() > most {
                return Err(FsError::io(path, Errno::TOOBIG.into()));
            }
        }
        names.sort();
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::Attributes;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn where_only_new_names_are_granted_nothing_that_is_there_changes() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "old").unwrap();
        fs::create_dir(folder.path().join("d")).unwrap();
        let root = Root::open(folder.path()).unwrap().granting(Granted { replace: false, remove: false });
        let (a, d, none) = (path("a"), path("d"), Attributes::default());
        for staged in [root.stage(&a), root.stage_new(&a, 0o600)] {
            let staged = staged.unwrap();
            staged.file().write_all(b"new").unwrap();
            assert!(matches!(staged.finish(&none), Err(FsError::Taken { .. })));
        }
        assert!(root.make_symlink(&a, b"x", &none, true).is_err());
        assert!(root.open_in_place(&a).is_err());
        assert!(root.remove_file(&a).is_err());
        assert!(root.remove_directory(&d).is_err());
        assert!(root.rename(&root, &a, &path("b")).is_err());
        let staged = root.stage(&path("c")).unwrap();
        staged.finish(&none).unwrap();
        assert!(root.link_over(&root, &path("c"), &a).is_err());
        assert!(root.rename(&root, &path("c"), &a).is_err());
        assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"old");
        assert_eq!(root.names(&RelPath::root(), 9).unwrap(), [b"a", b"c", b"d"]);
    }

    #[test]
    fn a_directory_beneath_is_a_root_with_the_same_grants_and_no_link_leads_to_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("d/e")).unwrap();
        symlink("d", folder.path().join("l")).unwrap();
        let granted = Granted { replace: true, remove: false };
        let root = Root::open(folder.path()).unwrap().granting(granted);
        assert_eq!(root.beneath(&path("d/e")).unwrap().granted(), granted);
        assert!(root.beneath(&path("l")).is_err());
        assert!(root.beneath(&path("l/e")).is_err());
    }

    #[test]
    fn what_is_found_for_others_is_below() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("root/d/e")).unwrap();
        fs::write(folder.path().join("canary"), "x").unwrap();
        for (name, target) in [("inside", "d"), ("up", ".."), ("out", "../canary"), ("far", "/etc")] {
            symlink(target, folder.path().join("root").join(name)).unwrap();
        }
        let root = Root::open(&folder.path().join("root")).unwrap();
        assert!(root.find(&path("inside/e")).is_ok());
        assert!(root.find(&RelPath::root()).is_ok());
        for out in ["up", "out", "far", "far/passwd", "inside/none"] {
            assert!(root.find(&path(out)).is_err(), "{out}");
        }
        assert_eq!(root.names(&path("inside"), 1).unwrap(), [b"e"]);
        assert!(root.names(&RelPath::root(), 3).is_err());
        assert!(root.names(&path("far"), 99).is_err());
    }
}
