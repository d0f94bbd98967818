//! The server of `xssh serve --listen`, for as long as its test.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::call::{Call, Running};
use crate::home::Home;
use crate::subject::Subject;

/// Far more than it takes on a busy machine.
const LATE: Duration = Duration::from_secs(60);

/// A server, its keys and its log.
pub struct OwnServer {
    folder: TempDir,
    address: SocketAddr,
    running: Option<Running>,
}

impl OwnServer {
    /// Starts it on a free port of loopback, with a tree. `options` are more of a grant, for keys whose line has no command.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn start(options: &[&str]) -> Self {
        Self::started(Call::new(&Subject::get().path), options)
    }

    /// The same with so many descriptors at first, and so many at most.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn with_descriptors(first: usize, most: usize) -> Self {
        let limited = format!("ulimit -Sn {first} && ulimit -Hn {most} && exec \"$0\" \"$@\"");
        Self::started(Call::new("/bin/sh").args(["-c", &limited]).arg(&Subject::get().path), &[])
    }

    fn started(call: Call, options: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("xssh-own-server-").tempdir().expect("a folder for a server");
        let keys = folder.path().join("authorized_keys");
        fs::write(&keys, "").expect("authorized_keys");
        let log = File::create(folder.path().join("log")).expect("its log");
        let call = call.args(["serve", "--listen", "127.0.0.1:0"]).arg("--authorized-keys");
        let root = folder.path().join("root");
        fs::create_dir(&root).expect("a tree");
        let options = [&["--root", root.to_str().expect("UTF-8")], options].concat();
        let call = call.arg(&keys).arg("--host-key").arg(folder.path().join("host_key")).args(&options);
        let call = call.env("HOME", folder.path()).limit(Duration::from_secs(600)).stderr(log);
        let mut server = Self { folder, address: SocketAddr::from(([127, 0, 0, 1], 0)), running: Some(call.start()) };
        server.await_log("for known_hosts: ");
        let said = server.log();
        let listens = said.lines().find_map(|line| line.strip_prefix("xssh: listening on "));
        server.address = listens.expect("where it listens").parse().expect("an address");
        server
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lets in who is named by these lines, and nobody else.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn authorize_only(&self, lines: &str) {
        fs::write(self.folder().join("authorized_keys"), format!("{lines}\n")).expect("authorized_keys");
        let before = self.log().matches("the keys ").count();
        self.signal(Signal::HUP);
        self.await_that(|log| log.matches("the keys ").count() > before);
    }

    /// Makes it known to a client as `host`.
    pub fn meet(&self, home: &mut Home, host: &str) {
        let said = self.log();
        let line = said.lines().find_map(|line| line.strip_prefix("xssh: for known_hosts: "));
        home.know(&format!("{}\n", line.expect("its host key")));
        home.host(host, &format!("HostName 127.0.0.1\nPort {}", self.address.port()));
    }

    /// What it has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder().join("log")).unwrap_or_default()
    }

    /// Waits until it has said so.
    ///
    /// # Panics
    /// If it does not.
    pub fn await_log(&self, words: &str) {
        self.await_that(|log| log.contains(words));
    }

    fn await_that(&self, is_so: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        while !is_so(&self.log()) {
            assert!(begun.elapsed() < LATE, "it does not say so:\n{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("a running server").pid()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        self.running.as_ref().expect("a running server").signal(signal);
    }

    /// Waits for its end, and gives its exit code.
    ///
    /// # Panics
    /// If it does not end.
    pub fn wait(&mut self) -> Option<i32> {
        self.running.take().expect("a running server").wait().code()
    }

    /// The tree.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder().join("root")
    }
}
