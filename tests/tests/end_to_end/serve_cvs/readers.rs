//! Keys that may only read.

use std::fs;

use super::Gated;
use crate::over_every_front;
use crate::served::Front;

over_every_front!(
    everything_that_reads_works,
    every_write_fails_with_one_line,
    an_edit_is_swallowed,
    raw_writes_change_nothing,
    anonymous_access,
);

const MAY_ONLY_READ: &str = "this key may only read";

/// A working copy with something to write in it, made on the host itself before the key has it.
fn with_changes<F: Front>(gated: &Gated<F>) {
    gated.check_out();
    fs::write(gated.here("copy/README"), "changed\n").expect("a file");
    fs::write(gated.here("copy/new"), "new\n").expect("a file");
    fs::create_dir(gated.here("copy/folder")).expect("a folder");
}

fn everything_that_reads_works<F: Front>() {
    let gated = Gated::<F>::with("--cvs-read-only --name guest");
    let _ = gated.locally("repository", &["-Q", "rtag", "one", "project"]);
    let before = gated.snapshot();
    gated.check_out();
    for args in [
        &["-q", "update", "-dP"][..],
        &["-q", "diff"],
        &["-q", "log"],
        &["-q", "status"],
        &["-q", "annotate", "README"],
        &["editors"],
        &["watchers"],
        &["history", "-a", "-x", "TMAR"],
        &["-q", "rlog", "project"],
        &["-q", "rdiff", "-s", "-r", "one", "project"],
        &["-q", "rannotate", "project"],
        &["ls"],
        &["version"],
        &["-z9", "-q", "update"],
        &["-R", "-q", "update"],
        &["-q", "update", "-r", "one"],
    ] {
        let _ = gated.done("copy", args);
    }
    let _ = gated.done(".", &["-Q", "export", "-r", "one", "-d", "exported", "project"]);
    let _ = gated.done(".", &["-Q", "checkout", "-d", "administration", "CVSROOT"]);
    let _ = gated.done(".", &["rls", "-R", "project"]);
    let _ = gated.done(".", &["-Q", "checkout", "-p", "project/README"]);
    assert_eq!(gated.snapshot(), before, "reading changed something");
}

fn every_write_fails_with_one_line<F: Front>() {
    let gated = Gated::<F>::with("--cvs-read-only --name guest");
    with_changes(&gated);
    let before = gated.snapshot();
    for (folder, args) in [
        ("copy", &["commit", "-m", "x"][..]),
        ("copy", &["add", "new"]),
        ("copy", &["add", "folder"]),
        ("copy", &["remove", "-f", "src/main.c"]),
        ("copy", &["tag", "x"]),
        (".", &["rtag", "x", "project"]),
        ("planted", &["import", "-m", "x", "another", "v", "r"]),
        ("copy", &["admin", "-kb", "README"]),
        ("copy", &["watch", "on"]),
        ("copy", &["watch", "off"]),
        ("copy", &["watch", "add"]),
        ("copy", &["watch", "remove"]),
    ] {
        let outcome = gated.cvs(folder, args).run();
        assert_ne!(outcome.code(), Some(0), "{outcome}");
        gated.assert_refused(&outcome, MAY_ONLY_READ);
    }
    // Release asks, and tells the server at its end.
    let outcome = gated.cvs(".", &["release", "copy"]).input("y\n").run();
    let _ = outcome.says(MAY_ONLY_READ);
    assert_eq!(gated.snapshot(), before);
}

/// A client that was told nothing would keep it and say it again with every later command.
fn an_edit_is_swallowed<F: Front>() {
    let gated = Gated::<F>::with("--cvs-read-only --name guest");
    gated.check_out();
    let before = gated.snapshot();
    let _ = gated.done("copy", &["edit", "README"]).says(MAY_ONLY_READ);
    assert!(!gated.here("copy/CVS/Notify").exists(), "the client keeps its edit");
    let _ = gated.done("copy", &["-q", "update"]).does_not_say(MAY_ONLY_READ);
    assert_eq!(gated.snapshot(), before);
}

/// Whatever the client sends, and however it is called, the server cannot write: each request by its name.
fn raw_writes_change_nothing<F: Front>() {
    let gated = Gated::<F>::with("--cvs-read-only --name guest");
    let before = gated.snapshot();
    let directory = format!("Directory .\n{}/project\n", gated.repository().display());
    let file = "Entry /README/1.1.1.1///\nModified README\nu=rw,g=r,o=r\n2\nx\n";
    for command in [
        "ci",
        "add",
        "remove",
        "tag",
        "rtag",
        "import",
        "admin",
        "watch-on",
        "watch-off",
        "watch-add",
        "watch-remove",
        "edit",
        "release",
    ] {
        let outcome = gated.say(&format!("{directory}{file}Argument -m\nArgument x\nArgument README\n{command}\n"));
        gated.assert_refused(&outcome, &format!("{MAY_ONLY_READ}: {command} is refused"));
    }
    let outcome = gated.say(&format!("{directory}Notify README\nE\tnow\there\t/w\tEUC\nnoop\n"));
    assert!(outcome.text().contains("Notified ./\n"), "{outcome}");
    assert_eq!(gated.snapshot(), before);
}

/// The recipe for everybody: a key that is no secret.
fn anonymous_access<F: Front>() {
    let gated = Gated::<F>::with_nothing();
    let public = gated.key("anonymous");
    gated.grant(&public, "--cvs-read-only --name anonymous --cvs-hooks refuse");
    let before = gated.snapshot();
    let _ = gated.cvs_with(&public, ".", &["-Q", "checkout", "-d", "copy", "project"]).run().ok();
    let _ = gated.cvs_with(&public, "copy", &["-q", "update"]).run().ok();
    fs::write(gated.here("copy/README"), "changed\n").expect("a file");
    let outcome = gated.cvs_with(&public, "copy", &["commit", "-m", "x"]).run();
    gated.assert_refused(&outcome, MAY_ONLY_READ);
    for command in ["id", "cvs pserver", "cvs -d/ server", "/bin/sh", "rsync --server . x"] {
        let outcome =
            gated.home.call(gated.shell(&public)).args(["-l", &gated.user, super::HOST, command]).run().ends(1);
        let _ = outcome.says("refused: ");
    }
    assert_eq!(gated.snapshot(), before);
}
