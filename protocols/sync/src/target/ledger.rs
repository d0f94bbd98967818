//! The numbers of a run as it goes, and the files that were asked for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::due::{Due, Dues};
use crate::summary::Summary;
use crate::tree::Item;
use crate::wire::message::FileId;

/// A file that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// As the source listed it.
    pub(super) item: Item,
    /// A file is there already.
    pub(super) replaces: bool,
    /// Nothing at all stands under its name.
    pub(super) vacant: bool,
    /// It came damaged once already.
    pub(super) again: bool,
    /// The room that it will take, where that is known.
    pub(super) due: Option<Arc<Due>>,
}

/// Counters, and the table of what was asked for.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    wanted: Mutex<HashMap<FileId, Wanted>>,
    pub(super) dues: Dues,
    files: AtomicU64,
    bytes: AtomicU64,
    literal: AtomicU64,
    reused: AtomicU64,
    made: AtomicU64,
    touched: AtomicU64,
    moved: AtomicU64,
    found: AtomicU64,
    skipped: AtomicU64,
    owners_dropped: AtomicU64,
    deleted: AtomicU64,
    failed: AtomicU64,
    vanished: AtomicU64,
    withheld: AtomicU64,
    allowed: AtomicU64,
}

fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}

impl Ledger {
    fn table(&self) -> MutexGuard<'_, HashMap<FileId, Wanted>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a file is asked for.
    pub(super) fn want(&self, file: FileId, wanted: Wanted) {
        self.table().insert(file, wanted);
    }

    /// Takes a file off the table; `None` where nobody asked for it.
    pub(super) fn take(&self, file: FileId) -> Option<Wanted> {
        self.table().remove(&file)
    }

    /// A file that was asked for.
    pub(super) fn get(&self, file: FileId) -> Option<Wanted> {
        self.table().get(&file).cloned()
    }

    pub(super) fn vanished(&self) {
        add(&self.vanished, 1);
    }

    pub(super) fn file(&self, size: u64) {
        add(&self.files, 1);
        add(&self.bytes, size);
    }

    pub(super) fn content(&self, literal: u64, reused: u64) {
        add(&self.literal, literal);
        add(&self.reused, reused);
    }

    pub(super) fn made(&self) {
        add(&self.made, 1);
    }

    pub(super) fn touched(&self) {
        add(&self.touched, 1);
    }

    pub(super) fn moved(&self, size: u64) {
        add(&self.moved, 1);
        add(&self.reused, size);
    }

    /// Something that another directory had.
    pub(super) fn found(&self, size: u64) {
        add(&self.found, 1);
        add(&self.reused, size);
    }

    pub(super) fn skipped(&self) {
        add(&self.skipped, 1);
    }

    pub(super) fn owner_dropped(&self) {
        add(&self.owners_dropped, 1);
    }

    pub(super) fn deleted(&self) {
        add(&self.deleted, 1);
    }

    /// Nothing is deleted: it would be more than may be.
    pub(super) fn withheld(&self, wanted: u64, allowed: u64) {
        add(&self.withheld, wanted);
        add(&self.allowed, allowed);
    }

    pub(super) fn failed(&self) {
        add(&self.failed, 1);
    }

    /// The numbers so far.
    pub(super) fn summary(&self, entries: u64, root: [u8; 32]) -> Summary {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Summary {
            entries,
            files: of(&self.files),
            bytes: of(&self.bytes),
            literal: of(&self.literal),
            reused: of(&self.reused),
            made: of(&self.made),
            touched: of(&self.touched),
            moved: of(&self.moved),
            found: of(&self.found),
            skipped: of(&self.skipped),
            owners_dropped: of(&self.owners_dropped),
            deleted: of(&self.deleted),
            failed: of(&self.failed),
            vanished: of(&self.vanished),
            withheld: of(&self.withheld),
            allowed: of(&self.allowed),
            root,
        }
    }
}
