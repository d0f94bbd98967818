//! How much a key may add to a repository. What a command may add is known before cvs gets it, and refused there; what cvs and the
//! programs of the repository make of it is seen when the repository is measured.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use xssh_cvs::{Bounds, Load, Refusal};
use xssh_fs::{RelPath, Root, Usage};
use xssh_gate::Limits;

use super::pump::Watched;
use crate::serve::ledger::{Ledger, Page, Part, excess};

/// How long after a look the next comes at the least, and how many times as long as it took.
const PAUSE: Duration = Duration::from_millis(500);
const SHARE: u32 = 20;
/// How large each file of a server may be at the least: it writes some to read anything at all.
const LEAST: u64 = 16 << 20;

/// The room of one session. Nothing is measured before a command is to add something: who reads does not wait for it.
#[derive(Debug)]
pub(super) struct Room {
    limits: Limits,
    root: Root,
    /// What is counted, once it is.
    ledger: Mutex<Option<Ledger>>,
}

impl Room {
    /// The room of a repository.
    pub(super) fn of(root: &Path, limits: &Limits) -> Result<Self, String> {
        let root = Root::open(root).map_err(|error| error.to_string())?;
        Ok(Self { limits: limits.clone(), root, ledger: Mutex::default() })
    }

    /// What the gate is to hold a client to.
    pub(super) fn bounds(self: &Arc<Self>) -> Bounds {
        let Limits { quota, max_file_size, .. } = self.limits;
        Bounds { largest: max_file_size, total: quota, room: self.is_bounded().then(|| self.clone() as _) }
    }

    /// Whether there is anything to look after.
    pub(super) fn is_bounded(&self) -> bool {
        self.limits.quota.is_some() || self.limits.max_files.is_some()
    }

    /// The largest file that a server may write. It rewrites a file's whole history when it adds to it, so no less than everything is
    /// a bound.
    pub(super) fn largest(&self) -> Option<u64> {
        self.limits.quota.map(|quota| quota.max(LEAST))
    }

    /// Looks after a session until it ends, and ends it where its repository is seen to hold too much.
    pub(super) fn watch(&self, session: &Watched, until: &Receiver<()>) {
        let mut pause = PAUSE;
        while until.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            let began = Instant::now();
            if let Some(why) = self.excess() {
                return session.stop(Refusal::Full(why), until);
            }
            pause = PAUSE.max(began.elapsed() * SHARE);
        }
    }

    /// Why the repository holds too much, as far as this session has added anything.
    pub(super) fn excess(&self) -> Option<String> {
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        excess(&self.limits, ledger.as_ref()?.look(&self.root))
    }
}

impl xssh_cvs::Room for Room {
    fn take(&self, load: Load) -> Result<(), String> {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        if ledger.is_none() {
            let page = Page::open(&self.limits, &self.root)?;
            let joined = page.map(|page| Ledger::join(page, &self.root, Part::Takes, is_kept));
            *ledger = joined.transpose()?;
        }
        let Some(ledger) = ledger.as_ref() else { return Ok(()) };
        let (Load { bytes, entries }, has) = (load, ledger.usage());
        if ledger.room(&self.limits).take(Usage { bytes, entries }) {
            return Ok(());
        }
        let most = |most: Option<u64>| most.map_or_else(|| "any number".to_owned(), |most| most.to_string());
        Err(format!(
            "there is no room for this much: the repository has {} bytes in {} entries, this may add {bytes} in {entries}, and this \
             key may have {} in {}",
            has.bytes,
            has.entries,
            most(self.limits.quota),
            most(self.limits.max_files)
        ))
    }
}

/// Whether something of a repository is there to stay. Locks are not (the CVS manual, "Several developers simultaneously attempting
/// to run CVS"), nor is what an archive is written to before it takes the old one's place; no archive has such a name.
fn is_kept(path: &RelPath) -> bool {
    let name = path.name();
    let is_lock = name.starts_with(b"#cvs.") && !name.ends_with(b",v");
    let is_draft = name.len() > 1 && name.starts_with(b",") && name.ends_with(b",");
    !is_lock && !is_draft
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_and_drafts_do_not_count_and_archives_do() {
        let kept = |path: &str| is_kept(&RelPath::parse(path.as_bytes()).unwrap());
        for path in ["project/#cvs.lock", "#cvs.wfl.host.17", "project/,README,", "#cvs.rfl"] {
            assert!(!kept(path), "{path}");
        }
        for path in ["README,v", "project/,README,,v", "#cvs.large,v", "x/,,v", ","] {
            assert!(kept(path), "{path}");
        }
    }
}
