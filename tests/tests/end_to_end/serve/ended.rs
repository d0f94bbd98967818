//! A session that somebody ends on the server: what it has started ends with it, nothing of it stays, and the log says what ended it.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use xssh_tests::call::{Outcome, Running};
use xssh_tests::noise::Noise;
use xssh_tests::peer;
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;

use super::Served;
use crate::sync::{text, wait_until};

/// Those that end a session, and what the log says of them.
const ENDING: [(Signal, &str); 3] = [(Signal::TERM, "SIGTERM"), (Signal::HUP, "SIGHUP"), (Signal::INT, "SIGINT")];

/// Whether a process is there that has not ended, and its parent.
fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    fields.next()?.parse().ok().filter(|_| !matches!(state, "Z" | "X"))
}

fn processes() -> impl Iterator<Item = i32> {
    let all = fs::read_dir("/proc").expect("/proc").flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The session that serves this directory.
fn session(root: &Path) -> Option<i32> {
    processes().find(|pid| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = words.split(|byte| *byte == 0).collect();
        words.get(1) == Some(&&b"serve"[..]) && words.contains(&text(root).as_bytes())
    })
}

fn children(pid: i32) -> Vec<i32> {
    processes().filter(|child| parent(*child) == Some(pid)).collect()
}

fn send(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).expect("a number"), signal).expect("a session");
}

/// A key, and a place for what its sessions make for a while.
struct Ended {
    served: Served,
    temporary: PathBuf,
}

impl Ended {
    fn with(options: &str, before: &str) -> Self {
        let ended = Self::new();
        let root = text(&ended.served.root()).to_owned();
        ended.force(before, &format!("--root {root} {options}"));
        ended
    }

    fn new() -> Self {
        let served = Served::with("");
        let temporary = served.folder().join("temporary");
        fs::create_dir(&temporary).expect("a folder");
        Self { served, temporary }
    }

    fn force(&self, before: &str, options: &str) {
        let (program, folder) = (text(&Subject::get().path), text(self.served.folder()));
        self.served.force(&format!(
            "{before} env TMPDIR={} {program} serve {options} --log {folder}/journal --name alice",
            text(&self.temporary)
        ));
    }

    /// A push that takes far longer than a test, once a file of it is on its way.
    fn push(&self) -> Running {
        let here = self.served.here("here");
        if !here.exists() {
            fs::create_dir(&here).expect("a folder");
            fs::write(here.join("large"), Noise { seed: 9, length: 4_000_000 }.bytes()).expect("a file");
        }
        let running = self.served.rsync(&["-a", "--bwlimit=40", &format!("{}/", text(&here)), "target:"]).start();
        wait_until(|| has_bytes(&self.served.root()));
        running
    }

    /// Sends a signal to a session, and waits until nothing of it runs.
    fn end(&self, root: &Path, signal: Signal) {
        let pid = session(root).expect("a session");
        let programs = children(pid);
        send(pid, signal);
        wait_until(|| parent(pid).is_none() && programs.iter().all(|child| parent(*child).is_none()));
    }

    #[track_caller]
    fn assert_logged(&self, count: usize, kind: &str, why: &str) -> Value {
        let journal = self.served.journal();
        assert_eq!(journal.len(), count, "{journal:?}");
        let last = journal.last().expect("a line").clone();
        assert_eq!((&last["verdict"], &last["kind"]), (&"failed".into(), &kind.into()), "{last}");
        assert_eq!(last["reason"], format!("the session was ended by {why}"), "{last}");
        last
    }

    #[track_caller]
    fn assert_cleared(&self) {
        assert_eq!(fs::read_dir(&self.temporary).expect("a folder").count(), 0);
    }
}

/// Whether a file somewhere below has any.
fn has_bytes(folder: &Path) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| match entry.metadata() {
        Ok(stat) if stat.is_dir() => has_bytes(&entry.path()),
        stat => stat.is_ok_and(|stat| stat.len() > 0),
    })
}

fn failed(running: Running) -> Outcome {
    let outcome = running.finish();
    assert_ne!(outcome.code(), Some(0), "{outcome}");
    outcome
}

#[test]
fn a_push_by_rsync_ends_with_its_session() {
    let ended = Ended::with("", "");
    for (count, (signal, name)) in ENDING.into_iter().enumerate() {
        let running = ended.push();
        ended.end(&ended.served.root(), signal);
        let _ = failed(running);
        let line = ended.assert_logged(count + 1, "rsync", name);
        assert!(line["ran"].as_str().is_some_and(|ran| ran.contains("rsync")), "{line}");
        ended.assert_cleared();
        assert_eq!(fs::read_dir(ended.served.root()).expect("a folder").count(), 0);
    }
}

/// Nobody is asked before, so nothing is to be there that would have to be cleared away.
#[test]
fn a_session_that_is_killed_leaves_nothing_outside_its_tree() {
    let ended = Ended::with("", "");
    let killed = |running: Running| {
        // Not only when it ends.
        wait_until(|| fs::read_dir(&ended.temporary).expect("a folder").count() == 0);
        let pid = session(&ended.served.root()).expect("a session");
        let programs = children(pid);
        for pid in std::iter::once(pid).chain(programs) {
            // What it has started may have ended with it.
            let _ = kill_process(Pid::from_raw(pid).expect("a number"), Signal::KILL);
            wait_until(|| parent(pid).is_none());
        }
        let _ = failed(running);
        ended.assert_cleared();
    };
    killed(ended.push());
    fs::copy(ended.served.here("here/large"), ended.served.root().join("large")).expect("a file");
    let back = ended.served.here("back");
    let running = ended.served.rsync(&["-a", "--bwlimit=40", "target:", text(&back)]).start();
    wait_until(|| has_bytes(&back));
    killed(running);
}

/// What it has staged apart goes with it too.
#[test]
fn a_push_into_a_tree_that_only_grows_leaves_nothing() {
    let ended = Ended::with("--append-only", "");
    let running = ended.push();
    ended.end(&ended.served.root(), Signal::TERM);
    let _ = failed(running);
    let _ = ended.assert_logged(1, "rsync", "SIGTERM");
    ended.assert_cleared();
    assert_eq!(fs::read_dir(ended.served.root()).expect("a folder").count(), 0);
}

#[test]
fn a_signal_that_is_ignored_ends_nothing() {
    let ended = Ended::with("", "trap '' HUP; exec");
    let running = ended.push();
    let pid = session(&ended.served.root()).expect("a session");
    send(pid, Signal::HUP);
    send(pid, Signal::HUP);
    send(pid, Signal::TERM);
    wait_until(|| parent(pid).is_none());
    let _ = failed(running);
    let _ = ended.assert_logged(1, "rsync", "SIGTERM");
}

#[test]
fn a_sync_is_logged_by_whatever_it_is_ended() {
    let ended = Ended::with("", "");
    let here = ended.served.here("here");
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("large"), Noise { seed: 9, length: 4_000_000 }.bytes()).expect("a file");
    for (count, (signal, name)) in ENDING.into_iter().enumerate() {
        let running = ended.served.sync(&["--bwlimit=40", "--connections=1", text(&here), "target:there"]).start();
        wait_until(|| session(&ended.served.root()).is_some() && ended.served.root().join("there").exists());
        ended.end(&ended.served.root(), signal);
        let _ = failed(running);
        let line = ended.assert_logged(count + 1, "sync", name);
        assert_eq!(line["command"], "xssh serve --sync", "{line}");
        fs::remove_dir_all(ended.served.root().join("there")).expect("a folder");
    }
}

/// A server that is asked to end clears its locks away itself.
#[test]
fn a_cvs_server_ends_with_its_session() {
    let ended = Ended::new();
    let repository = ended.served.folder().join("repository");
    let _ = ended.served.home.call(peer::require("cvs")).args(["-d", text(&repository), "init"]).run().ok();
    ended.force("", &format!("--cvs-root {}", text(&repository)));
    for (count, (signal, name)) in ENDING.into_iter().enumerate() {
        let said = format!(
            "Root {}\nValid-responses ok error Valid-requests Checked-in Updated Created Update-existing Merged Removed \
             Notified M E\nUseUnchanged\nvalid-requests\n",
            text(&repository)
        );
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        std::io::Write::write_all(&mut writer, said.as_bytes()).expect("a pipe");
        let running = ended.served.ask("cvs server").stdin(reader).start();
        wait_until(|| session(&repository).is_some_and(|pid| !children(pid).is_empty()));
        assert_eq!(fs::read_dir(&ended.temporary).expect("a folder").count(), 1);
        ended.end(&repository, signal);
        let _ = failed(running);
        drop(writer);
        let _ = ended.assert_logged(count + 1, "cvs", name);
        ended.assert_cleared();
    }
}

/// The way on ends at once; what runs on the inner host is told by its own server.
#[test]
fn a_relay_ends_with_its_session() {
    let ended = Ended::new();
    let inner = Sshd::plan().start();
    let key = xssh_tests::key::Key::new(ended.served.folder().join("relay_key"), "ed25519");
    inner.authorize(&key.public());
    let folder = text(ended.served.folder());
    fs::write(format!("{folder}/known"), inner.known_as(&format!("[127.0.0.1]:{}", inner.port()))).expect("a file");
    let config = format!("IdentityFile {folder}/relay_key\nIdentityAgent none\nUserKnownHostsFile {folder}/known\n");
    fs::write(format!("{folder}/config"), config).expect("a configuration");
    let to = format!("root@127.0.0.1:{}", inner.port());
    ended.force("", &format!("--relay {to} --relay-config {folder}/config"));
    let run = |command: &str, what: &str| {
        let log = ended.served.here("said");
        let running = ended.served.ask(command).stdout(fs::File::create(&log).expect("a file")).start();
        wait_until(|| fs::read_to_string(&log).expect("a file").contains(what));
        ended.end(Path::new(&to), Signal::TERM);
        failed(running)
    };
    let _ = run("echo there; sleep 1000", "there");
    let last = ended.served.journal().pop().expect("a line");
    assert_eq!(
        (&last["verdict"], &last["reason"]),
        (&"failed".into(), &"the session was ended by SIGTERM".into()),
        "{last}"
    );
    // A client that speaks with the inner host itself has not said a word.
    ended.force("", &format!("--relay {to} --relay-through"));
    let _ = run("x", "SSH-2.0-");
    let _ = ended.assert_logged(2, "other", "SIGTERM");
}
