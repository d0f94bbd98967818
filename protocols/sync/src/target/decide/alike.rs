//! What is here that a large file may be compared with.

use xssh_fs::RelPath;

use super::Decider;
use crate::limits::DELTA_LEAST;
use crate::target::ledger::Likeness;
use crate::tree::Item;

impl Decider<'_> {
    /// What is here of a large file: the file itself, or what a run that was cut has left, or what a reference has.
    pub(super) fn basis(&self, path: &RelPath, mine: Option<&Item>) -> Option<Likeness> {
        if self.shared.options.whole_file {
            return None;
        }
        let own = mine.filter(|mine| mine.meta.size >= DELTA_LEAST).map(|_| Likeness::Own);
        own.or_else(|| {
            let (root, own) = self.shared.tree.place(path).ok()?;
            let (_, size) = root.partial(&own).ok()?;
            (size >= DELTA_LEAST).then_some(Likeness::Partial)
        })
        .or_else(|| mine.is_none().then(|| self.reference_basis(path)).flatten())
    }
}
