//! Ranges that the target wants to see, entry by entry.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::mpsc::Receiver;

use xssh_fs::RelPath;

use super::{Shared, problem};
use crate::limits::{BATCH, NAMES};
use crate::line::Gone;
use crate::owners;
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
    let mut told = Told::default();
    while let Ok(range) = ranges.recv() {
        if list(shared, &range, &mut told, &mut digester).is_err() {
            return;
        }
    }
}

fn list(shared: &Shared<'_>, asked: &Range, told: &mut Told, digester: &mut EntryDigester) -> Result<(), Gone> {
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
    let alike = leave_out(&mut items, &asked.have, digester);
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
    shared.line.send(&FromSource::RangeEnd { range, clean, alike })
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
