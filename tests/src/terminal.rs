//! A pseudo-terminal with a person made of code in front of it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, Winsize, tcgetattr, tcsetwinsize};

use crate::call::{Call, Running};
use crate::peer;
use crate::wait::until;

/// How long a person waits for words on the screen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal, 80 columns wide and 24 lines high until resized.
pub struct Terminal {
    master: File,
    slave: File,
    screen: Receiver<Vec<u8>>,
    seen: Vec<u8>,
    /// Where the next search begins.
    mark: usize,
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl Terminal {
    /// A new one.
    ///
    /// # Panics
    /// If the system has none left.
    #[must_use]
    pub fn new() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&master).expect("a pseudo-terminal");
        unlockpt(&master).expect("a pseudo-terminal");
        let name = ptsname(&master, Vec::new()).expect("a pseudo-terminal");
        let path = PathBuf::from(std::ffi::OsStr::from_bytes(name.as_bytes()));
        let slave = OpenOptions::new().read(true).write(true).open(path);
        let terminal = Self {
            screen: read(File::from(master.try_clone().expect("a descriptor"))),
            master: File::from(master),
            slave: slave.expect("the terminal's other side"),
            seen: Vec::new(),
            mark: 0,
        };
        terminal.resize(80, 24);
        terminal
    }

    /// Starts a program whose controlling terminal this is, and its standard input, output and error.
    #[must_use]
    #[track_caller]
    pub fn start(&self, call: Call) -> Running {
        let side = || OwnedFd::from(self.slave.try_clone().expect("a descriptor"));
        call.stdin(side()).stdout(side()).stderr(side()).makes_own_group().start()
    }

    /// What comes before a command line that is to own a terminal.
    #[must_use]
    pub fn owner() -> [std::ffi::OsString; 3] {
        [peer::require("setsid").into(), "--ctty".into(), "--".into()]
    }

    /// Changes its size; the programs in the foreground are told.
    ///
    /// # Panics
    /// If that fails.
    pub fn resize(&self, columns: u16, lines: u16) {
        let size = Winsize { ws_col: columns, ws_row: lines, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(self.master.as_fd(), size).expect("the size of a terminal");
    }

    /// Its modes now.
    ///
    /// # Panics
    /// If they cannot be read.
    #[must_use]
    pub fn modes(&self) -> Termios {
        tcgetattr(&self.slave).expect("the modes of a terminal")
    }

    /// Waits until what is typed goes to the program as it is: its far side may speak before that.
    ///
    /// # Panics
    /// If the terminal does not become raw.
    #[track_caller]
    pub fn await_raw(&self) {
        let own = LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        until("the terminal is not raw", || !self.modes().local_modes.intersects(own));
    }

    /// Types.
    ///
    /// # Panics
    /// If that fails.
    pub fn type_in(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).expect("the keyboard");
    }

    /// Waits until `words` are on the screen, after those that were waited for before.
    ///
    /// # Panics
    /// If they do not come.
    #[track_caller]
    pub fn wait_for(&mut self, words: &str) {
        let late = Instant::now() + PATIENCE;
        loop {
            let rest = &self.seen[self.mark..];
            let found = rest.windows(words.len()).position(|window| window == words.as_bytes());
            if let Some(at) = found {
                self.mark += at + words.len();
                return;
            }
            let left = late.saturating_duration_since(Instant::now());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => self.seen.extend(bytes),
                Err(RecvTimeoutError::Timeout) => panic!("{words:?} never came, but: {}", self.seen()),
                Err(RecvTimeoutError::Disconnected) => panic!("the terminal is gone: {}", self.seen()),
            }
        }
    }

    /// What comes within this time; nothing where nothing does.
    #[must_use]
    pub fn read(&mut self, patience: Duration) -> String {
        let bytes = self.screen.recv_timeout(patience).unwrap_or_default();
        self.seen.extend(&bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// All that was on the screen, as far as it has been waited for.
    #[must_use]
    pub fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }
}

/// Reads the screen on a thread of its own, so that waiting can be bounded.
fn read(mut master: File) -> Receiver<Vec<u8>> {
    let (send, screen) = channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(size @ 1..) = master.read(&mut buffer) {
            if send.send(buffer[..size].to_vec()).is_err() {
                return;
            }
        }
    });
    screen
}
