use std::fs::{self, File};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, StatxFlags};
use rustix::io::Errno;

use crate::names::Sorted;
use crate::parents::{Held, Parents};
use crate::{Entry, Follow, FsError, Granted, Kind, RelPath, Room};

/// What is asked of statx(2).
const FIELDS: StatxFlags = StatxFlags::BASIC_STATS;

/// A held directory, and the right to everything below it.
#[derive(Debug)]
pub struct Root {
    directory: Arc<Held>,
    /// As it was named, for messages alone.
    named: PathBuf,
    parents: Parents,
    /// Nothing, unless the opener said so.
    pub(crate) follow: Follow,
    /// Everything, unless the opener said less.
    pub(crate) granted: Granted,
    /// No bound, unless the opener set one.
    pub(crate) room: Option<Arc<Room>>,
    /// Files can have no name here until they are finished.
    nameless: AtomicBool,
    /// The names of the large directory that was read last.
    large: Mutex<Option<(RelPath, Arc<Sorted>)>>,
}

impl Root {
    /// Holds a directory. Symbolic links in `path` are followed: it is the caller's own word.
    ///
    /// # Errors
    /// There is no such directory, or it may not be opened.
    pub fn open(path: &Path) -> Result<Self, FsError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::openat(CWD, path, flags, Mode::empty())
            .map_err(|errno| FsError::Root { path: path.to_owned(), source: errno.into() })?;
        Ok(Self::holding(directory, path.to_owned()))
    }

    pub(crate) fn holding(directory: OwnedFd, named: PathBuf) -> Self {
        let (directory, parents, large) = (Arc::new(Held::new(directory)), Parents::default(), Mutex::default());
        let (follow, granted) = (Follow::default(), Granted::ALL);
        Self { directory, named, parents, follow, granted, room: None, nameless: true.into(), large }
    }

    /// Makes a directory, and those above it, where they are missing, and holds it.
    ///
    /// # Errors
    /// It cannot be made or opened.
    pub fn create(path: &Path) -> Result<Self, FsError> {
        fs::create_dir_all(path).map_err(|source| FsError::Root { path: path.to_owned(), source })?;
        Self::open(path)
    }

    /// As it was named, for messages.
    pub fn named(&self) -> &Path {
        &self.named
    }

    /// Whether nothing is in it. Where that cannot be said, it is not.
    pub fn is_empty(&self) -> bool {
        self.names(&RelPath::root(), 0).is_ok()
    }

    /// The held directory.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// The directory that holds `path`, held itself.
    pub(crate) fn parent(&self, path: &RelPath) -> Result<Arc<Held>, FsError> {
        match path.parent() {
            None => Err(FsError::Kind { path: path.clone(), wanted: "below the tree's root" }),
            Some(parent) => self.directory(&parent),
        }
    }

    /// Holds a directory below.
    pub(crate) fn directory(&self, path: &RelPath) -> Result<Arc<Held>, FsError> {
        if path.is_root() {
            return Ok(Arc::clone(&self.directory));
        }
        if let Some(held) = self.parents.find(path) {
            return Ok(held);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let held = Arc::new(Held::new(self.open_beneath(path, flags)?));
        self.parents.keep(path, &held);
        Ok(held)
    }

    /// Whether files can be without a name here until they are finished, as far as is known.
    pub(crate) fn nameless(&self) -> bool {
        self.nameless.load(Ordering::Relaxed)
    }

    pub(crate) fn refuse_nameless(&self) {
        self.nameless.store(false, Ordering::Relaxed);
    }

    /// The names of a large directory, if it is the one that was read last.
    pub(crate) fn large(&self, path: &RelPath) -> Option<Arc<Sorted>> {
        let large = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        large.as_ref().filter(|(own, _)| own == path).map(|(_, names)| Arc::clone(names))
    }

    pub(crate) fn keep_large(&self, path: &RelPath, names: &Arc<Sorted>) {
        *self.large.lock().unwrap_or_else(PoisonError::into_inner) = Some((path.clone(), Arc::clone(names)));
    }

    /// Forgets what is held of a directory that goes.
    pub(crate) fn forget(&self, path: &RelPath) {
        self.parents.forget(path);
    }

    /// Opens something below, whatever anybody makes of the names meanwhile.
    pub(crate) fn open_beneath(&self, path: &RelPath, flags: OFlags) -> Result<OwnedFd, FsError> {
        let name: &[u8] = if path.is_root() { b"." } else { path.as_bytes() };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        if !self.follow.is_none() {
            return rustix::fs::openat(&self.directory, name, flags, Mode::empty()).map_err(FsError::of(path));
        }
        let flags = flags | OFlags::NOFOLLOW;
        loop {
            match rustix::fs::openat2(self.fd(), name, flags, Mode::empty(), resolve) {
                // A rename somewhere made the kernel unsure: it asks for one more try.
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(Errno::NOSYS) => return self.open_step_by_step(path, flags),
                opened => return opened.map_err(FsError::of(path)),
            }
        }
    }

    /// The same without openat2 (before Linux 5.6, or where a sandbox forbids it): component by component.
    fn open_step_by_step(&self, path: &RelPath, flags: OFlags) -> Result<OwnedFd, FsError> {
        if path.is_root() {
            return rustix::fs::openat(&self.directory, ".", flags, Mode::empty()).map_err(FsError::of(path));
        }
        let mut held = Arc::clone(&self.directory);
        let between = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut names = path.as_bytes().split(|byte| *byte == b'/').peekable();
        while let Some(name) = names.next() {
            let is_last = names.peek().is_none();
            let opened = rustix::fs::openat(&held, name, if is_last { flags } else { between }, Mode::empty())
                .map_err(FsError::of(path))?;
            if is_last {
                return Ok(opened);
            }
            held = Arc::new(Held::new(opened));
        }
        Err(FsError::Kind { path: path.clone(), wanted: "a path" })
    }

    /// What the system says of an entry, or of what a link that is followed leads to.
    ///
    /// # Errors
    /// It is not there, or its directory may not be searched.
    pub fn stat(&self, path: &RelPath) -> Result<Entry, FsError> {
        if path.is_root() {
            return stat_at(self.fd(), b"", AtFlags::EMPTY_PATH).map_err(FsError::of(path));
        }
        let parent = self.parent(path)?;
        if self.follow.is_none() {
            return stat_at(parent.as_fd(), path.name(), AtFlags::SYMLINK_NOFOLLOW).map_err(FsError::of(path));
        }
        self.entry_at(parent.as_fd(), path).map(|(entry, _)| entry)
    }

    /// Opens a regular file for reading, and says what it is.
    ///
    /// # Errors
    /// It is not there, may not be read, or is something else: a FIFO is not waited for.
    pub fn open_file(&self, path: &RelPath) -> Result<(File, Entry), FsError> {
        let parent = self.parent(path)?;
        let mut flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        if self.follows(parent.as_fd(), path) {
            flags.remove(OFlags::NOFOLLOW);
        }
        let open = |flags| rustix::fs::openat(&parent, path.name(), flags, Mode::empty());
        // Reading is no use of the file that its access time should tell; only its owner may say so.
        let opened = match open(flags | OFlags::NOATIME) {
            Err(Errno::PERM) => open(flags),
            opened => opened,
        };
        regular(path, opened.map_err(FsError::of(path))?)
    }

    /// Opens a regular file that is there, for reading and for writing in its place.
    ///
    /// # Errors
    /// It is not there, may not be written to, or is something else.
    pub fn open_in_place(&self, path: &RelPath) -> Result<File, FsError> {
        self.may_write_into(path)?;
        let parent = self.parent(path)?;
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(&parent, path.name(), flags, Mode::empty()).map_err(FsError::of(path))?;
        regular(path, opened).map(|(file, _)| file)
    }

    /// Where a symbolic link points.
    ///
    /// # Errors
    /// It is not there, or is none.
    pub fn read_link(&self, path: &RelPath) -> Result<Box<[u8]>, FsError> {
        let parent = self.parent(path)?;
        read_link_at(parent.as_fd(), path)
    }
}

/// What was opened, if it is a regular file: only what is open cannot become something else meanwhile.
fn regular(path: &RelPath, opened: OwnedFd) -> Result<(File, Entry), FsError> {
    // As it is on a server, too: of what is open, nothing older is of use.
    let stat = rustix::fs::statx(&opened, "", AtFlags::EMPTY_PATH, FIELDS).map_err(FsError::of(path))?;
    let entry = Entry::from(&stat);
    if entry.kind != Kind::File {
        return Err(FsError::Kind { path: path.clone(), wanted: "a regular file" });
    }
    Ok((File::from(opened), entry))
}

/// What the system says of a name in a held directory.
pub(crate) fn stat_at(directory: BorrowedFd<'_>, name: &[u8], flags: AtFlags) -> rustix::io::Result<Entry> {
    let stat = rustix::fs::statx(directory, name, flags | AtFlags::STATX_DONT_SYNC, FIELDS)?;
    Ok(Entry::from(&stat))
}

pub(crate) fn read_link_at(directory: BorrowedFd<'_>, path: &RelPath) -> Result<Box<[u8]>, FsError> {
    let target = rustix::fs::readlinkat(directory, path.name(), Vec::new()).map_err(FsError::of(path))?;
    Ok(target.into_bytes().into())
}
