//! What a tree must not hold: files that say what keys may do, and secrets. The administrator is told before anybody comes.

use std::fs;
use std::path::Path;

use xssh_tests::own_server::OwnServer;
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;

use crate::over_both_servers;
use crate::served::{Front, Served};
use crate::sync::text;

over_both_servers!(a_table_in_the_tree_that_it_grants, a_log_in_the_tree, a_program_in_the_tree);

/// The client is told in one line without a path of the host, by both protocols; the log has the path.
#[track_caller]
fn assert_told<F: Front>(served: &Served<F>, journal: &Path, words: &str, held: &Path) {
    let here = served.here("here");
    fs::write(&here, "[alice]\nroot = '/etc'\n").expect("a file");
    for call in [served.rsync(&["-a", text(&here), "target:new"]), served.sync(&[text(&here), "target:new"])] {
        let outcome = call.run();
        assert_ne!(outcome.code(), Some(0), "{outcome}");
        assert_eq!(outcome.errors().matches(words).count(), 1, "{outcome}");
        assert!(!outcome.errors().contains(text(held)), "{outcome}");
        let lines = fs::read_to_string(journal).expect("the log");
        let last = lines.lines().last().expect("a line in the log");
        assert!(last.contains("\"refused\"") && last.contains(words) && last.contains(text(held)), "{last}");
    }
    assert!(!served.root().join("new").exists());
}

fn a_table_in_the_tree_that_it_grants<F: Front>() {
    let served = Served::<F>::with("");
    let (root, file) = (served.root(), served.root().join("c/g.toml"));
    fs::create_dir(root.join("c")).expect("a folder");
    let (program, journal) = (served.server.program(), served.folder().join("journal"));
    let line = format!("{} serve --config {} --name alice --log {}", text(&program), text(&file), text(&journal));
    served.force(&line);
    let grant = |more: &str| fs::write(&file, format!("[alice]\nroot = '{}'\n{more}", text(&root))).expect("a table");
    grant("");
    assert_told(&served, &journal, "holds a file that says what keys may do", &file);
    let explain = || {
        let call = served.home.call(&program).args(["serve", "--config", text(&file), "--name", "alice", "--explain"]);
        call.arg("rsync --server . x").run()
    };
    assert!(explain().ends(1).text().contains("refused: the tree holds a file that says what keys may do"));
    // Where nothing can be written, nothing can be given.
    grant("read-only = true\n");
    let _ = served.rsync(&["-a", "target:c", text(&served.here("back"))]).run().ok();
    assert!(!explain().text().contains("says what keys may do"));
}

fn a_log_in_the_tree<F: Front>() {
    let served = Served::<F>::with("");
    let (program, root, log) = (served.server.program(), served.root(), served.root().join("log"));
    let serve = format!("{} serve --root {} --log {}", text(&program), text(&root), text(&log));
    served.force(&serve);
    assert_told(&served, &log, "the tree holds the log of sessions", &log);
    served.force(&format!("{serve} --read-only"));
    let _ = served.rsync(&["-a", "target:log", text(&served.here("back"))]).run().ok();
}

fn a_program_in_the_tree<F: Front>() {
    let served = Served::<F>::with("");
    let program = Subject::get().path.canonicalize().expect("the program");
    let (root, journal) = (program.parent().expect("its folder"), served.folder().join("journal"));
    served.force(&format!("{} serve --root {} --log {}", text(&program), text(root), text(&journal)));
    assert_told(&served, &journal, "the tree holds the program that serves it", &program);
}

#[test]
fn secrets_of_the_account_are_nobody_elses_to_read() {
    let served = Served::<Sshd>::with("");
    let root = served.server.home().join(".local");
    fs::create_dir_all(root.join("state/xssh")).expect("a folder");
    fs::write(root.join("state/xssh/cvs-secret"), "secret").expect("a secret");
    let (program, journal) = (served.server.program(), served.folder().join("journal"));
    for place in [&root, &root.join("state/xssh")] {
        served.force(&format!("{} serve --root {} --read-only --log {}", text(&program), text(place), text(&journal)));
        let outcome = served.rsync(&["-a", "target:/", text(&served.here("back"))]).run();
        served.assert_refused(&outcome, "the directory of xssh's own secrets");
    }
}

#[test]
fn a_check_says_what_the_tree_of_one_key_says_of_another() {
    let served = Served::<Sshd>::with("");
    let (program, root, keys) = (text(&Subject::get().path), text(&served.root()).to_owned(), served.here("keys"));
    fs::write(served.root().join("g.toml"), "[bob]\nroot = '/srv'\nread-only = true\n").expect("a table");
    let other = xssh_tests::key::Key::new(served.here("other"), "ed25519").public();
    let lines = [
        format!("restrict,command=\"{program} serve --root {root}\" {}", served.home.key().public()),
        format!("restrict,command=\"{program} serve --config {root}/g.toml --name bob\" {other}"),
    ];
    fs::write(&keys, lines.join("\n")).expect("keys");
    let check = || served.home.call(program).args(["authorize", "--check", text(&keys)]).run();
    let told = check().ends(1).text();
    let words = format!("keys:1:   WRONG: the tree holds a file that says what keys may do ({root}/g.toml; ");
    assert!(told.contains(&words) && !told.contains("keys:2:   "), "{told}");
    // The file itself is such a one.
    fs::write(served.root().join("keys"), &lines[0]).expect("keys");
    let within = format!("{root}/keys");
    let told = served.home.call(program).args(["authorize", "--check", &within]).run().ends(1).text();
    assert!(
        told.contains(&format!("keys:1:   WRONG: the tree holds a file that says what keys may do ({within}; ")),
        "{told}"
    );
    let key = format!("{}.pub", text(&served.here("other")));
    let install = ["authorize", "--root", &root, "--file", &within, "--install", &key];
    let _ = served.home.call(program).args(install).run().ends(1).says("says what keys may do");
    assert_eq!(fs::read_to_string(served.root().join("keys")).expect("keys"), lines[0]);
}

/// A server knows its own files, and does not begin; a line that gives them away is told, and its sessions are refused.
#[test]
fn the_keys_of_a_server_are_in_no_tree_of_its() {
    let served = Served::<OwnServer>::with("");
    let (program, root) = (Subject::get().path.clone(), served.root());
    fs::create_dir(root.join("etc")).expect("a folder");
    let (keys, host_key) = (root.join("etc/keys"), root.join("etc/host_key"));
    let line = served.home.key().public();
    fs::write(&keys, format!("{line}\n")).expect("keys");
    fs::write(served.here("keys"), format!("{line}\n")).expect("keys");
    let listen = |keys: &Path, host_key: &Path, options: &[&str]| {
        let call = served.home.call(&program).args(["serve", "--listen", "127.0.0.1:0", "--authorized-keys"]);
        call.arg(keys).arg("--host-key").arg(host_key).args(["--root", text(&root)]).args(options).run()
    };
    let _ = listen(&keys, &served.here("host_key"), &[]).ends(1).says("holds a file that says what keys may do");
    for options in [&[][..], &["--read-only"]] {
        let _ = listen(&served.here("keys"), &host_key, options).ends(1).says("the tree holds the server's host key");
    }
    let (folder, journal) = (served.folder(), served.folder().join("journal"));
    for (options, words) in
        [("", "holds a file that says what keys may do"), ("--read-only", "the tree holds the server's host key")]
    {
        served.force(&format!("{} serve --root {} --log {} {options}", text(&program), text(folder), text(&journal)));
        let told = "authorized_keys, line 1: the tree holds ";
        served.server.await_log(told);
        let outcome = served.rsync(&["-a", "target:host_key", text(&served.here("back"))]).run();
        served.assert_refused(&outcome, words);
        assert!(!served.here("back").exists());
    }
}
