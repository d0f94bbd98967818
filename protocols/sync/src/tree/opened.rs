//! Directories of an ordinary account's own into which it has not let itself: a target gives itself the right to read and change
//! them, as their owner may, for as long as the run lasts. Whoever looks at them sees the permissions that they had.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use xssh_fs::{Attributes, Entry, Kind, RelPath};
use xssh_os::account;

use super::{Part, Tree};

/// Permissions with which a directory can be worked in.
pub(crate) const WORKABLE: u32 = 0o700;

/// The permissions that such directories had.
#[derive(Debug, Default)]
pub(super) struct Opened(Mutex<BTreeMap<RelPath, u32>>);

impl Tree {
    /// Lets us into a directory of our own before it is read. What cannot be done is told where it is read.
    pub(super) fn let_in(&self, part: &Part, (path, own): (&RelPath, &RelPath), entry: &Entry) {
        let Some(Opened(opened)) = &self.opened else { return };
        let is_closed = entry.kind == Kind::Directory && entry.mode & WORKABLE != WORKABLE;
        if !is_closed || entry.uid != account::own_user() {
            return;
        }
        let workable = Attributes { mode: Some(entry.mode | WORKABLE), ..Attributes::default() };
        if part.root.set(own, &workable).is_ok() {
            opened.lock().unwrap_or_else(PoisonError::into_inner).entry(path.clone()).or_insert(entry.mode);
        }
    }

    /// An entry with the permissions that it had before.
    pub(super) fn as_it_was(&self, path: &RelPath, entry: Entry) -> Entry {
        let Some(Opened(opened)) = self.opened.as_ref().filter(|_| entry.kind == Kind::Directory) else { return entry };
        let opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
        match opened.get(path) {
            Some(mode) => Entry { mode: *mode, ..entry },
            None => entry,
        }
    }

    /// The directories that are to be closed again, once, with the permissions that they had.
    pub(crate) fn take_opened(&self) -> BTreeMap<RelPath, u32> {
        let Some(Opened(opened)) = &self.opened else { return BTreeMap::new() };
        std::mem::take(&mut *opened.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
