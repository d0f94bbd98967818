//! Stopping this program, as Ctrl-Z in a shell does.

use nix::sys::signal::{Signal, raise};
use std::io;

/// Stops the program with SIGTSTP and returns when it is continued.
///
/// The signal goes to the calling thread, not to the process: then the stop has happened before this returns, and the
/// caller cannot take the terminal again too early. In an orphaned process group, which nobody could continue, the
/// kernel drops the signal and this returns at once.
pub fn suspend_self() -> io::Result<()> {
    Ok(raise(Signal::SIGTSTP)?)
}

#[cfg(test)]
mod tests {
    use super::suspend_self;
    use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    const CHILD: &str = "XSSH_OS_TEST_SUSPENDS";

    /// This test runs itself once more as the program that is stopped.
    #[test]
    fn it_stops_and_goes_on() {
        if std::env::var_os(CHILD).is_some() {
            suspend_self().unwrap();
            return;
        }
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "suspend::tests::it_stops_and_goes_on"])
            .env(CHILD, "1")
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let pid = Pid::from_child(&child);
        let (_, status) = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap().unwrap();
        assert_eq!(status.stopping_signal(), Some(Signal::TSTP.as_raw()));
        kill_process(pid, Signal::CONT).unwrap();
        assert!(child.wait().unwrap().success());
    }
}
