//! Ranges that the target wants to see, entry by entry.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::mpsc::Receiver;

use xssh_fs::RelPath;

use super::{Shared, problem};
use crate::limits::BATCH;
use crate::line::Gone;
use crate::page::EntryDigester;
use crate::tree::Item;
use crate::wire::message::{EntryDigest, FromSource};

/// What an entry takes beside its name, about.
const ENTRY_BYTES: usize = 24;

/// From where to where.
pub(super) struct Range {
    pub(super) range: u32,
    pub(super) from: RelPath,
    pub(super) until: Option<RelPath>,
    /// What the target has in it.
    pub(super) have: Vec<EntryDigest>,
}

pub(super) fn run(shared: &Shared<'_>, ranges: &Receiver<Range>, mut digester: EntryDigester) {
    while let Ok(range) = ranges.recv() {
        if list(shared, &range, &mut digester).is_err() {
            return;
        }
    }
}

fn list(shared: &Shared<'_>, asked: &Range, digester: &mut EntryDigester) -> Result<(), Gone> {
    let range = asked.range;
    let mut items: Vec<Item> = Vec::new();
    let mut clean = true;
    if let Some(recent) = shared.recent.take(&asked.from, asked.until.as_ref()) {
        items = recent;
    } else {
        shared.tree.walk(&asked.from, asked.until.as_ref(), &mut |found| {
            match found {
                Ok(item) => items.push(item),
                Err((path, error)) => {
                    clean = false;
                    problem(shared, path, error.to_string());
                }
            }
            ControlFlow::Continue(())
        });
    }
    let alike = leave_out(&mut items, &asked.have, digester);
    entries(shared, range, items)?;
    shared.line.send(&FromSource::RangeEnd { range, clean, alike })
}

/// Sends the entries of a range.
pub(super) fn entries(shared: &Shared<'_>, range: u32, items: Vec<Item>) -> Result<(), Gone> {
    let mut size = 0;
    let mut names = Vec::with_capacity(items.len());
    for item in &items {
        size += item.path.as_bytes().len() + ENTRY_BYTES + xattr_bytes(item);
        names.push(item.path.clone());
        shared.named.tell(shared, item)?;
    }
    // Before the target can ask for any of them.
    shared.shown.show(range, names);
    let each = (items.len() * BATCH).checked_div(size).unwrap_or(1).max(1);
    let mut items = items.into_iter().peekable();
    while items.peek().is_some() {
        let items = items.by_ref().take(each).collect();
        shared.line.send(&FromSource::Entries { range, items })?;
    }
    Ok(())
}

/// Leaves out what the target has like it. Gives how many of the target's entries are had here, how many next are not, and so on.
fn leave_out(items: &mut Vec<Item>, have: &[EntryDigest], digester: &mut EntryDigester) -> Vec<u32> {
    if have.is_empty() {
        return Vec::new();
    }
    let places: HashMap<_, _> = have.iter().zip(0_usize..).collect();
    let mut alike = vec![false; have.len()];
    items.retain(|item| match places.get(&digester.of(item)) {
        Some(at) => {
            alike[*at] = true;
            false
        }
        None => true,
    });
    let mut runs = if alike[0] { Vec::new() } else { vec![0] };
    runs.extend(alike.chunk_by(|one, other| one == other).map(|run| run.len() as u32));
    runs
}

fn xattr_bytes(item: &Item) -> usize {
    item.xattrs.iter().map(|xattr| xattr.name.len() + xattr.value.len()).sum()
}
