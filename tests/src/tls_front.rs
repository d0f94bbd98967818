//! TLS in front of a port, with a certificate that nobody's system trusts: socat.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::call::Call;
use crate::daemon::Daemon;
use crate::peer;
use crate::port::Port;

/// Ends TLS and passes on what was inside, until it is dropped.
pub struct TlsFront {
    _daemon: Daemon,
    port: Port,
    folder: TempDir,
}

impl TlsFront {
    /// One for the name `localhost`, before this port of loopback.
    ///
    /// # Panics
    /// If openssl or socat is missing or fails.
    #[must_use]
    pub fn before(inner: u16) -> Self {
        let folder = tempfile::tempdir().expect("a folder for TLS");
        let [key, certificate] = ["key.pem", "cert.pem"].map(|name| folder.path().join(name));
        let args = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext \
                    subjectAltName=DNS:localhost";
        let openssl = Call::new(peer::require("openssl")).args(args.split_whitespace());
        let _ = openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate).run().ok();
        let port = Port::lease();
        let number = port.number();
        let listen = format!(
            "OPENSSL-LISTEN:{number},bind=127.0.0.1,reuseaddr,fork,verify=0,cert={},key={}",
            certificate.display(),
            key.display()
        );
        let connect = format!("TCP:127.0.0.1:{inner}");
        let mut daemon = Daemon::start("socat", &[&listen, &connect], &folder.path().join("log"));
        daemon.await_port(number, |_| true);
        Self { _daemon: daemon, port, folder }
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Its certificate, for `SSL_CERT_FILE`.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        Path::new(self.folder.path()).join("cert.pem")
    }
}
