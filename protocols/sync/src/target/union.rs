//! Our own tree and the references beside it as one: what the tree has not counts as the first reference has it. So a new
//! snapshot costs as little on the line as a tree that is there already.
//!
//! Each reference is walked by a thread of its own, a bounded number of entries ahead; what cannot be read there is not had.

use std::iter::Peekable;
use std::ops::ControlFlow;
use std::sync::mpsc::{IntoIter, SyncSender, sync_channel};
use std::thread;

use xssh_fs::{FsError, RelPath};

use super::compare::Stretch;
use crate::limits::AHEAD;
use crate::tree::{Item, Tree};

/// An entry of the union.
pub(super) struct Seen {
    pub(super) item: Item,
    /// The reference that it is in; none where the tree itself has it.
    pub(super) reference: Option<usize>,
}

type Visit<'a> = &'a mut dyn FnMut(Result<Seen, (RelPath, FsError)>) -> ControlFlow<()>;

/// Walks the union in the order of its paths: a stretch of it, or all, with what earlier runs have left in the tree itself.
pub(super) fn walk(tree: &Tree, stretch: Option<&Stretch>, visit: Visit<'_>) {
    thread::scope(|scope| {
        let mut others = Others(Vec::new());
        for reference in tree.references() {
            let (items, queue) = sync_channel(AHEAD);
            scope.spawn(move || walk_reference(reference, stretch, &items));
            others.0.push(queue.into_iter().peekable());
        }
        let mut flow = ControlFlow::Continue(());
        let mut own = |found: Result<Item, (RelPath, FsError)>| {
            if let Ok(item) = &found {
                flow = others.until(Some(&item.path), visit);
            }
            if flow.is_continue() {
                flow = visit(found.map(|item| Seen { item, reference: None }));
            }
            flow
        };
        match stretch {
            Some(Stretch { from, until, .. }) => tree.walk(from, until.as_ref(), &mut own),
            None => tree.walk_with_leftovers(&mut own),
        }
        if flow.is_continue() {
            // Who visits is not asked again.
            let _ = others.until(None, visit);
        }
    });
}

fn walk_reference(reference: &Tree, stretch: Option<&Stretch>, items: &SyncSender<Item>) {
    let root = RelPath::root();
    let (from, until) = stretch.map_or((&root, None), |stretch| (&stretch.from, stretch.until.as_ref()));
    reference.walk(from, until, &mut |found| match found.map(|item| items.send(item)) {
        Ok(Err(_)) => ControlFlow::Break(()),
        Ok(Ok(())) | Err(_) => ControlFlow::Continue(()),
    });
}

/// What is still to come of the references.
struct Others(Vec<Peekable<IntoIter<Item>>>);

impl Others {
    /// Visits what they have before a path, and skips what they have there.
    fn until(&mut self, limit: Option<&RelPath>, visit: Visit<'_>) -> ControlFlow<()> {
        loop {
            let firsts = self.0.iter_mut().filter_map(|items| items.peek().map(|item| &item.path));
            let Some(first) = firsts.min().filter(|first| limit.is_none_or(|limit| *first <= limit)).cloned() else {
                return ControlFlow::Continue(());
            };
            let mut found = None;
            for (at, items) in self.0.iter_mut().enumerate() {
                if let Some(item) = items.next_if(|item| item.path == first) {
                    found.get_or_insert(Seen { item, reference: Some(at) });
                }
            }
            if limit == Some(&first) {
                return ControlFlow::Continue(());
            }
            if let Some(found) = found {
                visit(Ok(found))?;
            }
        }
    }
}
