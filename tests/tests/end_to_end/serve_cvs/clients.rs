//! Other clients, other roots, locks elsewhere.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use xssh_tests::key::Key;
use xssh_tests::peer;
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;
use xssh_tests::wait::until;

use super::{Gated, HOST};
use crate::sync::text;

#[test]
fn several_roots_for_one_key() {
    let gated = Gated::<Sshd>::with_nothing();
    let other = gated.server.folder().join("other");
    gated.grant(gated.home.key(), &format!("--cvs-root {} --name alice", other.display()));
    gated.check_out();
    let root = format!(":ext:{}@{HOST}:{}", gated.user, other.display());
    let _ = gated.done(".", &["-d", &root, "-Q", "checkout", "-d", "second", "project"]);
    for copy in ["copy", "second"] {
        fs::write(gated.here(copy).join("README"), copy).expect("a file");
        let _ = gated.done(copy, &["-Q", "commit", "-m", "x"]);
    }
    let log = gated.locally("other", &["-q", "rlog", "project/README"]).text();
    assert!(log.contains("author: alice;"), "{log}");
    for root in [gated.server.folder().join("third"), PathBuf::from("/etc")] {
        let root = format!(":ext:{}@{HOST}:{}", gated.user, root.display());
        let outcome = gated.cvs(".", &["-d", &root, "checkout", "project"]).run();
        gated.assert_refused(&outcome, "this key does not reach the repository");
    }
}

#[test]
fn a_root_that_is_not_there() {
    let gated = Gated::<Sshd>::with("");
    fs::remove_dir_all(gated.repository()).expect("a repository");
    let outcome = gated.cvs(".", &["checkout", "project"]).run();
    gated.assert_refused(&outcome, "cannot be used: No such file or directory");
}

#[test]
fn locks_outside_the_root() {
    let gated = Gated::<Sshd>::with("--name alice");
    let locks = gated.server.folder().join("locks");
    gated.administer("config", &format!("LockDir={}\n", locks.display()));
    let outcome = gated.cvs(".", &["checkout", "project"]).run();
    gated.assert_refused(&outcome, "in CVSROOT/config is not there");
    fs::create_dir(&locks).expect("a folder");
    gated.check_out();
    fs::write(gated.here("copy/README"), "changed\n").expect("a file");
    let _ = gated.done("copy", &["-Q", "commit", "-m", "x"]);
    assert!(locks.join("project").is_dir(), "the locks were not where they should be");
    // By a way that begins in the repository.
    fs::remove_dir_all(locks.join("project")).expect("the locks");
    gated.administer("config", &format!("LockDir={}/../locks\n", gated.repository().display()));
    let _ = gated.done("copy", &["-Q", "tag", "dotted"]);
    assert!(locks.join("project").is_dir(), "the locks were not where they should be");
    // An account's own directory is none for locks.
    for place in ["/", "/root/.ssh"] {
        gated.administer("config", &format!("LockDir={place}\n"));
        let outcome = gated.cvs("copy", &["-Q", "tag", "x"]).run();
        gated.assert_refused(&outcome, "in CVSROOT/config");
    }
}

/// cvs would make a directory where nothing is open to it.
#[test]
fn temporary_files_elsewhere() {
    let gated = Gated::<Sshd>::with("--name alice");
    gated.administer("config", "TmpDir=/var/tmp\n");
    gated.check_out();
    fs::write(gated.here("copy/README"), "changed\n").expect("a file");
    let _ = gated.done("copy", &["-Q", "commit", "-m", "x"]);
}

/// Groups that share a repository say so in the line; a client does not.
#[test]
fn modes_of_what_is_made() {
    let gated = Gated::<Sshd>::with_nothing();
    let (program, root) = (text(&Subject::get().path).to_owned(), gated.repository());
    gated.force(
        gated.home.key(),
        &format!("env CVSUMASK=002 {program} serve --cvs-root {} --name alice", root.display()),
    );
    let _ = gated.done("planted", &["-Q", "import", "-m", "x", "shared", "v", "r"]);
    let mode = fs::metadata(root.join("shared")).expect("a folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o775);
}

/// Who could write the keys of the account could give himself a shell.
#[test]
fn a_root_that_holds_the_accounts_home() {
    let gated = Gated::<Sshd>::with_nothing();
    let (program, home) = (text(&Subject::get().path).to_owned(), xssh_tests::account::own().dir);
    gated.force(gated.home.key(), &format!("{program} serve --cvs-root {}", home.display()));
    let outcome = gated.say_bare(&format!("Root {}\nnoop\n", home.display()));
    gated.assert_refused(&outcome, "holds the account's own home directory");
}

/// OpenSSH, xssh, and PuTTY's plink.
#[test]
fn remote_shells() {
    let gated = Gated::<Sshd>::with("--name alice");
    gated.check_out();
    let shell = gated.home.remote_shell();
    let _ = gated.cvs("copy", &["-q", "update"]).env("CVS_RSH", shell).run().ok();

    let key = Key::new(gated.here("plain"), "ed25519");
    gated.grant(&key, "--name bob");
    let private = gated.here("plain.ppk");
    let _ = gated.home.call(peer::require("puttygen")).args([text(&key.path), "-o", text(&private)]).run().ok();
    let host = gated.server.host_keys().first().expect("a host key").fingerprint();
    let plink = format!("exec {} -batch -P {} -i", text(&peer::require("plink")), gated.server.port());
    // It takes no `--`. To it the host is an address, so that it needs no configuration of its own.
    let body = format!(
        "user=$2; shift $(($# - 1)); {plink} {} -hostkey {host} -l \"$user\" 127.0.0.1 \"$1\"",
        private.display()
    );
    let shell = gated.home.script("plink", &body);
    let plinked = |folder: &str, args: &[&str]| gated.cvs(folder, args).env("CVS_RSH", &shell).run().ok();
    let _ = plinked(".", &["-Q", "checkout", "-d", "plinked", "project"]);
    fs::write(gated.here("plinked/README"), "changed\n".repeat(100_000)).expect("a file");
    let _ = plinked("plinked", &["-Q", "commit", "-m", "x"]);
    let log = plinked("plinked", &["-q", "log", "README"]).text();
    assert!(log.contains("author: bob;"), "{log}");
}

/// What clients may be told to call cvs, and what they may not.
#[test]
fn names_of_the_server() {
    let gated = Gated::<Sshd>::with("--name alice");
    for server in ["cvs", "/usr/local/bin/cvs", "cvs -f"] {
        let call = gated.cvs(".", &["-Q", "checkout", "-p", "project/README"]);
        let outcome = call.env("CVS_SERVER", server).run();
        assert!(outcome.text().contains("first line"), "{server}: {outcome}");
    }
    let outcome = gated.cvs(".", &["-R", "-Q", "checkout", "-p", "project/README"]).run().ok();
    assert!(outcome.text().contains("first line"), "{outcome}");
    for server in ["sh -c id; cvs", "cvs -d/ ", "cvs --allow-root=/", "nice cvs"] {
        let outcome = gated.cvs(".", &["checkout", "project"]).env("CVS_SERVER", server).run();
        assert_ne!(outcome.code(), Some(0), "{outcome}");
        let _ = outcome.says("xssh: refused: ");
    }
}

#[test]
fn what_would_be_served_is_explained() {
    let root = "/srv/cvs";
    let explain = |options: &[&str], command: &str| {
        let call = xssh_tests::call::Call::new(&Subject::get().path).args(["serve", "--cvs-root", root]).args(options);
        call.args(["--explain", command]).run()
    };
    let told = explain(&["--cvs-read-only"], "cvs server").ok().text();
    assert!(told.contains("served: it reaches /srv/cvs by cvs: it may read; programs of the repository run"), "{told}");
    let told = explain(&["--cvs-admin", "--cvs-hooks=refuse"], "cvs -R server").ok().text();
    assert!(told.contains("change everything; programs of the repository are refused"), "{told}");
    assert!(
        explain(&[], "rsync --server . x")
            .ends(1)
            .text()
            .contains("refused: rsync is not granted to this key; it serves cvs")
    );
    for options in [&["--read-only"][..], &["--append-only"], &["--cvs-read-only", "--cvs-admin"]] {
        let outcome = explain(options, "cvs server");
        assert_ne!(outcome.code(), Some(0), "{outcome}");
    }
    let outcome = explain(&["--read-only"], "cvs server");
    let _ = outcome.says("were not provided: --root");
}

/// What is wrong with a line is told before anybody uses it.
#[test]
fn lines_for_repositories_are_judged() {
    let gated = Gated::<Sshd>::with_nothing();
    let key = gated.key("alice");
    let public = format!("{}.pub", text(&key.path));
    let root = gated.repository();
    let authorize = |args: &[&str]| gated.home.call(&Subject::get().path).arg("authorize").args(args).run();
    let line = authorize(&["--cvs-root", text(&root), "--cvs-read-only", "--name", "alice", &public]).ok().text();
    assert!(
        line.contains("serve --cvs-root ") && line.contains(" --cvs-read-only --name alice\" ssh-ed25519 "),
        "{line}"
    );
    let file = gated.here("lines");
    let judged = |lines: &str| {
        fs::write(&file, lines).expect("a file");
        authorize(&["--check", text(&file)]).text()
    };
    let told = judged(&line);
    assert!(
        told.contains("serves ") && told.contains("by cvs: it may read;") && !told.contains("no repository"),
        "{told}"
    );
    let told = judged(&line.replace("/repository", "/home"));
    assert!(told.contains("WRONG: ") && told.contains("has no CVSROOT"), "{told}");
    let told = judged(&line.replace("--cvs-read-only --name alice", "--name alice@home"));
    assert!(told.contains("WRONG: alice@home cannot be an author"), "{told}");
}

/// Nothing of a session is left behind: no temporary directory, no lock, no process.
#[test]
fn nothing_is_left() {
    let gated = Gated::on(Sshd::plan().with("SetEnv HOME=%d/home TMPDIR=%d/home").start());
    gated.grant(gated.home.key(), "--name alice");
    gated.check_out();
    let before = gated.snapshot();
    let _ = gated.say("init /x\n");
    let _ = gated.say("Directory .\nproject\nModified x\nu=rw\n1000\nhalf a file");
    // A client that is killed while the server works for it.
    let key = gated.home.key();
    let call = gated.home.call(gated.shell(key)).args(["-l", &gated.user, "--", HOST, "cvs server"]);
    let mut running = call.start();
    let words = format!("Root {}\nDirectory .\nproject\nversion\n", gated.repository().display());
    running.stdin.as_mut().expect("its input").write_all(words.as_bytes()).expect("its input");
    let mut answer = [0; 6];
    running.stdout.as_mut().expect("its output").read_exact(&mut answer).expect("an answer");
    assert_eq!(count(&gated.server.home()), 1, "its directory is elsewhere");
    drop(running);
    let late = Instant::now() + Duration::from_secs(60);
    while count(&gated.server.home()) > 0 || !gated.server.serving().is_empty() {
        assert!(Instant::now() < late, "something of a session is left");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(gated.snapshot(), before, "a lock is left, or half a file");
}

/// One client asks for much and reads nothing, one says a byte now and then, one is quiet; others do not notice.
#[test]
fn clients_that_hold_everything_up() {
    let gated = Gated::<Sshd>::with("--name alice");
    gated.check_out();
    let noise = xssh_tests::noise::Noise { seed: 8, length: 40_000_000 };
    xssh_tests::tree::plant_file(&gated.here("copy/large"), noise);
    let _ = gated.done("copy", &["-Q", "add", "-kb", "large"]);
    let _ = gated.done("copy", &["-Q", "commit", "-m", "x"]);
    let start =
        || gated.home.call(gated.shell(gated.home.key())).args(["-l", &gated.user, "--", HOST, "cvs server"]).start();
    let responses =
        "Valid-responses ok error Valid-requests Checked-in Updated Created Update-existing Merged Removed M E";
    let wants = format!("Root {}\n{responses}\nArgument project\nco\n", gated.repository().display());
    let mut deaf = start();
    deaf.stdin.as_mut().expect("its input").write_all(wants.as_bytes()).expect("its input");
    let mut slow = start();
    let (mut letters, quiet) = (wants.bytes(), start());
    for _ in 0..20 {
        let letter = letters.next().expect("a letter");
        slow.stdin.as_mut().expect("its input").write_all(&[letter]).expect("its input");
        thread::sleep(Duration::from_millis(20));
    }
    let _ = gated.done("copy", &["-Q", "update"]);
    // All three are there by then, or a little later.
    let ours = || -> Vec<u64> { gated.server.serving().into_iter().filter_map(resident).collect() };
    until("three are served", || ours().len() == 3);
    let ours = ours();
    assert!(ours.iter().all(|kilobytes| *kilobytes < 40_000), "kilobytes of memory: {ours:?}");
    drop((deaf, slow, quiet));
}

/// A quiet client, before its root and behind it, and one that reads nothing.
#[test]
fn quiet_clients_are_ended() {
    let gated = Gated::on(Sshd::plan().with("SetEnv HOME=%d/home TMPDIR=%d/home").start());
    gated.grant(gated.home.key(), "--name alice --idle-timeout 2");
    // What is planted may take as long as it takes.
    let other = gated.key("other");
    gated.grant(&other, "--name alice");
    let noise = xssh_tests::noise::Noise { seed: 9, length: 30_000_000 };
    let done = |folder: &str, args: &[&str]| gated.cvs_with(&other, folder, args).run().ok();
    let _ = done(".", &["-Q", "checkout", "-d", "copy", "project"]);
    xssh_tests::tree::plant_file(&gated.here("copy/large"), noise);
    let _ = done("copy", &["-Q", "add", "-kb", "large"]);
    let _ = done("copy", &["-Q", "commit", "-m", "x"]);
    let root = format!("Root {}\n", gated.repository().display());
    let responses =
        "Valid-responses ok error Valid-requests Checked-in Updated Created Update-existing Merged Removed M E";
    for words in ["", "Root", &root, &format!("{root}{responses}\nArgument project\nco\n")] {
        let before = gated.journal().len();
        let call = gated.home.call(gated.shell(gated.home.key())).args(["-l", &gated.user, "--", HOST, "cvs server"]);
        let mut client = call.start();
        client.stdin.as_mut().expect("its input").write_all(words.as_bytes()).expect("its input");
        let late = Instant::now() + Duration::from_secs(60);
        while gated.journal().len() == before {
            assert!(Instant::now() < late, "{words:?} goes on");
            thread::sleep(Duration::from_millis(50));
        }
        let last = gated.journal().pop().expect("a line in the log");
        assert_eq!(
            (&last["verdict"], &last["reason"]),
            (&"failed".into(), &"nothing passed for 2 seconds".into()),
            "{last}"
        );
        while count(&gated.server.home()) > 0 {
            assert!(Instant::now() < late, "its directory is left");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The memory of a process that is one of ours.
fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let is_ours = value("Name:") == Some("xssh");
    is_ours.then(|| value("VmRSS:")?.strip_suffix(" kB")?.parse().ok())?
}

/// Directories for temporary files.
fn count(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    entries.filter(|name| name.to_string_lossy().starts_with("xssh-cvs-")).count()
}
