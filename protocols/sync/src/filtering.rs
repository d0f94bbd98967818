//! Which entries of a tree take part: rules that go along with a walk, directory by directory.
//!
//! A source shows what no rule hides from it. A target looks at the same, as far as its own files of rules tell, and where things
//! are deleted also at what may go though the source hides it. What the source lists beyond that is looked at when it is listed: a
//! rule of the target's side keeps an entry that the source has not ([`Trail::keeps`]), and never one that it has from its update.
//! A directory that only leads to named paths is shown by both, whatever rules say; where the source has it not they still keep it.

use std::io::{self, Read};

use xssh_filter::{Directory, FilterError, MergeFiles, Rules, Scope, limits::TEXT};
use xssh_fs::{FsError, RelPath};

use crate::above::GitAbove;
use crate::repository::Repository;
use crate::selection::Selection;
use crate::tree::Tree;
use crate::wire::start::{Role, Start};

/// Rules, and from which side they are looked at.
#[derive(Debug)]
pub(crate) struct Filter {
    rules: Rules,
    /// What git ignores takes no part.
    gitignore: bool,
    /// What its rules say from outside of the tree.
    above: Option<GitAbove>,
    /// Where not the whole tree is meant.
    selection: Option<Selection>,
    /// From which side they are looked at.
    role: Role,
    /// What the source has not is to go.
    deletes: bool,
}

impl Filter {
    /// What the client asks for, as seen from one side; none where everything takes part.
    pub(crate) fn of(start: &Start, role: Role) -> Option<Self> {
        let (rules, selection) = (start.rules.clone(), start.selection.clone());
        let gitignore = start.options.gitignore;
        let leaves_out = gitignore || selection.is_some() || !rules.is_empty();
        let deletes = start.options.delete;
        let above = start.options.git_above.clone();
        leaves_out.then_some(Self { rules, gitignore, above, selection, role, deletes })
    }
}

impl Filter {
    /// The paths that were named one by one.
    pub(crate) fn named(&self) -> &[RelPath] {
        self.selection.as_ref().map_or(&[], Selection::paths)
    }
}

/// What is in force in one directory.
struct Level {
    path: RelPath,
    scope: Scope,
    git: Option<Repository>,
}

/// The scopes from the root to where a walk is.
pub(crate) struct Trail<'a> {
    filter: &'a Filter,
    files: RuleFiles<'a>,
    levels: Vec<Level>,
}

impl<'a> Trail<'a> {
    pub(crate) fn new(filter: &'a Filter, tree: &'a Tree) -> Result<Self, FilterError> {
        let files = RuleFiles { tree };
        let path = RelPath::root();
        let scope = filter.rules.scope(b"", &files)?;
        let git = if filter.gitignore {
            Some(Repository::outermost(tree, filter.above.as_ref(), filter.role)?)
        } else {
            None
        };
        Ok(Self { filter, files, levels: vec![Level { path, scope, git }] })
    }

    /// Whether an entry takes part. Its directory has been entered. Rules do not speak of directories that only lead to what was
    /// named.
    pub(crate) fn admits(&mut self, path: &RelPath, is_directory: bool) -> bool {
        let name = path.name();
        let only_leads = self.filter.selection.as_ref().is_some_and(|selection| selection.only_leads(path));
        if only_leads && is_directory {
            self.leave(path);
            return true;
        }
        self.judge(path, is_directory, |scope, filter| {
            let is_to_go = filter.role == Role::Target && filter.deletes && !scope.protected(name, is_directory);
            !scope.hidden(name, is_directory) || is_to_go
        })
    }

    /// Whether an entry of a target stays though the source has it not. Its directory has been entered. `in_deleted`: in a
    /// directory that is to go itself.
    pub(crate) fn keeps(&mut self, path: &RelPath, is_directory: bool, in_deleted: bool) -> bool {
        let name = path.name();
        !self.judge(path, is_directory, |scope, _| match in_deleted {
            true => !scope.protected_in_deleted(name, is_directory),
            false => !scope.protected(name, is_directory),
        })
    }

    /// What the rules in force say of an entry that is selected and that git does not ignore.
    fn judge(&mut self, path: &RelPath, is_directory: bool, rule: impl Fn(&Scope, &Filter) -> bool) -> bool {
        let is_selected = self.filter.selection.as_ref().is_none_or(|selection| selection.admits(path));
        if path.is_root() {
            return is_selected;
        }
        self.leave(path);
        let Some(Level { scope, git, .. }) = self.levels.last() else { return true };
        is_selected
            && !git.as_ref().is_some_and(|git| git.leaves_out(path.name(), is_directory))
            && rule(scope, self.filter)
    }

    /// Whether git leaves out the root, or what stands in it.
    pub(crate) fn git_leaves_out(&self, path: &RelPath, is_directory: bool) -> bool {
        let git = self.levels.first().and_then(|level| level.git.as_ref());
        git.is_some_and(
            |git| if path.is_root() { git.is_left_out() } else { git.leaves_out(path.name(), is_directory) },
        )
    }

    /// Leaves what a walk has left that comes by this path.
    fn leave(&mut self, path: &RelPath) {
        let parent = path.parent();
        while self.levels.len() > 1 && self.levels.last().is_some_and(|last| Some(&last.path) != parent.as_ref()) {
            self.levels.pop();
        }
    }

    /// Goes into a directory that takes part.
    pub(crate) fn enter(&mut self, path: &RelPath) -> Result<(), FilterError> {
        if path.is_root() {
            return Ok(());
        }
        self.leave(path);
        if let Some(outer) = self.levels.last() {
            let scope = outer.scope.enter(path.name(), &self.files)?;
            let enter = |git: &Repository| git.enter(self.files.tree, path, self.filter.role);
            let git = outer.git.as_ref().map(enter).transpose()?;
            self.levels.push(Level { path: path.clone(), scope, git });
        }
        Ok(())
    }

    /// Whether a path and every directory that leads to it take part. Paths that come in their order find their directories
    /// entered.
    pub(crate) fn leads_to(&mut self, path: &RelPath, is_directory: bool) -> Result<bool, FilterError> {
        while self.levels.len() > 1 && self.levels.last().is_some_and(|last| !path.is_below(&last.path)) {
            self.levels.pop();
        }
        let is_entered = |directory: &RelPath| self.levels.iter().any(|level| level.path == *directory);
        let above = std::iter::successors(path.parent(), RelPath::parent);
        let mut missing: Vec<RelPath> = above.take_while(|directory| !is_entered(directory)).collect();
        while let Some(directory) = missing.pop() {
            if !self.admits(&directory, true) {
                return Ok(false);
            }
            self.enter(&directory)?;
        }
        Ok(self.admits(path, is_directory))
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
