//! What is here that a large file may be compared with.

use xssh_fs::RelPath;

use super::Decider;
use crate::limits::DELTA_LEAST;
use crate::target::likeness::{Likeness, Old};
use crate::tree::Item;

impl Decider<'_> {
    /// What is here of a large file: the file itself, or what a reference has, and what a run that was cut has left.
    pub(super) fn basis(&self, path: &RelPath, mine: Option<&Item>) -> Option<Likeness> {
        if self.shared.options.whole_file {
            return None;
        }
        let old = match mine {
            Some(mine) => (mine.meta.size >= DELTA_LEAST).then_some(Old::Own),
            None => self.reference_basis(path),
        };
        // What is written in place is its own beginning.
        let is_begun = self.shared.options.inplace && old == Some(Old::Own);
        if !is_begun && self.is_left(path) { Some(Likeness::Left(old)) } else { old.map(Likeness::Old) }
    }

    /// Whether a run that was cut has left enough of a file.
    fn is_left(&self, path: &RelPath) -> bool {
        let left = self.shared.tree.place(path).and_then(|(root, own)| root.partial(&own));
        left.is_ok_and(|(_, size)| size >= DELTA_LEAST)
    }
}
