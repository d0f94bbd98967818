//! Files that are here under another name get the new one.

use std::collections::HashSet;

use xssh_fs::{Entry, FsError, Kind, RelPath};

use super::Finish;
use super::extras::Extras;
use crate::target::Shared;
use crate::target::decide::Kept;
use crate::target::write::{attributes, copy, set};
use crate::tree::Item;
use crate::watch::Change;

impl Finish {
    /// Gives files that are here under another name the new one beside it, where that can be: rules that only got another name
    /// are among them, and are to be there when they are asked. Gives the new names.
    pub(super) fn name_moved(&mut self, shared: &Shared<'_>) -> HashSet<RelPath> {
        let mut named = HashSet::new();
        if shared.options.dry_run {
            return named;
        }
        for (from, item) in std::mem::take(&mut self.moves) {
            self.touch(shared, &item.path);
            if name_too(shared, &from, &item).is_ok() {
                named.insert(item.path.clone());
            }
            self.moves.push((from, item));
        }
        named
    }

    /// Finds out which old names stay, by the rules as they are now: a rule that keeps a directory keeps all that is in it.
    pub(super) fn judge_moves(&mut self, shared: &Shared<'_>, extras: &Extras) {
        self.moves.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut kept = Kept::new(shared.tree);
        let going: HashSet<RelPath> =
            extras.iter().filter_map(|(path, is_directory)| is_directory.then_some(path)).collect();
        let mut judged = None;
        for (from, _) in &self.moves {
            let parent = from.parent();
            if judged != parent {
                // The directories that the source does not have, from the outermost on.
                let above: Vec<RelPath> = std::iter::successors(parent.clone(), RelPath::parent).collect();
                let outermost = above.iter().position(|directory| going.contains(directory));
                for directory in outermost.into_iter().flat_map(|outermost| above[..=outermost].iter().rev()) {
                    kept.holds(directory, true);
                }
                judged = parent;
            }
            if kept.holds(from, false) {
                self.stays.insert(from.clone());
            }
        }
    }

    /// Files that are here under another name get the new one; the old one goes only where things are deleted, and no rule keeps
    /// it.
    pub(super) fn move_files(&mut self, shared: &Shared<'_>, deletes: bool, linked: &HashSet<RelPath>) {
        for (from, item) in std::mem::take(&mut self.moves) {
            let goes = deletes && !self.stays.contains(&from);
            let is_linked = linked.contains(&item.path);
            let mut way = match (goes, is_linked) {
                // What was here before is kept, and must not change with the new one.
                _ if shared.options.backup.is_some() => Way::Copy,
                (true, true) => Way::Linked,
                (true, false) => Way::Rename,
                (false, _) => Way::Copy,
            };
            if !shared.options.dry_run {
                self.touch(shared, &item.path);
                if goes {
                    self.touch(shared, &from);
                }
                way = match move_file(shared, &from, &item, way, is_linked) {
                    Ok(way) => way,
                    Err(error) => {
                        shared.problem(&item.path, &error.to_string());
                        continue;
                    }
                };
            }
            match way {
                Way::Rename => drop(self.gone.insert(from)),
                // The file that stays under other names goes from this one, as if it had been renamed.
                Way::Linked | Way::Copy if goes => drop(self.twice.insert(from)),
                Way::Linked | Way::Copy => {}
            }
            shared.ledger.moved(item.meta.size);
            shared.change(&item.path, Change::Moved);
        }
    }
}

/// How a file gets another name.
#[derive(Clone, Copy)]
enum Way {
    /// It has it already, beside the old one.
    Linked,
    Rename,
    Copy,
}

/// Gives a file that has one name a second.
fn name_too(shared: &Shared<'_>, from: &RelPath, item: &Item) -> Result<(), FsError> {
    let (root, own) = shared.tree.place(&item.path)?;
    let (_, from) = shared.tree.place(from)?;
    let entry = root.stat(&from)?;
    if entry.links != 1 {
        return Err(FsError::io(&from, std::io::ErrorKind::AlreadyExists.into()));
    }
    unchanged(&from, &entry, item)?;
    root.link_from(root, &from, &own)
}

/// What was compared stands there still.
fn unchanged(path: &RelPath, entry: &Entry, item: &Item) -> Result<(), FsError> {
    if entry.kind == Kind::File && (entry.size, entry.mtime) == (item.meta.size, item.meta.mtime) {
        return Ok(());
    }
    Err(FsError::io(path, std::io::Error::other("it changed here while it was compared")))
}

/// Gives a file another name, or copies it there. Says how.
fn move_file(shared: &Shared<'_>, from: &RelPath, item: &Item, way: Way, is_linked: bool) -> Result<Way, FsError> {
    let (root, own) = shared.tree.place(&item.path)?;
    let (_, from) = shared.tree.place(from)?;
    let entry = root.stat(&from)?;
    // Another name of the same file must not change with it.
    if matches!(way, Way::Copy) || (matches!(way, Way::Rename) && entry.links > 1) {
        let (file, entry) = root.open_file(&from)?;
        unchanged(&from, &entry, item)?;
        return copy(shared, &file, item, is_linked).map(|()| Way::Copy);
    }
    unchanged(&from, &entry, item)?;
    if let Way::Rename = way {
        root.rename(root, &from, &own)?;
    }
    let attributes = attributes(shared, &item.meta, &item.xattrs);
    set(shared, &item.path, &attributes.beyond(&entry)).map(|_| way)
}
