//! Holds a running rsync to what its key may take. rsync counts nothing itself, so the tree is measured again and again: between two
//! looks more may come than there is room for, but no single file larger than there was.

use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use xssh_fs::Root;
use xssh_gate::Limits;

/// How long after a look the next comes at the least, and how many times as long as it took.
const PAUSE: Duration = Duration::from_millis(500);
const SHARE: u32 = 20;
/// How often it is seen whether rsync has ended.
const TICK: Duration = Duration::from_millis(5);

/// Why a key may take no more.
pub(super) fn excess(limits: &Limits, root: &Root) -> Option<String> {
    if limits.quota.is_none() && limits.max_files.is_none() {
        return None;
    }
    let usage = root.usage();
    if let Some(quota) = limits.quota.filter(|quota| usage.bytes > *quota) {
        return Some(format!("the tree holds {} bytes, and this key may have {quota}", usage.bytes));
    }
    let most = limits.max_files.filter(|most| usage.entries > *most);
    most.map(|most| format!("the tree holds {} entries, and this key may have {most}", usage.entries))
}

/// Bounds the size of each file that it writes.
pub(super) fn bound(limits: &Limits, root: &Root, child: &Child) -> Result<(), String> {
    let left = limits.quota.map(|quota| quota.saturating_sub(root.usage().bytes));
    let Some(most) = [limits.max_file_size, left].into_iter().flatten().min() else { return Ok(()) };
    let limit = Rlimit { current: Some(most), maximum: Some(most) };
    let set = prlimit(Some(Pid::from_child(child)), Resource::Fsize, limit);
    set.map(drop).map_err(|errno| format!("rsync cannot be bounded: {errno}"))
}

/// Looks after it until it ends. Says why it was ended, if it was.
pub(super) fn watch(limits: &Limits, root: &Root, child: &mut Child) -> Result<Option<String>, String> {
    if limits.quota.is_none() && limits.max_files.is_none() {
        return Ok(None);
    }
    let mut next = Instant::now() + PAUSE;
    loop {
        if child.try_wait().map_err(|error| format!("rsync: {error}"))?.is_some() {
            return Ok(excess(limits, root));
        }
        if Instant::now() < next {
            thread::sleep(TICK);
            continue;
        }
        let began = Instant::now();
        if let Some(why) = excess(limits, root) {
            // It has not been waited for, so its number is its own; its children end with its pipes.
            let _ = kill_process(Pid::from_child(child), Signal::KILL);
            return Ok(Some(why));
        }
        next = Instant::now() + PAUSE.max(began.elapsed() * SHARE);
    }
}
