//! A key with a grant, and whoever has it; in front of it OpenSSH's server or our own. Beside the tree that the key has stands a
//! canary that nobody may read, write, change the mode of, or learn anything about.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use nix::unistd::User;
use serde_json::Value;
use xssh_tests::account;
use xssh_tests::call::{Call, Outcome};
use xssh_tests::home::Home;
use xssh_tests::own_server::OwnServer;
use xssh_tests::peer;
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;
use xssh_tests::world::HOST;

use crate::sync::text;

/// What stands in the canary.
pub(crate) const SECRET: &str = "the canary sings";

/// A key with a grant, and whoever has it.
pub(crate) struct Served<F> {
    pub(crate) server: F,
    pub(crate) home: Home,
    canary: (fs::Metadata, fs::Metadata),
    root: PathBuf,
}

/// Tests behind a real sshd, and behind our own server.
#[macro_export]
macro_rules! over_both_servers {
    ($($name:ident),+ $(,)?) => {
        mod behind_sshd {
            $(#[test] fn $name() { super::$name::<xssh_tests::sshd::Sshd>(); })+
        }
        mod behind_our_own {
            $(#[test] fn $name() { super::$name::<xssh_tests::own_server::OwnServer>(); })+
        }
    };
}

/// Tests in which whoever serves is an account that may do nothing special, behind a real sshd.
#[macro_export]
macro_rules! by_an_ordinary_account {
    ($($name:ident),+ $(,)?) => {
        mod as_root {
            $(#[test] fn $name() { super::$name::<$crate::served::Ordinary>(); })+
        }
    };
}

/// Tests behind both servers, and by an ordinary account too.
#[macro_export]
macro_rules! over_every_front {
    ($($name:ident),+ $(,)?) => {
        $crate::over_both_servers!($($name),+);
        $crate::by_an_ordinary_account!($($name),+);
    };
}

/// What stands in front of it.
pub(crate) trait Front {
    /// Starts it, and makes it known to a client.
    fn start(home: &mut Home) -> Self;
    /// Its files.
    fn folder(&self) -> &Path;
    /// Lets in whom this line names, and nobody else.
    fn authorize_only(&self, line: &str);

    /// The program, where whoever serves may run it.
    fn program(&self) -> PathBuf {
        Subject::get().path.clone()
    }

    /// Who serves.
    fn user(&self) -> String {
        account::own().name
    }

    /// Gives what the tests have made to whoever serves.
    fn give(&self, _path: &Path) {}
}

/// A real sshd that lets clients in as an account which may do nothing special.
pub(crate) struct Ordinary {
    sshd: Sshd,
    user: User,
}

impl Front for Ordinary {
    fn start(home: &mut Home) -> Self {
        let (user, sshd) = (account::throwaway(), Sshd::plan().start());
        home.meet(HOST, &sshd, &format!("User {}", user.name));
        let ordinary = Self { sshd, user };
        fs::copy(&Subject::get().path, ordinary.program()).expect("a copy of the program");
        fs::set_permissions(ordinary.program(), fs::Permissions::from_mode(0o755)).expect("a program");
        // Its log is its own.
        let log = ordinary.folder().join("journal");
        fs::write(&log, "").expect("a log");
        std::os::unix::fs::chown(&log, Some(ordinary.user.uid.as_raw()), None).expect("a log");
        ordinary.give(&ordinary.sshd.home());
        ordinary
    }

    fn folder(&self) -> &Path {
        self.sshd.folder()
    }

    fn authorize_only(&self, line: &str) {
        self.sshd.authorize_only(line);
    }

    fn program(&self) -> PathBuf {
        self.folder().join("xssh")
    }

    fn user(&self) -> String {
        self.user.name.clone()
    }

    fn give(&self, path: &Path) {
        account::give(path, self.user.uid.as_raw());
    }
}

impl Front for Sshd {
    fn start(home: &mut Home) -> Self {
        let sshd = Self::plan().start();
        home.meet(HOST, &sshd, "");
        sshd
    }

    fn folder(&self) -> &Path {
        self.folder()
    }

    fn authorize_only(&self, line: &str) {
        self.authorize_only(line);
    }
}

impl Front for OwnServer {
    fn start(home: &mut Home) -> Self {
        let server = Self::start(&[]);
        server.meet(home, HOST);
        server
    }

    fn folder(&self) -> &Path {
        self.folder()
    }

    fn authorize_only(&self, line: &str) {
        self.authorize_only(line);
    }
}

impl<F: Front> Served<F> {
    /// The files of what stands in front.
    pub(crate) fn folder(&self) -> &Path {
        self.server.folder()
    }

    /// A key whose line has these options behind `--root`.
    pub(crate) fn with(options: &str) -> Self {
        let mut home = Home::new();
        let server = F::start(&mut home);
        for name in ["root", "outside"] {
            fs::create_dir_all(server.folder().join(name)).expect("a folder");
        }
        let canary = server.folder().join("outside/canary");
        fs::write(&canary, SECRET).expect("the canary");
        fs::set_permissions(&canary, fs::Permissions::from_mode(0o640)).expect("the canary");
        // Long ago, so that whoever sets times shows.
        let times = fs::FileTimes::new().set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000));
        for path in [&canary, &server.folder().join("outside")] {
            fs::File::open(path).and_then(|file| file.set_times(times)).expect("the canary");
        }
        // The account itself could do anything there.
        for name in ["root", "outside"] {
            server.give(&server.folder().join(name));
        }
        let looked = |path: &Path| fs::symlink_metadata(path).expect("the canary");
        let canary = (looked(&canary), looked(&server.folder().join("outside")));
        let root = server.folder().join("root");
        let served = Self { server, home, canary, root };
        served.grant(options);
        served
    }

    /// Gives the key another grant.
    pub(crate) fn grant(&self, options: &str) {
        let (program, root) = (self.server.program(), text(&self.root()).to_owned());
        let log = self.folder().join("journal");
        let command = format!("{} serve --root {root} --log {} --name alice {options}", text(&program), text(&log));
        self.force(&command);
    }

    /// Gives the key a forced command.
    pub(crate) fn force(&self, command: &str) {
        let quoted = command.replace('"', "\\\"");
        self.server.authorize_only(&format!("restrict,command=\"{quoted}\" {}", self.home.key().public()));
    }

    /// The tree.
    pub(crate) fn root(&self) -> PathBuf {
        self.root.clone()
    }

    /// A path of the client's.
    pub(crate) fn here(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Stock rsync with OpenSSH.
    pub(crate) fn rsync(&self, args: &[&str]) -> Call {
        let shell = format!("{} -F {}", text(&peer::require("ssh")), text(&self.home.config()));
        self.home.call(peer::require("rsync")).args(["-e", &shell]).args(args)
    }

    /// `xssh sync`.
    pub(crate) fn sync(&self, args: &[&str]) -> Call {
        self.home.call(&Subject::get().path).arg("sync").arg("-F").arg(self.home.config()).args(args)
    }

    /// A command, as OpenSSH sends it.
    pub(crate) fn ask(&self, command: &str) -> Call {
        self.home.call(peer::require("ssh")).arg("-F").arg(self.home.config()).args(["--", HOST, command])
    }

    /// The lines of the log.
    pub(crate) fn journal(&self) -> Vec<Value> {
        let lines = fs::read_to_string(self.folder().join("journal")).unwrap_or_default();
        lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// The client was told in one line, and the log knows why.
    #[track_caller]
    pub(crate) fn assert_refused(&self, outcome: &Outcome, words: &str) {
        assert!(outcome.code() != Some(0), "{outcome}");
        let errors = outcome.errors();
        let told: Vec<&str> = errors.lines().filter(|line| line.contains("refused: ")).collect();
        assert!(matches!(told.as_slice(), [one] if one.contains(words)), "{words:?} was due in {outcome}");
        let last = self.journal().pop().expect("a line in the log");
        assert_eq!(last["verdict"], "refused", "{last}");
        assert!(last["reason"].as_str().is_some_and(|reason| reason.contains(words)), "{words:?} was due in {last}");
        self.assert_unharmed();
    }

    /// Nothing outside was changed, made or read by what came out.
    #[track_caller]
    pub(crate) fn assert_unharmed(&self) {
        let outside = self.folder().join("outside");
        let (canary, folder) = &self.canary;
        for (path, was) in [(outside.join("canary"), canary), (outside.clone(), folder)] {
            let is = fs::symlink_metadata(&path).expect("the canary");
            let properties = |stat: &fs::Metadata| {
                (stat.mode(), stat.uid(), stat.gid(), stat.size(), stat.mtime(), stat.mtime_nsec(), stat.nlink())
            };
            assert_eq!(properties(&is), properties(was), "{}", path.display());
            assert_eq!((is.ctime(), is.ctime_nsec()), (was.ctime(), was.ctime_nsec()), "{}", path.display());
        }
        assert_eq!(fs::read_to_string(outside.join("canary")).expect("the canary"), SECRET);
        assert_eq!(fs::read_dir(&outside).expect("a folder").count(), 1);
    }

    /// Nothing of the canary's came to the client.
    #[track_caller]
    pub(crate) fn assert_unlearned(&self, outcome: &Outcome) {
        assert!(!outcome.text().contains(SECRET) && !outcome.errors().contains(SECRET), "{outcome}");
        let mut folders = vec![self.home.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let kind = fs::symlink_metadata(&path).expect("an entry").file_type();
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() {
                    let bytes = fs::read(&path).expect("a file");
                    let has = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
                    assert!(!has, "the client has the canary's words in {}", path.display());
                }
            }
        }
    }
}

impl<F> Drop for Served<F> {
    fn drop(&mut self) {
        forget(&self.root);
    }
}

/// Removes what the sessions of a tree have counted together, if they have.
pub(crate) fn forget(root: &Path) {
    if let Ok(top) = fs::metadata(root) {
        let (major, minor) = (rustix::fs::major(top.dev()), rustix::fs::minor(top.dev()));
        let uid = rustix::process::geteuid().as_raw();
        let _ = fs::remove_file(format!("/dev/shm/xssh-room-{uid}-{major}-{minor}-{}", top.ino()));
    }
}

/// A few files, directories and links.
pub(crate) fn plant(folder: &Path) {
    fs::create_dir_all(folder.join("sub/deep")).expect("a folder");
    fs::create_dir_all(folder.join("empty")).expect("a folder");
    for (name, content) in [("a", "1"), ("b c", "22"), ("sub/d", "333"), ("sub/deep/e", "4444"), (".hidden", "5")] {
        fs::write(folder.join(name), content).expect("a file");
    }
    std::os::unix::fs::symlink("a", folder.join("link")).expect("a link");
    fs::write(folder.join("large"), xssh_tests::noise::Noise { seed: 3, length: 700_000 }.bytes()).expect("a file");
}
