//! What git tracks: the names in its index, which no pattern leaves out.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, Read};

use super::index::{self, HASHES};
use crate::FilterError;
use crate::limits::TRACKED;

/// Opens files in git's directory.
pub trait IndexFiles {
    /// Opens the file of this name; none where there is none.
    ///
    /// # Errors
    /// It is there and cannot be opened.
    fn open(&self, name: &str) -> io::Result<Option<IndexFile<'_>>>;
}

/// A file that has been opened.
pub struct IndexFile<'a> {
    /// What it holds.
    pub input: Box<dyn Read + 'a>,
    /// How many bytes.
    pub length: u64,
}

/// The paths that an index names, and the directories that lead to them.
///
/// Of each there is a number of 64 bits, made with a key that nobody knows: eight bytes a path, so that an index of a million
/// names can be kept. Where two paths have the same number, which is not to be expected, something takes part though git
/// ignores it.
#[derive(Debug, Default)]
pub struct Tracked {
    key: RandomState,
    /// In their order.
    paths: Vec<u64>,
    /// Directories of which a sparse index says nothing: all that is in them counts as tracked. In their order.
    whole: Vec<u64>,
}

impl Tracked {
    /// Reads the index in git's directory, and the one that it is split from. Nothing is tracked where there is none.
    ///
    /// # Errors
    /// It cannot be read, is broken, or is larger than it may be ([`crate::limits`]).
    pub fn read(files: &impl IndexFiles) -> Result<Self, FilterError> {
        let [short, long] = HASHES;
        match Self::with(files, short) {
            Err(error @ FilterError::Index { .. }) => Self::with(files, long).map_err(|_| error),
            read => read,
        }
    }

    fn with(files: &impl IndexFiles, hash: usize) -> Result<Self, FilterError> {
        let mut all = Self::default();
        let Some(IndexFile { input, length }) = opened(files, "index")? else { return Ok(all) };
        let (mut names, mut nameless) = (Names::default(), false);
        let link = index::read(input, length, hash, &mut |_, name| {
            nameless |= name.is_empty();
            names.add(&mut all, name)
        })?;
        if link.is_none() && nameless {
            return Err(FilterError::Index { what: "an entry has no name" });
        }
        if let Some(link) = link {
            let base = format!("sharedindex.{}", link.base);
            let missing = FilterError::Index { what: "what it is split from is not there" };
            let IndexFile { input, length } = opened(files, &base)?.ok_or(missing)?;
            let mut names = Names::default();
            let again = index::read(input, length, hash, &mut |place, name| match link.has_deleted(place) {
                true => Ok(()),
                false => names.add(&mut all, name),
            })?;
            if again.is_some() {
                return Err(FilterError::Index { what: "what it is split from is split itself" });
            }
        }
        for list in [&mut all.paths, &mut all.whole] {
            list.sort_unstable();
            list.dedup();
            list.shrink_to_fit();
        }
        Ok(all)
    }

    /// Whether a path from the repository's top is tracked, or leads to one that is.
    #[must_use]
    pub fn has(&self, path: &[u8]) -> bool {
        let is_in = |list: &[u64], path: &[u8]| list.binary_search(&self.key.hash_one(path)).is_ok();
        let mut above = slashes(path).map(|end| &path[..end]);
        is_in(&self.paths, path)
            || (!self.whole.is_empty()
                && (is_in(&self.whole, path) || above.any(|directory| is_in(&self.whole, directory))))
    }
}

fn opened<'a>(files: &'a impl IndexFiles, name: &str) -> Result<Option<IndexFile<'a>>, FilterError> {
    files.open(name).map_err(|source| FilterError::Unreadable { file: name.to_owned(), source })
}

/// Where components of a path end, but for the last.
fn slashes(path: &[u8]) -> impl Iterator<Item = usize> + '_ {
    path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at)
}

/// The names of one index, in their order: directories that the one before had too need not be noted again.
#[derive(Default)]
struct Names {
    before: Vec<u8>,
}

impl Names {
    fn add(&mut self, all: &mut Tracked, name: &[u8]) -> Result<(), FilterError> {
        // It stands for an entry of the index that this one is split from.
        if name.is_empty() {
            return Ok(());
        }
        let shared = self.before.iter().zip(name).take_while(|(one, other)| one == other).count();
        for end in slashes(name).filter(|end| *end >= shared) {
            all.paths.push(all.key.hash_one(&name[..end]));
        }
        match name.strip_suffix(b"/") {
            Some(directory) => all.whole.push(all.key.hash_one(directory)),
            None => all.paths.push(all.key.hash_one(name)),
        }
        if all.paths.len() + all.whole.len() > TRACKED {
            return Err(FilterError::TooMany { what: "paths in git's index", limit: TRACKED });
        }
        self.before.clear();
        self.before.extend_from_slice(name);
        Ok(())
    }
}
