//! Holds a running rsync to what its key may take. rsync counts nothing itself, so the tree is measured again and again: between two
//! looks more may come than there is room for, but no single file larger than there was.

use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use xssh_fs::Root;
use xssh_gate::Limits;

use crate::serve::ledger::{Ledger, Page, Part, excess};

/// How long after a look the next comes at the least, and how many times as long as it took.
const PAUSE: Duration = Duration::from_millis(500);
const SHARE: u32 = 20;
/// How often it is seen whether rsync has ended.
const TICK: Duration = Duration::from_millis(5);

/// What a key may take, and what it has.
pub(super) struct Watch<'a> {
    limits: &'a Limits,
    root: &'a Root,
    /// None where nothing is counted.
    ledger: Option<Ledger>,
}

impl<'a> Watch<'a> {
    /// Measures the tree, where that is to be known.
    pub(super) fn begin(limits: &'a Limits, root: &'a Root) -> Result<Self, String> {
        let page = Page::open(limits, root)?;
        let ledger = page.map(|page| Ledger::join(page, root, Part::Looks, |_| true)).transpose()?;
        let watch = Self { limits, root, ledger };
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

    /// Looks after it until it ends. Says why it was ended, if it was.
    pub(super) fn watch(&self, child: &mut Child) -> Result<Option<String>, String> {
        let Some(ledger) = &self.ledger else { return Ok(None) };
        let mut next = Instant::now() + PAUSE;
        loop {
            if child.try_wait().map_err(|error| format!("rsync: {error}"))?.is_some() {
                return Ok(excess(self.limits, ledger.look(self.root)));
            }
            if Instant::now() < next {
                thread::sleep(TICK);
                continue;
            }
            let began = Instant::now();
            if let Some(why) = excess(self.limits, ledger.look(self.root)) {
                // It has not been waited for, so its number is its own.
                let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
                return Ok(Some(why));
            }
            next = Instant::now() + PAUSE.max(began.elapsed() * SHARE);
        }
    }
}
