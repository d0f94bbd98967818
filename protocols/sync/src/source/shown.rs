//! The ranges that the target was shown, with the names in them, until it releases them.
//!
//! No two of them have a name in common, so that all together hold no more names than there are.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use xssh_fs::RelPath;

use crate::error::SyncError;
use crate::limits::{KEPT_RANGES, LISTS};
use crate::wire::message::FileId;

#[derive(Debug, Default)]
pub(super) struct Shown(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    names: HashMap<u32, Vec<RelPath>>,
    /// Where each range that was asked for begins, and its number.
    begins: HashMap<u32, RelPath>,
    /// The same by where it begins, with where it ends.
    spans: BTreeMap<RelPath, Option<RelPath>>,
}

impl Shown {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The target asks to be shown a range.
    pub(super) fn ask(&self, range: u32, from: &RelPath, until: Option<&RelPath>) -> Result<(), SyncError> {
        let mut held = self.held();
        // Each may bring much that the target has of it.
        let coming = held.begins.len().saturating_sub(held.names.len());
        if held.begins.len() >= KEPT_RANGES + LISTS || coming >= LISTS {
            return Err(SyncError::Broke("asked for more ranges than it may hold"));
        }
        let before = held.spans.range(..=from).next_back();
        let overlaps = before.is_some_and(|(begin, end)| begin == from || end.as_ref().is_none_or(|end| end > from))
            || held.spans.range(from..).next().is_some_and(|(begin, _)| until.is_none_or(|until| begin < until));
        if overlaps || held.begins.contains_key(&range) {
            return Err(SyncError::Broke("asked for what it was shown already"));
        }
        held.spans.insert(from.clone(), until.cloned());
        held.begins.insert(range, from.clone());
        Ok(())
    }

    /// These names are in a range.
    pub(super) fn show(&self, range: u32, names: Vec<RelPath>) {
        self.held().names.insert(range, names);
    }

    /// Nothing more will be asked of a range. Says whether it was shown.
    pub(super) fn release(&self, range: u32) -> bool {
        let mut held = self.held();
        let known = held.names.remove(&range).is_some();
        if known && let Some(begin) = held.begins.remove(&range) {
            held.spans.remove(&begin);
        }
        known
    }

    /// The name of a file that was shown.
    pub(super) fn name(&self, file: FileId) -> Option<RelPath> {
        self.held().names.get(&file.range)?.get(file.index as usize).cloned()
    }
}
