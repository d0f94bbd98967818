//! What is made at once, what waits for the end, and the end itself: deletions, then the metadata of directories.

mod deletions;
mod extras;
mod guard;
mod moved;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Write;

use xssh_fs::{Attributes, Entry, FsError, Kind, RelPath};

use deletions::Victims;
use extras::Extras;
pub(super) use guard::Shares;

use super::Shared;
use super::write::{ACLS, attributes, handed_down, kept_name, set, settle};
use crate::error::SyncError;
use crate::options::BackupPlace;
use crate::tree::{Item, Meta, WORKABLE};
use crate::watch::Change;

/// What waits for the end of a run.
#[derive(Default)]
pub(super) struct Finish {
    /// Directories whose times and permissions are set last: what happens inside changes them.
    directories: BTreeMap<RelPath, Meta>,
    /// What the source does not have; of a directory only itself.
    extras: Extras,
    /// The latest of them that is a directory.
    extra_directory: Option<RelPath>,
    /// How many there are of each, with what is in it.
    extra_sizes: Vec<u32>,
    /// Those directories among them in whose place something else is to come.
    displaced: BTreeSet<RelPath>,
    /// What is not to be had, because a directory stays in its place.
    kept_out: HashSet<RelPath>,
    /// Files that are here under another name: that name, and what the source has.
    moves: Vec<(RelPath, Item)>,
    /// Old names that are gone with their files.
    gone: HashSet<RelPath>,
    /// Old names that go although their files stay: those have their new names already.
    twice: HashSet<RelPath>,
    /// Old names that a rule keeps.
    stays: HashSet<RelPath>,
    /// Names that belong to the file of another name.
    links: Vec<(RelPath, RelPath)>,
    /// In a trial, what would be another file than before.
    anew: HashSet<RelPath>,
    /// The directories that lead to backups are touched.
    knows_backups: bool,
    /// Directories that were made before their turn.
    ahead: HashSet<RelPath>,
    /// All entries of the target before the run.
    pub(super) own_entries: Shares,
}

impl Finish {
    /// Notes an entry that the source does not have. They come in the order of their names.
    pub(super) fn extra(&mut self, extra: &Item) {
        if self.extra_directory.as_ref().is_some_and(|directory| extra.path.is_below(directory)) {
            let size = self.extra_sizes.last_mut();
            size.into_iter().for_each(|size| *size = size.saturating_add(1));
            return;
        }
        self.extra_sizes.push(1);
        if extra.meta.kind == Kind::Directory {
            self.extra_directory = Some(extra.path.clone());
        }
        self.extras.push(&extra.path, extra.meta.kind == Kind::Directory);
    }

    /// Notes a directory that is to go because something else comes in its place.
    pub(super) fn displace(&mut self, directory: &Item) {
        self.extra(directory);
        self.displaced.insert(directory.path.clone());
    }

    /// Notes what is not to be had, because a directory stays in its place.
    pub(super) fn keep_out(&mut self, path: &RelPath) -> bool {
        self.kept_out.insert(path.clone())
    }

    pub(super) fn is_kept_out(&self, path: &RelPath) -> bool {
        self.kept_out.contains(path)
    }

    /// Notes a file that is here under another name.
    pub(super) fn moved(&mut self, from: RelPath, item: Item) {
        self.moves.push((from, item));
    }

    /// Notes another name of a file.
    pub(super) fn another_name(&mut self, item: &Item) {
        if let Some(leader) = &item.same {
            self.links.push((item.path.clone(), leader.clone()));
        }
    }

    /// Notes that a trial would have written a file.
    pub(super) fn written(&mut self, path: &RelPath) {
        self.anew.insert(path.clone());
    }

    /// Before something changes inside a directory: what the directory is to look like afterwards.
    pub(super) fn touch(&mut self, shared: &Shared<'_>, path: &RelPath) {
        if !std::mem::replace(&mut self.knows_backups, true)
            && let Some(BackupPlace::Inside(directory)) = shared.options.backup.as_ref().map(|backup| &backup.place)
        {
            // It may have to be made.
            std::iter::successors(Some(directory.clone()), RelPath::parent).for_each(|path| self.touch(shared, &path));
        }
        let Some(parent) = path.parent() else { return };
        if self.directories.contains_key(&parent) {
            return;
        }
        if let Some(meta) = shared.tree.stat(&parent).ok().filter(|meta| meta.kind == Kind::Directory) {
            self.open_up(shared, &parent, &meta);
            self.directories.insert(parent, meta);
        }
    }

    /// Gives us the right to work in a directory of ours.
    fn open_up(&self, shared: &Shared<'_>, path: &RelPath, meta: &Meta) {
        if meta.mode & WORKABLE == WORKABLE || shared.options.dry_run {
            return;
        }
        let workable = Attributes { mode: Some(meta.mode | WORKABLE), ..Attributes::default() };
        // What fails here fails again where it matters, and is told there.
        let _ = shared.tree.place(path).and_then(|(root, own)| root.set(&own, &workable));
    }

    /// Makes room for something else, and keeps what is replaced where that is asked for. What is there is no directory; who
    /// writes a file does the same for it.
    pub(super) fn clear(&mut self, shared: &Shared<'_>, mine: &Item, wanted: Kind) -> Result<(), FsError> {
        if shared.options.dry_run || wanted == Kind::File {
            return Ok(());
        }
        self.touch(shared, &mine.path);
        match &shared.options.backup {
            // A rename puts the new one in its place.
            _ if wanted != Kind::Directory => shared.back_up(&mine.path, false),
            Some(backup) => shared.put_away(&mine.path, backup, None),
            None => shared.tree.place(&mine.path).and_then(|(root, own)| root.remove_file(&own)),
        }
    }

    /// Notes that the directories that lead to something are made before their turn.
    pub(super) fn led_to(&mut self, path: &RelPath) {
        let mut above = path.parent();
        while let Some(directory) = above.filter(|directory| !self.ahead.contains(directory)) {
            above = directory.parent();
            self.ahead.insert(directory);
        }
    }

    /// Whether a directory may have been made before its turn, for what is in it or for backups.
    fn is_ahead(&self, shared: &Shared<'_>, path: &RelPath) -> bool {
        self.ahead.contains(path) || shared.options.backup.as_ref().is_some_and(|backup| backup.holds(path))
    }

    /// Makes anything but a file. `replaces`: in place of something that is not what is made.
    pub(super) fn make(&mut self, shared: &Shared<'_>, item: &Item, replaces: bool) -> Result<(), FsError> {
        self.touch(shared, &item.path);
        let (root, own) = shared.tree.place(&item.path)?;
        let without: Vec<_> = handed_down(shared, &ACLS[..1], &item.xattrs).collect();
        let attributes = Attributes { without: &without, ..attributes(shared, &item.meta, &item.xattrs) };
        match item.meta.kind {
            kind if kind != Kind::Directory && attributes.stand_in.flatten().is_some() => {
                let staged = root.stage(&own)?;
                let link = item.link.as_deref().unwrap_or_default();
                staged.file().write_all(link).map_err(|error| FsError::io(&item.path, error))?;
                settle(shared, (&item.path, staged), &attributes, replaces)
            }
            Kind::Directory => {
                match root.make_directory(&own, item.meta.mode | WORKABLE) {
                    Err(FsError::Taken { .. }) if self.is_ahead(shared, &item.path) => {}
                    made => made?,
                }
                handed_down(shared, &ACLS, &item.xattrs).try_for_each(|name| root.remove_xattr(&own, name))?;
                set(shared, &item.path, &xattrs(shared, item))?;
                // Without the source's permissions it keeps the bit that hands down a group.
                let handed_down = if shared.options.modes { 0 } else { root.stat(&own)?.mode & 0o2000 };
                let meta = Meta { mode: item.meta.mode | handed_down, ..item.meta };
                self.directories.insert(item.path.clone(), meta);
                Ok(())
            }
            Kind::Symlink => {
                let attributes = Attributes { without: &[], ..attributes };
                root.make_symlink(&own, item.link.as_deref().unwrap_or_default(), &attributes, replaces)
            }
            kind => root.make_node(&own, kind, item.meta.device, &attributes, replaces),
        }
    }

    /// Sets what is not content, of a directory at the end. False where extended attributes cannot be kept, which is told.
    pub(super) fn attributes(&mut self, shared: &Shared<'_>, item: &Item, mine: &Item) -> Result<bool, FsError> {
        let (root, own) = shared.tree.place(&item.path)?;
        if item.meta.kind == Kind::File && shared.is_shared_with_others(&item.path) {
            // What it shares its file with stays as it is.
            self.touch(shared, &item.path);
            root.copy_over(root, &own, &own)?;
        }
        for gone in mine.xattrs.iter().filter(|old| item.xattrs.iter().all(|new| new.name != old.name)) {
            root.remove_xattr(&own, &kept_name(shared, &gone.name))?;
        }
        if item.meta.kind == Kind::Directory {
            let is_all = set(shared, &item.path, &xattrs(shared, item))?;
            let stat = shared.tree.stat(&item.path)?;
            self.open_up(shared, &item.path, &stat);
            self.directories.insert(item.path.clone(), item.meta);
            return Ok(is_all);
        }
        if item.meta.kind == Kind::Symlink && shared.translation.fakes {
            // It may have to become a file that stands in for it, or the other way round.
            return self.make(shared, item, true).map(|()| true);
        }
        set(shared, &item.path, &attributes(shared, &item.meta, &item.xattrs))
    }

    /// Files get other names, and what the source does not have goes, where both sides were read without an error. Gives what
    /// takes the place of directories that are gone, and names of files whose first name cannot be had.
    pub(super) fn clear_away(&mut self, shared: &Shared<'_>, clean: bool, source: u64) -> (Vec<RelPath>, Vec<RelPath>) {
        let options = shared.options;
        let may_delete = options.delete && clean;
        if options.delete && !clean && !self.extras.is_empty() {
            shared.problem(&RelPath::root(), "nothing was deleted, because not everything could be read");
        }
        let linked = if may_delete && shared.tree.hides() { self.name_moved(shared) } else { HashSet::new() };
        let victims = if may_delete { self.victims(shared) } else { Victims::default() };
        let refused = victims.entries.refused(&self.own_entries, shared.tree.parts(), source, options.max_delete);
        let deletes = may_delete && refused.is_none();
        self.move_files(shared, deletes, &linked);
        if deletes {
            self.delete(shared, victims);
        }
        let why = match refused {
            _ if deletes => "a directory is in its place, in which something is left alone",
            Some(_) => "a directory is in its place, and nothing is deleted, because it would be more than may be",
            None => "a directory is in its place, and nothing is deleted, because not everything could be read",
        };
        if let Some((wanted, allowed)) = refused {
            shared.ledger.withheld(wanted, allowed);
        }
        let displaced = std::mem::take(&mut self.displaced);
        let (free, stays): (Vec<_>, Vec<_>) = displaced.into_iter().partition(|path| self.is_free(shared, path));
        for path in stays.iter().filter(|path| self.kept_out.insert((*path).clone())) {
            shared.problem(path, why);
        }
        let kept_out = &self.kept_out;
        let left = self.links.extract_if(.., |(_, leader)| kept_out.contains(leader)).map(|(path, _)| path);
        (free, left.collect())
    }

    /// Whether the place of a directory that was to go is free.
    fn is_free(&self, shared: &Shared<'_>, path: &RelPath) -> bool {
        if shared.options.dry_run {
            return self.gone.contains(path);
        }
        shared.tree.stat(path).is_err_and(|error| error.is_missing())
    }

    /// The end: other names of files, and what directories are to look like.
    pub(super) fn run(&mut self, shared: &Shared<'_>) -> Result<(), SyncError> {
        self.link_names(shared);
        self.close(shared);
        if shared.options.fsync && !shared.options.dry_run {
            shared.tree.flush()?;
        }
        Ok(())
    }

    /// Directories become what they are to be: times, and permissions that may forbid to work in them. Also where a run breaks
    /// off.
    pub(super) fn close(&mut self, shared: &Shared<'_>) {
        if shared.options.dry_run {
            return;
        }
        for (path, mode) in shared.tree.take_opened() {
            // What is gone need not be closed.
            if !self.directories.contains_key(&path)
                && let Ok(meta) = shared.tree.stat(&path)
            {
                self.directories.insert(path, Meta { mode, ..meta });
            }
        }
        for (path, meta) in std::mem::take(&mut self.directories).into_iter().rev() {
            let attributes = attributes(shared, &meta, &[]);
            if let Err(error) = set(shared, &path, &attributes) {
                shared.problem(&path, &error.to_string());
            }
        }
    }

    /// Names that belong to the file of another name.
    fn link_names(&mut self, shared: &Shared<'_>) {
        for (path, leader) in std::mem::take(&mut self.links) {
            match self.link_name(shared, &path, &leader) {
                Ok(None) => {}
                Ok(Some(change)) => {
                    shared.ledger.made();
                    shared.change(&path, change);
                }
                Err(error) => shared.problem(&path, &error.to_string()),
            }
        }
    }

    fn link_name(&mut self, shared: &Shared<'_>, path: &RelPath, leader: &RelPath) -> Result<Option<Change>, FsError> {
        let entry = |path: &RelPath| {
            let (root, own) = shared.tree.place(path)?;
            root.stat(&own)
        };
        let (mut there, mut here) = (entry(leader), entry(path));
        if shared.options.dry_run {
            // As it would be by now.
            let other = |path: &RelPath| FsError::Taken { path: path.clone() };
            there = if self.anew.contains(leader) { Err(other(leader)) } else { there };
            here = if self.gone.contains(path) { Err(other(path)) } else { here };
        }
        if let (Ok(there), Ok(here)) = (&there, &here)
            && (is_same_file(there, here) || is_copy(there, here))
        {
            return Ok(None);
        }
        let change = if here.is_ok() { Change::Contents } else { Change::NewFile };
        if !shared.options.dry_run {
            self.touch(shared, path);
            if here.is_ok() {
                shared.back_up(path, false)?;
            }
            let (root, own) = shared.tree.place(path)?;
            let (_, leader) = shared.tree.place(leader)?;
            root.link_over(root, &leader, &own)?;
        }
        Ok(Some(change))
    }
}

/// The extended attributes of a directory, which has the rest at the end.
fn xattrs<'a>(shared: &Shared<'_>, item: &'a Item) -> Attributes<'a> {
    let beside = shared.translation.fakes.then_some(item.meta.mode);
    Attributes { xattrs: &item.xattrs, beside, ..Attributes::default() }
}

fn is_same_file(one: &Entry, other: &Entry) -> bool {
    (one.device, one.inode) == (other.device, other.inode)
}

/// Whether a name on another file system, which cannot be one of the same file, is like it as far as a run would see.
fn is_copy(one: &Entry, other: &Entry) -> bool {
    one.device != other.device && Meta::from(one) == Meta::from(other)
}
