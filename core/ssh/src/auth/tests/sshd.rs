//! A throw-away sshd on loopback.

use super::client::{Login, ed25519, public, text};
use crate::auth::{AuthError, AuthReport};
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::{TcpSocket, TcpStream};

pub(super) struct Sshd {
    child: Child,
    port: u16,
    _held: TcpSocket,
    pub(super) directory: TempDir,
    pub(super) user: String,
}

impl Sshd {
    /// With `settings` before all others, for the keys that [`authorize`](Self::authorize) names.
    pub(super) fn start(settings: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let host_key = ed25519(&directory, "host_key");
        // Bound and not listened at, it is given to nobody else; sshd takes addresses that are in use.
        let held = TcpSocket::new_v4().unwrap();
        held.set_reuseaddr(true).unwrap();
        held.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let port = held.local_addr().unwrap().port();
        let config = directory.path().join("sshd_config");
        let mut lines = format!("{settings}\n");
        writeln!(lines, "ListenAddress 127.0.0.1:{port}\nHostKey {}", text(&host_key)).unwrap();
        writeln!(lines, "AuthorizedKeysFile {}", text(&directory.path().join("authorized_keys"))).unwrap();
        lines += "StrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\n";
        lines += "PasswordAuthentication no\nKbdInteractiveAuthentication no\n";
        std::fs::write(&config, lines).unwrap();
        if rustix::process::getuid().is_root() {
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f", text(&config)])
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("sshd is needed by this test: {error}"));
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        let sshd =
            Self { child, port, _held: held, directory, user: String::from_utf8(user).unwrap().trim().to_owned() };
        sshd.await_listening();
        sshd
    }

    fn await_listening(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(Instant::now() < deadline, "sshd does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Lets in who has one of these keys, given by their private keys' files.
    pub(super) fn authorize(&self, keys: &[&Path]) {
        let lines = keys.iter().map(|key| std::fs::read_to_string(public(key)).unwrap());
        self.authorize_lines(&lines.collect::<String>());
    }

    pub(super) fn authorize_lines(&self, lines: &str) {
        std::fs::write(self.directory.path().join("authorized_keys"), lines).unwrap();
    }

    /// A line of known_hosts for this server.
    pub(super) fn known_hosts(&self) -> PathBuf {
        let key = std::fs::read_to_string(self.directory.path().join("host_key.pub")).unwrap();
        let path = self.directory.path().join("known_hosts");
        std::fs::write(&path, format!("localhost {key}")).unwrap();
        path
    }

    pub(super) async fn admit(&self, login: &Login) -> Result<AuthReport, AuthError> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        login.over(stream, &self.user).await
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
