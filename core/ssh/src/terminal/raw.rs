//! Raw mode: each key goes to the far side as it is typed, and the far side's terminal does the echo.

use log::{debug, error};
use rustix::io::{Errno, fcntl_dupfd_cloexec, retry_on_intr};
use rustix::termios::{InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex, Termios};
use rustix::termios::{tcgetattr, tcsetattr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The terminals that are raw now, for [`restore_now`].
static RAW: Mutex<Vec<Weak<Terminal>>> = Mutex::new(Vec::new());

/// A terminal in raw mode; dropping it gives the terminal back as it was.
#[derive(Debug)]
#[must_use = "dropping it leaves raw mode"]
pub struct RawMode {
    terminal: Arc<Terminal>,
}

#[derive(Debug)]
struct Terminal {
    fd: OwnedFd,
    /// With `-tt` standard input may be no terminal, and nobody wants to hear of it.
    quiet: bool,
    /// What the terminal was before; `None` while it is not raw.
    before: Mutex<Option<Termios>>,
}

impl RawMode {
    /// Puts the terminal into raw mode. `None`, with a line in the log unless `quiet`, where it cannot be done; the
    /// session goes on without, as OpenSSH's does.
    pub fn enter(fd: impl AsFd, quiet: bool) -> Option<Self> {
        // Above the standard three, so that nothing opened later can be mistaken for one of them.
        let fd = match fcntl_dupfd_cloexec(fd, 3) {
            Ok(fd) => fd,
            Err(errno) => {
                complain(quiet, "dup", errno);
                return None;
            }
        };
        let before = Mutex::new(None);
        let terminal = Arc::new(Terminal { fd, quiet, before });
        terminal.make_raw().ok()?;
        let mut raw = lock(&RAW);
        raw.retain(|known| known.strong_count() > 0);
        raw.push(Arc::downgrade(&terminal));
        drop(raw);
        Some(Self { terminal })
    }

    /// Gives the terminal back for a while: for a prompt, or before the program is stopped.
    pub fn suspend(&self) {
        self.terminal.restore();
    }

    /// Takes the terminal again after [`suspend`](Self::suspend). What it is then is what it will be given back as.
    pub fn resume(&self) {
        // What went wrong is in the log; typing still works, only not key by key.
        let _ = self.terminal.make_raw();
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        self.terminal.restore();
    }
}

/// Gives every raw terminal back: for a way out that drops nothing (`std::process::exit`).
///
/// It takes locks, so it may be called from any thread, but not inside a signal handler.
pub fn restore_now() {
    let raw: Vec<_> = lock(&RAW).iter().filter_map(Weak::upgrade).collect();
    for terminal in raw {
        terminal.restore();
    }
}

impl Terminal {
    fn make_raw(&self) -> Result<(), Errno> {
        let mut before = lock(&self.before);
        if before.is_some() {
            return Ok(());
        }
        let current = tcgetattr(&self.fd).inspect_err(|&errno| complain(self.quiet, "tcgetattr", errno))?;
        self.set(&raw(current.clone()))?;
        *before = Some(current);
        Ok(())
    }

    fn restore(&self) {
        let mut before = lock(&self.before);
        if let Some(termios) = before.as_ref()
            && self.set(termios).is_ok()
        {
            *before = None;
        }
    }

    fn set(&self, termios: &Termios) -> Result<(), Errno> {
        retry_on_intr(|| tcsetattr(&self.fd, OptionalActions::Drain, termios))
            .inspect_err(|&errno| complain(self.quiet, "tcsetattr", errno))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn complain(quiet: bool, call: &str, errno: Errno) {
    if quiet {
        debug!("{call}: {errno}");
    } else {
        error!("{call}: {errno}");
    }
}

/// Raw as OpenSSH has it (sshtty.c). It is not cfmakeraw(3): parity, eight-bit and BREAK settings stay the user's.
fn raw(mut termios: Termios) -> Termios {
    termios.input_modes |= InputModes::IGNPAR;
    termios.input_modes -= InputModes::ISTRIP
        | InputModes::INLCR
        | InputModes::IGNCR
        | InputModes::ICRNL
        | InputModes::IXON
        | InputModes::IXANY
        | InputModes::IXOFF
        | InputModes::IUCLC;
    termios.local_modes -= LocalModes::ISIG
        | LocalModes::ICANON
        | LocalModes::ECHO
        | LocalModes::ECHOE
        | LocalModes::ECHOK
        | LocalModes::ECHONL
        | LocalModes::IEXTEN;
    termios.output_modes -= OutputModes::OPOST;
    termios.special_codes[SpecialCodeIndex::VMIN] = 1;
    termios.special_codes[SpecialCodeIndex::VTIME] = 0;
    termios
}

#[cfg(test)]
mod tests {
    use super::{RawMode, restore_now};
    use crate::terminal::test_terminal;
    use rustix::termios::{InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex};
    use rustix::termios::{tcgetattr, tcsetattr};
    use std::fs::File;
    use std::sync::Mutex;

    /// Held by each test: `restore_now` reaches the terminals of all.
    static ALONE: Mutex<()> = Mutex::new(());

    fn is_raw(terminal: &File) -> bool {
        let now = tcgetattr(terminal).unwrap();
        let cooked = now.local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
            || now.input_modes.intersects(InputModes::ICRNL | InputModes::IXON)
            || now.output_modes.intersects(OutputModes::OPOST);
        !cooked && now.special_codes[SpecialCodeIndex::VMIN] == 1
    }

    #[test]
    fn it_is_given_back_as_it_was() {
        let _alone = super::lock(&ALONE);
        let terminal = test_terminal();
        let before = format!("{:?}", tcgetattr(&terminal).unwrap());
        let raw = RawMode::enter(&terminal, false).unwrap();
        assert!(is_raw(&terminal));
        drop(raw);
        assert_eq!(format!("{:?}", tcgetattr(&terminal).unwrap()), before);
    }

    #[test]
    fn after_a_suspension_the_newer_settings_are_given_back() {
        let _alone = super::lock(&ALONE);
        let terminal = test_terminal();
        let raw = RawMode::enter(&terminal, false).unwrap();
        raw.suspend();
        assert!(!is_raw(&terminal));
        let mut changed = tcgetattr(&terminal).unwrap();
        changed.local_modes -= LocalModes::ECHO;
        tcsetattr(&terminal, OptionalActions::Now, &changed).unwrap();
        raw.resume();
        assert!(is_raw(&terminal));
        drop(raw);
        let after = tcgetattr(&terminal).unwrap();
        assert!(after.local_modes.contains(LocalModes::ICANON) && !after.local_modes.contains(LocalModes::ECHO));
    }

    #[test]
    fn entering_twice_does_not_lose_the_way_back() {
        let _alone = super::lock(&ALONE);
        let terminal = test_terminal();
        let raw = RawMode::enter(&terminal, false).unwrap();
        raw.resume();
        drop(raw);
        assert!(!is_raw(&terminal));
    }

    #[test]
    fn it_can_be_given_back_without_a_drop() {
        let _alone = super::lock(&ALONE);
        let terminal = test_terminal();
        let raw = RawMode::enter(&terminal, false).unwrap();
        restore_now();
        assert!(!is_raw(&terminal));
        drop(raw);
        assert!(!is_raw(&terminal));
    }

    #[test]
    fn a_file_cannot_be_raw() {
        assert!(RawMode::enter(tempfile::tempfile().unwrap(), true).is_none());
    }
}
