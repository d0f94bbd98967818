//! The entries of a tree, in the order of their paths: a directory right before what is in it.
//!
//! The names of a directory are read at once and sorted; everything else is asked as the walk comes to it. So what is held is
//! the names of the directories from the root to the place where the walk is. It can begin anywhere: directories before are
//! not opened.

use std::io;
use std::mem::MaybeUninit;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, OFlags, RawDir};
use rustix::io::Errno;
use thiserror::Error;

use crate::follow::Named;
use crate::path::compare;
use crate::root::stat_at;
use crate::{Entry, FsError, Kind, PathError, RelPath, Root, is_staged_name};

/// What one call of getdents(2) may bring.
const BATCH: usize = 64 << 10;
/// Directories that are held open on the way down; those further down are opened again after each directory in them.
const HELD: usize = 64;

/// Something that the walk came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub path: RelPath,
    /// What.
    pub entry: Entry,
    /// Where a symbolic link points.
    pub link: Option<Box<[u8]>>,
}

/// Which part of a tree.
#[derive(Debug, Clone, Default)]
pub struct Span {
    /// From here on, inclusive; `None` from the root.
    pub from: Option<RelPath>,
    /// Up to here, exclusive; `None` to the end.
    pub until: Option<RelPath>,
    /// Does not go into directories of other file systems; it shows them.
    pub one_file_system: bool,
    /// Shows also what runs have staged.
    pub staged: bool,
}

/// Calls `visit` with every entry of the span, and with what could not be read. What runs have staged is left out,
/// unless it is asked for.
/// `visit` says whether the walk goes on, and `enter` whether it goes into a directory that was shown.
pub fn walk(
    root: &Root,
    span: &Span,
    enter: &mut dyn FnMut(&RelPath) -> bool,
    visit: &mut dyn FnMut(Result<Found, FsError>) -> ControlFlow<()>,
) {
    let mut walk = Walk { root, span, device: None, above: Vec::new(), enter, visit };
    // The only way to end early is that the visitor says so.
    let _ = walk.start();
}

/// An entry whose path is none.
#[derive(Debug, Error)]
#[error("an entry in it: {0}")]
struct Unnamed(#[source] PathError);

struct Walk<'a> {
    root: &'a Root,
    span: &'a Span,
    device: Option<(u32, u32)>,
    /// The directories that lead to where the walk is, by file system and number: a link must not lead back to one.
    above: Vec<((u32, u32), u64)>,
    enter: &'a mut dyn FnMut(&RelPath) -> bool,
    visit: &'a mut dyn FnMut(Result<Found, FsError>) -> ControlFlow<()>,
}

impl Walk<'_> {
    fn start(&mut self) -> ControlFlow<()> {
        let root = RelPath::root();
        match self.root.stat(&root) {
            Ok(entry) => {
                if self.span.one_file_system {
                    self.device = Some(entry.device);
                }
                if self.span.from.as_ref().is_none_or(RelPath::is_root) {
                    (self.visit)(Ok(Found { path: root.clone(), entry, link: None }))?;
                }
                self.above.push((entry.device, entry.inode));
                if (self.enter)(&root) { self.directory(&mut Vec::new(), 0) } else { ControlFlow::Continue(()) }
            }
            Err(error) => (self.visit)(Err(error)),
        }
    }

    /// Everything in the directory at `path`.
    fn directory(&mut self, path: &mut Vec<u8>, depth: usize) -> ControlFlow<()> {
        let own = RelPath::checked(path);
        let (mut held, names) = match self.read(&own) {
            Ok((held, names)) => (Some(held), names),
            Err(error) => return (self.visit)(Err(error)),
        };
        let length = path.len();
        for name in names.sorted() {
            path.truncate(length);
            if length > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            if self.is_before(path) {
                continue;
            }
            if self.is_behind(path) {
                break;
            }
            if held.is_none() {
                match self.hold(&own) {
                    Ok(again) => held = Some(again),
                    Err(error) => return (self.visit)(Err(error)),
                }
            }
            let Some(directory) = &held else { break };
            let Some(entry) = self.show(directory, path)? else { continue };
            if entry.kind == Kind::Directory && (self.enter)(&RelPath::checked(path)) {
                if depth >= HELD {
                    held = None;
                }
                self.above.push((entry.device, entry.inode));
                self.directory(path, depth + 1)?;
                self.above.pop();
            }
        }
        path.truncate(length);
        ControlFlow::Continue(())
    }

    /// Shows one entry. Gives it, if the walk may go into it.
    fn show(&mut self, directory: &Arc<OwnedFd>, path: &[u8]) -> ControlFlow<(), Option<Entry>> {
        let path = match RelPath::parse(path) {
            Ok(path) => path,
            Err(error) => {
                // It has no path of its own: the directory that it is in is named.
                let above = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                let error = FsError::io(&RelPath::checked(&path[..above]), io::Error::other(Unnamed(error)));
                (self.visit)(Err(error))?;
                return ControlFlow::Continue(None);
            }
        };
        let entry = match stat_at(directory.as_fd(), path.name(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(entry) => entry,
            // Gone since its name was read.
            Err(Errno::NOENT) => return ControlFlow::Continue(None),
            Err(errno) => {
                (self.visit)(Err(FsError::io(&path, errno.into())))?;
                return ControlFlow::Continue(None);
            }
        };
        let (entry, link) = match entry.kind {
            Kind::Symlink => match self.link(directory, &path) {
                Ok(found) => found,
                Err(error) => {
                    if self.is_shown(&path) {
                        (self.visit)(Err(error))?;
                    }
                    return ControlFlow::Continue(None);
                }
            },
            _ => (entry, None),
        };
        let stays = self.device.is_none_or(|device| device == entry.device);
        if self.is_shown(&path) {
            (self.visit)(Ok(Found { path, entry, link }))?;
        }
        ControlFlow::Continue(stays.then_some(entry))
    }

    fn is_shown(&self, path: &RelPath) -> bool {
        self.span.from.as_ref().is_none_or(|from| path >= from)
    }

    /// A symbolic link, or what it leads to where it is followed.
    fn link(&self, directory: &Arc<OwnedFd>, path: &RelPath) -> Result<Named, FsError> {
        let (entry, link) = self.root.entry_at(directory.as_fd(), path)?;
        if link.is_none() && entry.kind == Kind::Directory && self.above.contains(&(entry.device, entry.inode)) {
            return Err(FsError::leads_back(path));
        }
        Ok((entry, link))
    }

    /// Whether all at and below `path` comes before the span.
    fn is_before(&self, path: &[u8]) -> bool {
        self.span.from.as_ref().is_some_and(|from| {
            let from = from.as_bytes();
            let leads_there = from.strip_prefix(path).is_some_and(|rest| matches!(rest.first(), None | Some(b'/')));
            !leads_there && compare(path, from).is_lt()
        })
    }

    fn is_behind(&self, path: &[u8]) -> bool {
        self.span.until.as_ref().is_some_and(|until| compare(path, until.as_bytes()).is_ge())
    }

    fn hold(&self, path: &RelPath) -> Result<Arc<OwnedFd>, FsError> {
        // Not through the table of parents: a walk would push out what others need.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        self.root.open_beneath(path, flags).map(Arc::new)
    }

    fn read(&self, path: &RelPath) -> Result<(Arc<OwnedFd>, Names), FsError> {
        let held = self.hold(path)?;
        let mut names = Names::default();
        let mut buffer = vec![MaybeUninit::uninit(); BATCH];
        let mut entries = RawDir::new(held.as_fd(), &mut buffer);
        while let Some(entry) = entries.next() {
            match entry {
                Ok(entry) if !self.span.staged && is_staged_name(entry.file_name().to_bytes()) => {}
                Ok(entry) => names.push(entry.file_name().to_bytes()),
                // Removed while it was read: it has no entries any more.
                Err(Errno::NOENT) => break,
                Err(errno) => return Err(FsError::io(path, errno.into())),
            }
        }
        Ok((held, names))
    }
}

/// The names of a directory, packed: a million of them fit in some 30 MiB.
#[derive(Default)]
struct Names {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Names {
    fn push(&mut self, name: &[u8]) {
        if matches!(name, b"." | b"..") {
            return;
        }
        self.bytes.extend_from_slice(name);
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
    }

    fn get(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.bytes.get(start..self.ends[at] as usize).unwrap_or_default()
    }

    fn sorted(&self) -> impl Iterator<Item = &[u8]> {
        let mut order: Vec<u32> = (0..self.ends.len() as u32).collect();
        order.sort_unstable_by(|a, b| self.get(*a as usize).cmp(self.get(*b as usize)));
        order.into_iter().map(|at| self.get(at as usize))
    }
}
