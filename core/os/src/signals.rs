//! What the caller did with signals before it started us, and what we do with one for those that we start.

use nix::sys::signal::{SigHandler, Signal, signal};

/// The signals that are ignored, as a bit each (bit n-1 for signal n). A caller such as nohup(1) means it to stay so.
///
/// /proc tells; where it is not mounted, none is.
pub fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Ignores SIGXFSZ, here and in what is started from now on: a write past RLIMIT_FSIZE is an error then, after which a program clears
/// up, and not its end.
pub fn ignore_too_large() {
    // SAFETY: no handler is set, so none can do anything it must not.
    let _ = unsafe { signal(Signal::SIGXFSZ, SigHandler::SigIgn) };
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_runtime_ignores_sigpipe() {
        assert_eq!(super::ignored() >> 12 & 1, 1);
    }
}
