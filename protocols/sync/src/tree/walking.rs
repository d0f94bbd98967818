//! Walks over what a tree shows, place by place, with the rules that go along.

use std::cell::RefCell;
use std::ops::ControlFlow;

use xssh_fs::walk::{Found, Span};
use xssh_fs::{Entry, FsError, Kind, RelPath};

use super::{Item, Part, Tree, below, joined};
use crate::filtering::Trail;
use crate::pruning;

/// What a walk comes by; what could not be read comes with where it is.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(Result<Item, (RelPath, FsError)>) -> ControlFlow<()>;

/// What a walk is for.
#[derive(Clone, Copy, Default)]
struct What<'a> {
    /// Shows also what runs have staged.
    staged: bool,
    /// A directory that is to go: what is kept in it is left out, whatever would be looked at otherwise.
    going: Option<&'a RelPath>,
}

impl What<'_> {
    fn takes(self, trail: &mut Trail<'_>, path: &RelPath, is_directory: bool) -> bool {
        match self.going {
            Some(going) if path == going => true,
            Some(going) if path.is_below(going) => !trail.keeps(path, is_directory, true),
            _ => trail.admits(path, is_directory),
        }
    }
}

impl Part {
    /// Whether something is on another file system than the place itself.
    pub(super) fn is_elsewhere(&self, entry: &Entry) -> bool {
        self.root.stat(&self.own).is_ok_and(|own| own.device != entry.device)
    }
}

impl Tree {
    /// Every entry from `from` on and before `until`, in the order of their paths.
    pub(crate) fn walk(&self, from: &RelPath, until: Option<&RelPath>, visit: Visit<'_>) {
        if self.options.prune_empty_dirs {
            return pruning::walk(self, from, until, visit);
        }
        self.walk_all(from, until, visit);
    }

    /// The same with all directories.
    pub(crate) fn walk_all(&self, from: &RelPath, until: Option<&RelPath>, visit: Visit<'_>) {
        self.walk_parts((from, until), What::default(), visit);
    }

    /// Every entry, and what earlier runs have left of files that they did not finish.
    pub(crate) fn walk_with_leftovers(&self, visit: Visit<'_>) {
        self.walk_parts((&RelPath::root(), None), What { staged: true, ..What::default() }, visit);
    }

    /// A directory that is to go and what goes with it, by the rules as they are now.
    pub(crate) fn walk_going(&self, directory: &RelPath, visit: Visit<'_>) {
        let what = What { going: Some(directory), ..What::default() };
        self.walk_parts((directory, None), what, &mut |found| match &found {
            Ok(item) if item.path != *directory && !item.path.is_below(directory) => ControlFlow::Break(()),
            _ => visit(found),
        });
    }

    fn walk_parts(&self, (from, until): (&RelPath, Option<&RelPath>), what: What<'_>, visit: Visit<'_>) {
        for part in &self.parts {
            let ends_before = part.shown < *from && !from.is_below(&part.shown);
            if ends_before || until.is_some_and(|until| part.shown >= *until) {
                continue;
            }
            if self.walk_part(part, (from, until), what, visit).is_break() {
                return;
            }
        }
    }

    /// A stretch of a tree as one of its places has it.
    fn span(&self, part: &Part, (from, until): (&RelPath, Option<&RelPath>), what: What<'_>) -> Span {
        let own_from = below(from, &part.shown).and_then(|rest| joined(&part.own, rest).ok());
        Span {
            from: Some(own_from.unwrap_or_else(|| part.own.clone())),
            until: until.and_then(|until| below(until, &part.shown)).and_then(|rest| joined(&part.own, rest).ok()),
            one_file_system: self.options.one_file_system,
            staged: what.staged,
        }
    }

    fn walk_part(
        &self,
        part: &Part,
        (from, until): (&RelPath, Option<&RelPath>),
        what: What<'_>,
        visit: Visit<'_>,
    ) -> ControlFlow<()> {
        let span = self.span(part, (from, until), what);
        let trail = match self.trail() {
            Ok(trail) => RefCell::new(trail),
            Err(error) => return visit(Err((part.shown.clone(), FsError::rules(&part.shown, error)))),
        };
        let mut flow = ControlFlow::Continue(());
        let (visit, elsewhere) = (RefCell::new(visit), RefCell::new(None));
        let mut enter = |path: &RelPath| {
            if part.own.is_below(path) {
                return true;
            }
            let Ok(shown) = shown(part, path.clone()) else { return false };
            let is_within = *path == part.own || path.is_below(&part.own);
            if !is_within || elsewhere.borrow().as_ref() == Some(path) {
                return false;
            }
            let mut trail = trail.borrow_mut();
            let Some(trail) = trail.as_mut() else { return true };
            // A root that takes no part itself leads to what does.
            if !shown.is_root() && !what.takes(trail, &shown, true) {
                return false;
            }
            match trail.enter(&shown) {
                Ok(()) => true,
                Err(error) => {
                    // The walk is told to end where the next entry is shown.
                    let error = FsError::rules(&shown, error);
                    let _ = visit.borrow_mut()(Err((shown, error)));
                    false
                }
            }
        };
        xssh_fs::walk::walk(&part.root, &span, &mut enter, &mut |found| {
            let shown = match found {
                Ok(found) if found.path != part.own && !found.path.is_below(&part.own) => {
                    return if found.path < part.own { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
                }
                Ok(found) if what.going.is_some() && self.stays_here && part.is_elsewhere(&found.entry) => {
                    elsewhere.replace(Some(found.path));
                    return ControlFlow::Continue(());
                }
                Ok(Found { path: own, entry, link }) => match shown(part, own.clone()) {
                    Ok(path) => {
                        let is_directory = entry.kind == Kind::Directory;
                        if trail.borrow_mut().as_mut().is_some_and(|trail| !what.takes(trail, &path, is_directory)) {
                            return ControlFlow::Continue(());
                        }
                        self.let_in(part, (&path, &own), &entry);
                        let entry = self.as_it_was(&path, entry);
                        self.item(path, &entry, link)
                    }
                    Err(error) => Err(error),
                },
                Err(error) => {
                    let at = error.path().and_then(|path| shown(part, path.clone()).ok());
                    Err((at.unwrap_or_else(|| part.shown.clone()), error))
                }
            };
            flow = visit.borrow_mut()(shown);
            flow
        });
        flow
    }
}

fn shown(part: &Part, own: RelPath) -> Result<RelPath, (RelPath, FsError)> {
    if part.is_plain {
        return Ok(own);
    }
    let rest = below(&own, &part.own).unwrap_or_default();
    joined(&part.shown, rest).map_err(|error| (part.shown.clone(), error))
}
