//! The rules that are in force in one directory.

use std::io;
use std::sync::Arc;

use crate::error::quoted;
use crate::limits;
use crate::list::{List, Source, check_size};
use crate::pattern::{Anchor, Subject};
use crate::rule::{DirMerge, Rule, Sides, Style};
use crate::{FilterError, Rules};

/// A directory that may hold a file of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directory<'a> {
    /// In the transfer: the path from its root, empty for the root itself.
    Inside(&'a [u8]),
    /// Above the transfer's root: an absolute path. Asked for only by rules like `: /.rsync-filter`.
    Above(&'a [u8]),
}

/// Reads the rule files of directories.
///
/// Whoever serves a tree to others answers [`Directory::Above`] with None, and follows no symbolic link out of the tree.
pub trait MergeFiles {
    /// The bytes of the file `name` (one component, never `.` or `..`) in a directory; None where there is none.
    ///
    /// # Errors
    /// Whatever the system says. The scope is not made then, because a missing rule could delete what it protects.
    fn read(&self, directory: Directory<'_>, name: &[u8]) -> io::Result<Option<Vec<u8>>>;
}

/// The rules that are in force in one directory. Cheap to clone, and never changes.
#[derive(Debug, Clone)]
pub struct Scope(Arc<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    rules: Rules,
    /// The transfer's root, without slashes at its ends.
    root: Arc<[u8]>,
    /// The directory, from the transfer's root.
    path: Vec<u8>,
    merged: Vec<Merged>,
}

/// A file that directories have, and what was read from it so far.
#[derive(Debug, Clone)]
struct Merged {
    merge: Arc<DirMerge>,
    layer: Option<Arc<Layer>>,
    /// The one whose rules told of this one. None for rules of the command line.
    told_by: Option<usize>,
}

/// The rules that one directory adds, and those that it inherits.
#[derive(Debug)]
struct Layer {
    rules: Vec<Rule>,
    outer: Option<Arc<Layer>>,
}

/// Who asks, about what.
#[derive(Clone, Copy)]
struct Question {
    side: Sides,
    perishable: bool,
}

impl Scope {
    pub(crate) fn root(rules: &Rules, absolute: &[u8], files: &dyn MergeFiles) -> Result<Self, FilterError> {
        let parts = components(absolute);
        let mut inner =
            Inner { rules: rules.clone(), root: parts.join(&b'/').into(), path: Vec::new(), merged: Vec::new() };
        inner.declare(&rules.list, None)?;
        inner.read(files)?;
        Ok(Self(Arc::new(inner)))
    }

    /// The scope of a directory in this one. `name` is one component.
    ///
    /// # Errors
    /// A per-directory file that is malformed or cannot be read.
    pub fn enter(&self, name: &[u8], files: &dyn MergeFiles) -> Result<Self, FilterError> {
        let mut inner = Inner::clone(&self.0);
        if !inner.path.is_empty() {
            inner.path.push(b'/');
        }
        inner.path.extend_from_slice(name);
        inner.read(files)?;
        Ok(Self(Arc::new(inner)))
    }

    /// The directory's path from the transfer's root; empty for the root.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        &self.0.path
    }

    /// Whether a name in this directory is left out of the transfer. What is below a hidden directory is not asked about.
    #[must_use]
    pub fn hidden(&self, name: &[u8], is_dir: bool) -> bool {
        let question = Question { side: Sides::SENDER, perishable: true };
        self.0.judge(name, is_dir, question) == Some(false)
    }

    /// Whether a name in this directory must not be deleted though the sender has not got it.
    #[must_use]
    pub fn protected(&self, name: &[u8], is_dir: bool) -> bool {
        let question = Question { side: Sides::RECEIVER, perishable: true };
        self.0.judge(name, is_dir, question) == Some(false)
    }

    /// As [`Scope::protected`], in a directory that is itself being deleted: perishable rules do not count.
    #[must_use]
    pub fn protected_in_deleted(&self, name: &[u8], is_dir: bool) -> bool {
        let question = Question { side: Sides::RECEIVER, perishable: false };
        self.0.judge(name, is_dir, question) == Some(false)
    }
}

impl Inner {
    /// What the first rule that applies says: whether to include. None where none applies.
    fn judge(&self, name: &[u8], is_dir: bool, question: Question) -> Option<bool> {
        let subject = Subject::new(&self.root, &self.path, name, is_dir);
        self.first(&self.rules.list, &subject, question)
    }

    fn first(&self, rules: &[Rule], subject: &Subject<'_>, question: Question) -> Option<bool> {
        rules.iter().find_map(|rule| match rule {
            Rule::DirMerge(merge) => {
                let merged = self.merged.iter().find(|merged| Arc::ptr_eq(&merged.merge, merge))?;
                let mut layer = merged.layer.as_deref();
                std::iter::from_fn(|| {
                    let this = layer?;
                    layer = this.outer.as_deref();
                    Some(this)
                })
                .find_map(|layer| self.first(&layer.rules, subject, question))
            }
            Rule::Match(rule) => {
                let concerned = rule.sides.concern(question.side) && (question.perishable || !rule.perishable);
                (concerned && rule.pattern.applies(subject)).then_some(rule.include)
            }
        })
    }

    /// Takes note of the files that rules tell of. A name that is searched for already is not searched for twice.
    fn declare(&mut self, rules: &[Rule], told_by: Option<usize>) -> Result<(), FilterError> {
        for rule in rules {
            let Rule::DirMerge(merge) = rule else { continue };
            if self.merged.iter().any(|known| known.merge.name() == merge.name()) {
                continue;
            }
            if self.merged.len() >= limits::DIR_MERGES {
                return Err(FilterError::TooMany { what: "per-directory filter files", limit: limits::DIR_MERGES });
            }
            self.merged.push(Merged { merge: Arc::clone(merge), layer: None, told_by });
        }
        Ok(())
    }

    /// Reads the files of this directory. One that it tells of is searched for in this directory too.
    fn read(&mut self, files: &dyn MergeFiles) -> Result<(), FilterError> {
        let old = self.merged.len();
        let first = self.path.is_empty();
        let mut index = 0;
        while let Some(merged) = self.merged.get_mut(index) {
            let merge = Arc::clone(&merged.merge);
            if merge.marks.alone {
                merged.layer = None;
            }
            if merge.file.contains(&b'/') && (first || index >= old) {
                self.read_above(index, &merge, files)?;
            }
            let path = self.path.clone();
            let skipped = if path.is_empty() { 0 } else { path.len() + 1 };
            self.add(index, Directory::Inside(&path), Anchor::Transfer(skipped), files)?;
            index += 1;
        }
        Ok(())
    }

    /// Reads the files in the directories from the one that the rule names to the one above this directory.
    fn read_above(&mut self, index: usize, merge: &DirMerge, files: &dyn MergeFiles) -> Result<(), FilterError> {
        let here = [&self.root[..], &self.path].join(&b'/');
        let here = components(&here);
        let named = match merge.file.starts_with(b"/") {
            true => merge.file.clone(),
            false => [here.join(&b'/'), merge.file.clone()].join(&b'/'),
        };
        let mut named = components(&named);
        named.pop();
        if !here.starts_with(&named) {
            return Ok(());
        }
        let root = components(&self.root.clone()).len();
        for depth in named.len()..here.len() {
            let above = here[..depth].join(&b'/');
            let skipped = if depth == 0 { 0 } else { above.len() + 1 };
            let absolute = [b"/", &above[..]].concat();
            let inside = here.get(root..depth).unwrap_or_default().join(&b'/');
            let directory = if depth < root { Directory::Above(&absolute) } else { Directory::Inside(&inside) };
            self.add(index, directory, Anchor::System(skipped), files)?;
            if merge.marks.alone
                && let Some(merged) = self.merged.get_mut(index)
            {
                merged.layer = None;
            }
        }
        Ok(())
    }

    /// Adds the rules of one file.
    fn add(
        &mut self,
        index: usize,
        directory: Directory<'_>,
        anchor: Anchor,
        files: &dyn MergeFiles,
    ) -> Result<(), FilterError> {
        let Some(merged) = self.merged.get(index) else { return Ok(()) };
        let merge = Arc::clone(&merged.merge);
        let name = merge.name();
        let read = files.read(directory, name);
        let text = read.map_err(|source| FilterError::Unreadable { file: quoted(&place(directory, name)), source })?;
        let Some(text) = text else { return Ok(()) };
        check_size(&text, &place(directory, name))?;
        // As in rsync, a plain name is looked up in the transfer's root; `./NAME` means this directory.
        let other = |file: &[u8]| match file.strip_prefix(b"./") {
            Some(file) => files.read(directory, file)?.ok_or(io::ErrorKind::NotFound.into()),
            None => files.read(Directory::Inside(b""), file)?.ok_or(io::ErrorKind::NotFound.into()),
        };
        let mut list = List::default();
        let options = Arc::clone(&self.rules.options);
        let source = Source { options: &options, read: &other, anchor, in_tree: true, depth: 0 };
        list.text(&text, Style::Named, &merge.marks, &source)?;
        let outer = if list.cleared { None } else { merged.layer.clone() };
        if list.cleared {
            self.forget(index);
        }
        self.declare(&list.rules, Some(index))?;
        if let Some(merged) = self.merged.get_mut(index) {
            merged.layer = Some(Arc::new(Layer { rules: list.rules, outer }));
        }
        Ok(())
    }

    /// Forgets the files that rules of this one told of, for those rules are cleared. Such a file always stands behind the
    /// one that told of it, so nothing before `index` moves.
    fn forget(&mut self, index: usize) {
        let mut gone = vec![false; self.merged.len()];
        for at in index + 1..self.merged.len() {
            let told_by = self.merged[at].told_by;
            gone[at] = told_by.is_some_and(|by| by == index || gone[by]);
        }
        let mut kept = Vec::with_capacity(self.merged.len());
        for (at, merged) in std::mem::take(&mut self.merged).into_iter().enumerate() {
            if !gone[at] {
                let told_by = merged.told_by.map(|by| by - gone[..by].iter().filter(|gone| **gone).count());
                kept.push(Merged { told_by, ..merged });
            }
        }
        self.merged = kept;
    }
}

/// A path's components, `..` resolved by name.
fn components(path: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts
}

fn place(directory: Directory<'_>, name: &[u8]) -> Vec<u8> {
    match directory {
        Directory::Inside(b"") => name.to_vec(),
        Directory::Inside(path) | Directory::Above(path) => [path, name].join(&b'/'),
    }
}
