//! What is known of an entry of a tree, as far as it travels and is compared.

mod opened;
mod permitted;
mod walking;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use xssh_filter::{FilterError, Tracked};
use xssh_fs::{Entry, FsError, Kind, RelPath, Root, StandIn, Xattr, unkept};
use xssh_os::account;

use self::permitted::Permitted;
use crate::above::FoundAbove;
use crate::content::hash;
use crate::filtering::{Filter, Trail};
use crate::limits::LINK;
use crate::options::Options;
use crate::owners::{Rights, Translation};
use crate::repository::Indexes;
use crate::wire::message::FileDigest;
use crate::wire::start::{Role, Start};

use opened::Opened;
pub(crate) use opened::WORKABLE;
pub(crate) use walking::Visit;

/// The properties of an entry, without its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// What it is.
    pub kind: Kind,
    /// Permissions with set-id and sticky bits.
    pub mode: u32,
    /// The size of a file in bytes; 0 for everything else.
    pub size: u64,
    /// Last change of the content: seconds since 1970, and nanoseconds.
    pub mtime: (i64, u32),
    /// The owner's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// The device's numbers, for a device.
    pub device: (u32, u32),
}

/// An entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Where it is.
    pub path: RelPath,
    /// What it is.
    pub meta: Meta,
    /// Where a symbolic link points.
    pub link: Option<Box<[u8]>>,
    /// The first name of the same file, where that is another and hard links are kept.
    pub same: Option<RelPath>,
    /// Extended attributes that are kept.
    pub xattrs: Vec<Xattr>,
}

impl Item {
    /// Whether a symbolic link points out of the tree.
    pub(crate) fn leads_out(&self) -> bool {
        self.path.leads_out(self.link.as_deref().unwrap_or_default())
    }
}

impl From<&Entry> for Meta {
    fn from(entry: &Entry) -> Self {
        Self {
            kind: entry.kind,
            mode: entry.mode,
            size: if entry.kind == Kind::File { entry.size } else { 0 },
            mtime: entry.mtime,
            uid: entry.uid,
            gid: entry.gid,
            device: entry.rdev,
        }
    }
}

/// How an entry of the target differs from that of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Difference {
    /// Another kind of thing, another link target, another device.
    pub kind: bool,
    /// The size of a file.
    pub size: bool,
    /// The time of the last change.
    pub time: bool,
    /// The permissions.
    pub mode: bool,
    /// Owner or group.
    pub owner: bool,
    /// Extended attributes.
    pub xattrs: bool,
    /// It is another name of a file that the source has apart.
    pub linked: bool,
}

impl Difference {
    /// What differs, as far as the options ask.
    pub(crate) fn between(source: &Item, target: &Item, options: &Options, translation: &Translation) -> Self {
        let (want, have) = (&source.meta, &target.meta);
        let is_link = want.kind == Kind::Symlink;
        Self {
            kind: want.kind != have.kind
                || (is_link && source.link != target.link)
                || (want.kind.is_device() && want.device != have.device),
            size: want.kind == Kind::File && want.size != have.size,
            time: options.times && !is_link && !options.same_time(want.mtime, have.mtime),
            mode: options.modes && !is_link && want.mode != have.mode,
            owner: translation.user(options, want).is_some_and(|uid| uid != have.uid)
                || translation.group(options, want).is_some_and(|gid| gid != have.gid),
            xattrs: source.xattrs != target.xattrs,
            linked: source.same.is_none() && target.same.is_some(),
        }
    }

    /// Whether nothing differs.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}

/// A tree as it is shown to the other side: what is below one or several places.
#[derive(Debug)]
pub struct Tree {
    parts: Vec<Part>,
    filter: Option<Filter>,
    /// What is looked at beside what every entry has.
    options: Options,
    /// Whether what only root could set is read from beside the entries.
    stands_in: bool,
    is_target: bool,
    /// Whether both sides are root's, who may read and set extended attributes of all kinds.
    privileged: bool,
    /// What is on another file system is not to be deleted.
    stays_here: bool,
    permitted: Permitted,
    /// Other trees that may have what this one has not.
    references: Vec<Tree>,
    /// Where backups go that leave the tree.
    backups: Option<Root>,
    /// Directories that the account is let into for as long as the run lasts.
    opened: Option<Opened>,
    /// The first names of files that have several.
    leaders: Mutex<HashMap<Inode, RelPath>>,
    /// What git tracks in it.
    indexes: Indexes,
    /// The same of the repository around it, where it is not in the tree.
    tracked: Option<Arc<Tracked>>,
}

/// A file's device and number.
type Inode = ((u32, u32), u64);

/// A place, and the name under which it is shown.
#[derive(Debug)]
struct Part {
    shown: RelPath,
    root: Root,
    own: RelPath,
    /// Paths below it are the same as they are shown.
    is_plain: bool,
}

impl Tree {
    /// Everything below a root.
    pub fn whole(root: Root) -> Self {
        Self::of(vec![(RelPath::root(), root, RelPath::root())])
    }

    /// Several places, each with the name under which it is shown. No name may be inside another.
    pub fn of(places: Vec<(RelPath, Root, RelPath)>) -> Self {
        let part = |(shown, root, own)| Part { is_plain: shown == own, shown, root, own };
        let mut parts: Vec<Part> = places.into_iter().map(part).collect();
        parts.sort_by(|one, other| one.shown.cmp(&other.shown));
        let (options, leaders) = (Options::default(), Mutex::default());
        let (stands_in, is_target, privileged, stays_here) = (false, false, false, false);
        let permitted = Permitted::default();
        let (filter, references, backups, opened) = (None, Vec::new(), None, None);
        let (indexes, tracked) = (Indexes::default(), None);
        Self {
            parts,
            filter,
            options,
            stands_in,
            is_target,
            privileged,
            stays_here,
            permitted,
            references,
            backups,
            opened,
            leaders,
            indexes,
            tracked,
        }
    }

    /// Shows what takes part, as seen from this side.
    #[must_use]
    pub fn seen(mut self, start: &Start, role: Role) -> Self {
        self.filter = Filter::of(start, role);
        self.options = start.options.clone();
        self.stands_in = start.options.fake_super && (role == Role::Source || !account::is_root());
        if role == Role::Target {
            self.is_target = true;
            self.stays_here = self.options.one_file_system;
            self.opened = (!self.options.dry_run && !account::is_root()).then(Opened::default);
            // What the source leaves out or changes on the way has been left out and changed.
            (self.options.one_file_system, self.options.prune_empty_dirs, self.options.chmod) = (false, false, None);
        }
        self
    }

    /// Has other trees of the same shape beside it, which may have what this one has not.
    #[must_use]
    pub fn beside(mut self, references: Vec<Tree>) -> Self {
        self.references = references;
        self
    }

    /// Whether nothing at all is there, what a run that was cut has left neither.
    pub fn is_vacant(&self) -> bool {
        let is_missing = |error: FsError| error.is_missing();
        self.parts.iter().all(|Part { root, own, .. }| match own.is_root() {
            true => root.is_empty(),
            false => root.stat(own).is_err_and(is_missing) && root.partial(own).is_err_and(is_missing),
        })
    }

    /// Keeps what is replaced or deleted in a directory outside.
    #[must_use]
    pub fn keeping(mut self, backups: Root) -> Self {
        self.backups = Some(backups);
        self
    }

    /// Where that is kept, if it is outside.
    pub(crate) fn backups(&self) -> Option<&Root> {
        self.backups.as_ref()
    }

    /// Is in a work tree: git's rules are those of this repository.
    #[must_use]
    pub fn inside(mut self, found: &FoundAbove) -> Self {
        self.tracked.clone_from(&found.tracked);
        self
    }

    /// What that tracks.
    pub(crate) fn tracked_above(&self) -> Option<Arc<Tracked>> {
        self.tracked.clone()
    }

    /// A place that git leaves out as a whole, though it was named.
    pub fn left_out_by_git(&self) -> Option<&RelPath> {
        let trail = self.trail().ok()??;
        let is_directory = |part: &Part| part.root.stat(&part.own).is_ok_and(|entry| entry.kind == Kind::Directory);
        let mut parts = self.parts.iter();
        parts.find(|part| trail.git_leaves_out(&part.shown, is_directory(part))).map(|part| &part.shown)
    }

    /// What git's indexes in it say.
    pub(crate) fn indexes(&self) -> &Indexes {
        &self.indexes
    }

    /// The trees beside it.
    pub(crate) fn references(&self) -> &[Tree] {
        &self.references
    }

    /// Shows what both sides can read and set, so that they compare the same.
    pub(crate) fn meet(&mut self, own: &Rights, theirs: &Rights) {
        self.privileged = own.root && theirs.root;
        self.references.iter_mut().for_each(|reference| reference.meet(own, theirs));
    }

    /// Whether some entries are not shown.
    pub(crate) fn hides(&self) -> bool {
        self.filter.is_some()
    }

    /// Whether a directory takes part, by the rules as they are now. Rules that cannot be read leave out nothing.
    pub fn shows(&self, directory: &RelPath) -> bool {
        let Ok(Some(mut trail)) = self.trail() else { return true };
        trail.leads_to(directory, true).unwrap_or(true)
    }

    /// Whether a directory that the source has not may go, by the rules as they are now. Rules that cannot be read keep nothing.
    pub fn gives_up(&self, directory: &RelPath) -> bool {
        let Ok(Some(mut trail)) = self.trail() else { return true };
        trail.leads_to(directory, true).unwrap_or(true) && !trail.keeps(directory, true, true)
    }

    /// What was named one by one and cannot be had, and why.
    pub(crate) fn missing(&self) -> Vec<(RelPath, FsError)> {
        let named = self.filter.iter().flat_map(Filter::named);
        named.filter_map(|path| self.stat(path).err().map(|error| (path.clone(), error))).collect()
    }

    /// The root that a path is below, and its path there.
    pub(crate) fn place(&self, path: &RelPath) -> Result<(&Root, RelPath), FsError> {
        self.part(path).map(|(part, own)| (&part.root, own))
    }

    /// Whether something is on another file system than the tree, and so not to be deleted.
    pub(crate) fn is_elsewhere(&self, path: &RelPath) -> bool {
        let is_elsewhere =
            |(part, own): (&Part, RelPath)| part.root.stat(&own).is_ok_and(|entry| part.is_elsewhere(&entry));
        self.stays_here && self.part(path).is_ok_and(is_elsewhere)
    }

    /// How many places it is made of.
    pub(crate) fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Which of them a path is below.
    pub(crate) fn part_around(&self, path: &RelPath) -> Option<usize> {
        self.parts.iter().position(|part| path.is_below(&part.shown))
    }

    fn part(&self, path: &RelPath) -> Result<(&Part, RelPath), FsError> {
        for part in &self.parts {
            if let Some(rest) = below(path, &part.shown) {
                return Ok((part, joined(&part.own, rest)?));
            }
        }
        Err(FsError::io(path, std::io::ErrorKind::NotFound.into()))
    }

    /// An entry as a walk shows it, but for its other names.
    pub(crate) fn look(&self, path: &RelPath) -> Result<Item, FsError> {
        let (part, own) = self.part(path)?;
        let entry = self.as_it_was(path, part.root.stat(&own)?);
        let link = if entry.kind == Kind::Symlink { Some(part.root.read_link(&own)?) } else { None };
        self.alone(path.clone(), &entry, link).map_err(|(_, error)| error)
    }

    pub(crate) fn stat(&self, path: &RelPath) -> Result<Meta, FsError> {
        let (root, own) = self.place(path)?;
        let entry = self.as_it_was(path, root.stat(&own)?);
        Ok(self.meta(&entry, self.beside_entry(path, &entry)?))
    }

    pub(crate) fn open(&self, path: &RelPath) -> Result<(File, Meta), FsError> {
        self.open_entry(path).map(|(file, _, meta)| (file, meta))
    }

    /// The same, and what the system says of it.
    pub(crate) fn open_entry(&self, path: &RelPath) -> Result<(File, Entry, Meta), FsError> {
        let (root, own) = self.place(path)?;
        let (file, entry) = root.open_file(&own)?;
        let stand_in = if self.stands_in { StandIn::of(&file) } else { None };
        let meta = self.meta(&entry, stand_in);
        Ok((file, entry, meta))
    }

    /// What is kept beside an entry.
    fn beside_entry(&self, path: &RelPath, entry: &Entry) -> Result<Option<StandIn>, FsError> {
        if !self.stands_in || !matches!(entry.kind, Kind::File | Kind::Directory) {
            return Ok(None);
        }
        let (root, own) = self.place(path)?;
        root.stand_in(&own)
    }

    fn meta(&self, entry: &Entry, stand_in: Option<StandIn>) -> Meta {
        let mut meta = Meta::from(entry);
        if let Some(StandIn { kind, mode, rdev, uid, gid }) = stand_in
            && (kind == Kind::Directory) == (entry.kind == Kind::Directory)
        {
            let size = if kind == Kind::File { meta.size } else { 0 };
            meta = Meta { kind, mode, size, uid, gid, device: if kind.is_device() { rdev } else { (0, 0) }, ..meta };
        }
        if self.options.omit_dir_times && meta.kind == Kind::Directory {
            meta.mtime = (0, 0);
        }
        if let Some(chmod) = &self.options.chmod {
            meta.mode = chmod.of(meta.kind, meta.mode);
        }
        meta
    }

    /// An entry with all that is kept of it.
    fn item(&self, path: RelPath, entry: &Entry, link: Option<Box<[u8]>>) -> Result<Item, (RelPath, FsError)> {
        let mut item = self.alone(path, entry, link)?;
        // A file that stands in for something else is not a file to the other side.
        let is_file = entry.kind == Kind::File && item.meta.kind == Kind::File;
        if self.options.hard_links && is_file && entry.links > 1 {
            let mut leaders = self.leaders.lock().unwrap_or_else(PoisonError::into_inner);
            let leader = leaders.entry((entry.device, entry.inode)).or_insert_with(|| item.path.clone());
            item.same = (*leader != item.path).then(|| leader.clone());
        }
        Ok(item)
    }

    /// The same without its other names.
    fn alone(&self, path: RelPath, entry: &Entry, link: Option<Box<[u8]>>) -> Result<Item, (RelPath, FsError)> {
        let options = &self.options;
        let stand_in = match self.beside_entry(&path, entry) {
            Ok(stand_in) => stand_in,
            Err(error) => return Err((path, error)),
        };
        let meta = self.meta(entry, stand_in);
        let mut item = Item { path, meta, link, same: None, xattrs: Vec::new() };
        if meta.kind == Kind::Symlink && item.link.is_none() {
            match self.place(&item.path).and_then(|(root, own)| link_in(root, &own)) {
                Ok(link) => item.link = Some(link),
                Err(error) => return Err((item.path, error)),
            }
        }
        if (options.xattrs || options.acls) && matches!(meta.kind, Kind::File | Kind::Directory) {
            match self.place(&item.path).and_then(|(root, own)| root.xattrs(&own)) {
                // What a target that stands in has itself, of what only root could set, is none of the source's.
                Ok(xattrs) if self.stands_in => item.xattrs = unkept(xattrs, meta.mode, !self.is_target),
                Ok(xattrs) => item.xattrs = xattrs,
                Err(error) => return Err((item.path, error)),
            }
            item.xattrs.retain(|xattr| self.keeps(&xattr.name));
        }
        Ok(item)
    }

    /// The digest of a file's contents, where contents are compared. A file that cannot be read has none; whoever wants it
    /// will be told why.
    pub(crate) fn proof(&self, item: &Item, options: &Options) -> Option<FileDigest> {
        if !options.checksum || item.meta.kind != Kind::File {
            return None;
        }
        hash(self.open(&item.path).ok()?.0).ok()
    }

    pub(crate) fn flush(&self) -> Result<(), FsError> {
        self.parts.iter().try_for_each(|part| part.root.flush())
    }

    /// What takes part as the rules of the tree are now; none where everything does.
    pub(crate) fn trail(&self) -> Result<Option<Trail<'_>>, FilterError> {
        self.filter.as_ref().map(|filter| Trail::new(filter, self)).transpose()
    }
}

/// Where the stand-in of a symbolic link points.
fn link_in(root: &Root, own: &RelPath) -> Result<Box<[u8]>, FsError> {
    let (file, _) = root.open_file(own)?;
    let mut link = Vec::new();
    file.take(LINK as u64).read_to_end(&mut link).map_err(|error| FsError::io(own, error))?;
    if link.is_empty() || link.contains(&0) {
        return Err(FsError::Kind { path: own.clone(), wanted: "where a link points, which stands in for one" });
    }
    Ok(link.into())
}

/// The rest of a path that is `directory` or below it.
fn below<'a>(path: &'a RelPath, directory: &RelPath) -> Option<&'a [u8]> {
    let rest = path.as_bytes().strip_prefix(directory.as_bytes())?;
    match rest.split_first() {
        None => Some(rest),
        Some(_) if directory.is_root() => Some(rest),
        Some((b'/', rest)) => Some(rest),
        Some(_) => None,
    }
}

pub(crate) fn joined(directory: &RelPath, rest: &[u8]) -> Result<RelPath, FsError> {
    if rest.is_empty() {
        return Ok(directory.clone());
    }
    let path = if directory.is_root() { rest.to_vec() } else { [directory.as_bytes(), b"/", rest].concat() };
    Ok(RelPath::parse(&path)?)
}
