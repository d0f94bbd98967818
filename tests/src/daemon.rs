//! A server that runs for as long as its test.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::peer;

/// A server that is not there after this has failed. Long, because a machine may be busy.
const START: Duration = Duration::from_secs(60);
/// How often a log or a port is looked at.
const GLANCE: Duration = Duration::from_millis(10);

/// A server, its log, and its end when this is dropped.
///
/// The kernel kills it too if the thread that started it ends first, so it must be started by the thread that keeps it.
pub struct Daemon {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts `program args`; what it prints goes to the file `log`.
    ///
    /// # Panics
    /// If it is missing or does not run.
    #[must_use]
    pub fn start(name: &'static str, args: &[&str], log: &Path) -> Self {
        let file = File::create(log).expect("the log of a server");
        let child = Command::new(peer::require("setpriv"))
            .args(["--pdeathsig", "KILL", "--"])
            .arg(peer::require(name))
            .args(args)
            .env_clear()
            .env("PATH", peer::PATH)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("the log of a server"))
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self { name, child, log: log.to_path_buf() }
    }

    /// Waits until `ready` says so of a connection to `port`.
    ///
    /// # Panics
    /// If the server ends, or takes too long.
    pub fn await_port(&mut self, port: u16, ready: impl Fn(TcpStream) -> bool) {
        self.await_ready(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok_and(&ready));
    }

    /// Waits until `ready` says so.
    ///
    /// # Panics
    /// If the server ends, or takes too long.
    pub fn await_ready(&mut self, ready: impl Fn() -> bool) {
        let late = Instant::now() + START;
        while !ready() {
            let ended = self.child.try_wait().expect("the state of a server");
            assert!(ended.is_none(), "{} ended with {ended:?}:\n{}", self.name, self.log());
            assert!(Instant::now() < late, "{} does not answer:\n{}", self.name, self.log());
            thread::sleep(GLANCE);
        }
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits until its log holds `words`.
    ///
    /// # Panics
    /// If they do not come.
    #[track_caller]
    pub fn await_log(&self, words: &str) {
        let late = Instant::now() + START;
        while !self.log().contains(words) {
            assert!(Instant::now() < late, "the log of {} never said {words:?}:\n{}", self.name, self.log());
            thread::sleep(GLANCE);
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            println!("--- log of {} ---\n{}", self.name, self.log());
        }
    }
}
