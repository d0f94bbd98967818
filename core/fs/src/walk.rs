//! The entries of a tree, in the order of their paths: a directory right before what is in it.
//!
//! The names of a directory are read at once and sorted. What else is to be known of an entry is asked as its name is read,
//! while the system has both at hand (a quarter less time in a large tree), but for those of a very large directory and of one
//! that a span begins or ends in: they are asked as the walk comes to them. So what is held is the names of the directories from
//! the root to the place where the walk is, and what is known of some of them. It can begin anywhere: directories before are not
//! opened.

use std::io;
use std::mem::MaybeUninit;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, OFlags, RawDir};
use rustix::io::Errno;
use thiserror::Error;

use crate::follow::Named;
use crate::names::{Names, Sorted};
use crate::path::compare;
use crate::root::stat_at;
use crate::{Entry, FsError, Kind, PathError, RelPath, Root, is_staged_name};

/// What one call of getdents(2) may bring.
const BATCH: usize = 64 << 10;
/// Directories that are held open on the way down; those further down are opened again after each directory in them.
const HELD: usize = 64;
/// A directory of so many names is not read anew for each part of it.
const LARGE: usize = 4096;
/// Entries that lie in one piece of memory.
const ENTRIES: usize = 512;
/// Entries, in all directories on the way down, that were asked for before the walk came to them.
const AHEAD: usize = 32 << 10;

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
/// unless it is asked for. A span that begins or ends in a large directory may miss what was made there since it was last read.
/// `visit` says whether the walk goes on, and `enter` whether it goes into a directory that was shown.
pub fn walk(
    root: &Root,
    span: &Span,
    enter: &mut dyn FnMut(&RelPath) -> bool,
    visit: &mut dyn FnMut(Result<Found, FsError>) -> ControlFlow<()>,
) {
    let mut walk = Walk { root, span, device: None, above: Vec::new(), ahead: AHEAD, enter, visit };
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
    /// Entries that may still be asked for ahead.
    ahead: usize,
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
                if (self.enter)(&root) { self.directories() } else { ControlFlow::Continue(()) }
            }
            Err(error) => (self.visit)(Err(error)),
        }
    }

    /// Everything below the root. Trees may be deeper than a thread's stack.
    fn directories(&mut self) -> ControlFlow<()> {
        let mut path = Vec::new();
        let mut levels: Vec<Level> = self.enter_level(&mut path, None)?.into_iter().collect();
        while let Some(level) = levels.last_mut() {
            if let Some(entry) = self.next(level, &mut path)? {
                let above = level.held.clone();
                if levels.len() > HELD
                    && let Some(level) = levels.last_mut()
                {
                    level.held = None;
                }
                self.above.push((entry.device, entry.inode));
                match self.enter_level(&mut path, above)? {
                    Some(level) => levels.push(level),
                    None => drop(self.above.pop()),
                }
            } else if let Some(level) = levels.pop() {
                self.ahead += level.entries.len();
                self.above.pop();
            }
        }
        ControlFlow::Continue(())
    }

    /// Reads the directory at `path`, up to where the span begins; none where it cannot be read. `above`: the one that it is in.
    fn enter_level(&mut self, path: &mut Vec<u8>, above: Option<Arc<OwnedFd>>) -> ControlFlow<(), Option<Level>> {
        let own = RelPath::checked(path);
        let is_gone = |above: Arc<OwnedFd>| {
            stat_at(above.as_fd(), own.name(), AtFlags::SYMLINK_NOFOLLOW).is_err_and(|errno| errno == Errno::NOENT)
        };
        let Listing { held, names, entries } = match self.read(&own) {
            Ok(listing) => listing,
            // Gone since it was shown, from the very directory that had it: what cannot be reached by its path may be there still.
            Err(error) if error.is_missing() && above.is_some_and(is_gone) => return ControlFlow::Continue(None),
            Err(error) => {
                (self.visit)(Err(error))?;
                return ControlFlow::Continue(None);
            }
        };
        let next = names.position(|name| {
            put_name(path, &own, name);
            self.is_before(path)
        });
        ControlFlow::Continue(Some(Level { own, held: Some(held), names, entries, next }))
    }

    /// Shows what comes next in a directory, until it comes by a directory to go into, and gives that; none at its end.
    fn next(&mut self, level: &mut Level, path: &mut Vec<u8>) -> ControlFlow<(), Option<Entry>> {
        while let Some((at, name)) = level.names.get(level.next) {
            level.next += 1;
            if !self.span.staged && is_staged_name(name) {
                continue;
            }
            put_name(path, &level.own, name);
            if self.is_behind(path) {
                break;
            }
            if level.held.is_none() {
                match self.hold(&level.own) {
                    Ok(again) => level.held = Some(again),
                    Err(error) => {
                        (self.visit)(Err(error))?;
                        break;
                    }
                }
            }
            let Some(directory) = &level.held else { break };
            let known = level.entries.get(at);
            let Some(entry) = self.show(directory, path, known)? else { continue };
            if entry.kind == Kind::Directory && (self.enter)(&RelPath::checked(path)) {
                return ControlFlow::Continue(Some(entry));
            }
        }
        ControlFlow::Continue(None)
    }

    /// Shows one entry, of which something may be known already. Gives it, if the walk may go into it.
    fn show(&mut self, directory: &Arc<OwnedFd>, path: &[u8], known: Option<Entry>) -> ControlFlow<(), Option<Entry>> {
        let path = match RelPath::listed(path) {
            Ok(path) => path,
            Err(error) => {
                // It has no path of its own: the directory that it is in is named.
                let above = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                let error = FsError::io(&RelPath::checked(&path[..above]), io::Error::other(Unnamed(error)));
                (self.visit)(Err(error))?;
                return ControlFlow::Continue(None);
            }
        };
        let asked = || stat_at(directory.as_fd(), path.name(), AtFlags::SYMLINK_NOFOLLOW);
        let entry = match known.map_or_else(asked, Ok) {
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
                // Gone since: a link that leads nowhere is another error.
                Err(error) if error.is_missing() => return ControlFlow::Continue(None),
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

    fn read(&mut self, path: &RelPath) -> Result<Listing, FsError> {
        let held = self.hold(path)?;
        let cuts = |end: &Option<RelPath>| end.as_ref().is_some_and(|end| end.is_below(path));
        let is_part = cuts(&self.span.from) || cuts(&self.span.until);
        if is_part && let Some(names) = self.root.large(path) {
            return Ok(Listing { held, names, entries: Entries::default() });
        }
        let (mut names, mut entries) = (Names::default(), Entries::default());
        let most = if is_part { 0 } else { self.ahead };
        let mut buffer = vec![MaybeUninit::uninit(); BATCH];
        let mut found = RawDir::new(held.as_fd(), &mut buffer);
        while let Some(entry) = found.next() {
            let entry = match entry {
                Ok(entry) => entry,
                // Removed while it was read: it has no entries any more.
                Err(Errno::NOENT) => break,
                Err(errno) => return Err(FsError::io(path, errno.into())),
            };
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            if names.len() < most {
                // What cannot be had now is asked for again when the walk comes to it.
                entries.push(stat_at(held.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW).ok());
            }
            names.push(name);
        }
        self.ahead -= entries.len();
        let names = Arc::new(names.sorted());
        if names.len() >= LARGE {
            self.root.keep_large(path, &names);
        }
        Ok(Listing { held, names, entries })
    }
}

/// A directory that the walk is in.
struct Level {
    own: RelPath,
    /// Not where many others are held.
    held: Option<Arc<OwnedFd>>,
    names: Arc<Sorted>,
    entries: Entries,
    /// Where the name is in its order that comes next.
    next: usize,
}

/// Makes of `path` what is called `name` in a directory.
fn put_name(path: &mut Vec<u8>, directory: &RelPath, name: &[u8]) {
    path.truncate(directory.as_bytes().len());
    if !directory.is_root() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
}

/// A directory as it was read.
struct Listing {
    held: Arc<OwnedFd>,
    names: Arc<Sorted>,
    /// What is known of the first of them.
    entries: Entries,
}

/// Entries in the order in which they were read; none for those that could not be had. They lie in pieces: one piece would be up to
/// twice as large as they are, and three times while it grows.
#[derive(Default)]
struct Entries(Vec<Vec<Option<Entry>>>);

impl Entries {
    fn push(&mut self, entry: Option<Entry>) {
        match self.0.last_mut() {
            Some(piece) if piece.len() < ENTRIES => piece.push(entry),
            Some(_) => {
                let mut piece = Vec::with_capacity(ENTRIES);
                piece.push(entry);
                self.0.push(piece);
            }
            None => self.0.push(vec![entry]),
        }
    }

    fn len(&self) -> usize {
        self.0.split_last().map_or(0, |(last, full)| full.len() * ENTRIES + last.len())
    }

    /// The one before which so many others were read.
    fn get(&self, at: u32) -> Option<Entry> {
        self.0.get(at as usize / ENTRIES)?.get(at as usize % ENTRIES).copied().flatten()
    }
}
