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
        let at = folder.path();
        certify(at, "authority", "-x509 -subj /CN=authority");
        let for_localhost = "-subj /CN=localhost -CA authority.pem -CAkey authority.key -addext \
                             subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE";
        certify(at, "front", &format!("-x509 {for_localhost}"));
        let port = Port::lease();
        let number = port.number();
        let listen = format!(
            "OPENSSL-LISTEN:{number},bind=127.0.0.1,reuseaddr,fork,verify=0,cert={0}/front.pem,key={0}/front.key",
            at.display()
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

    /// The certificate of the authority that vouches for it, for `SSL_CERT_FILE`.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }
}

/// Makes `name.key` and `name.pem` in this folder.
fn certify(folder: &Path, name: &str, more: &str) {
    let fixed = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
    let openssl = Call::new(peer::require("openssl")).dir(folder).args(fixed.split(' ')).args(more.split_whitespace());
    let _ = openssl.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")]).run().ok();
}
