//! A git repository in a tree: its ignore files, and what it tracks.
//!
//! Both are looked for where git has them for a work tree: in `.git`, or, where that is a file or a link, where it says. What lies
//! outside of the place that was granted is not looked at.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use xssh_filter::{FilterError, GitScope, GitTexts, IndexFile, IndexFiles, Tracked, limits::TEXT};
use xssh_fs::{Entry, FsError, Kind, RelPath, Root};

use crate::above::GitAbove;
use crate::limits::REPOSITORIES;
use crate::tree::Tree;
use crate::wire::start::Role;

/// The longest text of a `.git` that is a file, or of a `commondir`: a path, and words before it.
const POINTER: u64 = 8 << 10;

/// What is in force in one directory of a repository, or of what is not one.
#[derive(Clone)]
pub(crate) struct Repository {
    scope: GitScope,
    tracked: Arc<Tracked>,
    /// What the user has ignored everywhere.
    excludes_file: Arc<[u8]>,
}

impl Repository {
    /// The tree's own root, which may lie deep in a work tree.
    pub(crate) fn outermost(tree: &Tree, above: Option<&GitAbove>, role: Role) -> Result<Self, FilterError> {
        let Some(above) = above else { return Self::top(tree, &RelPath::root(), Arc::default(), role) };
        let excludes_file: Arc<[u8]> = above.excludes_file.as_slice().into();
        if above.within.is_root() && above.info_exclude.is_empty() && above.gitignores.is_empty() {
            let top = Self::top(tree, &RelPath::root(), excludes_file, role)?;
            return Ok(Self { tracked: tree.tracked_above().unwrap_or(top.tracked), ..top });
        }
        let own = text(tree, &RelPath::root());
        let mut texts = above.gitignores.iter().map(Vec::as_slice).chain([&own[..]]);
        let mut next = || texts.next().unwrap_or_default();
        let (excludes, info_exclude) = (&above.excludes_file[..], &above.info_exclude[..]);
        let mut scope = GitScope::top(GitTexts { excludes_file: excludes, info_exclude, gitignore: next() })?;
        for name in above.within.as_bytes().split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
            scope = scope.enter(name, next())?;
        }
        Ok(Self { scope, tracked: tree.tracked_above().unwrap_or_default(), excludes_file })
    }

    /// The top directory of one further in.
    fn top(tree: &Tree, top: &RelPath, excludes_file: Arc<[u8]>, role: Role) -> Result<Self, FilterError> {
        let git = GitDirectory::of(tree, top);
        let info_exclude = git.as_ref().map(GitDirectory::info_exclude).unwrap_or_default();
        let texts =
            GitTexts { excludes_file: &excludes_file, info_exclude: &info_exclude, gitignore: &text(tree, top) };
        let scope = GitScope::top(texts)?;
        let tracked = match git.map(|git| tree.indexes().of(&git)).transpose() {
            Ok(tracked) => tracked.unwrap_or_default(),
            // The source's comes, if it is there.
            Err(_) if role == Role::Target => Arc::default(),
            Err(error) => return Err(error),
        };
        Ok(Self { scope, tracked, excludes_file })
    }

    /// A directory further in, which may be a repository of its own.
    pub(crate) fn enter(&self, tree: &Tree, path: &RelPath, role: Role) -> Result<Self, FilterError> {
        if path.join(b".git").is_ok_and(|own| tree.stat(&own).is_ok()) {
            return Self::top(tree, path, self.excludes_file.clone(), role);
        }
        let scope = self.scope.enter(path.name(), &text(tree, path))?;
        Ok(Self { scope, tracked: self.tracked.clone(), excludes_file: self.excludes_file.clone() })
    }

    /// Whether git leaves out a name in this directory.
    pub(crate) fn leaves_out(&self, name: &[u8], is_directory: bool) -> bool {
        self.scope.ignored(name, is_directory) && !self.tracked.has(&self.scope.path(name))
    }

    /// Whether it leaves out the directory itself, and so all that is in it.
    pub(crate) fn is_left_out(&self) -> bool {
        let path = self.scope.path(b"");
        self.scope.is_ignored() && !self.tracked.has(path.strip_suffix(b"/").unwrap_or(&path))
    }
}

/// The text of a directory's own file, empty where there is none.
fn text(tree: &Tree, directory: &RelPath) -> Vec<u8> {
    tree.place(directory).map(|(root, own)| ignore_file(root, &own)).unwrap_or_default()
}

/// The same below a root.
pub(crate) fn ignore_file(root: &Root, directory: &RelPath) -> Vec<u8> {
    let file = directory.join(b".gitignore").ok().and_then(|path| root.open_file(&path).ok());
    file.map(|(file, _)| read(file, TEXT as u64 + 1)).unwrap_or_default()
}

/// What cannot be read to its end ignores less, and so nothing is lost.
fn read(file: impl Read, most: u64) -> Vec<u8> {
    let mut text = Vec::new();
    let _ = file.take(most).read_to_end(&mut text);
    text
}

/// Where git keeps what belongs to one work tree.
pub(crate) struct GitDirectory<'a> {
    root: &'a Root,
    path: RelPath,
}

impl<'a> GitDirectory<'a> {
    /// That of a directory, if it is the top of a work tree.
    fn of(tree: &'a Tree, top: &RelPath) -> Option<Self> {
        let (root, top) = tree.place(top).ok()?;
        Self::at(root, &top)
    }

    /// The same below a root (gitrepository-layout(5)).
    pub(crate) fn at(root: &'a Root, top: &RelPath) -> Option<Self> {
        let path = top.join(b".git").ok()?;
        match root.stat(&path).ok()?.kind {
            Kind::Directory => Some(Self { root, path }),
            Kind::File => {
                let text = read(root.open_file(&path).ok()?.0, POINTER);
                let to = text.strip_prefix(b"gitdir: ")?.trim_ascii_end();
                Some(Self { root, path: within(root, top, to)? })
            }
            Kind::Symlink => Some(Self { root, path: within(root, top, &root.read_link(&path).ok()?)? }),
            _ => None,
        }
    }

    /// Whether it looks like one, as git asks.
    pub(crate) fn is_one(&self) -> bool {
        self.path.join(b"HEAD").is_ok_and(|head| self.root.stat(&head).is_ok())
    }

    /// What all work trees of a repository share.
    fn shared(&self) -> Option<Self> {
        let shared = self.file(&[b"commondir"]).map(|(file, _)| read(file, POINTER));
        let path = match &shared {
            Some(text) => within(self.root, &self.path, text.trim_ascii_end())?,
            None => self.path.clone(),
        };
        Some(Self { root: self.root, path })
    }

    /// The patterns that all work trees of a repository share.
    pub(crate) fn info_exclude(&self) -> Vec<u8> {
        let file = self.shared().and_then(|git| git.file(&[b"info", b"exclude"]));
        file.map(|(file, _)| read(file, TEXT as u64 + 1)).unwrap_or_default()
    }

    /// The repository's own configuration.
    pub(crate) fn config(&self) -> Vec<u8> {
        let file = self.shared().and_then(|git| git.file(&[b"config"]));
        file.map(|(file, _)| read(file, TEXT as u64)).unwrap_or_default()
    }

    fn file(&self, names: &[&[u8]]) -> Option<(std::fs::File, Entry)> {
        let path = names.iter().try_fold(self.path.clone(), |path, name| path.join(name));
        self.root.open_file(&path.ok()?).ok()
    }
}

impl IndexFiles for GitDirectory<'_> {
    fn open(&self, name: &str) -> io::Result<Option<IndexFile<'_>>> {
        let path = self.path.join(name.as_bytes()).map_err(io::Error::other)?;
        match self.root.open_file(&path) {
            Ok((file, entry)) => Ok(Some(IndexFile { input: Box::new(file), length: entry.size })),
            Err(error) if error.is_missing() => Ok(None),
            Err(FsError::Entry { source, .. }) => Err(source),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}

/// What a path leads to that stands in a directory of a root, if it is below the root.
fn within(root: &Root, directory: &RelPath, path: &[u8]) -> Option<RelPath> {
    let named = root.named();
    let written = Path::new(OsStr::from_bytes(path));
    let is_elsewhere = written.is_absolute() && !(named.is_absolute() && written.starts_with(named));
    if is_elsewhere {
        return None;
    }
    let named = named.as_os_str().as_bytes();
    RelPath::resolve(named.strip_suffix(b"/").unwrap_or(named), directory, path).ok()
}

/// The indexes that were read last: each is asked of by many walks.
#[derive(Debug, Default)]
pub(crate) struct Indexes(Mutex<Vec<(Stamp, Arc<Tracked>)>>);

/// Which version of which file: device and number, time of its last change, size.
type Stamp = ((u32, u32), u64, (i64, u32), u64);

impl Indexes {
    /// What a repository tracks as its index is now.
    fn of(&self, git: &GitDirectory<'_>) -> Result<Arc<Tracked>, FilterError> {
        let Some((_, entry)) = git.file(&[b"index"]) else { return Tracked::read(git).map(Arc::new) };
        let stamp = (entry.device, entry.inode, entry.changed, entry.size);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, tracked)) = known.iter().find(|(known, _)| *known == stamp) {
            return Ok(tracked.clone());
        }
        let tracked = Arc::new(Tracked::read(git)?);
        if known.len() >= REPOSITORIES {
            known.remove(0);
        }
        known.push((stamp, tracked.clone()));
        Ok(tracked)
    }
}
