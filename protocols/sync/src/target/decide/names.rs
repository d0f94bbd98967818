//! Files that have several names at the source, where names of one file are to stay that. The first name is had like any file; the
//! others are linked at the end. Where the first cannot be had, the next that can takes its part.

use xssh_fs::{Kind, RelPath};

use super::Decider;
use crate::options::Reuse;
use crate::tree::Item;

impl Decider<'_> {
    /// Looks whether an entry is another name of a file that was listed before. Gives it back where it is to be had by itself.
    pub(super) fn another_name(&mut self, mut theirs: Item, mine: Option<&Item>) -> Option<Item> {
        let Some(first) = theirs.same.clone().filter(|_| self.shared.options.reuse() != Some(Reuse::Leave)) else {
            return Some(theirs);
        };
        match mine {
            None if self.leaves_new() => return None,
            Some(mine) if mine.meta.kind == Kind::Directory => {
                self.displace(&theirs, mine);
                return None;
            }
            _ => {}
        }
        if let Some(heir) = self.heirs.get(&first) {
            theirs.same = Some(heir.clone());
        } else if self.is_missed(&first) {
            self.heirs.insert(first, theirs.path.clone());
            theirs.same = None;
            return Some(theirs);
        }
        if let Some(mine) = mine.filter(|mine| mine.meta.kind != Kind::File)
            && let Err(error) = self.finish.clear(self.shared, mine, Kind::File)
        {
            self.shared.problem(&theirs.path, &error.to_string());
            return None;
        }
        self.finish.another_name(&theirs);
        None
    }

    /// Whether a file will not be here under its first name.
    fn is_missed(&self, first: &RelPath) -> bool {
        let is_missing = || self.shared.tree.stat(first).is_err_and(|error| error.is_missing());
        self.finish.is_kept_out(first) || (self.leaves_new() && is_missing())
    }

    /// Whether what is not here is left out. What took the place of a directory was here.
    pub(super) fn leaves_new(&self) -> bool {
        self.shared.options.existing && !self.is_cleared
    }
}
