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
    /// When it is measured again.
    next: Instant,
}

impl<'a> Watch<'a> {
    /// Measures the tree, where that is to be known.
    pub(super) fn begin(limits: &'a Limits, root: &'a Root) -> Result<Self, String> {
        let page = Page::open(limits, root)?;
        let ledger = page.map(|page| Ledger::join(page, root, Part::Looks, |_| true)).transpose()?;
        let next = Instant::now() + if ledger.is_some() { PAUSE } else { NEVER };
        let watch = Self { limits, root, ledger, next };
        let usage = watch.ledger.as_ref().map(Ledger::usage);
        match usage.and_then(|usage| excess(limits, usage)) {
            Some(why) => Err(why),
            None => Ok(watch),
        }
    }

    /// The largest file that rsync may write.
    pub(super) fn largest(&self) -> Option<u64> {
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

    /// Why there is too much, if there is.
    pub(super) fn excess(&self) -> Option<String> {
        self.ledger.as_ref().and_then(|ledger| excess(self.limits, ledger.look(self.root)))
    }
}
