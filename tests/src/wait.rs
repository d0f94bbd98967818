//! Waiting for what comes sooner or later.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Looks again and again until `done`.
///
/// # Panics
/// With `what` where it never comes.
#[track_caller]
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a process has a handler for this signal (proc(5), SigCgt): what it says may come before that.
///
/// # Panics
/// Where it never has.
#[track_caller]
pub fn until_caught(process: u32, signal: Signal) {
    let caught = || {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = caught.and_then(|signals| u64::from_str_radix(signals.trim(), 16).ok());
        caught.is_some_and(|signals| signals & 1 << (signal.as_raw() - 1) != 0)
    };
    until("it has no handler", caught);
}
