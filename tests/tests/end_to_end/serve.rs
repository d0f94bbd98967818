//! `xssh serve` as the forced command of a key, behind a real sshd. Beside the tree that the key has stands a canary that nobody may
//! read, write, change the mode of, or learn anything about.

mod append;
mod authorize;
mod escapes;
mod pulls;
mod pushes;
mod races;
mod relayed;
mod synced;
mod unconfined;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use xssh_tests::call::{Call, Outcome};
use xssh_tests::home::Home;
use xssh_tests::peer;
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;
use xssh_tests::world::HOST;

use crate::sync::text;

/// What stands in the canary.
const SECRET: &str = "the canary sings";

/// A key with a grant, and whoever has it.
struct Served {
    sshd: Sshd,
    home: Home,
    canary: (fs::Metadata, fs::Metadata),
}

impl Served {
    /// A key whose line has these options behind `--root`.
    fn with(options: &str) -> Self {
        let sshd = Sshd::plan().start();
        let home = Home::facing(HOST, &sshd);
        for name in ["root", "outside"] {
            fs::create_dir(sshd.folder().join(name)).expect("a folder");
        }
        let canary = sshd.folder().join("outside/canary");
        fs::write(&canary, SECRET).expect("the canary");
        fs::set_permissions(&canary, fs::Permissions::from_mode(0o640)).expect("the canary");
        let looked = |path: &Path| fs::symlink_metadata(path).expect("the canary");
        let canary = (looked(&canary), looked(&sshd.folder().join("outside")));
        let served = Self { sshd, home, canary };
        served.grant(options);
        served
    }

    /// Gives the key another grant.
    fn grant(&self, options: &str) {
        let (program, root) = (text(&Subject::get().path), text(&self.root()).to_owned());
        let log = self.sshd.folder().join("journal");
        let command = format!("{program} serve --root {root} --log {} --name alice {options}", text(&log));
        self.force(&command);
    }

    /// Gives the key a forced command.
    fn force(&self, command: &str) {
        let quoted = command.replace('"', "\\\"");
        self.sshd.authorize_only(&format!("restrict,command=\"{quoted}\" {}", self.home.key().public()));
    }

    /// The tree.
    fn root(&self) -> PathBuf {
        self.sshd.folder().join("root")
    }

    /// A path of the client's.
    fn here(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Stock rsync with OpenSSH.
    fn rsync(&self, args: &[&str]) -> Call {
        let shell = format!("{} -F {}", text(&peer::require("ssh")), text(&self.home.config()));
        self.home.call(peer::require("rsync")).args(["-e", &shell]).args(args)
    }

    /// `xssh sync`.
    fn sync(&self, args: &[&str]) -> Call {
        self.home.call(&Subject::get().path).arg("sync").arg("-F").arg(self.home.config()).args(args)
    }

    /// A command, as OpenSSH sends it.
    fn ask(&self, command: &str) -> Call {
        self.home.call(peer::require("ssh")).arg("-F").arg(self.home.config()).args(["--", HOST, command])
    }

    /// The lines of the log.
    fn journal(&self) -> Vec<Value> {
        let lines = fs::read_to_string(self.sshd.folder().join("journal")).unwrap_or_default();
        lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// The client was told in one line, and the log knows why.
    #[track_caller]
    fn assert_refused(&self, outcome: &Outcome, words: &str) {
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
    fn assert_unharmed(&self) {
        let outside = self.sshd.folder().join("outside");
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
    fn assert_unlearned(&self, outcome: &Outcome) {
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

/// A few files, directories and links.
fn plant(folder: &Path) {
    fs::create_dir_all(folder.join("sub/deep")).expect("a folder");
    fs::create_dir_all(folder.join("empty")).expect("a folder");
    for (name, content) in [("a", "1"), ("b c", "22"), ("sub/d", "333"), ("sub/deep/e", "4444"), (".hidden", "5")] {
        fs::write(folder.join(name), content).expect("a file");
    }
    std::os::unix::fs::symlink("a", folder.join("link")).expect("a link");
    fs::write(folder.join("large"), xssh_tests::noise::Noise { seed: 3, length: 700_000 }.bytes()).expect("a file");
}
