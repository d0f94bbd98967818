//! The programs that this process has started and that still run.

use std::fs;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RunningChild {
    pid: Pid,
    leads: bool,
}

impl RunningChild {
    /// All that there are; none where /proc is not mounted.
    pub(super) fn all() -> Vec<Self> {
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        all.filter_map(|entry| Self::of(entry.file_name().to_str()?.parse().ok()?)).collect()
    }

    fn of(number: i32) -> Option<Self> {
        let (parent, group) = family(&fs::read_to_string(format!("/proc/{number}/stat")).ok()?)?;
        let is_ours = u32::try_from(parent) == Ok(std::process::id());
        Some(Self { pid: Pid::from_raw(number).filter(|_| is_ours)?, leads: group == number })
    }

    /// Sends a signal to it, and to its whole process group where it leads one.
    pub(super) fn signal(self, signal: Signal) {
        // One that has just ended hears nothing, and its number is nobody else's until it is waited for.
        let _ = if self.leads { kill_process_group(self.pid, signal) } else { kill_process(self.pid, signal) };
    }
}

/// The parent and the process group in the line of a process that has not ended (proc_pid_stat(5)). Its name, in brackets, may hold
/// anything.
fn family(stat: &str) -> Option<(i32, i32)> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let (parent, group) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    (!matches!(state, "Z" | "X")).then_some((parent, group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_mislead() {
        assert_eq!(family("17 (a) S 9 9) x) S 4 17 17 0 -1 4194560"), Some((4, 17)));
        assert_eq!(family("17 (a) Z 4 17 17 0"), None);
        assert_eq!(family("17 (a"), None);
        assert_eq!(family("17 (a) S x 17"), None);
    }
}
