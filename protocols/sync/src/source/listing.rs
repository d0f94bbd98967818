//! Ranges that the target wants to see, entry by entry.

use std::ops::ControlFlow;
use std::sync::mpsc::Receiver;

use xssh_fs::RelPath;

use super::{Shared, problem};
use crate::limits::BATCH;
use crate::line::Gone;
use crate::tree::Item;
use crate::wire::message::FromSource;

/// What an entry takes beside its name, about.
const ENTRY_BYTES: usize = 24;

/// From where to where.
pub(super) struct Range {
    pub(super) range: u32,
    pub(super) from: RelPath,
    pub(super) until: Option<RelPath>,
}

pub(super) fn run(shared: &Shared<'_>, ranges: &Receiver<Range>) {
    while let Ok(range) = ranges.recv() {
        if list(shared, &range).is_err() {
            return;
        }
    }
}

fn list(shared: &Shared<'_>, asked: &Range) -> Result<(), Gone> {
    let range = asked.range;
    let mut items: Vec<Item> = Vec::new();
    let mut names = Vec::new();
    let (mut size, mut clean) = (0, true);
    shared.tree.walk(&asked.from, asked.until.as_ref(), &mut |found| {
        match found {
            Ok(item) => {
                size += item.path.as_bytes().len() + ENTRY_BYTES;
                names.push(item.path.clone());
                items.push(item);
            }
            Err((path, error)) => {
                clean = false;
                problem(shared, path, error.to_string());
            }
        }
        ControlFlow::Continue(())
    });
    // Before the target can ask for any of them.
    if let Ok(mut kept) = shared.kept.lock() {
        kept.insert(range, names);
    }
    let each = (items.len() * BATCH).checked_div(size).unwrap_or(1).max(1);
    let mut items = items.into_iter().peekable();
    while items.peek().is_some() {
        let items = items.by_ref().take(each).collect();
        shared.line.send(&FromSource::Entries { range, items })?;
    }
    shared.line.send(&FromSource::RangeEnd { range, clean })
}
