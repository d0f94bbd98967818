//! What the source does not have goes, as far as rules let it.

use std::ops::ControlFlow;

use xssh_fs::walk::{Span, walk};
use xssh_fs::{FsError, Kind, RelPath};

use super::Finish;
use crate::error::SyncError;
use crate::limits::DELETIONS_UNASKED;
use crate::options::BackupPlace;
use crate::target::Shared;
use crate::tree::joined;
use crate::watch::Change;

impl Finish {
    /// Why nothing is to be deleted, if there is too much.
    pub(super) fn refused(&self, shared: &Shared<'_>) -> Option<SyncError> {
        // Half of a tree is gone where somebody took one directory for another: then a number is to be said first.
        let allowed = shared.options.max_delete.unwrap_or_else(|| (self.own_entries / 2).max(DELETIONS_UNASKED));
        let wanted = self.extra_entries.saturating_sub(self.moves.len() as u64);
        (wanted > allowed).then_some(SyncError::Deletions { wanted, allowed })
    }

    /// What is to be deleted. The source's own rules have arrived with its files by now.
    pub(super) fn victims(&mut self, shared: &Shared<'_>) -> Vec<(RelPath, Kind)> {
        let mut extras = std::mem::take(&mut self.extras);
        match shared.tree.trail() {
            Ok(None) => {}
            Ok(Some(mut trail)) => {
                let mut goes = |path: &RelPath, kind| {
                    trail.leads_to(path, kind == Kind::Directory).unwrap_or_else(|error| {
                        shared.problem(path, &error.to_string());
                        false
                    })
                };
                extras.retain(|(path, kind)| goes(path, *kind));
                self.moves.sort_by(|(one, _), (other, _)| one.cmp(other));
                self.stays =
                    self.moves.iter().map(|(from, _)| from).filter(|from| !goes(from, Kind::File)).cloned().collect();
            }
            Err(error) => {
                shared.problem(&RelPath::root(), &error.to_string());
                self.stays = self.moves.iter().map(|(from, _)| from.clone()).collect();
                return Vec::new();
            }
        }
        // Directories last, as they come in reverse: the rules beside them are asked while they go.
        extras.sort_by_key(|(_, kind)| *kind == Kind::Directory);
        extras
    }

    pub(super) fn delete(&mut self, shared: &Shared<'_>, victims: Vec<(RelPath, Kind)>) {
        for (path, kind) in victims.into_iter().rev() {
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
        // Two names must not share a file for the reason alone that a directory could not be removed.
        for path in std::mem::take(&mut self.twice) {
            if let Err(error) = remove_name(shared, &path) {
                shared.problem(&path, &error.to_string());
            }
        }
    }

    pub(super) fn remove_tree(&mut self, shared: &Shared<'_>, path: &RelPath) -> Result<(), FsError> {
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
            ControlFlow::Continue(())
        });
        if let Some(error) = failed {
            return Err(error);
        }
        for (path, meta) in inside.iter().filter(|(_, meta)| meta.kind == Kind::Directory) {
            self.open_up(shared, path, meta);
        }
        for (path, meta) in inside.into_iter().rev() {
            self.directories.remove(&path);
            if shared.options.dry_run && meta.kind == Kind::Directory && self.holds_more(shared, &path)? {
                continue;
            }
            match self.remove(shared, &path, meta.kind) {
                // What takes no part stays, and so does the directory that it is in.
                Err(error) if (shared.tree.hides() || backup.is_some()) && error.is_not_empty() => {}
                removed => removed?,
            }
        }
        Ok(())
    }

    /// Whether there is something in a directory that a run would leave.
    fn holds_more(&self, shared: &Shared<'_>, path: &RelPath) -> Result<bool, FsError> {
        let (root, own) = shared.tree.place(path)?;
        let mut more = false;
        let span = Span { from: Some(own.clone()), ..Span::default() };
        walk(root, &span, &mut |directory| *directory == own || own.is_below(directory), &mut |found| match found {
            Ok(found) if found.path == own => ControlFlow::Continue(()),
            Ok(found) if found.path.is_below(&own) => {
                more = joined(path, found.path.name()).is_ok_and(|inside| !self.gone.contains(&inside));
                if more { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }
            _ => ControlFlow::Break(()),
        });
        Ok(more)
    }

    pub(super) fn remove(&mut self, shared: &Shared<'_>, path: &RelPath, kind: Kind) -> Result<(), FsError> {
        if self.gone.contains(path) {
            return Ok(());
        }
        if self.twice.remove(path) {
            return remove_name(shared, path);
        }
        if !shared.options.dry_run {
            let (root, own) = shared.tree.place(path)?;
            match kind {
                Kind::Directory => root.remove_directory(&own)?,
                _ => match &shared.options.backup {
                    Some(backup) => shared.put_away(path, backup)?,
                    None => root.remove_file(&own)?,
                },
            }
        }
        // What is kept beside it keeps its directory too.
        let stays = shared.options.backup.as_ref().is_some_and(|backup| backup.place == BackupPlace::Beside);
        if shared.options.dry_run && (kind == Kind::Directory || !stays) {
            self.gone.insert(path.clone());
        }
        shared.ledger.deleted();
        shared.change(path, Change::Deleted);
        Ok(())
    }
}

fn remove_name(shared: &Shared<'_>, path: &RelPath) -> Result<(), FsError> {
    let (root, own) = shared.tree.place(path)?;
    root.remove_file(&own)
}
