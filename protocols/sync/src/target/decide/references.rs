//! What other directories on our side have of what the source has: `--link-dest`, `--copy-dest`, `--compare-dest`.
//!
//! Stretches in which references and tree together are like the source are filled from them without a question; elsewhere an
//! entry that the tree has not is looked for in each of them.

use std::ops::ControlFlow;

use xssh_fs::{FsError, Kind, RelPath};

use super::{Decider, Doubted};
use crate::error::SyncError;
use crate::limits::DELTA_LEAST;
use crate::options::Reuse;
use crate::target::compare::Stretch;
use crate::target::likeness::Old;
use crate::target::union::{self, Seen};
use crate::target::write::copy;
use crate::tree::{Difference, Item};
use crate::watch::Change;
use crate::wire::message::FileId;

/// What a reference has of an entry, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// All that is kept of it.
    All,
    /// Its contents, as far as size and time tell.
    Contents,
    /// Something of that name.
    Other,
}

impl Decider<'_> {
    /// Takes what is not here from a reference. Gives it back where none has it.
    pub(super) fn refer(&mut self, file: FileId, theirs: Item) -> Result<Option<Item>, SyncError> {
        let options = self.shared.options;
        let Some((fit, at, mine)) = self.best(&theirs) else { return Ok(Some(theirs)) };
        match fit {
            Fit::Other if theirs.meta.kind == Kind::File => self.want(file, theirs, None)?,
            Fit::Other => return Ok(Some(theirs)),
            _ if options.checksum && theirs.meta.kind == Kind::File => {
                self.doubt(file, Doubted { theirs, mine, reference: Some(at) })?;
            }
            Fit::All => self.found(&theirs, at),
            Fit::Contents => self.copied(&theirs, at),
        }
        Ok(None)
    }

    /// The digest of a file that a reference has is known.
    pub(super) fn referred(
        &mut self,
        file: FileId,
        theirs: Item,
        mine: &Item,
        at: usize,
        alike: bool,
    ) -> Result<(), SyncError> {
        let differs = Difference::between(&theirs, mine, self.shared.options, &self.shared.translation);
        match alike {
            true if differs.is_none() => self.found(&theirs, at),
            true => self.copied(&theirs, at),
            false => {
                self.want(file, theirs, None)?;
                self.flush_wishes()?;
            }
        }
        Ok(())
    }

    /// The reference that has most of an entry.
    fn best(&self, theirs: &Item) -> Option<(Fit, usize, Item)> {
        let (options, translation) = (self.shared.options, &self.shared.translation);
        let mut best: Option<(Fit, usize, Item)> = None;
        for (at, reference) in self.shared.tree.references().iter().enumerate() {
            let Ok(mine) = reference.look(&theirs.path) else { continue };
            let differs = Difference::between(theirs, &mine, options, translation);
            let fit = match () {
                () if mine.meta.kind != theirs.meta.kind || theirs.meta.kind == Kind::Directory => continue,
                () if differs.is_none() => Fit::All,
                () if theirs.meta.kind != Kind::File || differs.size => Fit::Other,
                () if differs.time && !options.checksum => Fit::Other,
                () => Fit::Contents,
            };
            if best.as_ref().is_none_or(|(known, ..)| fit < *known) {
                best = Some((fit, at, mine));
            }
        }
        best
    }

    /// A large file of that name that some of the contents may be in.
    pub(super) fn reference_basis(&self, path: &RelPath) -> Option<Old> {
        let sizes = self.shared.tree.references().iter().map(|reference| reference.stat(path).ok());
        let files = sizes.enumerate().filter_map(|(at, meta)| Some((at, meta.filter(|meta| meta.kind == Kind::File)?)));
        let mut large = files.filter(|(_, meta)| meta.size >= DELTA_LEAST);
        large.next().map(|(at, _)| Old::Reference(at))
    }

    /// Makes of the references what they have where the source has it. Stretches come in their order: a directory is there
    /// before what is in it, unless it is still to be listed. False where the stretch is to be listed itself.
    pub(super) fn fill(&mut self, stretch: &Stretch) -> bool {
        let options = self.shared.options;
        let mut lacking = Vec::new();
        union::walk(self.shared.tree, Some(stretch), &mut |found| {
            if let Ok(Seen { item, reference: Some(at) }) = found {
                lacking.push((item, at));
            }
            ControlFlow::Continue(())
        });
        let mut ready: Option<RelPath> = None;
        for (item, at) in lacking.into_iter().filter(|_| !options.existing) {
            if !self.takes_part(&item) {
                continue;
            }
            let parent = item.path.parent();
            if ready != parent {
                if !self.lead_to(&item.path) {
                    return false;
                }
                ready = parent;
            }
            match item.meta.kind {
                Kind::Directory => self.make_other(&item, false),
                _ => {
                    if let Some(item) = self.another_name(item, None) {
                        self.found(&item, at);
                    }
                }
            }
        }
        true
    }

    /// Makes the directories that lead to something, where their turn is still to come.
    fn lead_to(&mut self, path: &RelPath) -> bool {
        for directory in std::iter::successors(path.parent(), RelPath::parent) {
            self.finish.touch(self.shared, &directory);
        }
        self.finish.led_to(path);
        let made = self.shared.tree.place(path).and_then(|(root, own)| match own.parent() {
            Some(parent) if !self.shared.options.dry_run => root.make_directories(&parent, 0o700),
            _ => Ok(()),
        });
        made.is_ok()
    }

    /// Makes something of what a reference has, with all that is kept of it.
    fn found(&mut self, item: &Item, at: usize) {
        let shared = self.shared;
        match shared.options.reuse() {
            Some(Reuse::Link) if shared.options.dry_run || self.link_reference(item, at).is_ok() => {}
            Some(Reuse::Leave) | None => {}
            // Another file system, or too many names already: what cannot be linked is copied.
            _ if item.meta.kind != Kind::File => return self.make_other(item, false),
            _ => {
                if let Err(error) = self.copy_reference(item, at) {
                    return shared.problem(&item.path, &error.to_string());
                }
            }
        }
        shared.ledger.found(item.meta.size);
    }

    /// Makes a file of what a reference has, with what belongs to it at the source.
    fn copied(&mut self, item: &Item, at: usize) {
        let shared = self.shared;
        self.count_owner(item);
        match self.copy_reference(item, at) {
            Ok(()) => {
                shared.ledger.found(item.meta.size);
                shared.change(&item.path, Change::NewFile);
            }
            Err(error) => shared.problem(&item.path, &error.to_string()),
        }
    }

    fn link_reference(&mut self, item: &Item, at: usize) -> Result<(), FsError> {
        self.finish.touch(self.shared, &item.path);
        let (from, name) = self.shared.tree.references()[at].place(&item.path)?;
        let (root, own) = self.shared.tree.place(&item.path)?;
        root.link_from(from, &name, &own)
    }

    fn copy_reference(&mut self, item: &Item, at: usize) -> Result<(), FsError> {
        let shared = self.shared;
        if shared.options.dry_run {
            return Ok(());
        }
        self.finish.touch(shared, &item.path);
        let (file, _) = shared.tree.references()[at].open(&item.path)?;
        copy(shared, &file, item, false)
    }
}
