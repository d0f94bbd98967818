//! What is made at once, what waits for the end, and the end itself: deletions, then the metadata of directories.

use std::collections::{BTreeMap, HashSet};

use xssh_fs::{Attributes, FsError, Kind, RelPath, copy_range};

use super::write::{ACLS, attributes, handed_down};
use super::{Shared, kept_as};
use crate::error::SyncError;
use crate::limits::DELETIONS_UNASKED;
use crate::tree::{Item, Meta};
use crate::watch::Change;

/// Permissions with which a directory can be worked in.
const WORKABLE: u32 = 0o700;

/// What waits for the end of a run.
#[derive(Default)]
pub(super) struct Finish {
    /// Directories whose times and permissions are set last: what happens inside changes them.
    directories: BTreeMap<RelPath, Meta>,
    /// What the source does not have; of a directory only itself.
    extras: Vec<(RelPath, Kind)>,
    extra_entries: u64,
    /// Files that are here under another name: that name, and what the source has.
    moves: Vec<(RelPath, Item)>,
    /// Old names that are gone with their files.
    gone: HashSet<RelPath>,
    /// Names that belong to the file of another name.
    links: Vec<(RelPath, RelPath)>,
    /// All entries of the target before the run.
    pub(super) own_entries: u64,
}

impl Finish {
    /// Notes an entry that the source does not have. They come in the order of their names.
    pub(super) fn extra(&mut self, extra: &Item) {
        self.extra_entries += 1;
        let is_inside = self.extras.last().is_some_and(|(last, _)| extra.path.is_below(last));
        if !is_inside {
            self.extras.push((extra.path.clone(), extra.meta.kind));
        }
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

    /// Before something changes inside a directory: what the directory is to look like afterwards.
    pub(super) fn touch(&mut self, shared: &Shared<'_>, path: &RelPath) {
        let Some(parent) = path.parent() else { return };
        if self.directories.contains_key(&parent) {
            return;
        }
        if let Ok(meta) = shared.tree.stat(&parent) {
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

    /// Makes room for something of another kind.
    pub(super) fn clear(&mut self, shared: &Shared<'_>, mine: &Item, wanted: Kind) -> Result<(), String> {
        if shared.options.dry_run {
            return Ok(());
        }
        self.touch(shared, &mine.path);
        if mine.meta.kind == Kind::Directory {
            if !shared.options.delete {
                return Err("a directory is in its place; with --delete it would be replaced".to_owned());
            }
            return self.remove_tree(shared, &mine.path).map_err(|error| error.to_string());
        }
        if wanted == Kind::File || wanted == Kind::Symlink {
            // The rename puts the new one in its place.
            return Ok(());
        }
        let (root, own) = shared.tree.place(&mine.path).map_err(|error| error.to_string())?;
        root.remove_file(&own).map_err(|error| error.to_string())
    }

    /// Makes anything but a file.
    pub(super) fn make(&mut self, shared: &Shared<'_>, item: &Item) -> Result<(), FsError> {
        self.touch(shared, &item.path);
        let (root, own) = shared.tree.place(&item.path)?;
        let attributes = attributes(shared, &item.meta, &item.xattrs, false);
        match item.meta.kind {
            Kind::Directory => {
                root.make_directory(&own, item.meta.mode | WORKABLE)?;
                handed_down(shared, &ACLS, &item.xattrs).try_for_each(|name| root.remove_xattr(&own, name))?;
                root.set(&own, &Attributes { xattrs: &item.xattrs, ..Attributes::default() })?;
                self.directories.insert(item.path.clone(), item.meta);
                Ok(())
            }
            Kind::Symlink => root.make_symlink(&own, item.link.as_deref().unwrap_or_default(), &attributes),
            kind => root.make_node(&own, kind, item.meta.device, &attributes),
        }
    }

    /// Sets what is not content, of a directory at the end.
    pub(super) fn attributes(&mut self, shared: &Shared<'_>, item: &Item, mine: &Item) -> Result<(), FsError> {
        let (root, own) = shared.tree.place(&item.path)?;
        for gone in mine.xattrs.iter().filter(|old| item.xattrs.iter().all(|new| new.name != old.name)) {
            root.remove_xattr(&own, &gone.name)?;
        }
        if item.meta.kind == Kind::Directory {
            root.set(&own, &Attributes { xattrs: &item.xattrs, ..Attributes::default() })?;
            let stat = shared.tree.stat(&item.path)?;
            self.open_up(shared, &item.path, &stat);
            self.directories.insert(item.path.clone(), item.meta);
            return Ok(());
        }
        root.set(&own, &attributes(shared, &item.meta, &item.xattrs, true))
    }

    /// The end: other names of files, deletions, where both sides were read without an error, and what directories are to look
    /// like.
    pub(super) fn run(&mut self, shared: &Shared<'_>, clean: bool) -> Result<(), SyncError> {
        let options = shared.options;
        let refused = self.refused(shared);
        let deletes = options.delete && clean && refused.is_none();
        self.move_files(shared, deletes);
        self.link_names(shared);
        if deletes {
            self.delete(shared);
        } else if options.delete && !clean && !self.extras.is_empty() {
            shared.problem(&RelPath::root(), "nothing was deleted, because not everything could be read");
        }
        if !options.dry_run {
            for (path, meta) in std::mem::take(&mut self.directories).into_iter().rev() {
                let set = shared
                    .tree
                    .place(&path)
                    .and_then(|(root, own)| root.set(&own, &attributes(shared, &meta, &[], !options.modes)));
                if let Err(error) = set {
                    shared.problem(&path, &error.to_string());
                }
            }
        }
        if options.fsync && !options.dry_run {
            shared.tree.flush()?;
        }
        refused.filter(|_| options.delete && clean).map_or(Ok(()), Err)
    }

    /// Why nothing is to be deleted, if there is too much.
    fn refused(&self, shared: &Shared<'_>) -> Option<SyncError> {
        // Half of a tree is gone where somebody took one directory for another: then a number is to be said first.
        let allowed = shared.options.max_delete.unwrap_or_else(|| (self.own_entries / 2).max(DELETIONS_UNASKED));
        let wanted = self.extra_entries.saturating_sub(self.moves.len() as u64);
        (wanted > allowed).then_some(SyncError::Deletions { wanted, allowed })
    }

    /// Files that are here under another name get the new one; the old one goes only where things are deleted.
    fn move_files(&mut self, shared: &Shared<'_>, deletes: bool) {
        for (from, item) in std::mem::take(&mut self.moves) {
            if !shared.options.dry_run {
                self.touch(shared, &item.path);
                if deletes {
                    self.touch(shared, &from);
                }
                if let Err(error) = move_file(shared, &from, &item, deletes) {
                    shared.problem(&item.path, &error.to_string());
                    continue;
                }
            }
            if deletes {
                self.gone.insert(from);
            }
            shared.ledger.moved(item.meta.size);
            shared.change(&item.path, Change::Moved);
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
        let inode = |path: &RelPath| {
            let (root, own) = shared.tree.place(path)?;
            root.stat(&own).map(|entry| (entry.device, entry.inode))
        };
        let (there, here) = (inode(leader), inode(path));
        if let (Ok(there), Ok(here)) = (&there, &here)
            && there == here
        {
            return Ok(None);
        }
        let change = if here.is_ok() { Change::Contents } else { Change::NewFile };
        if !shared.options.dry_run {
            self.touch(shared, path);
            if here.is_ok() {
                shared.back_up(path)?;
            }
            let (root, own) = shared.tree.place(path)?;
            let (_, leader) = shared.tree.place(leader)?;
            root.link_over(&leader, &own)?;
        }
        Ok(Some(change))
    }

    fn delete(&mut self, shared: &Shared<'_>) {
        let mut extras = std::mem::take(&mut self.extras);
        // The source's own rules have arrived with its files by now.
        match shared.tree.trail() {
            Ok(None) => {}
            Ok(Some(mut trail)) => extras.retain(|(path, kind)| {
                trail.leads_to(path, *kind == Kind::Directory).unwrap_or_else(|error| {
                    shared.problem(path, &error.to_string());
                    false
                })
            }),
            Err(error) => return shared.problem(&RelPath::root(), &error.to_string()),
        }
        for (path, kind) in extras.into_iter().rev() {
            self.touch(shared, &path);
            let removed = match kind {
                Kind::Directory => self.remove_tree(shared, &path),
                _ => self.remove(shared, &path, kind),
            };
            if let Err(error) = removed
                && !error.is_missing()
            {
                shared.problem(&path, &error.to_string());
            }
        }
    }

    fn remove_tree(&mut self, shared: &Shared<'_>, path: &RelPath) -> Result<(), FsError> {
        let mut inside = Vec::new();
        let mut failed = None;
        let backup = shared.options.backup.as_ref();
        shared.tree.walk_below(path, &mut |found| {
            match found {
                // What is kept of earlier runs stays, and what leads to it.
                Ok(item) if backup.is_some_and(|backup| backup.holds(&item.path)) => {}
                Ok(item) => inside.push((item.path, item.meta)),
                Err((_, error)) => failed = failed.take().or(Some(error)),
            }
            std::ops::ControlFlow::Continue(())
        });
        if let Some(error) = failed {
            return Err(error);
        }
        for (path, meta) in inside.iter().filter(|(_, meta)| meta.kind == Kind::Directory) {
            self.open_up(shared, path, meta);
        }
        for (path, meta) in inside.into_iter().rev() {
            self.directories.remove(&path);
            match self.remove(shared, &path, meta.kind) {
                // What takes no part stays, and so does the directory that it is in.
                Err(error) if (shared.tree.hides() || backup.is_some()) && error.is_not_empty() => {}
                removed => removed?,
            }
        }
        Ok(())
    }

    fn remove(&self, shared: &Shared<'_>, path: &RelPath, kind: Kind) -> Result<(), FsError> {
        if self.gone.contains(path) {
            return Ok(());
        }
        if !shared.options.dry_run {
            let (root, own) = shared.tree.place(path)?;
            match kind {
                Kind::Directory => root.remove_directory(&own)?,
                _ => match &shared.options.backup {
                    Some(backup) => root.rename(&own, &kept_as(root, &own, backup)?)?,
                    None => root.remove_file(&own)?,
                },
            }
        }
        shared.ledger.deleted();
        shared.change(path, Change::Deleted);
        Ok(())
    }
}

/// Gives a file another name, or copies it there.
fn move_file(shared: &Shared<'_>, from: &RelPath, item: &Item, deletes: bool) -> Result<(), FsError> {
    let (root, own) = shared.tree.place(&item.path)?;
    let (_, from) = shared.tree.place(from)?;
    let (file, entry) = root.open_file(&from)?;
    if (entry.size, entry.mtime) != (item.meta.size, item.meta.mtime) {
        return Err(FsError::io(&from, std::io::Error::other("it changed here while it was compared")));
    }
    let attributes = attributes(shared, &item.meta, &item.xattrs, false);
    // Another name of the same file must not change with it.
    if deletes && entry.links == 1 {
        root.rename(&from, &own)?;
        return root.set(&own, &attributes);
    }
    let staged = root.stage(&own)?;
    copy_range(&file, 0, staged.file(), 0, entry.size).map_err(|error| FsError::io(&own, error))?;
    staged.finish(&attributes)
}
