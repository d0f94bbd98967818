//! OpenSSH's server on loopback, with keys and a configuration that belong to nobody.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::daemon::Daemon;
use crate::key::Key;
use crate::port::Port;

/// What comes after a test's own lines; the first value wins.
const DEFAULTS: &str = "\
PidFile none
StrictModes no
UsePAM no
UseDNS no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
PrintLastLog no
MaxStartups 200
MaxSessions 200
LogLevel VERBOSE
Subsystem sftp /usr/lib/openssh/sftp-server
";

/// A server to be started.
#[derive(Debug, Clone)]
pub struct Plan {
    lines: String,
    host_keys: Vec<&'static str>,
}

impl Plan {
    /// Puts lines of sshd_config ahead of the rest. `%d` stands for the server's folder.
    #[must_use]
    pub fn with(mut self, lines: &str) -> Self {
        self.lines.push_str(lines);
        self.lines.push('\n');
        self
    }

    /// Has it own host keys of these kinds, in place of one ed25519 key.
    #[must_use]
    pub fn host_keys(mut self, kinds: &[&'static str]) -> Self {
        self.host_keys = kinds.to_vec();
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// If sshd is missing or does not answer.
    #[must_use]
    pub fn start(self) -> Sshd {
        if rustix::process::geteuid().is_root() {
            // Where sshd's child without privileges lives; a package makes it when the service starts.
            fs::create_dir_all("/run/sshd").expect("/run/sshd");
        }
        let folder = open_folder();
        let at = folder.path().to_path_buf();
        let keys = self.host_keys.iter();
        let keys: Vec<_> = keys.map(|kind| Key::new(at.join(format!("host_{kind}")), kind)).collect();
        fs::create_dir(at.join("home")).expect("a home on the far side");
        let port = Port::lease();
        let config = at.join("sshd_config");
        fs::write(&config, self.config(&at, port.number(), &keys)).expect("sshd_config");
        fs::write(at.join("authorized_keys"), "").expect("authorized_keys");
        let args = ["-D", "-e", "-f", config.to_str().expect("a path in UTF-8")];
        let daemon = Daemon::start("sshd", &args, &at.join("log"));
        let mut sshd = Sshd { daemon, folder, port, host_keys: keys };
        sshd.daemon.await_port(sshd.port.number(), |mut stream| {
            let mut banner = [0; 4];
            stream.set_read_timeout(Some(Duration::from_secs(20))).is_ok()
                && stream.read_exact(&mut banner).is_ok()
                && &banner == b"SSH-"
        });
        sshd
    }

    fn config(&self, at: &Path, port: u16, keys: &[Key]) -> String {
        let folder = at.to_str().expect("a path in UTF-8");
        let mut config = format!("Port {port}\nListenAddress 127.0.0.1\n{}", self.lines.replace("%d", folder));
        for key in keys {
            config += &format!("HostKey {}\n", key.path.display());
        }
        // The account's own start-up files have no place in a test.
        config + &format!("AuthorizedKeysFile {folder}/authorized_keys\nSetEnv HOME={folder}/home\n{DEFAULTS}")
    }
}

/// A server that runs; it and its folder go when this is dropped.
pub struct Sshd {
    daemon: Daemon,
    folder: TempDir,
    port: Port,
    host_keys: Vec<Key>,
}

impl Sshd {
    /// A server with one ed25519 host key that takes public keys only.
    #[must_use]
    pub fn plan() -> Plan {
        Plan { lines: String::new(), host_keys: vec!["ed25519"] }
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Its folder, which every account may enter.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What HOME is in its sessions.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder().join("home")
    }

    /// Its host keys.
    #[must_use]
    pub fn host_keys(&self) -> &[Key] {
        &self.host_keys
    }

    /// Adds a line to its authorized_keys.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn authorize(&self, line: &str) {
        let path = self.folder().join("authorized_keys");
        let lines = fs::read_to_string(&path).expect("authorized_keys");
        fs::write(&path, lines + line + "\n").expect("authorized_keys");
    }

    /// Makes this the only line of its authorized_keys; an empty one lets nobody in.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn authorize_only(&self, line: &str) {
        fs::write(self.folder().join("authorized_keys"), format!("{line}\n")).expect("authorized_keys");
    }

    /// Its lines for a known_hosts file that calls it by `names`.
    #[must_use]
    pub fn known_as(&self, names: &str) -> String {
        let lines = self.host_keys.iter().map(|key| format!("{names} {}\n", key.public()));
        lines.collect()
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    /// Waits until its log holds `words`.
    ///
    /// # Panics
    /// If they do not come.
    #[track_caller]
    pub fn await_log(&self, words: &str) {
        self.daemon.await_log(words);
    }

    /// The processes that serve connections now, parents first.
    #[must_use]
    pub fn serving(&self) -> Vec<u32> {
        let mut found = vec![self.daemon.pid()];
        let mut next = 0;
        while let Some(parent) = found.get(next) {
            let children = format!("/proc/{parent}/task/{parent}/children");
            let children = fs::read_to_string(children).unwrap_or_default();
            found.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            next += 1;
        }
        found.remove(0);
        found
    }
}

/// A folder that other accounts may enter: sshd reads authorized_keys as the user who logs in.
fn open_folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("xssh-sshd-").tempdir().expect("a folder for sshd");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a folder for sshd");
    folder
}
