//! Files that the source has and we have not, but maybe under another name: of the same size and time, and, as their digests
//! tell, of the same contents.
//!
//! A new file whose size and time no file here has is asked for at once. The others wait until all names are compared: then
//! it is known which files here are about to go, or are nobody's.

use std::collections::HashMap;

use xssh_fs::{Kind, RelPath};

use crate::limits::{MOVED_LEAST, MOVES};
use crate::tree::{Item, Meta};
use crate::wire::message::{FileDigest, FileId};

/// Sizes and times of all files here, four bytes each.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<u32>);

impl Keys {
    pub(super) fn add(&mut self, meta: &Meta) {
        if is_candidate(meta) {
            self.0.push(key(meta));
        }
    }

    pub(super) fn sort(&mut self) {
        self.0.sort_unstable();
        self.0.dedup();
    }

    fn may_have(&self, meta: &Meta) -> bool {
        is_candidate(meta) && self.0.binary_search(&key(meta)).is_ok()
    }
}

fn is_candidate(meta: &Meta) -> bool {
    meta.kind == Kind::File && meta.size >= MOVED_LEAST
}

/// A hash of size and time; two that are equal are looked at more closely.
fn key(meta: &Meta) -> u32 {
    let mixed = [meta.size, meta.mtime.0 as u64, u64::from(meta.mtime.1)]
        .iter()
        .fold(0_u64, |mixed, part| (mixed ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29));
    (mixed >> 32) as u32
}

/// What is known of files under other names.
#[derive(Debug, Default)]
pub(super) struct Moves {
    keys: Option<Keys>,
    /// New files, until our own walk is over.
    waiting: Vec<(FileId, Item)>,
    /// New files that may be here, until all names are compared.
    maybe: Vec<(FileId, Item)>,
    /// New files whose digest was asked for.
    asked: HashMap<FileId, Item>,
    /// Files that the source does not have, by size and time.
    extras: HashMap<(u64, (i64, u32)), Vec<Extra>>,
    extra_count: usize,
}

/// A file that the source does not have.
#[derive(Debug)]
struct Extra {
    path: RelPath,
    /// Of its contents, once somebody asked; the inner `None` where it cannot be read.
    digest: Option<Option<FileDigest>>,
}

/// What becomes of a new file.
pub(super) enum Verdict {
    /// It is to be asked for.
    Want(FileId, Item),
    /// It is decided later.
    Held,
}

impl Moves {
    /// Looks at a new file.
    pub(super) fn look(&mut self, file: FileId, item: Item) -> Verdict {
        if !is_candidate(&item.meta) || self.held() >= MOVES {
            return Verdict::Want(file, item);
        }
        match &self.keys {
            None => self.waiting.push((file, item)),
            Some(keys) if keys.may_have(&item.meta) => self.maybe.push((file, item)),
            Some(_) => return Verdict::Want(file, item),
        }
        Verdict::Held
    }

    /// Files that are held back.
    fn held(&self) -> usize {
        self.waiting.len() + self.maybe.len() + self.asked.len()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.held() == 0
    }

    /// Our own walk is over. Gives the new files that are nothing we have.
    pub(super) fn own_walk_ended(&mut self, keys: Keys) -> Vec<(FileId, Item)> {
        let (maybe, new) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(_, item)| keys.may_have(&item.meta));
        self.maybe.extend::<Vec<_>>(maybe);
        self.keys = Some(keys);
        new
    }

    /// Notes a file that the source does not have.
    pub(super) fn extra(&mut self, item: &Item) {
        if is_candidate(&item.meta) && self.extra_count < MOVES {
            self.extra_count += 1;
            let extra = Extra { path: item.path.clone(), digest: None };
            self.extras.entry((item.meta.size, item.meta.mtime)).or_default().push(extra);
        }
    }

    /// All names are compared: which files' digests are to be asked for, and which files are to be sent.
    pub(super) fn resolve(&mut self) -> (Vec<FileId>, Vec<(FileId, Item)>) {
        let (mut ask, mut want) = (Vec::new(), Vec::new());
        for (file, item) in std::mem::take(&mut self.maybe) {
            if self.extras.contains_key(&(item.meta.size, item.meta.mtime)) {
                ask.push(file);
                self.asked.insert(file, item);
            } else {
                want.push((file, item));
            }
        }
        (ask, want)
    }

    /// Whether there is something to resolve.
    pub(super) fn are_to_resolve(&self) -> bool {
        !self.maybe.is_empty()
    }

    /// A file whose digest was asked for.
    pub(super) fn take(&mut self, file: FileId) -> Option<Item> {
        self.asked.remove(&file)
    }

    /// The file here that has these contents, if there is one. It is found once. `hash` reads a file here.
    pub(super) fn find(
        &mut self,
        item: &Item,
        digest: &FileDigest,
        hash: impl Fn(&RelPath) -> Option<FileDigest>,
    ) -> Option<RelPath> {
        let extras = self.extras.get_mut(&(item.meta.size, item.meta.mtime))?;
        // A directory that was renamed has the same names in it.
        extras.sort_by_key(|extra| extra.path.name() != item.path.name());
        let at = extras
            .iter_mut()
            .position(|extra| extra.digest.get_or_insert_with(|| hash(&extra.path)).as_ref() == Some(digest))?;
        Some(extras.swap_remove(at).path)
    }
}
