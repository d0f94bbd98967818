use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use xssh_os::descriptors::close;

use crate::change::set_open;
use crate::parents::{Held, Made};
use crate::root::stat_at;
use crate::xattr::{absent_is_good, in_proc};
use crate::{Attributes, FsError, RelPath, Room, Root};

/// How every staged name begins. The number of components from the root of its run to the file follows, because a tree may hold the
/// roots of other runs, and be in one's.
const PREFIX: &[u8] = b".xssh-staged-";
/// What follows first for content that the next run can use.
const PARTIAL: &[u8] = b"part-";

/// Whether a name is one that runs use for what is not finished. No tree shows it.
///
/// ```
/// assert!(xssh_fs::is_staged_name(b".xssh-staged-1-17-4"));
/// assert!(!xssh_fs::is_staged_name(b".xssh"));
/// ```
pub fn is_staged_name(name: &[u8]) -> bool {
    name.starts_with(PREFIX)
}

/// Whether a staged name is one that this process uses.
pub fn is_staged_here(name: &[u8]) -> bool {
    let rest = name.strip_prefix(PREFIX).and_then(|rest| number(rest)).map(|(_, rest)| rest);
    rest.is_some_and(|rest| rest.starts_with(of_this_run()))
}

/// Whether a staged name is that of content which the next run can use.
pub fn is_partial_name(name: &[u8]) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|rest| rest.starts_with(PARTIAL))
}

/// Whose something is that has a staged name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StagedBy {
    /// A run on the root that its path is from, or nobody known.
    Here,
    /// One on a directory in that.
    Below(RelPath),
    /// One on a directory that leads to it.
    Above,
}

impl StagedBy {
    /// Whose something is, from its path.
    ///
    /// ```
    /// use xssh_fs::{RelPath, StagedBy};
    ///
    /// let by = |path: &[u8]| StagedBy::of(&RelPath::parse(path).unwrap());
    /// assert_eq!(by(b"d/e/.xssh-staged-3-17-4"), StagedBy::Here);
    /// assert_eq!(by(b"d/e/.xssh-staged-part-2-0"), StagedBy::Below(RelPath::parse(b"d").unwrap()));
    /// assert_eq!(by(b"d/e/.xssh-staged-part-4-0"), StagedBy::Above);
    /// ```
    pub fn of(path: &RelPath) -> Self {
        let rest = path.name().strip_prefix(PREFIX).unwrap_or_default();
        let Some((depth, _)) = number(rest.strip_prefix(PARTIAL).unwrap_or(rest)) else { return Self::Here };
        let own = depth_of(path);
        match std::iter::successors(path.parent(), RelPath::parent).nth(depth.saturating_sub(1)) {
            _ if depth == own => Self::Here,
            Some(root) if depth > 0 => Self::Below(root),
            _ => Self::Above,
        }
    }
}

/// How many components lead to a path from the root.
fn depth_of(path: &RelPath) -> usize {
    path.as_bytes().split(|byte| *byte == b'/').count()
}

/// The number that a text begins with, up to a hyphen.
fn number(text: &[u8]) -> Option<(usize, &[u8])> {
    let hyphen = text.iter().position(|byte| *byte == b'-')?;
    let number = std::str::from_utf8(&text[..hyphen]).ok()?.parse().ok()?;
    Some((number, &text[hyphen + 1..]))
}

/// A name beside a path that no other run and no other file of this run uses now.
pub(crate) fn fresh_name(path: &RelPath) -> Vec<u8> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let (depth, next) = (depth_of(path), NEXT.fetch_add(1, Ordering::Relaxed));
    [PREFIX, format!("{depth}-").as_bytes(), of_this_run(), next.to_string().as_bytes()].concat()
}

/// How the fresh names of this process go on. Its number alone would come again, in a container at once.
fn of_this_run() -> &'static [u8] {
    static RUN: OnceLock<Vec<u8>> = OnceLock::new();
    RUN.get_or_init(|| {
        let mut chance = [0; 8];
        // A system that has no chance to give yet leaves the process's number.
        let _ = rustix::rand::getrandom(&mut chance, rustix::rand::GetRandomFlags::NONBLOCK);
        format!("{}-{:016x}-", std::process::id(), u64::from_ne_bytes(chance)).into_bytes()
    })
}

/// Gives what was made under a staged name its own.
pub(crate) fn give_name(parent: BorrowedFd<'_>, staged: &[u8], path: &RelPath, replaces: bool) -> Result<(), FsError> {
    let name = path.name();
    if replaces {
        return rustix::fs::renameat(parent, staged, parent, name).map_err(FsError::of(path));
    }
    let taken = || FsError::Taken { path: path.clone() };
    match rustix::fs::renameat_with(parent, staged, parent, name, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => Err(taken()),
        // A file system that cannot look and rename at once.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => match stat_at(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Err(taken()),
            Err(_) => rustix::fs::renameat(parent, staged, parent, name).map_err(FsError::of(path)),
        },
        Err(errno) => Err(FsError::io(path, errno.into())),
    }
}

/// The name under which the unfinished content of a file waits for the next run.
fn partial_name(path: &RelPath) -> Vec<u8> {
    // FNV-1a: the name must be the same in the next run and in every version.
    let hash = path
        .name()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    [PREFIX, PARTIAL, format!("{}-{hash:016x}", depth_of(path)).as_bytes()].concat()
}

/// A file that appears under its name whole, or not at all. Dropped before it is finished, it is gone.
#[derive(Debug)]
pub struct Staged {
    file: File,
    stand: Stand,
}

/// Where it stands meanwhile. Dropped before it is settled, that goes.
#[derive(Debug)]
struct Stand {
    parent: Arc<Held>,
    /// Where it stands until then; empty for a file without a name.
    name: Vec<u8>,
    path: RelPath,
    /// The permissions that were asked for when it was made.
    mode: u32,
    /// It is no longer there under `name`.
    settled: bool,
    /// What its root grants.
    may_replace: bool,
    /// What bounds its root.
    room: Option<Arc<Room>>,
}

impl Root {
    /// Begins a file that will stand at `path`, in the same directory.
    ///
    /// # Errors
    /// There is no such directory, it may not be written to, or the disk is full.
    pub fn stage(&self, path: &RelPath) -> Result<Staged, FsError> {
        self.stage_in(self.parent(path)?, path, fresh_name(path)).map_err(FsError::of(path))
    }

    /// The same for what the next run is to find, if this one is cut: at once, or where an earlier one has left something, as
    /// soon as it [outlasts](Staged::outlast) that.
    ///
    /// # Errors
    /// As [`Root::stage`].
    pub fn stage_partial(&self, path: &RelPath) -> Result<Staged, FsError> {
        match self.stage_in(self.parent(path)?, path, partial_name(path)) {
            Err(Errno::EXIST) => self.stage(path),
            staged => staged.map_err(FsError::of(path)),
        }
    }

    /// The same where nothing stands at `path`: where the file system can, the file has no name until then, which costs less and
    /// leaves nothing behind. `mode`: permissions that it is likely to get.
    ///
    /// # Errors
    /// As [`Root::stage`].
    pub fn stage_new(&self, path: &RelPath, mode: u32) -> Result<Staged, FsError> {
        if !self.nameless() {
            return self.stage(path);
        }
        let parent = self.parent(path)?;
        let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
        // Nobody else can open it. Set-id bits are for the end, when it has its owner; and who may not write to his file may not
        // set its extended attributes either.
        let mode = mode & 0o777 | 0o600;
        match rustix::fs::openat(&parent, ".", flags, Mode::from_raw_mode(mode)) {
            Ok(file) => {
                let (path, may_replace) = (path.clone(), self.granted.replace);
                let stand =
                    Stand { parent, name: Vec::new(), path, mode, settled: true, may_replace, room: self.room.clone() };
                Ok(Staged { file: File::from(file), stand })
            }
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => {
                self.refuse_nameless();
                self.stage(path)
            }
            Err(errno) => Err(FsError::io(path, errno.into())),
        }
    }

    /// What a run that was cut has left of the file at `path` ([`Staged::keep`]), and how much of it.
    ///
    /// # Errors
    /// There is nothing, or it cannot be read.
    pub fn partial(&self, path: &RelPath) -> Result<(File, u64), FsError> {
        let parent = path.parent().ok_or(FsError::Kind { path: path.clone(), wanted: "a file" })?;
        let (file, entry) = self.open_file(&parent.join(&partial_name(path))?)?;
        Ok((file, entry.size))
    }

    /// Removes that.
    ///
    /// # Errors
    /// There is nothing, or what unlink(2) says.
    pub fn remove_partial(&self, path: &RelPath) -> Result<(), FsError> {
        let (parent, name) = (self.parent(path)?, partial_name(path));
        rustix::fs::unlinkat(&parent, name.as_slice(), AtFlags::empty()).map_err(FsError::of(path))
    }

    fn stage_in(&self, parent: Arc<Held>, path: &RelPath, name: Vec<u8>) -> rustix::io::Result<Staged> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = 0o600;
        let file = rustix::fs::openat(&parent, name.as_slice(), flags, Mode::from_raw_mode(mode))?;
        let may_replace = self.granted.replace;
        let stand =
            Stand { parent, name, path: path.clone(), mode, settled: false, may_replace, room: self.room.clone() };
        Ok(Staged { file: File::from(file), stand })
    }
}

impl Staged {
    /// To be written to.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Sets what belongs to it and gives it its name; what stood there is replaced.
    ///
    /// # Errors
    /// The disk is full, as some disks say only now, or a directory stands there. The old file is as it was.
    pub fn finish(self, attributes: &Attributes<'_>) -> Result<(), FsError> {
        self.settle(attributes, true)
    }

    /// The same where nothing stands.
    ///
    /// # Errors
    /// The disk is full, or something stands there ([`FsError::Taken`]).
    pub fn finish_new(self, attributes: &Attributes<'_>) -> Result<(), FsError> {
        self.settle(attributes, false)
    }

    fn settle(self, attributes: &Attributes<'_>, replaces: bool) -> Result<(), FsError> {
        let Self { file, mut stand } = self;
        let replaces = replaces && stand.may_replace;
        if let Some(room) = stand.room.as_ref().filter(|_| !replaces) {
            room.claim_entry(&stand.path)?;
        }
        let attributes = stand.needed(&file, attributes).map_err(FsError::of(&stand.path))?;
        set_open(file.as_fd(), &attributes).map_err(FsError::of(&stand.path))?;
        if stand.name.is_empty() {
            // It has to be open for that; where its end is a bad one, the name goes again.
            stand.link(&file, if replaces { fresh_name(&stand.path) } else { stand.path.name().to_vec() })?;
        }
        // What a disk on the network or a quota says of what was written, it says here.
        close(file).map_err(|error| FsError::io(&stand.path, error))?;
        if stand.name != stand.path.name() {
            give_name(stand.parent.as_fd(), &stand.name, &stand.path, replaces)?;
        }
        stand.settled = true;
        Ok(())
    }

    /// Takes away an extended attribute that it was made with, as an ACL that its directory hands down.
    ///
    /// # Errors
    /// What fremovexattr(2) says; one that is not there is good.
    pub fn remove_xattr(&self, name: &[u8]) -> Result<(), FsError> {
        absent_is_good(rustix::fs::fremovexattr(&self.file, name)).map_err(FsError::of(&self.stand.path))
    }

    /// Writes it to the disk.
    ///
    /// # Errors
    /// What fsync(2) says.
    pub fn flush(&self) -> Result<(), FsError> {
        rustix::fs::fsync(&self.file).map_err(FsError::of(&self.stand.path))
    }

    /// From here on it is what the next run finds of the file, if this one is cut, however that happens: see
    /// [`Root::partial`]. It replaces what an earlier run has left, which a reader may still hold.
    ///
    /// # Errors
    /// What rename(2) says. It is what it was.
    pub fn outlast(&mut self) -> Result<(), FsError> {
        let Stand { parent, name, path, settled, .. } = &mut self.stand;
        let partial = partial_name(path);
        if *settled || *name == partial {
            return Ok(());
        }
        rustix::fs::renameat(&*parent, name.as_slice(), &*parent, partial.as_slice()).map_err(FsError::of(path))?;
        *name = partial;
        Ok(())
    }

    /// Leaves it for the next run, if it is to [outlast](Staged::outlast) this one.
    pub fn keep(mut self) {
        self.stand.settled |= is_partial_name(&self.stand.name);
    }
}

impl Stand {
    /// Without what every new file in this directory has.
    fn needed<'a>(&self, file: &File, attributes: &Attributes<'a>) -> rustix::io::Result<Attributes<'a>> {
        let Made { owner, mode } = match self.parent.made() {
            Some(made) => made,
            None => {
                let stat = rustix::fs::fstat(file)?;
                let mode = Some(self.mode).filter(|mode| *mode == stat.st_mode & 0o7777);
                self.parent.note(Made { owner: (stat.st_uid, stat.st_gid), mode })
            }
        };
        let is_so = attributes.uid.is_none_or(|uid| uid == owner.0) && attributes.gid.is_none_or(|gid| gid == owner.1);
        if !is_so {
            return Ok(*attributes);
        }
        // An ACL that is set may change them.
        let has_mode = mode == Some(self.mode) && attributes.mode == mode && attributes.xattrs.is_empty();
        let mode = attributes.mode.filter(|_| !has_mode);
        Ok(Attributes { uid: None, gid: None, mode, ..*attributes })
    }

    /// Gives a file without a name one that nothing has.
    fn link(&mut self, file: &File, name: Vec<u8>) -> Result<(), FsError> {
        let linked = match rustix::fs::linkat(file, "", &self.parent, name.as_slice(), AtFlags::EMPTY_PATH) {
            // Before Linux 6.10 only root may do so.
            Err(Errno::NOENT | Errno::PERM) => {
                let path = in_proc(file.as_fd());
                rustix::fs::linkat(CWD, path, &self.parent, name.as_slice(), AtFlags::SYMLINK_FOLLOW)
            }
            linked => linked,
        };
        linked.map_err(|errno| match errno {
            Errno::EXIST => FsError::Taken { path: self.path.clone() },
            errno => FsError::io(&self.path, errno.into()),
        })?;
        (self.name, self.settled) = (name, false);
        Ok(())
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        if !self.settled {
            // What cannot be removed is no part of any tree, and is swept by the next run.
            let _ = rustix::fs::unlinkat(&self.parent, self.name.as_slice(), AtFlags::empty());
        }
    }
}
