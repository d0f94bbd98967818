//! Which entries of a tree take part: rules that go along with a walk, directory by directory.

use std::io::{self, Read};

use xssh_filter::{Directory, FilterError, MergeFiles, Rules, Scope, limits::TEXT};
use xssh_fs::{FsError, RelPath};

use crate::tree::Tree;
use crate::wire::start::Role;

/// Rules, and from which side they are looked at.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) rules: Rules,
    /// A source hides what is excluded; a target leaves alone what is protected.
    pub(crate) role: Role,
}

/// The scopes from the root to where a walk is.
pub(crate) struct Trail<'a> {
    filter: &'a Filter,
    files: RuleFiles<'a>,
    scopes: Vec<(RelPath, Scope)>,
}

impl<'a> Trail<'a> {
    pub(crate) fn new(filter: &'a Filter, tree: &'a Tree) -> Result<Self, FilterError> {
        let files = RuleFiles { tree };
        let scopes = vec![(RelPath::root(), filter.rules.scope(b"", &files)?)];
        Ok(Self { filter, files, scopes })
    }

    /// Whether an entry takes part. Its directory has been entered.
    pub(crate) fn admits(&mut self, path: &RelPath, is_directory: bool) -> bool {
        let Some(parent) = path.parent() else { return true };
        while self.scopes.len() > 1 && self.scopes.last().is_some_and(|(last, _)| *last != parent) {
            self.scopes.pop();
        }
        let Some((_, scope)) = self.scopes.last() else { return true };
        match self.filter.role {
            Role::Source => !scope.hidden(path.name(), is_directory),
            Role::Target => !scope.protected(path.name(), is_directory),
        }
    }

    /// Goes into a directory that takes part.
    pub(crate) fn enter(&mut self, path: &RelPath) -> Result<(), FilterError> {
        if path.is_root() {
            return Ok(());
        }
        // Leaves what the walk has left.
        self.admits(path, true);
        if let Some((_, scope)) = self.scopes.last() {
            let inside = scope.enter(path.name(), &self.files)?;
            self.scopes.push((path.clone(), inside));
        }
        Ok(())
    }
}

/// Files of rules in the tree itself.
struct RuleFiles<'a> {
    tree: &'a Tree,
}

impl MergeFiles for RuleFiles<'_> {
    fn read(&self, directory: Directory<'_>, name: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let Directory::Inside(directory) = directory else { return Ok(None) };
        let path = RelPath::parse(directory).and_then(|directory| directory.join(name));
        let Ok(path) = path else { return Ok(None) };
        match self.tree.open(&path) {
            Ok((file, _)) => {
                let mut text = Vec::new();
                file.take(TEXT as u64 + 1).read_to_end(&mut text)?;
                Ok(Some(text))
            }
            Err(error) if error.is_missing() => Ok(None),
            Err(FsError::Entry { source, .. }) => Err(source),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}
