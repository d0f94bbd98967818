//! Changes of names and of what belongs to them.

use std::borrow::Cow;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, FileType, Gid, Mode, RenameFlags, Timespec, Timestamps, UTIME_OMIT, Uid, XattrFlags};
use rustix::io::Errno;

use crate::staged::{fresh_name, give_name};
use crate::xattr::absent_is_good;
use crate::{Entry, FsError, Kind, Refused, RelPath, Root, StandIn, Xattr, beside, stand_in, xattr};

/// What is set of an entry; `None` leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attributes<'a> {
    /// Permissions with set-id and sticky bits.
    pub mode: Option<u32>,
    /// Last change of the content: seconds since 1970, nanoseconds.
    pub mtime: Option<(i64, u32)>,
    /// The owner's number.
    pub uid: Option<u32>,
    /// The group's number.
    pub gid: Option<u32>,
    /// Extended attributes; others stay as they are.
    pub xattrs: &'a [Xattr],
    /// Those that only root could set are kept beside it in another form, for these permissions.
    pub beside: Option<u32>,
    /// What is kept beside it of what only root could set: the inner `None` is nothing.
    pub stand_in: Option<Option<StandIn>>,
    /// Extended attributes that it was made with and is not to have, as an ACL that its directory hands down.
    pub without: &'a [&'static [u8]],
    /// Extended attributes that cannot be set are noted here, and the rest is set; without it they are an error.
    pub refused: Option<&'a Refused>,
}

impl Attributes<'_> {
    /// What an entry does not have already. Attributes are all set: which of them it has is not known.
    #[must_use]
    pub fn beyond(self, entry: &Entry) -> Self {
        let uid = self.uid.filter(|uid| *uid != entry.uid);
        let gid = self.gid.filter(|gid| *gid != entry.gid);
        // Another owner takes set-id bits away.
        let keeps_mode = uid.is_none() && gid.is_none() && self.xattrs.is_empty();
        let mode = self.mode.filter(|mode| !keeps_mode || *mode != entry.mode);
        Self { mode, mtime: self.mtime.filter(|mtime| *mtime != entry.mtime), uid, gid, ..self }
    }

    /// The extended attributes in the form in which they are set.
    fn all_xattrs(&self) -> Cow<'_, [Xattr]> {
        self.beside.map_or(Cow::Borrowed(self.xattrs), |mode| Cow::Owned(beside::keep(self.xattrs, mode)))
    }

    /// Sets the extended attributes one by one.
    fn set_xattrs(&self, set: impl Fn(&Xattr) -> rustix::io::Result<()>) -> rustix::io::Result<()> {
        for xattr in &*self.all_xattrs() {
            match (set(xattr), self.refused) {
                (Err(errno), Some(refused)) => refused.note(&xattr.name, errno),
                (done, _) => done?,
            }
        }
        Ok(())
    }

    fn timestamps(&self) -> Option<Timestamps> {
        let (tv_sec, nanoseconds) = self.mtime?;
        Some(Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
            last_modification: Timespec { tv_sec, tv_nsec: nanoseconds.into() },
        })
    }

    fn owner(&self) -> Option<(Option<Uid>, Option<Gid>)> {
        let is_some = self.uid.is_some() || self.gid.is_some();
        is_some.then(|| (self.uid.map(Uid::from_raw), self.gid.map(Gid::from_raw)))
    }
}

/// Sets what belongs to an open file: the owner first, because chown(2) clears set-id bits and capabilities; an ACL before the
/// mode, which it would change.
pub(crate) fn set_open(file: BorrowedFd<'_>, attributes: &Attributes<'_>) -> rustix::io::Result<()> {
    if let Some((uid, gid)) = attributes.owner() {
        rustix::fs::fchown(file, uid, gid)?;
    }
    for name in attributes.without {
        absent_is_good(rustix::fs::fremovexattr(file, *name))?;
    }
    attributes.set_xattrs(|xattr| rustix::fs::fsetxattr(file, &*xattr.name, &xattr.value, XattrFlags::empty()))?;
    if let Some(kept) = attributes.stand_in {
        stand_in::set_open(file, kept)?;
    }
    if let Some(mode) = attributes.mode {
        rustix::fs::fchmod(file, Mode::from_raw_mode(mode))?;
    }
    if let Some(times) = attributes.timestamps() {
        rustix::fs::futimens(file, &times)?;
    }
    Ok(())
}

impl Root {
    /// Makes a directory where nothing stands.
    ///
    /// # Errors
    /// Something stands there ([`FsError::Taken`]), or what mkdir(2) says.
    pub fn make_directory(&self, path: &RelPath, mode: u32) -> Result<(), FsError> {
        let parent = self.parent(path)?;
        self.claim_entry(path)?;
        rustix::fs::mkdirat(&parent, path.name(), Mode::from_raw_mode(mode)).map_err(|errno| match errno {
            Errno::EXIST => FsError::Taken { path: path.clone() },
            errno => FsError::io(path, errno.into()),
        })
    }

    /// Makes a symbolic link. `replaces`: in place of what stands there unless that is a directory.
    ///
    /// # Errors
    /// What symlink(2) or rename(2) says.
    pub fn make_symlink(
        &self,
        path: &RelPath,
        target: &[u8],
        attributes: &Attributes<'_>,
        replaces: bool,
    ) -> Result<(), FsError> {
        let name = fresh_name(path);
        let parent = self.parent(path)?;
        rustix::fs::symlinkat(target, &parent, name.as_slice()).map_err(FsError::of(path))?;
        self.name_made(path, &name, &Attributes { mode: None, ..*attributes }, replaces)
    }

    /// Makes a FIFO, a socket or a device. `replaces`: in place of what stands there unless that is a directory.
    ///
    /// # Errors
    /// What mknod(2) or rename(2) says: devices are root's to make.
    pub fn make_node(
        &self,
        path: &RelPath,
        kind: Kind,
        device: (u32, u32),
        attributes: &Attributes<'_>,
        replaces: bool,
    ) -> Result<(), FsError> {
        let kind = match kind {
            Kind::Fifo => FileType::Fifo,
            Kind::Socket => FileType::Socket,
            Kind::BlockDevice => FileType::BlockDevice,
            Kind::CharDevice => FileType::CharacterDevice,
            _ => return Err(FsError::Kind { path: path.clone(), wanted: "a FIFO, a socket or a device" }),
        };
        let name = fresh_name(path);
        let parent = self.parent(path)?;
        let device = rustix::fs::makedev(device.0, device.1);
        let mode = Mode::from_raw_mode(attributes.mode.unwrap_or(0o600));
        rustix::fs::mknodat(&parent, name.as_slice(), kind, mode, device).map_err(FsError::of(path))?;
        self.name_made(path, &name, attributes, replaces)
    }

    /// Gives what was made under a staged name its attributes and its own name.
    fn name_made(
        &self,
        path: &RelPath,
        name: &[u8],
        attributes: &Attributes<'_>,
        replaces: bool,
    ) -> Result<(), FsError> {
        let parent = self.parent(path)?;
        let room = if replaces { Ok(()) } else { self.claim_entry(path) };
        let done = room
            .and_then(|()| {
                let set = self.set_at(parent.as_fd(), &RelPath::checked(name), attributes);
                set.map_err(FsError::of(path))
            })
            .and_then(|()| give_name(parent.as_fd(), name, path, replaces && self.granted.replace));
        if done.is_err() {
            // It is no part of any tree; what cannot be removed is swept by the next run.
            let _ = rustix::fs::unlinkat(&parent, name, AtFlags::empty());
        }
        done
    }

    /// Sets what belongs to an entry, without following a symbolic link.
    ///
    /// # Errors
    /// It is not there or not ours.
    pub fn set(&self, path: &RelPath, attributes: &Attributes<'_>) -> Result<(), FsError> {
        if path.is_root() {
            return set_open(self.fd(), attributes).map_err(FsError::of(path));
        }
        let parent = self.parent(path)?;
        self.set_at(parent.as_fd(), path, attributes).map_err(FsError::of(path))
    }

    fn set_at(&self, parent: BorrowedFd<'_>, path: &RelPath, attributes: &Attributes<'_>) -> rustix::io::Result<()> {
        let name = path.name();
        if let Some((uid, gid)) = attributes.owner() {
            rustix::fs::chownat(parent, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?;
        }
        let is_plain = attributes.xattrs.is_empty() && attributes.without.is_empty() && attributes.stand_in.is_none();
        if attributes.mode.is_some() || !is_plain {
            // chmod(2) of a name follows links: the entry is held first.
            let held = xattr::hold(parent, name)?;
            let at = xattr::in_proc(&held);
            for name in attributes.without {
                absent_is_good(rustix::fs::removexattr(&at, *name))?;
            }
            attributes
                .set_xattrs(|xattr| rustix::fs::setxattr(&at, &*xattr.name, &xattr.value, XattrFlags::empty()))?;
            if let Some(kept) = attributes.stand_in {
                stand_in::set_held(&held, kept)?;
            }
            if let Some(mode) = attributes.mode
                && FileType::from_raw_mode(rustix::fs::fstat(&held)?.st_mode) != FileType::Symlink
            {
                rustix::fs::chmod(&at, Mode::from_raw_mode(mode))?;
            }
        }
        if let Some(times) = attributes.timestamps() {
            rustix::fs::utimensat(parent, name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
        }
        Ok(())
    }

    /// Removes anything but a directory.
    ///
    /// # Errors
    /// What unlink(2) says.
    pub fn remove_file(&self, path: &RelPath) -> Result<(), FsError> {
        self.may_remove(path)?;
        let parent = self.parent(path)?;
        let taken = self.taken(path);
        rustix::fs::unlinkat(&parent, path.name(), AtFlags::empty()).map_err(FsError::of(path))?;
        self.gone(taken);
        Ok(())
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// What rmdir(2) says.
    pub fn remove_directory(&self, path: &RelPath) -> Result<(), FsError> {
        self.may_remove(path)?;
        let parent = self.parent(path)?;
        let taken = self.taken(path);
        self.forget(path);
        rustix::fs::unlinkat(&parent, path.name(), AtFlags::REMOVEDIR).map_err(FsError::of(path))?;
        self.gone(taken);
        Ok(())
    }

    /// Makes `to` another name of the file `from` of this or another tree, in place of what stands there unless that is a
    /// directory. On another file system it becomes a copy.
    ///
    /// # Errors
    /// What link(2) or rename(2) says.
    pub fn link_over(&self, tree: &Root, from: &RelPath, to: &RelPath) -> Result<(), FsError> {
        if !self.granted.replace {
            return self.link_from(tree, from, to);
        }
        let name = fresh_name(to);
        let (old, new) = (tree.parent(from)?, self.parent(to)?);
        let replaced = self.taken(to);
        if self.room.is_some() && replaced.is_none() {
            self.claim_entry(to)?;
        }
        match rustix::fs::linkat(&old, from.name(), &new, name.as_slice(), AtFlags::empty()) {
            Err(Errno::XDEV) => return self.copy_over(tree, from, to),
            linked => linked.map_err(FsError::of(to))?,
        }
        let renamed = rustix::fs::renameat(&new, name.as_slice(), &new, to.name());
        // Where both were names of one file already, rename(2) does nothing, and the staged name stays.
        let _ = rustix::fs::unlinkat(&new, name.as_slice(), AtFlags::empty());
        renamed.map_err(FsError::of(to))?;
        self.replaced(replaced);
        Ok(())
    }

    /// Makes `to` another name of what `from` is in this or another tree, where nothing stands. A symbolic link is not followed.
    ///
    /// # Errors
    /// What link(2) says.
    pub fn link_from(&self, tree: &Root, from: &RelPath, to: &RelPath) -> Result<(), FsError> {
        let (old, new) = (tree.parent(from)?, self.parent(to)?);
        self.claim_entry(to)?;
        rustix::fs::linkat(&old, from.name(), &new, to.name(), AtFlags::empty()).map_err(FsError::of(to))
    }

    /// Gives an entry of this or another tree another name in this one, in place of what stands there. To another file system it
    /// is copied first, unless it is a directory.
    ///
    /// # Errors
    /// What rename(2) says.
    pub fn rename(&self, tree: &Root, from: &RelPath, to: &RelPath) -> Result<(), FsError> {
        tree.may_remove(from)?;
        let (old, new) = (tree.parent(from)?, self.parent(to)?);
        tree.forget(from);
        let how = if self.granted.replace { RenameFlags::empty() } else { RenameFlags::NOREPLACE };
        let replaced = self.taken(to).filter(|_| !self.are_one(tree, from, to));
        match rustix::fs::renameat_with(&old, from.name(), &new, to.name(), how) {
            Err(Errno::XDEV) => {
                self.copy_over(tree, from, to)?;
                tree.remove_file(from)
            }
            renamed => {
                renamed.map_err(FsError::of(to))?;
                self.gone(replaced);
                Ok(())
            }
        }
    }

    /// Makes the directory at `path`, and those above it, where they are missing.
    ///
    /// # Errors
    /// What mkdir(2) says, or something else stands there.
    pub fn make_directories(&self, path: &RelPath, mode: u32) -> Result<(), FsError> {
        let Some(parent) = path.parent() else { return Ok(()) };
        match self.make_directory(path, mode) {
            Err(error) if error.is_missing() => {
                self.make_directories(&parent, mode)?;
                self.make_directories(path, mode)
            }
            Err(FsError::Taken { .. }) if self.stat(path)?.kind == Kind::Directory => Ok(()),
            made => made,
        }
    }

    /// Writes everything of this file system to the disk.
    ///
    /// # Errors
    /// What syncfs(2) says.
    pub fn flush(&self) -> Result<(), FsError> {
        rustix::fs::syncfs(self.fd()).map_err(FsError::of(&RelPath::root()))
    }
}
