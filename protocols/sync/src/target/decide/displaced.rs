//! Directories here in whose place the source has something else. They go with what is deleted, when all is compared and it is
//! known whether anything is; then the source is asked once more for what takes their place. Where they stay, all that is in
//! them stays, and what cannot be had is named.

use xssh_fs::{Kind, RelPath};

use super::Decider;
use crate::target::compare::Stretch;
use crate::tree::{Difference, Item};

impl Decider<'_> {
    /// A directory is in the place of something else.
    pub(super) fn displace(&mut self, theirs: &Item, mine: &Item) {
        let options = self.shared.options;
        let holds_backups = options.backup.as_ref().is_some_and(|backup| backup.holds(&mine.path));
        let why = match () {
            () if !options.delete => "a directory is in its place; with --delete it would be replaced",
            () if self.kept.holds(&mine.path, true) => "a directory is in its place, in which something is left alone",
            () if holds_backups => "a directory is in its place that holds backups",
            () if alone(&theirs.path, true).is_none() => "a directory is in its place, and its path is too long",
            () => return self.finish.displace(mine),
        };
        self.shared.problem(&theirs.path, why);
        self.stands(theirs, mine);
    }

    /// Something here stays as it is, whatever the source has. What is in a directory that does is not to be deleted either, and
    /// no other name is linked to what is no file.
    pub(super) fn stands(&mut self, theirs: &Item, mine: &Item) {
        if mine.meta.kind == Kind::Directory {
            self.standing = Some(mine.path.clone());
        }
        if mine.meta.kind != theirs.meta.kind {
            self.finish.keep_out(&theirs.path);
        }
    }

    /// What is here and may not be changed.
    pub(super) fn leave(&mut self, theirs: &Item, mine: &Item) {
        let differs = Difference::between(theirs, mine, self.shared.options, &self.shared.translation);
        if !differs.is_none() {
            let why = "it is there already and differs, and may not be changed: only new names may appear";
            self.shared.problem(&theirs.path, why);
        }
        if differs.kind {
            self.stands(theirs, mine);
            self.bar(theirs);
        }
    }

    /// Leaves alone what is here and is something else at the source.
    pub(super) fn pass_over(&mut self, theirs: &Item, mine: &Item) {
        self.stands(theirs, mine);
        if theirs.meta.kind == Kind::Directory {
            let why = "what is there already is left alone, and is no directory: what is in this one was not copied";
            self.shared.problem(&theirs.path, why);
            self.bar(theirs);
        }
    }

    /// A directory cannot be made: nor can what is in it.
    pub(super) fn bar(&mut self, theirs: &Item) {
        if theirs.meta.kind == Kind::Directory {
            self.barred = Some(theirs.path.clone());
        }
    }

    pub(super) fn is_barred(&mut self, path: &RelPath) -> bool {
        let is_barred = self.barred.as_ref().is_some_and(|barred| path.is_below(barred));
        if is_barred {
            self.finish.keep_out(path);
        }
        is_barred
    }

    /// All else is here: deletes, and has what takes the place of directories listed once more. False where there is nothing.
    pub(super) fn clear(&mut self, clean: bool, entries: u64) -> bool {
        let (free, left) = self.finish.clear_away(self.shared, clean, entries.saturating_sub(1));
        let free = free.iter().filter_map(|path| alone(path, true));
        self.stretches.extend(free.chain(left.iter().filter_map(|path| alone(path, false))));
        self.is_cleared = true;
        !self.stretches.is_empty()
    }
}

/// The stretch of one name that is no directory at the source.
fn alone(path: &RelPath, vacant: bool) -> Option<Stretch> {
    // The lowest name in it, if it were one, or the lowest behind it.
    let until = path
        .join(b"\x01")
        .or_else(|_| path.parent().unwrap_or_else(RelPath::root).join(&[path.name(), b"\x01"].concat()));
    Some(Stretch { from: path.clone(), until: Some(until.ok()?), same: false, vacant })
}
