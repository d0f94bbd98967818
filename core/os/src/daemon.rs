//! Going into the background: the fork comes first, before there is a thread or a runtime, and the caller's process waits
//! for the verdict of the one that will stay.
//!
//! Order of use: [`fork`] → in the child, the work that may still fail (and may ask on the terminal) →
//! [`Background::detach`] or an exit. The caller's half is [`Forked::Caller`]: it waits for what becomes of the child.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags, open};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitOptions, getppid, set_parent_process_death_signal, setsid, waitpid};

/// Which of the two processes goes on.
#[derive(Debug)]
pub enum Forked {
    /// The one that the caller has started.
    Caller(Waiting),
    /// The one that will stay.
    Child(Background),
}

/// The caller's line to the child.
#[derive(Debug)]
pub struct Waiting {
    told: OwnedFd,
    child: i32,
}

/// The child's line to the process that waits for it.
#[derive(Debug)]
pub struct Background {
    verdict: OwnedFd,
}

/// Splits the process.
///
/// Until it is in the background the child ends with the process that the caller knows: whoever kills that one means both.
///
/// # Errors
/// There are threads already, which would be missing in the child; or the system has no room for another process.
pub fn fork() -> io::Result<Forked> {
    if fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() > 1) {
        return Err(io::Error::other("the program has threads already"));
    }
    let (told, verdict) = pipe_with(PipeFlags::CLOEXEC)?;
    let caller = rustix::process::getpid();
    // SAFETY: there is one thread, so no lock is held by one that the child has not.
    match unsafe { nix::unistd::fork() }? {
        nix::unistd::ForkResult::Parent { child } => {
            drop(verdict);
            Ok(Forked::Caller(Waiting { told, child: child.as_raw() }))
        }
        nix::unistd::ForkResult::Child => {
            drop(told);
            set_parent_process_death_signal(Some(Signal::TERM))?;
            if getppid() != Some(caller) {
                // It was killed before we could ask to be told.
                return Err(io::Error::other("the process that waited is gone"));
            }
            Ok(Forked::Child(Background { verdict }))
        }
    }
}

/// What became of the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stays, in the background.
    Stays,
    /// It has ended, with this code.
    Ended(u8),
}

impl Waiting {
    /// Waits until the child is in the background, or is gone.
    pub fn verdict(self) -> Verdict {
        let mut byte = [0];
        let said = loop {
            match rustix::io::read(&self.told, &mut byte) {
                Err(rustix::io::Errno::INTR) => {}
                other => break other,
            }
        };
        if said == Ok(1) {
            return Verdict::Stays;
        }
        let Some(child) = Pid::from_raw(self.child) else { return Verdict::Ended(255) };
        loop {
            match waitpid(Some(child), WaitOptions::empty()) {
                Err(rustix::io::Errno::INTR) => {}
                Ok(Some((_, status))) => {
                    let code = status.exit_status().and_then(|code| u8::try_from(code).ok());
                    return Verdict::Ended(code.unwrap_or(255));
                }
                _ => return Verdict::Ended(255),
            }
        }
    }
}

impl Background {
    /// Leaves the caller's session and terminal, puts /dev/null in the place of standard input and output, and of
    /// standard error where that is wished, and lets the caller's process end with 0.
    ///
    /// # Errors
    /// /dev/null cannot be opened, or the caller's process is gone.
    pub fn detach(self, and_stderr: bool) -> io::Result<()> {
        let null = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
        set_parent_process_death_signal(None)?;
        // It fails only for the leader of a group, which a forked child never is.
        let _ = setsid();
        rustix::stdio::dup2_stdin(null.as_fd())?;
        rustix::stdio::dup2_stdout(null.as_fd())?;
        if and_stderr {
            rustix::stdio::dup2_stderr(null.as_fd())?;
        }
        rustix::io::write(&self.verdict, &[1])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::fork;

    /// The harness runs tests in threads, so all that can be seen here is that such a process is not forked; the
    /// end-to-end tests of `-f` see the rest.
    #[test]
    fn a_process_with_threads_is_not_forked() {
        let error = fork().unwrap_err();
        assert!(error.to_string().contains("threads"), "{error}");
    }
}
