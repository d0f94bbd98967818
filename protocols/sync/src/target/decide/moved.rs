//! New files that may be here under another name.

use xssh_fs::RelPath;

use super::Decider;
use crate::content::hash;
use crate::error::SyncError;
use crate::limits::KEPT_RANGES;
use crate::target::moves::Verdict;
use crate::tree::Item;
use crate::wire::message::{FileDigest, FileId, FromTarget};

impl Decider<'_> {
    /// A file that the source has and we have not.
    pub(super) fn new_file(&mut self, file: FileId, item: Item) -> Result<(), SyncError> {
        let room =
            self.open.len() < KEPT_RANGES / 2 && !self.shared.options.whole_file && !self.is_given && !self.is_cleared;
        if !room {
            return self.want(file, item, None);
        }
        match self.moves.look(file, item) {
            Verdict::Want(file, item) => self.want(file, item, None),
            Verdict::Held => {
                *self.open.entry(file.range).or_default() += 1;
                Ok(())
            }
        }
    }

    /// Lets go of a file that was held back.
    pub(super) fn settle_held(&mut self, file: FileId) -> Result<(), SyncError> {
        if let Some(open) = self.open.get_mut(&file.range) {
            *open = open.saturating_sub(1);
        }
        self.release(file.range)
    }

    /// It is known which files here are nobody's: asks whether new ones are among them.
    pub(super) fn resolve_moves(&mut self) -> Result<(), SyncError> {
        let (ask, want) = self.moves.resolve();
        if !ask.is_empty() {
            self.send(&FromTarget::Digests(ask))?;
        }
        self.want_held(want)
    }

    /// Asks for files that were held back.
    pub(super) fn want_held(&mut self, files: Vec<(FileId, Item)>) -> Result<(), SyncError> {
        for (file, item) in files {
            self.want(file, item, None)?;
            self.settle_held(file)?;
        }
        self.flush_wishes()
    }

    /// The digest of a new file, or none where it cannot be had: whether its contents are here.
    pub(super) fn moved(&mut self, file: FileId, item: Item, digest: Option<&FileDigest>) -> Result<(), SyncError> {
        let tree = self.shared.tree;
        let own = |path: &RelPath| tree.open(path).ok().and_then(|(open, _)| hash(open).ok());
        match digest.and_then(|digest| self.moves.find(&item, digest, own)) {
            Some(from) => {
                self.ahead.save(item.meta.size);
                self.finish.moved(from, item);
                self.settle_held(file)
            }
            None => self.want_held(vec![(file, item)]),
        }
    }
}
