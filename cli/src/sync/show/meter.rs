//! How far a run is, counted by the threads that do the work.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use xssh_sync::{Note, Outlook};

/// What was counted.
#[derive(Debug)]
pub(super) struct Meter {
    begun: Instant,
    entries: AtomicU64,
    bytes: AtomicU64,
    reused: AtomicU64,
    files: AtomicU64,
    wanted_bytes: AtomicU64,
    wanted_files: AtomicU64,
    complete: AtomicBool,
    file: Mutex<Vec<u8>>,
}

/// The numbers at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Reading {
    /// Entries that the source's walk has found, where that is here.
    pub(super) entries: u64,
    /// Contents that are done with.
    pub(super) bytes: u64,
    /// Contents that did not travel, because they were there.
    pub(super) saved: u64,
    /// Files that are done with.
    pub(super) files: u64,
    /// Contents that are known to be wanted.
    pub(super) wanted_bytes: u64,
    /// Files that are.
    pub(super) wanted_files: u64,
    /// Nothing more will be wanted.
    pub(super) complete: bool,
    /// The file that is under way.
    pub(super) file: Vec<u8>,
}

fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}

impl Meter {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            entries: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            reused: AtomicU64::new(0),
            files: AtomicU64::new(0),
            wanted_bytes: AtomicU64::new(0),
            wanted_files: AtomicU64::new(0),
            complete: AtomicBool::new(false),
            file: Mutex::default(),
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Counts what happened.
    pub(super) fn take(&self, note: &Note<'_>) {
        match note {
            Note::Scanned { entries, .. } => add(&self.entries, *entries),
            Note::Moved(bytes) => add(&self.bytes, *bytes),
            Note::Reused(bytes) => add(&self.reused, *bytes),
            Note::Done => add(&self.files, 1),
            Note::Begun(path) => {
                path.as_bytes().clone_into(&mut self.file.lock().unwrap_or_else(PoisonError::into_inner));
            }
            Note::Outlook(Outlook { files, bytes, saved, complete }) => {
                add(&self.wanted_files, *files);
                add(&self.wanted_bytes, *bytes);
                add(&self.reused, *saved);
                self.complete.fetch_or(*complete, Ordering::Relaxed);
            }
            Note::Change(..) | Note::Problem { .. } => {}
        }
    }

    /// Whether so much time has passed since the last time that this was so, which it then is.
    pub(super) fn is_time(&self, last: &AtomicU64, pause: Duration) -> bool {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        let before = last.load(Ordering::Relaxed);
        let due = before == 0 || now.saturating_sub(before) >= u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        due && last.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Begins to count anew, for another try.
    pub(super) fn reset(&self) {
        for counter in [&self.entries, &self.bytes, &self.reused, &self.files, &self.wanted_bytes, &self.wanted_files] {
            counter.store(0, Ordering::Relaxed);
        }
        self.complete.store(false, Ordering::Relaxed);
    }

    /// The numbers now. What is done is never more than what is wanted: a file may come twice.
    pub(super) fn read(&self) -> Reading {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (bytes, files) = (of(&self.bytes), of(&self.files));
        Reading {
            entries: of(&self.entries),
            bytes,
            saved: of(&self.reused),
            files,
            wanted_bytes: of(&self.wanted_bytes).max(bytes),
            wanted_files: of(&self.wanted_files).max(files),
            complete: self.complete.load(Ordering::Relaxed),
            file: self.file.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
