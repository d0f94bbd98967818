//! `XsshShare auto`: each destination gets a master by itself.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use xssh_tests::call::Call;
use xssh_tests::home::Home;
use xssh_tests::key::Key;
use xssh_tests::sshd::Sshd;
use xssh_tests::world::HOST;

use super::{logins, text};

/// A client that shares by itself; its masters end with it.
struct Sharing {
    home: Home,
    target: Sshd,
}

impl Sharing {
    fn new() -> Self {
        let target = Sshd::plan().start();
        let mut home = Home::facing(HOST, &target);
        home.configure("XsshShare auto");
        fs::create_dir(home.path().join("run")).expect("a folder");
        Self { home, target }
    }

    fn call(&self, args: &[&str]) -> Call {
        self.home.xssh(args).env("XDG_RUNTIME_DIR", self.home.path().join("run"))
    }

    fn sockets(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.home.path().join("run/xssh")).into_iter().flatten();
        entries.map(|entry| entry.expect("an entry").path()).collect()
    }
}

impl Drop for Sharing {
    fn drop(&mut self) {
        for socket in self.sockets() {
            let _ = self.home.xssh(&["-S", text(&socket), "-O", "exit", HOST]).run();
        }
    }
}

#[test]
fn a_loop_logs_in_once() {
    let sharing = Sharing::new();
    for number in 0..20 {
        let outcome = sharing.call(&[HOST, &format!("cat; exit {number}")]).input("words").run().ends(number);
        assert_eq!((outcome.text(), outcome.errors()), ("words".into(), String::new()));
    }
    assert_eq!(logins(&sharing.target), 1);
    let sockets = sharing.sockets();
    assert_eq!(sockets.len(), 1, "{sockets:?}");
    let mode = |path: &std::path::Path| fs::metadata(path).expect("a file").mode() & 0o777;
    assert_eq!((mode(&sockets[0]), mode(sockets[0].parent().expect("a folder"))), (0o600, 0o700));
}

/// Another key is another connection: what one key may do is nothing that another call gets.
#[test]
fn another_key_does_not_share() {
    let sharing = Sharing::new();
    let key = Key::new(sharing.home.path().join("other"), "ed25519");
    sharing.target.authorize(&format!("command=\"echo restricted\" {}", key.public()));
    assert_eq!(sharing.call(&[HOST, "echo free"]).run().ok().text(), "free\n");
    let config = fs::read_to_string(sharing.home.config()).expect("a configuration");
    let own = format!("IdentityFile {}/id_ed25519", text(sharing.home.path()));
    assert!(config.contains(&own), "{config}");
    let other = sharing.home.path().join("other-config");
    fs::write(&other, config.replace(&own, &format!("IdentityFile {}", text(&key.path)))).expect("a configuration");
    let outcome = sharing.call(&["-F", text(&other), HOST, "echo free"]).run().ok();
    assert_eq!(outcome.text(), "restricted\n");
    assert_eq!((logins(&sharing.target), sharing.sockets().len()), (2, 2));
}

/// What would outlive the call, or be another's, is not shared.
#[test]
fn forwards_keep_to_themselves() {
    let sharing = Sharing::new();
    assert_eq!(sharing.call(&[HOST, "echo one"]).run().ok().text(), "one\n");
    let port = xssh_tests::port::Port::lease();
    let forward = format!("127.0.0.1:{}:127.0.0.1:1", port.number());
    assert_eq!(sharing.call(&["-L", &forward, HOST, "echo two"]).run().ok().text(), "two\n");
    assert_eq!(logins(&sharing.target), 2);
    std::net::TcpListener::bind(("127.0.0.1", port.number())).expect("a port that is free again");
}

/// A folder that others may write to is not trusted, and the call works all the same.
#[test]
fn a_folder_of_others_is_not_used() {
    let sharing = Sharing::new();
    let folder = sharing.home.path().join("run/xssh");
    fs::create_dir(&folder).expect("a folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("a folder for all");
    for _ in 0..2 {
        let outcome = sharing.call(&[HOST, "echo alone"]).run().ok();
        assert_eq!((outcome.text(), outcome.errors()), ("alone\n".into(), String::new()));
    }
    assert_eq!((logins(&sharing.target), sharing.sockets().len()), (2, 0));
}
