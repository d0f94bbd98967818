//! Files that the source has and we have not, but maybe under another name: of the same size and time, and, as their digests
//! tell, of the same contents.
//!
//! A new file whose size and time no file here has is asked for at once. The others wait until all names are compared: then
//! it is known which files here are about to go, or are nobody's.

use std::collections::{BTreeMap, HashMap};

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
    extras: HashMap<(u64, (i64, u32)), Extras>,
    extra_count: usize,
}

/// Paths by their names.
type Named = BTreeMap<Box<[u8]>, Vec<RelPath>>;

/// Files that the source does not have, all of one size and time. There may be very many, and as many may be looked for: each is
/// read once, and none is passed by again and again.
#[derive(Debug, Default)]
struct Extras {
    unread: Named,
    read: HashMap<FileDigest, Named>,
}

impl Extras {
    fn add(&mut self, path: RelPath) {
        put(&mut self.unread, path);
    }

    /// Takes one of these contents: of this name, because a directory that was renamed has the same names in it, or of any.
    fn take(
        &mut self,
        name: &[u8],
        digest: &FileDigest,
        hash: impl Fn(&RelPath) -> Option<FileDigest>,
    ) -> Option<RelPath> {
        if let Some(path) = self.read.get_mut(digest).and_then(|read| take(read, name)) {
            return Some(path);
        }
        while let Some(path) = take(&mut self.unread, name) {
            if self.look_into(&path, digest, &hash) {
                return Some(path);
            }
        }
        if let Some(path) = self.read.get_mut(digest).and_then(take_first) {
            return Some(path);
        }
        while let Some(path) = take_first(&mut self.unread) {
            if self.look_into(&path, digest, &hash) {
                return Some(path);
            }
        }
        None
    }

    /// Whether a file has these contents. If not, what it has is kept in mind; one that cannot be read is nothing that is looked for.
    fn look_into(
        &mut self,
        path: &RelPath,
        digest: &FileDigest,
        hash: impl Fn(&RelPath) -> Option<FileDigest>,
    ) -> bool {
        match hash(path) {
            Some(own) if own == *digest => return true,
            Some(own) => put(self.read.entry(own).or_default(), path.clone()),
            None => {}
        }
        false
    }
}

fn put(named: &mut Named, path: RelPath) {
    named.entry(path.name().into()).or_default().push(path);
}

fn take(named: &mut Named, name: &[u8]) -> Option<RelPath> {
    let paths = named.get_mut(name)?;
    let path = paths.pop();
    if paths.is_empty() {
        named.remove(name);
    }
    path
}

fn take_first(named: &mut Named) -> Option<RelPath> {
    let mut first = named.first_entry()?;
    let path = first.get_mut().pop();
    if first.get().is_empty() {
        first.remove();
    }
    path
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
            self.extras.entry((item.meta.size, item.meta.mtime)).or_default().add(item.path.clone());
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
        self.extras.get_mut(&(item.meta.size, item.meta.mtime))?.take(item.path.name(), digest, hash)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Each file is found once and read at most once, one of the same name before others, and none that has other contents.
        #[test]
        fn as_many_are_found_as_there_are(
            here in prop::collection::vec((0_u8..6, prop::option::weighted(0.9, 0_u8..4)), 0..40),
            wanted in prop::collection::vec((0_u8..6, 0_u8..4), 0..40),
        ) {
            let mut extras = Extras::default();
            let path = |at: usize, name: u8| RelPath::parse(format!("{at}/{name}").as_bytes()).unwrap();
            let mut left: HashMap<RelPath, Option<u8>> = HashMap::new();
            for (at, (name, content)) in here.iter().enumerate() {
                extras.add(path(at, *name));
                left.insert(path(at, *name), *content);
            }
            let (contents, read) = (left.clone(), RefCell::new(HashSet::new()));
            for (name, content) in wanted {
                let name = path(0, name).name().to_vec();
                let found = extras.take(&name, &[content; 32], |path| {
                    assert!(read.borrow_mut().insert(path.clone()), "{path} is read twice");
                    contents[path].map(|content| [content; 32])
                });
                let may_be: Vec<RelPath> =
                    left.iter().filter(|(_, own)| **own == Some(content)).map(|(path, _)| path.clone()).collect();
                let is_there = may_be.iter().any(|path| path.name() == name);
                match found {
                    Some(found) => {
                        prop_assert!(may_be.contains(&found));
                        prop_assert_eq!(found.name() == name, is_there);
                        left.remove(&found);
                    }
                    None => prop_assert!(may_be.is_empty()),
                }
            }
        }
    }
}
