//! What git's rules say of a source from outside of it: ignore files above it, those of its repository where its directory is
//! elsewhere, and the user's own.
//!
//! The side that has the source finds it and tells the other, which has none of it and is to keep from deletion what is ignored. It is
//! looked for below one root alone: that of a grant, or the root directory.

use std::sync::Arc;

use xssh_filter::{FilterError, Tracked};
use xssh_fs::{FsError, Kind, RelPath, Root};

use crate::limits::ABOVE;
use crate::repository::{self, GitDirectory};

/// Ignore files that are not in the tree itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitAbove {
    /// What `core.excludesFile` names, which counts in every repository.
    pub excludes_file: Vec<u8>,
    /// `info/exclude` of the source's repository, where the tree has it not.
    pub info_exclude: Vec<u8>,
    /// Where the source is, from the top of its work tree.
    pub within: RelPath,
    /// The `.gitignore` of each directory from that top down to the one that holds the source; one more, that of the source itself,
    /// where the tree is made of places in it.
    pub gitignores: Vec<Vec<u8>>,
}

impl GitAbove {
    /// Nothing.
    pub fn none() -> Self {
        Self { excludes_file: Vec::new(), info_exclude: Vec::new(), within: RelPath::root(), gitignores: Vec::new() }
    }

    /// Bytes of all texts.
    pub(crate) fn size(&self) -> usize {
        let texts = self.gitignores.iter().map(Vec::len).sum::<usize>();
        self.excludes_file.len() + self.info_exclude.len() + texts
    }
}

/// What was found of a source's repository.
#[derive(Debug)]
pub struct FoundAbove {
    /// What the other side is to hear.
    pub above: GitAbove,
    /// What the repository tracks, where the tree does not say it itself.
    pub(crate) tracked: Option<Arc<Tracked>>,
    /// git's configuration there.
    pub config: Vec<u8>,
}

/// Why it cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum AboveError {
    /// git's index, or the patterns, cannot be used.
    #[error(transparent)]
    Rules(#[from] FilterError),
    /// More than both sides tell one another.
    #[error("git's ignore files above it have more than {} KiB", ABOVE >> 10)]
    TooLarge,
    /// It cannot be looked at.
    #[error(transparent)]
    Tree(#[from] FsError),
}

impl FoundAbove {
    /// Looks for the work tree that a directory of this root is in. As git does, it stays on one file system and trusts no repository
    /// of somebody else: that of the directory's own owner, and of this `user`. `of_places`: the tree is made of places in that
    /// directory.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn find(root: &Root, source: &RelPath, user: u32, of_places: bool) -> Result<Option<Self>, AboveError> {
        let seen = root.stat(source)?;
        for top in std::iter::successors(Some(source.clone()), RelPath::parent) {
            let found = root.stat(&top)?;
            if found.device != seen.device {
                return Ok(None);
            }
            let Some(git) = GitDirectory::at(root, &top).filter(GitDirectory::is_one) else { continue };
            let own = top.join(b".git").map_err(FsError::from).and_then(|own| root.stat(&own))?;
            let is_trusted = |owner| owner == user || owner == seen.uid;
            if !is_trusted(found.uid) || !is_trusted(own.uid) {
                return Ok(None);
            }
            let is_in_tree = top == *source && own.kind == Kind::Directory && !of_places;
            return Self::read(root, &git, (&top, source), is_in_tree, of_places).map(Some);
        }
        Ok(None)
    }

    fn read(
        root: &Root,
        git: &GitDirectory<'_>,
        (top, source): (&RelPath, &RelPath),
        is_in_tree: bool,
        of_places: bool,
    ) -> Result<Self, AboveError> {
        let rest = source.as_bytes().get(top.as_bytes().len()..).unwrap_or_default();
        let within = RelPath::parse(rest.strip_prefix(b"/").unwrap_or(rest)).map_err(FsError::from)?;
        let down = std::iter::successors(Some(source.clone()), RelPath::parent).skip((!of_places).into());
        let mut down: Vec<RelPath> = down.take_while(|path| path == top || path.is_below(top)).collect();
        down.reverse();
        let gitignores = down.iter().map(|directory| repository::ignore_file(root, directory)).collect();
        let (info_exclude, tracked) = match is_in_tree {
            true => (Vec::new(), None),
            false => (git.info_exclude(), Some(Arc::new(Tracked::read(git)?))),
        };
        let above = GitAbove { info_exclude, within, gitignores, ..GitAbove::none() };
        if above.size() > ABOVE {
            return Err(AboveError::TooLarge);
        }
        Ok(Self { above, tracked, config: git.config() })
    }
}
