//! Ranges that the target wants to see, entry by entry.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::mpsc::Receiver;

use xssh_fs::RelPath;

use super::{Shared, problem};
use crate::limits::{BATCH, NAMES};
use crate::line::Gone;
use crate::owners;
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
    let mut told = Told::default();
    while let Ok(range) = ranges.recv() {
        if list(shared, &range, &mut told).is_err() {
            return;
        }
    }
}

fn list(shared: &Shared<'_>, asked: &Range, told: &mut Told) -> Result<(), Gone> {
    let range = asked.range;
    let mut items: Vec<Item> = Vec::new();
    let mut names = Vec::new();
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
    let mut size = 0;
    for item in &items {
        size += item.path.as_bytes().len() + ENTRY_BYTES + xattr_bytes(item);
        names.push(item.path.clone());
        told.tell(shared, item)?;
    }
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

fn xattr_bytes(item: &Item) -> usize {
    item.xattrs.iter().map(|xattr| xattr.name.len() + xattr.value.len()).sum()
}

/// The owners and groups whose names the target knows.
#[derive(Default)]
struct Told(HashSet<(bool, u32)>);

impl Told {
    /// Tells the names that an entry needs. 0 is the same everywhere.
    fn tell(&mut self, shared: &Shared<'_>, item: &Item) -> Result<(), Gone> {
        let options = shared.options;
        let mapping = options.mapping.as_ref();
        if options.numeric_ids && mapping.is_none() {
            return Ok(());
        }
        let wanted = [(false, item.meta.uid, options.owners), (true, item.meta.gid, options.groups)];
        for (group, id, _) in wanted.into_iter().filter(|(_, id, wanted)| *wanted && (*id != 0 || mapping.is_some())) {
            if self.0.len() >= NAMES || !self.0.insert((group, id)) {
                continue;
            }
            let name = if options.numeric_ids { None } else { owners::name(group, id) };
            let other = mapping.and_then(|mapping| mapping.label(group, id, name.as_deref())).map(str::to_owned);
            if let Some(name) = other.or(name) {
                shared.line.send(&FromSource::Name { group, id, name })?;
            }
        }
        Ok(())
    }
}
