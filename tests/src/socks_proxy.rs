//! A SOCKS 5 proxy: microsocks.

use tempfile::TempDir;

use crate::daemon::Daemon;
use crate::port::Port;

/// The address that the proxy connects from, so that a server can tell who came through it.
pub const SOURCE: &str = "127.0.0.5";

/// A proxy that runs until it is dropped.
pub struct SocksProxy {
    daemon: Daemon,
    port: Port,
    _folder: TempDir,
}

impl SocksProxy {
    /// A proxy for everybody.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A proxy that asks for a name and a password.
    #[must_use]
    pub fn asking(user: &str, password: &str) -> Self {
        Self::with(&["-u", user, "-P", password])
    }

    fn with(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for microsocks");
        let port = Port::lease();
        let number = port.number().to_string();
        let mut args = vec!["-i", "127.0.0.1", "-p", &number, "-b", SOURCE];
        args.extend(more);
        let mut daemon = Daemon::start("microsocks", &args, &folder.path().join("log"));
        daemon.await_port(port.number(), |_| true);
        Self { daemon, port, _folder: folder }
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.daemon.log()
    }
}
