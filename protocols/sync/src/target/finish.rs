//! What is made at once, what waits for the end, and the end itself: deletions, then the metadata of directories.

use std::collections::BTreeMap;

use xssh_fs::{Attributes, FsError, Kind, RelPath};

use super::Shared;
use super::write::attributes;
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
        let attributes = attributes(shared, &item.meta, false);
        match item.meta.kind {
            Kind::Directory => {
                root.make_directory(&own, item.meta.mode | WORKABLE)?;
                self.directories.insert(item.path.clone(), item.meta);
                Ok(())
            }
            Kind::Symlink => root.make_symlink(&own, item.link.as_deref().unwrap_or_default(), &attributes),
            kind => root.make_node(&own, kind, item.meta.device, &attributes),
        }
    }

    /// Sets what is not content, of a directory at the end.
    pub(super) fn attributes(&mut self, shared: &Shared<'_>, item: &Item) -> Result<(), FsError> {
        if item.meta.kind == Kind::Directory {
            let own = shared.tree.stat(&item.path)?;
            self.open_up(shared, &item.path, &own);
            self.directories.insert(item.path.clone(), item.meta);
            return Ok(());
        }
        let (root, own) = shared.tree.place(&item.path)?;
        root.set(&own, &attributes(shared, &item.meta, true))
    }

    /// The end: deletions, where both sides were read without an error, and what directories are to look like.
    pub(super) fn run(&mut self, shared: &Shared<'_>, clean: bool) -> Result<(), SyncError> {
        let options = shared.options;
        let deleted = if options.delete && clean { self.delete(shared) } else { Ok(()) };
        if options.delete && !clean && !self.extras.is_empty() {
            shared.problem(&RelPath::root(), "nothing was deleted, because not everything could be read");
        }
        if !options.dry_run {
            for (path, meta) in std::mem::take(&mut self.directories).into_iter().rev() {
                let set = shared
                    .tree
                    .place(&path)
                    .and_then(|(root, own)| root.set(&own, &attributes(shared, &meta, !options.modes)));
                if let Err(error) = set {
                    shared.problem(&path, &error.to_string());
                }
            }
        }
        if options.fsync && !options.dry_run {
            shared.tree.flush()?;
        }
        deleted
    }

    fn delete(&mut self, shared: &Shared<'_>) -> Result<(), SyncError> {
        // Half of a tree is gone where somebody took one directory for another: then a number is to be said first.
        let allowed = shared.options.max_delete.unwrap_or_else(|| (self.own_entries / 2).max(DELETIONS_UNASKED));
        if self.extra_entries > allowed {
            return Err(SyncError::Deletions { wanted: self.extra_entries, allowed });
        }
        for (path, kind) in std::mem::take(&mut self.extras).into_iter().rev() {
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
        Ok(())
    }

    fn remove_tree(&mut self, shared: &Shared<'_>, path: &RelPath) -> Result<(), FsError> {
        let mut inside = Vec::new();
        let mut failed = None;
        shared.tree.walk_below(path, &mut |found| {
            match found {
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
            self.remove(shared, &path, meta.kind)?;
        }
        Ok(())
    }

    fn remove(&self, shared: &Shared<'_>, path: &RelPath, kind: Kind) -> Result<(), FsError> {
        if !shared.options.dry_run {
            let (root, own) = shared.tree.place(path)?;
            match kind {
                Kind::Directory => root.remove_directory(&own)?,
                _ => root.remove_file(&own)?,
            }
        }
        shared.ledger.deleted();
        shared.change(path, Change::Deleted);
        Ok(())
    }
}
