//! What the source does not have goes, as far as rules let it.

use std::ops::ControlFlow;

use xssh_fs::walk::{Span, walk};
use xssh_fs::{FsError, Kind, RelPath};

use super::Finish;
use super::extras::Extras;
use super::guard::Shares;
use crate::options::{Backup, BackupPlace};
use crate::target::Shared;
use crate::tree::joined;
use crate::watch::Change;

/// What is to be deleted.
#[derive(Default)]
pub(super) struct Victims {
    directories: Vec<RelPath>,
    others: Extras,
    /// How many they are, with what is in them, and without what only gets another name.
    pub(super) entries: Shares,
}

impl Finish {
    /// What is to be deleted. The source's own rules have arrived with its files by now.
    pub(super) fn victims(&mut self, shared: &Shared<'_>) -> Victims {
        let (extras, sizes) = (std::mem::take(&mut self.extras), std::mem::take(&mut self.extra_sizes));
        let mut trail = match shared.tree.trail() {
            Ok(trail) => trail,
            Err(error) => {
                shared.problem(&RelPath::root(), &error.to_string());
                self.stays = self.moves.iter().map(|(from, _)| from.clone()).collect();
                return Victims::default();
            }
        };
        let mut goes = |path: &RelPath, is_directory| match &mut trail {
            None => true,
            Some(trail) => {
                let shown = trail.leads_to(path, is_directory).unwrap_or_else(|error| {
                    shared.problem(path, &error.to_string());
                    false
                });
                shown && !trail.keeps(path, is_directory, false)
            }
        };
        let mut victims = Victims::default();
        for ((path, is_directory), size) in extras.iter().zip(sizes) {
            if !goes(&path, is_directory) {
                continue;
            }
            victims.entries.count(shared.tree, &path, size.into());
            if is_directory {
                victims.directories.push(path);
            } else {
                victims.others.push(&path, false);
            }
        }
        if shared.tree.hides() {
            self.judge_moves(shared, &extras);
        }
        for (from, _) in self.moves.iter().filter(|(from, _)| !self.stays.contains(from)) {
            victims.entries.take_off(shared.tree, from);
        }
        victims
    }

    pub(super) fn delete(&mut self, shared: &Shared<'_>, victims: Victims) {
        // Directories first: the rules beside them are asked while they go.
        let directories = victims.directories.into_iter().rev().map(|path| (path, true));
        for (path, is_directory) in directories.chain(victims.others.iter()) {
            self.touch(shared, &path);
            let removed = if is_directory {
                self.remove_tree(shared, &path)
            } else {
                self.remove(shared, &path, Kind::File, None)
            };
            if let Err(error) = removed
                && !error.is_missing()
            {
                self.keep_out(&path);
                shared.problem(&path, &error.to_string());
            }
        }
        // Two names must not share a file for the reason alone that a directory could not be removed.
        let left: Vec<RelPath> = self.twice.iter().cloned().collect();
        for path in left {
            if let Err(error) = self.remove(shared, &path, Kind::File, None) {
                shared.problem(&path, &error.to_string());
            }
        }
    }

    /// Removes a directory and what is in it, as a walk comes by it.
    fn remove_tree(&mut self, shared: &Shared<'_>, path: &RelPath) -> Result<(), FsError> {
        // The directories that the walk is in.
        let mut within = Vec::new();
        let mut done = Ok(());
        // Where something else comes in its place, all that is in it is kept elsewhere.
        let gives_way = self.displaced.contains(path).then_some(path);
        let backup = shared.options.backup.as_ref().filter(|_| gives_way.is_none());
        let mut kept: Option<RelPath> = None;
        shared.tree.walk_going(path, &mut |found| {
            done = found.map_err(|(_, error)| error).and_then(|item| {
                self.remove_left(shared, &mut within, Some(&item.path))?;
                match item.meta.kind {
                    _ if kept.as_ref().is_some_and(|kept| item.path.is_below(kept)) => Ok(()),
                    // What is kept of earlier runs stays, and what leads to it.
                    _ if backup.is_some_and(|backup| backup.holds(&item.path)) => {
                        if !backup.is_some_and(|backup| backup.is_led_to_by(&item.path)) {
                            kept = Some(item.path);
                        }
                        Ok(())
                    }
                    Kind::Directory => {
                        self.open_up(shared, &item.path, &item.meta);
                        within.push(item.path);
                        Ok(())
                    }
                    kind => self.remove(shared, &item.path, kind, gives_way),
                }
            });
            if done.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        done.and_then(|()| self.remove_left(shared, &mut within, None))
    }

    /// Removes the directories that a walk has left on its way.
    fn remove_left(
        &mut self,
        shared: &Shared<'_>,
        within: &mut Vec<RelPath>,
        next: Option<&RelPath>,
    ) -> Result<(), FsError> {
        let is_left = |last: &mut RelPath| next.is_none_or(|next| !next.is_below(last));
        while let Some(left) = within.pop_if(is_left) {
            self.directories.remove(&left);
            if shared.options.dry_run && self.holds_more(shared, &left)? {
                continue;
            }
            match self.remove(shared, &left, Kind::Directory, None) {
                // What takes no part stays, and so does the directory that it is in.
                Err(error) if error.is_not_empty() && shared.may_keep() => {}
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

    /// Removes an entry. `gives_way`: the directory that it is in, if something else comes in its place.
    fn remove(
        &mut self,
        shared: &Shared<'_>,
        path: &RelPath,
        kind: Kind,
        gives_way: Option<&RelPath>,
    ) -> Result<(), FsError> {
        if self.gone.contains(path) {
            return Ok(());
        }
        let is_moved = self.twice.remove(path);
        if !shared.options.dry_run {
            let (root, own) = shared.tree.place(path)?;
            match kind {
                Kind::Directory => root.remove_directory(&own)?,
                _ => match &shared.options.backup {
                    Some(backup) => shared.put_away(path, backup, gives_way)?,
                    None => root.remove_file(&own)?,
                },
            }
        }
        // What is kept beside it keeps its directory too.
        let is_beside = |backup: &Backup| backup.place == BackupPlace::Beside && gives_way.is_none();
        let stays = shared.options.backup.as_ref().is_some_and(is_beside);
        if shared.options.dry_run && (kind == Kind::Directory || !stays) {
            self.gone.insert(path.clone());
        }
        if !is_moved {
            shared.ledger.deleted();
            shared.change(path, Change::Deleted);
        }
        Ok(())
    }
}

impl Shared<'_> {
    /// Whether something may stay in a directory that goes.
    fn may_keep(&self) -> bool {
        self.tree.hides() || self.options.backup.is_some() || self.options.one_file_system
    }
}
