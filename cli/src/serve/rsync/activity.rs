//! Whether an rsync reads or writes anything: as the kernel counts it of each of its processes (proc(5), `/proc/pid/io`).

use std::fs;
use std::process::Child;
use std::time::{Duration, Instant};

/// How often it is looked at while nothing may pass, and how long apart at the most.
const LOOKS: u32 = 8;
const APART: Duration = Duration::from_secs(5);
/// rsync's own time-out comes first: it tells the client why.
const LATER: Duration = Duration::from_secs(5);
/// More processes than an rsync has.
const PROCESSES: usize = 16;

/// What was seen of it last.
pub(super) struct Activity {
    leader: u32,
    idle: Duration,
    seen: Vec<(u32, String)>,
    changed: Instant,
    due: Instant,
}

impl Activity {
    /// Of an rsync that may be idle for so long.
    pub(super) fn of(child: &Child, idle: Duration) -> Self {
        let now = Instant::now();
        Self { leader: child.id(), idle, seen: Vec::new(), changed: now, due: now }
    }

    /// When it is to be looked at again.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// Looks, where it is time. Says why it is to be ended, if it is.
    pub(super) fn look(&mut self, now: Instant) -> Option<String> {
        if now < self.due {
            return None;
        }
        self.due = now + (self.idle / LOOKS).clamp(Duration::from_millis(100), APART);
        let seen = counted(self.leader);
        // What cannot be counted cannot be said to be idle.
        if seen.is_empty() || seen != self.seen {
            (self.seen, self.changed) = (seen, now);
            return None;
        }
        let is_stuck = now.duration_since(self.changed) > self.idle + LATER;
        is_stuck.then(|| format!("rsync read and wrote nothing for {} seconds", self.idle.as_secs()))
    }
}

/// What a process and those that it has started have read and written.
fn counted(leader: u32) -> Vec<(u32, String)> {
    let (mut found, mut at) = (vec![leader], 0);
    while let Some(&process) = found.get(at).filter(|_| at < PROCESSES) {
        let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
        found.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        at += 1;
    }
    let counts = |process: u32| Some((process, fs::read_to_string(format!("/proc/{process}/io")).ok()?));
    found.into_iter().filter_map(counts).collect()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn who_reads_is_at_work_and_who_waits_is_not() {
        let idle = Duration::from_secs(100);
        for (line, works) in [("while :; do read x </proc/version; done", true), ("sleep 600 & wait", false)] {
            let mut child = Command::new("/bin/sh").args(["-c", line]).stdin(Stdio::null()).spawn().unwrap();
            let mut activity = Activity::of(&child, idle);
            let until = Instant::now() + Duration::from_secs(30);
            // What starts reads its libraries.
            while counted(child.id()) != counted(child.id()) || (counted(child.id()).len() < 2 && !works) {
                assert!(works || Instant::now() < until, "it does not come to rest");
                if works {
                    break;
                }
            }
            let began = Instant::now();
            assert_eq!(activity.look(began), None);
            let mut moved = false;
            while works && !moved && Instant::now() < until {
                moved = counted(child.id()) != activity.seen;
            }
            let told = activity.look(began + idle + LATER + Duration::from_secs(1));
            assert_eq!(told.is_some(), !works, "{line}: {told:?}");
            for (process, _) in counted(child.id()) {
                let pid = rustix::process::Pid::from_raw(process.cast_signed()).unwrap();
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
            let _ = child.wait();
        }
    }
}
