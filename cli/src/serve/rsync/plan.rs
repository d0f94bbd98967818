//! What the paths of a call lead to. Each is found below the root and held, and rsync gets the held directory, so that nobody who
//! swaps a name afterwards sends it elsewhere.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::FileType;
use rustix::io::FdFlags;
use xssh_fs::{FsError, Kind, RelPath, Root};
use xssh_rsync::{PathUse, Place, Placed, ServerCall};

use super::expand::{Named, expand};
use super::staging::Staging;

/// The most directories that are held for one call.
const HELD: usize = 256;
/// Where nothing is, and where nobody can make anything.
const NOWHERE: &str = "/proc/self/fd/none";

/// The words of an rsync, and what they name.
pub(crate) struct Plan {
    pub(crate) is_sender: bool,
    /// Everything before the paths.
    pub(super) options: Vec<OsString>,
    pub(super) paths: Vec<OsString>,
    /// What is to be sent and is not there, in words.
    pub(super) missing: Vec<String>,
    /// The root, without links in its own path.
    pub(super) top: String,
    /// Where rsync is started.
    start: OwnedFd,
    /// What its words name besides, and stays open in it.
    held: HashMap<RelPath, OwnedFd>,
}

impl Plan {
    /// Finds what a call names.
    pub(super) fn of(call: &ServerCall, root: &Root) -> Result<Self, String> {
        let top = root.named().canonicalize().map_err(|error| error.to_string())?;
        let top = top.to_str().ok_or("the name of the tree is no text")?.to_owned();
        let start = root.find(&RelPath::root()).map_err(|error| error.to_string())?;
        let (is_sender, options, paths, missing, held) =
            (call.is_sender(), Vec::new(), Vec::new(), Vec::new(), HashMap::new());
        let mut plan = Self { is_sender, options, paths, missing, top, start, held };
        let from = if is_sender { plan.sources(call, root)? } else { plan.destination(call, root)? };
        let mut words = Vec::new();
        for (of, place) in call.resolve(named(root), &from).map_err(|error| error.to_string())? {
            words.push(plan.option(root, of, place)?);
        }
        plan.options = call.options(words);
        Ok(plan)
    }

    /// Where rsync is started, as a path that leads there whatever becomes of its name.
    pub(super) fn directory(&self) -> PathBuf {
        in_proc(&self.start)
    }

    /// The same as it is called now, for people.
    pub(crate) fn place(&self) -> String {
        let place = self.directory().read_link();
        place.map_or_else(|_| self.top.clone(), |place| place.as_os_str().as_bytes().escape_ascii().to_string())
    }

    /// As it may be shown and logged.
    pub(crate) fn shown(&self, program: &Path) -> String {
        let dot = [OsString::from("--"), OsString::from(".")];
        let words = std::iter::once(program.as_os_str())
            .chain(self.options.iter().chain(&dot).chain(&self.paths).map(OsString::as_os_str));
        let words: Vec<String> = words.map(|word| word.as_bytes().escape_ascii().to_string()).collect();
        words.join(" ")
    }

    /// Has files staged where they may be written to.
    pub(super) fn stage_in(&mut self, staging: &Staging) {
        self.options.push(format!("--temp-dir={}/{}", self.top, staging.path()).into());
    }

    /// Finds where is received, and says which directory paths of options are seen from.
    fn destination(&mut self, call: &ServerCall, root: &Root) -> Result<RelPath, String> {
        let written = call.paths().first().map(|path| path.bytes.as_slice()).unwrap_or_default();
        let place = Place::resolve(named(root), written).map_err(|error| error.to_string())?;
        let path = place.path;
        match find(root, &path)? {
            Some(held) if is_directory(&held)? => {
                self.start = held;
                self.paths = vec![".".into()];
                Ok(path)
            }
            found => {
                let parent = path.parent().unwrap_or_else(RelPath::root);
                let slash: &[u8] = if place.is_content { b"/" } else { b"" };
                match find(root, &parent)? {
                    Some(above) => {
                        refuse_link(root, &path, found.is_some())?;
                        self.start = above;
                        self.paths = vec![below_here(&[path.name(), slash].concat())];
                    }
                    // What is missing is rsync's to make, or to speak of.
                    None => self.paths = vec![below_here(&[path.as_bytes(), slash].concat())],
                }
                // A directory that is missing is most often to be made.
                Ok(if found.is_some() { parent } else { path })
            }
        }
    }

    /// Finds what is sent.
    fn sources(&mut self, call: &ServerCall, root: &Root) -> Result<RelPath, String> {
        let mut sources = Vec::new();
        for argument in call.paths() {
            sources.extend(expand(root, argument)?);
        }
        if call.has("files-from", None) || !call.is_relative() && sources.len() == 1 {
            let [source] = sources.as_slice() else {
                return Err("a list of files has one directory to begin at".to_owned());
            };
            let is_listed = call.has("files-from", None);
            let source = &Named { is_content: source.is_content || is_listed, ..source.clone() };
            let (directory, name) = source.directory();
            self.paths = match directory_at(root, &directory)? {
                Some(held) => {
                    self.start = held;
                    vec![name.map_or_else(|| "./".into(), |name| below_here(&name))]
                }
                None if is_listed => return Err(source.missing()),
                None => vec![self.miss(source)],
            };
            return Ok(RelPath::root());
        }
        if let Some(names) = self.beside_each_other(call, root, &sources)? {
            self.paths = names;
            return Ok(RelPath::root());
        }
        for source in sources {
            let path = if call.is_relative() { self.relative(root, &source)? } else { self.plain(root, &source)? };
            self.paths.push(path);
        }
        Ok(RelPath::root())
    }

    /// Several names in one directory: rsync is started in it, so that what it says of them is as the client has them.
    fn beside_each_other(
        &mut self,
        call: &ServerCall,
        root: &Root,
        sources: &[Named],
    ) -> Result<Option<Vec<OsString>>, String> {
        let Some((directory, _)) = sources.first().map(|source| apart(&source.path)) else { return Ok(None) };
        let Some(held) = directory_at(root, &directory)? else { return Ok(None) };
        let are = sources.iter().all(|source| !source.is_content && apart(&source.path).0 == directory);
        let names: Option<Vec<OsString>> =
            sources.iter().map(|source| apart(&source.path).1.map(|name| below_here(&name))).collect();
        let Some(names) = names.filter(|_| are && !call.is_relative()) else { return Ok(None) };
        self.start = held;
        Ok(Some(names))
    }

    /// One of several things that are sent under their last names.
    fn plain(&mut self, root: &Root, source: &Named) -> Result<OsString, String> {
        let (directory, name) = source.directory();
        let held = self.reach(root, &directory)?;
        Ok(held.map_or_else(|| self.miss(source), |held| join(held, &name.unwrap_or_default())))
    }

    /// One that is sent with its directories, from where the client has put `/./`.
    fn relative(&mut self, root: &Root, source: &Named) -> Result<OsString, String> {
        let names: Vec<&[u8]> = source.path.as_bytes().split(|byte| *byte == b'/').collect();
        let (before, behind) = names.split_at(source.anchor.unwrap_or(0).min(names.len()));
        let anchor = RelPath::parse(&before.join(&b'/')).map_err(|error| error.to_string())?;
        // What leads to it is looked at, though rsync is to walk there by itself: it sends each directory.
        let is_there = directory_at(root, &source.directory().0)?.is_some();
        let Some(held) = self.reach(root, &anchor)?.filter(|_| is_there) else { return Ok(self.miss(source)) };
        let slash: &[u8] = if source.is_content { b"/" } else { b"" };
        Ok(join(held, &[b"./", behind.join(&b'/').as_slice(), slash].concat()))
    }

    /// Notes that something has no directory to be in, and gives rsync a path that nobody can make: so it ends with 23, and its client
    /// deletes nothing for want of it.
    fn miss(&mut self, source: &Named) -> OsString {
        self.missing.push(source.missing());
        join(NOWHERE.into(), source.path.as_bytes())
    }

    fn option(&mut self, root: &Root, of: PathUse, place: Placed) -> Result<OsString, String> {
        let path = match place {
            Placed::Stream => return Ok("-".into()),
            Placed::Beside(name) => return Ok(OsString::from_vec(name)),
            Placed::At(path) => path,
        };
        match find(root, &path)? {
            // Whoever opens a FIFO waits for somebody at its other end.
            Some(held) if matches!(of, PathUse::Log | PathUse::List) && kind(&held)? != FileType::RegularFile => {
                Err(format!("{path}: it is no ordinary file"))
            }
            Some(held) if matches!(of, PathUse::Log | PathUse::List) || is_directory(&held)? => {
                Ok(self.keep(&path, held)?.into_os_string())
            }
            Some(_) => Err(format!("{path}: it is no directory")),
            None if of == PathUse::List => Err(format!("{path}: there is no such file")),
            // rsync makes it, or says that it is not there.
            None => {
                let name = path.parent().map(|_| path.name().to_vec()).unwrap_or_default();
                refuse_link(root, &path, false)?;
                let parent = path.parent().unwrap_or_else(RelPath::root);
                match find(root, &parent)? {
                    Some(above) => Ok(join(self.keep(&parent, above)?, &name)),
                    None => Ok(join(PathBuf::from(&self.top), path.as_bytes())),
                }
            }
        }
    }

    /// A path that leads to a directory, which is held once for all that is in it.
    fn reach(&mut self, root: &Root, path: &RelPath) -> Result<Option<PathBuf>, String> {
        match self.held.get(path) {
            Some(held) => Ok(Some(in_proc(held))),
            None => directory_at(root, path)?.map(|held| self.keep(path, held)).transpose(),
        }
    }

    /// Holds something open in rsync too, and gives a path that leads there.
    fn keep(&mut self, path: &RelPath, held: OwnedFd) -> Result<PathBuf, String> {
        if let Some(held) = self.held.get(path) {
            return Ok(in_proc(held));
        }
        if self.held.len() >= HELD {
            return Err(format!("more than {HELD} directories are named"));
        }
        rustix::io::fcntl_setfd(&held, FdFlags::empty()).map_err(|errno| errno.to_string())?;
        let there = in_proc(&held);
        self.held.insert(path.clone(), held);
        Ok(there)
    }
}

/// What the root is called.
fn named(root: &Root) -> &[u8] {
    root.named().as_os_str().as_bytes()
}

fn in_proc(held: &OwnedFd) -> PathBuf {
    format!("/proc/self/fd/{}", held.as_raw_fd()).into()
}

/// A name here, which no dash at its beginning makes an option.
fn below_here(name: &[u8]) -> OsString {
    OsString::from_vec([b"./", name].concat())
}

fn join(directory: PathBuf, name: &[u8]) -> OsString {
    let mut path = directory.into_os_string().into_vec();
    path.push(b'/');
    path.extend(name);
    OsString::from_vec(path)
}

/// The directory that holds something, and its name there; the root is all of itself.
fn apart(path: &RelPath) -> (RelPath, Option<Vec<u8>>) {
    match path.parent() {
        Some(parent) => (parent, Some(path.name().to_vec())),
        None => (RelPath::root(), None),
    }
}

/// Holds what is there. What leads out is refused.
fn find(root: &Root, path: &RelPath) -> Result<Option<OwnedFd>, String> {
    match root.find(path) {
        Ok(held) => Ok(Some(held)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(in_words(path, &error)),
    }
}

/// The same of a directory: whatever else is there is none to look in.
fn directory_at(root: &Root, path: &RelPath) -> Result<Option<OwnedFd>, String> {
    let Some(held) = find(root, path)? else { return Ok(None) };
    Ok(is_directory(&held)?.then_some(held))
}

/// A link that leads nowhere now may lead out when rsync follows it.
fn refuse_link(root: &Root, path: &RelPath, is_there: bool) -> Result<(), String> {
    let is_link = !is_there && root.stat(path).is_ok_and(|entry| entry.kind == Kind::Symlink);
    if is_link { Err(format!("{path}: a link that leads nowhere")) } else { Ok(()) }
}

fn is_directory(held: &OwnedFd) -> Result<bool, String> {
    Ok(kind(held)? == FileType::Directory)
}

fn kind(held: &OwnedFd) -> Result<FileType, String> {
    let stat = rustix::fs::fstat(held).map_err(|errno| errno.to_string())?;
    Ok(FileType::from_raw_mode(stat.st_mode))
}

fn in_words(path: &RelPath, error: &FsError) -> String {
    match error {
        FsError::Entry { source, .. } if source.raw_os_error() == Some(rustix::io::Errno::XDEV.raw_os_error()) => {
            format!("{path}: it leads out of the tree")
        }
        error => format!("{path}: {error}"),
    }
}
