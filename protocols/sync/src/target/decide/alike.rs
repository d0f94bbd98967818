//! What is here that a large file may be compared with.

use xssh_fs::RelPath;

use super::Decider;
use crate::limits::DELTA_LEAST;
use crate::target::likeness::Likeness;
use crate::tree::Item;

impl Decider<'_> {
    /// What is here of a large file: the file itself, or what a run that was cut has left, or what a reference has.
    pub(super) fn basis(&self, path: &RelPath, mine: Option<&Item>) -> Option<Likeness> {
        if self.shared.options.whole_file {
            return None;
        }
        match (mine.is_some_and(|mine| mine.meta.size >= DELTA_LEAST), self.is_left(path)) {
            // What is written in place is its own beginning.
            (true, true) if !self.shared.options.inplace => Some(Likeness::Both),
            (true, _) => Some(Likeness::Own),
            (false, true) => Some(Likeness::Partial),
            (false, false) => mine.is_none().then(|| self.reference_basis(path)).flatten(),
        }
    }

    /// Whether a run that was cut has left enough of a file.
    fn is_left(&self, path: &RelPath) -> bool {
        let left = self.shared.tree.place(path).and_then(|(root, own)| root.partial(&own));
        left.is_ok_and(|(_, size)| size >= DELTA_LEAST)
    }
}
