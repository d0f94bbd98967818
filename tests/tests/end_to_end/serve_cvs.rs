//! `xssh serve --cvs-root` as the forced command of keys, behind a real sshd and behind our own server: stock cvs with OpenSSH, and clients that are not
//! stock at all. Beside the repository stands another one, which no key has.

mod authors;
mod clients;
mod daily;
mod limits;
mod programs;
mod raw;
mod readers;
mod unconfined;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::Value;
use xssh_tests::call::{Call, Outcome};
use xssh_tests::home::Home;
use xssh_tests::key::Key;
use xssh_tests::peer;
use xssh_tests::sshd::Sshd;
use xssh_tests::world::HOST;

use crate::served::{Front, forget};
use crate::sync::text;

/// A host with a repository, `project` in it, and keys that are granted something of it.
struct Gated<F = Sshd> {
    server: F,
    home: Home,
    /// The lines of its keys.
    lines: Mutex<Vec<String>>,
    /// Who logs in.
    user: String,
    repository: PathBuf,
}

impl Gated {
    /// No key is granted anything on this host.
    fn on(sshd: Sshd) -> Self {
        let home = Home::facing(HOST, &sshd);
        Self::planted(sshd, home)
    }
}

impl<F: Front> Gated<F> {
    /// The client's first key is granted the repository with these options.
    fn with(options: &str) -> Self {
        let gated = Self::with_nothing();
        gated.grant(gated.home.key(), options);
        gated
    }

    /// No key is granted anything.
    fn with_nothing() -> Self {
        let mut home = Home::new();
        let server = F::start(&mut home);
        Self::planted(server, home)
    }

    fn planted(server: F, home: Home) -> Self {
        server.authorize_only("");
        let (repository, user) = (server.folder().join("repository"), server.user());
        let gated = Self { server, home, lines: Mutex::default(), user, repository };
        for root in ["repository", "other"] {
            let _ = gated.locally(root, &["init"]);
        }
        let project = gated.here("planted");
        fs::create_dir_all(project.join("src")).expect("a folder");
        fs::write(project.join("README"), "first line\n").expect("a file");
        fs::write(project.join("src/main.c"), "int main(void) { return 0; }\n").expect("a file");
        for root in ["repository", "other"] {
            let local = gated.local(root);
            let call =
                gated.home.call(peer::require("cvs")).dir(&project).args(["-d", &local, "-Q", "import", "-m", "x"]);
            let _ = call.args(["project", "vendor", "start"]).run().ok();
            gated.server.give(&gated.server.folder().join(root));
        }
        gated
    }

    fn repository(&self) -> PathBuf {
        self.repository.clone()
    }

    /// A path of the client's.
    fn here(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn local(&self, root: &str) -> String {
        format!(":local:{}", self.server.folder().join(root).display())
    }

    /// cvs on the host itself, as its administrator runs it.
    fn locally(&self, root: &str, args: &[&str]) -> Outcome {
        let call = self.home.call(peer::require("cvs")).env("LOGNAME", "administrator").arg("-d").arg(self.local(root));
        call.args(args).run().ok()
    }

    /// Commits a file of `CVSROOT` on the host itself.
    fn administer(&self, file: &str, contents: &str) {
        let folder = self.here("administration");
        let _ = self.locally("repository", &["-Q", "checkout", "-d", "administration", "CVSROOT"]);
        fs::write(folder.join(file), contents).expect("a file");
        let call = self.home.call(peer::require("cvs")).dir(&folder).env("LOGNAME", "administrator");
        let _ = call.args(["-Q", "commit", "-m", "x"]).run().ok();
        fs::remove_dir_all(folder).expect("a folder");
    }

    /// Adds a line for a key.
    fn grant(&self, key: &Key, options: &str) {
        let (program, root) = (self.server.program(), self.repository());
        self.force(key, &format!("{} serve --cvs-root {} {options}", program.display(), root.display()));
    }

    /// The same, with the whole command, and a log.
    fn force(&self, key: &Key, command: &str) {
        let log = self.server.folder().join("journal");
        let line = format!("restrict,command=\"{command} --log {}\" {}", log.display(), key.public());
        let mut lines = self.lines.lock().expect("the lines");
        lines.push(line);
        self.server.authorize_only(&lines.join("\n"));
    }

    /// Another key of the client's.
    fn key(&self, name: &str) -> Key {
        Key::new(self.here(&format!("key-{name}")), "ed25519")
    }

    /// OpenSSH with a key, as one program.
    fn shell(&self, key: &Key) -> PathBuf {
        let name = format!("shell-{}", key.path.file_name().and_then(|name| name.to_str()).expect("a name"));
        let ssh = format!("exec {} -F {}", text(&peer::require("ssh")), text(&self.home.config()));
        self.home.script(&name, &format!("{ssh} -i {} \"$@\"", text(&key.path)))
    }

    fn root(&self) -> String {
        format!(":ext:{}@{HOST}:{}", self.user, self.repository().display())
    }

    /// Stock cvs with a key, in a folder of the client's.
    fn cvs_with(&self, key: &Key, folder: &str, args: &[&str]) -> Call {
        let call = self.home.call(peer::require("cvs")).dir(self.here(folder)).env("CVS_RSH", self.shell(key));
        call.env("CVSROOT", self.root()).env("LOGNAME", "client").args(args)
    }

    /// The same with the first key.
    fn cvs(&self, folder: &str, args: &[&str]) -> Call {
        self.cvs_with(self.home.key(), folder, args)
    }

    /// The same, which succeeds.
    #[track_caller]
    fn done(&self, folder: &str, args: &[&str]) -> Outcome {
        self.cvs(folder, args).run().ok()
    }

    /// Checks the project out into `copy`.
    #[track_caller]
    fn check_out(&self) {
        let _ = self.done(".", &["-Q", "checkout", "-d", "copy", "project"]);
    }

    /// A client that says what it likes behind its `Root`.
    fn say(&self, words: &str) -> Outcome {
        let responses = "Valid-responses ok error Valid-requests Checked-in Updated Created Update-existing Merged Removed \
                         Notified Module-expansion M E\nUseUnchanged\n";
        self.say_bare(&format!("Root {}\n{responses}{words}", self.repository().display()))
    }

    /// A client that says what it likes.
    fn say_bare(&self, words: &str) -> Outcome {
        let call = self.home.call(self.shell(self.home.key())).args(["-l", &self.user, "--", HOST, "cvs server"]);
        call.input(words).run()
    }

    /// Everything in the repositories.
    fn snapshot(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let mut found = BTreeMap::new();
        for root in ["repository", "other"] {
            gather(&self.server.folder().join(root), &mut found);
        }
        found
    }

    fn journal(&self) -> Vec<Value> {
        let lines = fs::read_to_string(self.server.folder().join("journal")).unwrap_or_default();
        lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// The client was told in one line of ours, and the log knows the same.
    #[track_caller]
    fn assert_refused(&self, outcome: &Outcome, words: &str) {
        let said = format!("{}{}", outcome.text(), outcome.errors());
        let told: Vec<&str> = said.lines().filter(|line| line.contains("xssh: ")).collect();
        assert!(matches!(told.as_slice(), [one] if one.contains(words)), "{words:?} was due in {outcome}");
        let last = self.journal().pop().expect("a line in the log");
        assert_eq!(last["verdict"], "refused", "{last}");
        assert!(last["reason"].as_str().is_some_and(|reason| reason.contains(words)), "{words:?} was due in {last}");
    }
}

impl<F> Drop for Gated<F> {
    fn drop(&mut self) {
        forget(&self.repository);
    }
}

fn gather(folder: &Path, found: &mut BTreeMap<PathBuf, (u32, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let mode = fs::symlink_metadata(&path).expect("an entry").permissions().mode();
        let contents = if path.is_dir() { Vec::new() } else { fs::read(&path).expect("a file") };
        if path.is_dir() {
            gather(&path, found);
        }
        found.insert(path, (mode, contents));
    }
}
