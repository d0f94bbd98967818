//! Files whose contents are compared, because sizes and times do not count.

use xssh_fs::FsError;

use super::{Decider, UNASKED};
use crate::content::hash;
use crate::error::SyncError;
use crate::tree::{Difference, Item};
use crate::wire::message::{FileDigest, FileId, FromTarget};

/// A file whose contents are compared.
pub(super) struct Doubted {
    pub(super) theirs: Item,
    pub(super) mine: Item,
    /// Where ours is, if not in the tree itself.
    pub(super) reference: Option<usize>,
}

impl Decider<'_> {
    /// Asks for the digest of a file whose size agrees.
    pub(super) fn doubt(&mut self, file: FileId, doubted: Doubted) -> Result<(), SyncError> {
        self.unsettled += 1;
        *self.open.entry(file.range).or_default() += 1;
        self.doubted.insert(file, doubted);
        self.send(&FromTarget::Digests(vec![file]))
    }

    /// The source's digest of a file whose size agrees.
    pub(super) fn digest(&mut self, file: FileId, digest: &FileDigest) -> Result<(), SyncError> {
        if let Some(held) = self.moves.take(file) {
            return self.moved(file, held, Some(digest));
        }
        let Doubted { theirs, mine, reference } = self.doubted.remove(&file).ok_or(UNASKED)?;
        let tree = reference.map_or(self.shared.tree, |at| &self.shared.tree.references()[at]);
        let now = tree.open(&theirs.path).and_then(|(open, meta)| {
            let digest = hash(open).map_err(|error| FsError::io(&theirs.path, std::io::Error::other(error)))?;
            Ok((meta, digest))
        });
        if let Ok((meta, own)) = now {
            let mine = Item { meta, ..mine };
            if let Some(at) = reference {
                self.referred(file, theirs, &mine, at, own == *digest)?;
            } else if own == *digest {
                let differs = Difference::between(&theirs, &mine, self.shared.options, &self.shared.translation);
                self.attributes(&theirs, &mine, differs);
            } else {
                self.want(file, theirs, Some(&mine))?;
                self.flush_wishes()?;
            }
        } else {
            self.shared.problem(&theirs.path, "it cannot be read here");
        }
        self.settled(file)
    }
}
