//! Directories in which there is nothing but directories are left out of a source, where that is asked for. A directory is shown
//! when the first thing in it comes by.

use std::ops::ControlFlow;

use xssh_fs::{Kind, RelPath};

use crate::tree::{Item, Tree, Visit};

/// Walks a stretch of a tree without directories that are empty to the bottom.
pub(crate) fn walk(tree: &Tree, from: &RelPath, until: Option<&RelPath>, visit: Visit<'_>) {
    // Directories that lead to where the walk is, in which it has seen nothing yet.
    let mut waiting: Vec<Item> = Vec::new();
    let mut flow = ControlFlow::Continue(());
    tree.walk_all(from, until, &mut |found| {
        let (Ok(Item { path, .. }) | Err((path, _))) = &found;
        waiting.retain(|directory| path.is_below(&directory.path));
        match found {
            Ok(item) if item.meta.kind == Kind::Directory && !item.path.is_root() => waiting.push(item),
            found => {
                flow = waiting.drain(..).try_for_each(|directory| visit(Ok(directory)));
                if flow.is_continue() {
                    flow = visit(found);
                }
            }
        }
        flow
    });
    let Some(until) = until.filter(|_| flow.is_continue()) else { return };
    // What is in them may come behind the stretch.
    waiting.retain(|directory| until.is_below(&directory.path));
    let full = waiting.iter().rposition(|directory| holds_something(tree, directory, until));
    let _ = waiting.drain(..full.map_or(0, |last| last + 1)).try_for_each(|directory| visit(Ok(directory)));
}

/// Whether there is anything but directories in a directory, from a path on.
fn holds_something(tree: &Tree, directory: &Item, from: &RelPath) -> bool {
    let mut holds = false;
    tree.walk_all(from, None, &mut |found| match found {
        Ok(item) if !item.path.is_below(&directory.path) => ControlFlow::Break(()),
        Ok(item) if item.meta.kind == Kind::Directory => ControlFlow::Continue(()),
        _ => {
            holds = true;
            ControlFlow::Break(())
        }
    });
    holds
}
