//! An HTTP proxy that knows CONNECT: tinyproxy.

use std::fs;

use tempfile::TempDir;

use crate::daemon::Daemon;
use crate::port::Port;

/// A proxy that runs until it is dropped.
pub struct HttpProxy {
    daemon: Daemon,
    port: Port,
    _folder: TempDir,
}

impl HttpProxy {
    /// A proxy that connects to any port.
    #[must_use]
    pub fn start() -> Self {
        Self::with("")
    }

    /// The same with more lines of tinyproxy.conf: `ConnectPort 443`, `BasicAuth user password`.
    ///
    /// # Panics
    /// If tinyproxy is missing or does not answer.
    #[must_use]
    pub fn with(lines: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for tinyproxy");
        let port = Port::lease();
        let config = folder.path().join("tinyproxy.conf");
        let number = port.number();
        let text = format!("Port {number}\nListen 127.0.0.1\nTimeout 600\nMaxClients 200\nLogLevel Connect\n{lines}\n");
        fs::write(&config, text).expect("tinyproxy.conf");
        let args = ["-d", "-c", config.to_str().expect("a path in UTF-8")];
        let mut daemon = Daemon::start("tinyproxy", &args, &folder.path().join("log"));
        daemon.await_port(number, |_| true);
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
