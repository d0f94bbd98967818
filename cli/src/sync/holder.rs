//! Who is changing a target, as far as this machine tells: the process, how long it has run, and from where it was called.

use std::fs;
use std::time::Duration;

use xssh_fs::Root;

/// In words, with a blank before them; nothing where nothing can be known.
pub(super) fn words(root: &Root) -> String {
    let Some(pid) = root.holder() else { return String::new() };
    let mut words = format!(" (process {pid}");
    if let Some(age) = age(pid) {
        words.push_str(&format!(", for {}", indicatif::HumanDuration(age)));
    }
    if let Some(client) = client(pid) {
        words.push_str(&format!(", called from {client}"));
    }
    words + ")"
}

/// How long a process has run (proc_pid_stat(5): the 22nd field, of which the second may hold anything in brackets).
fn age(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let begun: u64 = stat.rsplit(')').next()?.split_whitespace().nth(19)?.parse().ok()?;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    let age = uptime - begun as f64 / rustix::param::clock_ticks_per_second() as f64;
    Duration::try_from_secs_f64(age.max(0.0).floor()).ok()
}

/// The address that its sshd was called from.
fn client(pid: u32) -> Option<String> {
    let variables = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let value = variables.split(|byte| *byte == 0).find_map(|variable| variable.strip_prefix(b"SSH_CONNECTION="))?;
    Some(std::str::from_utf8(value).ok()?.split(' ').next()?.to_owned())
}
