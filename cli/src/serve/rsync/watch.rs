//! Holds a running rsync to what its key may take. rsync counts nothing itself, so the tree is measured again and again: between two
//! looks more may come than there is room for, but no single file larger than there was.

use std::time::{Duration, Instant};

use xssh_fs::Root;
use xssh_gate::Limits;

use crate::serve::ledger::{Ledger, Page, Part, excess};

/// How long after a look the next comes at the least, and how many times as long as it took.
const PAUSE: Duration = Duration::from_millis(500);
const SHARE: u32 = 20;
/// How long apart the looks are where nothing is measured.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// What a key may take, and what it has.
pub(super) struct Watch<'a> {
    limits: &'a Limits,
    root: &'a Root,
    /// None where nothing is counted.
    ledger: Option<Ledger>,
    /// Why the tree held too much at the beginning, if it did. Nothing can be added to it then.
    over: Option<String>,
    /// When it is measured again.
    next: Instant,
}

impl<'a> Watch<'a> {
    /// Measures the tree, where that is to be known.
    pub(super) fn begin(limits: &'a Limits, root: &'a Root) -> Result<Self, String> {
        let page = Page::open(limits, root)?;
        let ledger = page.map(|page| Ledger::join(page, root, Part::Looks, |_| true)).transpose()?;
        let next = Instant::now() + if ledger.is_some() { PAUSE } else { NEVER };
        let over = ledger.as_ref().and_then(|ledger| excess(limits, ledger.usage()));
        Ok(Self { limits, root, ledger, over, next })
    }

    /// Why the tree held too much at the beginning, if it did: then rsync is to be had only without the right to add anything.
    pub(super) fn over(&self) -> Option<&str> {
        self.over.as_deref()
    }

    /// The largest file that rsync may write.
    pub(super) fn largest(&self) -> Option<u64> {
        // Then it may write none.
        if self.over.is_some() {
            return None;
        }
        let used = self.ledger.as_ref().map_or(0, |ledger| ledger.usage().bytes);
        let left = self.limits.quota.map(|quota| quota.saturating_sub(used));
        [self.limits.max_file_size, left].into_iter().flatten().min()
    }

    /// When the tree is to be measured again.
    pub(super) fn due(&self) -> Instant {
        self.next
    }

    /// Measures the tree, where it is time. Says why rsync is to be ended, if it is.
    pub(super) fn look(&mut self, now: Instant) -> Option<String> {
        if now < self.next {
            return None;
        }
        let why = self.excess();
        self.next = Instant::now() + PAUSE.max(now.elapsed() * SHARE);
        why
    }

    /// Why there is too much, if there is and rsync can have added to it.
    pub(super) fn excess(&self) -> Option<String> {
        let found = self.ledger.as_ref()?.look(self.root);
        excess(self.limits, found).filter(|_| self.over.is_none())
    }
}
