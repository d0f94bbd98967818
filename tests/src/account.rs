//! Accounts other than the one that runs the tests.

use std::fs;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::lchown;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::{Uid, User};

use crate::call::Call;
use crate::peer;

/// The account that [`throwaway`] makes. It stays: other tests may be using it.
pub const NAME: &str = "xsshtest";
/// Its password.
pub const PASSWORD: &str = "correct horse battery";
/// A uid that no passwd entry has.
pub const NOBODY: u32 = 54_321;

/// The account that runs the tests.
///
/// # Panics
/// If it has no passwd entry.
#[must_use]
pub fn own() -> User {
    let own = User::from_uid(Uid::effective()).expect("the passwd database");
    own.expect("a passwd entry of who runs the tests")
}

/// Whether we may act for others. Tests that must are in modules called `as_root`.
///
/// # Panics
/// If not: a test that cannot be run has not passed.
#[track_caller]
pub fn require_root() {
    assert!(
        Uid::effective().is_root(),
        "this test makes or drops to other accounts and must run as root; leave it out with `--skip as_root`"
    );
}

/// An account with a password and a shell, made if it is not there.
///
/// # Panics
/// If it cannot be made.
#[must_use]
#[track_caller]
pub fn throwaway() -> User {
    require_root();
    let _lock = lock();
    if find().is_none() {
        let useradd = peer::require("useradd");
        let args = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/sh", NAME];
        let _ = Call::new(useradd).args(args).run().ok();
    }
    let line = format!("{NAME}:{PASSWORD}\n");
    let _ = Call::new("/usr/sbin/chpasswd").input(line).run().ok();
    find().expect("the account that was made")
}

fn find() -> Option<User> {
    User::from_name(NAME).expect("the passwd database")
}

/// Held while accounts are changed; tests of other processes wait.
fn lock() -> UnixListener {
    let name = SocketAddr::from_abstract_name("xssh-tests-account").expect("a short name");
    let late = Instant::now() + Duration::from_secs(60);
    loop {
        if let Ok(lock) = UnixListener::bind_addr(&name) {
            return lock;
        }
        assert!(Instant::now() < late, "another test changes accounts for a minute");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Gives a folder and what is in it to this uid and gid.
///
/// # Panics
/// If that fails.
pub fn give(folder: &Path, uid: u32) {
    lchown(folder, Some(uid), Some(uid)).expect("a folder to give away");
    for entry in fs::read_dir(folder).expect("a folder to give away") {
        let path = entry.expect("an entry of a folder").path();
        if path.is_dir() {
            give(&path, uid);
        } else {
            lchown(&path, Some(uid), Some(uid)).expect("a file to give away");
        }
    }
}
