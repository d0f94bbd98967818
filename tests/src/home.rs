//! A client's folder: configuration, known hosts, a key.
//!
//! OpenSSH finds `~` in the passwd database and not in `$HOME`, and xssh does the same. So nothing here counts on a home:
//! the configuration is named with `-F` and names every other file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::call::Call;
use crate::key::Key;
use crate::sshd::Sshd;
use crate::subject::Subject;

/// A client that knows the hosts it was told of, and nobody else.
pub struct Home {
    folder: TempDir,
    key: Key,
    first: String,
    hosts: String,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// A client with an ed25519 key that knows no host.
    ///
    /// # Panics
    /// If its files cannot be written.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("xssh-home-").tempdir().expect("a folder for a client");
        let home = Self {
            key: Key::new(folder.path().join("id_ed25519"), "ed25519"),
            folder,
            first: String::new(),
            hosts: String::new(),
        };
        fs::write(home.known_hosts(), "").expect("known_hosts");
        home.write_config();
        home
    }

    /// A client that knows `sshd` as `host`, and may log in there.
    #[must_use]
    pub fn facing(host: &str, sshd: &Sshd) -> Self {
        let mut home = Self::new();
        home.meet(host, sshd, "");
        home
    }

    /// Makes `sshd` known as `host` and puts the key into its authorized_keys. `lines` are more for this host alone.
    ///
    /// # Panics
    /// If the files cannot be written.
    pub fn meet(&mut self, host: &str, sshd: &Sshd, lines: &str) {
        let port = sshd.port();
        sshd.authorize(&self.key.public());
        self.know(&sshd.known_as(&format!("[127.0.0.1]:{port}")));
        self.host(host, &format!("HostName 127.0.0.1\nPort {port}\n{lines}"));
    }

    /// Adds a `Host` block.
    pub fn host(&mut self, host: &str, lines: &str) {
        self.hosts += &format!("Host {host}\n{lines}\n");
        self.write_config();
    }

    /// Puts lines ahead of all hosts: the first value wins.
    pub fn configure(&mut self, lines: &str) {
        self.first += &format!("{lines}\n");
        self.write_config();
    }

    /// Adds lines to known_hosts.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn know(&self, lines: &str) {
        let known = fs::read_to_string(self.known_hosts()).expect("known_hosts");
        fs::write(self.known_hosts(), known + lines).expect("known_hosts");
    }

    fn write_config(&self) {
        let at = self.path().display();
        let config = format!(
            "{}{}Host *\nUserKnownHostsFile {at}/known_hosts\nGlobalKnownHostsFile none\nIdentityFile {at}/id_ed25519\n\
             IdentitiesOnly yes\nIdentityAgent none\nStrictHostKeyChecking yes\nUpdateHostKeys no\nBatchMode yes\n\
             ConnectTimeout 60\n",
            self.first, self.hosts
        );
        fs::write(self.config(), config).expect("the client's configuration");
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The configuration, for `-F`.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.path().join("config")
    }

    /// The file of known hosts.
    #[must_use]
    pub fn known_hosts(&self) -> PathBuf {
        self.path().join("known_hosts")
    }

    /// The key that servers know.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// A call of the remote shell under test with this configuration: `xssh -F config args`.
    #[must_use]
    pub fn xssh(&self, args: &[&str]) -> Call {
        self.surround(Call::new(&Subject::get().path).arg("-F").arg(self.config()).args(args))
    }

    /// A call of another program in this client's folder.
    #[must_use]
    pub fn call(&self, program: impl AsRef<std::ffi::OsStr>) -> Call {
        self.surround(Call::new(program))
    }

    fn surround(&self, call: Call) -> Call {
        call.env("HOME", self.path()).env("TMPDIR", self.path()).dir(self.path())
    }

    /// A program for callers that take a remote shell as one path (`CVS_RSH`, `GIT_SSH`): it runs the one under test with
    /// this configuration.
    #[must_use]
    pub fn remote_shell(&self) -> PathBuf {
        let shell = Subject::get().path.display();
        self.script("remote-shell", &format!("exec '{shell}' -F '{}' \"$@\"", self.config().display()))
    }

    /// A shell script in this folder.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.path().join(name);
        // Written aside and renamed: a file that is open for writing in some process cannot be run.
        let aside = self.path().join(format!("{name}.new"));
        fs::write(&aside, format!("#!/bin/sh\n{body}\n")).expect("a script");
        fs::set_permissions(&aside, fs::Permissions::from_mode(0o755)).expect("a script");
        fs::rename(&aside, &path).expect("a script");
        path
    }
}
