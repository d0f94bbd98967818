//! Programs of others that the tests work with.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Where programs are looked for, and the PATH of everything that the tests run.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Program, Debian package, and the argument that makes it tell its version.
const PEERS: &[(&str, &str, &str)] = &[
    ("bash", "bash", "--version"),
    ("borg", "borgbackup", "--version"),
    ("curl", "curl", "--version"),
    ("cvs", "cvs", "--version"),
    ("fish", "fish", "--version"),
    ("git", "git", "--version"),
    ("microsocks", "microsocks", ""),
    ("msmtp", "msmtp", "--version"),
    ("nc", "netcat-openbsd", ""),
    ("openssl", "openssl", "version"),
    ("plink", "putty-tools", "-V"),
    ("prlimit", "util-linux", "--version"),
    ("puttygen", "putty-tools", "-V"),
    ("restic", "restic", "version"),
    ("rsync", "rsync", "--version"),
    ("scp", "openssh-client", ""),
    ("sh", "dash", ""),
    ("flock", "util-linux", "--version"),
    ("mount", "mount", "--version"),
    ("setpriv", "util-linux", "--version"),
    ("setsid", "util-linux", "--version"),
    ("umount", "mount", "--version"),
    ("sftp", "openssh-client", ""),
    ("sha256sum", "coreutils", "--version"),
    ("socat", "socat", "-V"),
    ("ssh", "openssh-client", "-V"),
    ("strace", "strace", "-V"),
    ("ssh-add", "openssh-client", ""),
    ("ssh-agent", "openssh-client", ""),
    ("ssh-keygen", "openssh-client", ""),
    ("sshd", "openssh-server", "-V"),
    ("tcsh", "tcsh", "--version"),
    ("tinyproxy", "tinyproxy-bin", "-v"),
    ("unison", "unison", "-version"),
    ("unshare", "util-linux", "--version"),
    ("nsenter", "util-linux", "--version"),
    ("rsyslogd", "rsyslog", "-v"),
    ("useradd", "passwd", ""),
    ("Xvfb", "xvfb", ""),
    ("xauth", "xauth", "-V"),
    ("xclock", "x11-apps", ""),
    ("xdpyinfo", "x11-utils", "-version"),
    ("xwd", "x11-apps", ""),
];

/// The path of a program that a test cannot do without; its version is printed once in each run of tests.
///
/// # Panics
/// If it is not there, with the name of its Debian package.
#[must_use]
#[track_caller]
pub fn require(program: &str) -> PathBuf {
    let known = PEERS.iter().find(|(name, _, _)| *name == program);
    let (_, package, version) = known.unwrap_or_else(|| panic!("{program} is not in the list of peers"));
    let mut places = PATH.split(':').map(|folder| PathBuf::from(folder).join(program));
    let path = places.find(|path| path.is_file());
    let path = path.unwrap_or_else(|| panic!("{program} is missing: apt-get install {package}"));
    tell_once(program, &path, version);
    path
}

fn tell_once(program: &str, path: &PathBuf, version: &str) {
    static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let new = TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(program.to_owned());
    if !new || version.is_empty() {
        return;
    }
    let said = Command::new(path).arg(version).output();
    let said = said.unwrap_or_else(|error| panic!("{} does not run: {error}", path.display()));
    let both = [said.stdout, said.stderr].concat();
    let both = String::from_utf8_lossy(&both);
    let line = both.lines().find(|line| line.contains(char::is_numeric));
    println!("peer: {program}: {}", line.unwrap_or("no version").trim());
}
