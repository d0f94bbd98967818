//! What people do with cvs all day.

use std::fs;

use super::Gated;
use crate::over_both_servers;
use crate::served::Front;

over_both_servers!(
    a_working_day,
    tags_history_and_exports,
    watches_and_edits,
    compression_is_declined,
    paths_above_the_working_directory,
    binary_contents_pass_as_they_are,
);

fn a_working_day<F: Front>() {
    let gated = Gated::<F>::with("--name alice");
    fs::create_dir_all(gated.here("new/sub")).expect("a folder");
    fs::write(gated.here("new/sub/file"), "imported\n").expect("a file");
    let _ = gated.done("new", &["-Q", "import", "-m", "import", "imported", "vendor", "start"]);
    let _ = gated.done(".", &["-Q", "checkout", "imported"]);
    assert_eq!(fs::read_to_string(gated.here("imported/sub/file")).expect("a file"), "imported\n");

    gated.check_out();
    let _ = gated.done(".", &["-Q", "checkout", "-d", "second", "project"]);
    fs::write(gated.here("copy/README"), "first line\nsecond line\n").expect("a file");
    fs::write(gated.here("copy/new file"), "new\n".repeat(50_000)).expect("a file");
    fs::create_dir(gated.here("copy/folder")).expect("a folder");
    fs::write(gated.here("copy/folder/more"), "more\n").expect("a file");
    let _ = gated.done("copy", &["-Q", "add", "new file", "folder"]);
    let _ = gated.done("copy", &["-Q", "add", "-kb", "-m", "words/../CVSROOT", "folder/more"]);
    let _ = gated.done("copy", &["-Q", "remove", "-f", "src/main.c"]);
    let difference = gated.cvs("copy", &["-Q", "diff", "-u", "README"]).run().ends(1).text();
    assert!(difference.contains("\n+second line\n"), "{difference}");
    let _ = gated.done("copy", &["-Q", "commit", "-m", "a change\n\nof several lines, see ../CVSROOT/loginfo"]);
    let updated = gated.done("second", &["-q", "update", "-dP"]).text();
    assert!(updated.contains("README") && updated.contains("new file") && updated.contains("folder/more"), "{updated}");
    assert_eq!(fs::read(gated.here("second/new file")).expect("a file").len(), 200_000);
    assert!(!gated.here("second/src/main.c").exists());
    let log = gated.done("second", &["-q", "log", "README"]).text();
    assert!(log.contains("of several lines") && log.contains("author: alice"), "{log}");
    let last = gated.journal().pop().expect("a line in the log");
    for (field, value) in [("verdict", "served"), ("name", "alice"), ("kind", "cvs"), ("landlock", "whole")] {
        assert_eq!(last[field], value, "{last}");
    }
    assert!(last["ran"].as_str().is_some_and(|words| words.contains("--allow-root=/")), "{last}");
    let annotated = gated.done("second", &["-q", "annotate", "README"]);
    assert!(annotated.text().contains("(alice"), "{annotated}");
}

fn tags_history_and_exports<F: Front>() {
    let gated = Gated::<F>::with("--name alice");
    gated.check_out();
    let _ = gated.done("copy", &["-Q", "tag", "one"]);
    let _ = gated.done(".", &["-Q", "rtag", "-b", "branch", "project"]);
    let _ = gated.done("copy", &["-Q", "update", "-r", "branch"]);
    fs::write(gated.here("copy/README"), "on a branch\n").expect("a file");
    let _ = gated.done("copy", &["-Q", "commit", "-m", "x"]);
    let _ = gated.done("copy", &["-Q", "update", "-A"]);
    assert_eq!(fs::read_to_string(gated.here("copy/README")).expect("a file"), "first line\n");
    let _ = gated.done("copy", &["-Q", "update", "-j", "branch"]);
    assert_eq!(fs::read_to_string(gated.here("copy/README")).expect("a file"), "on a branch\n");
    let _ = gated.done(".", &["-Q", "export", "-r", "one", "-d", "exported", "project"]);
    assert!(gated.here("exported/src/main.c").exists() && !gated.here("exported/CVS").exists());
    let history = gated.done(".", &["history", "-a", "-x", "MT"]).text();
    assert!(history.contains("alice") && history.contains("[branch:A]"), "{history}");
    for args in [
        &["-q", "status", "README"][..],
        &["-q", "rlog", "project"],
        &["-q", "rdiff", "-s", "-r", "one", "-r", "branch", "project"],
        &["-q", "rannotate", "project/README"],
        &["ls", "-R"],
        &["rls", "project"],
        &["version"],
    ] {
        let folder = if args.contains(&"rls") { "." } else { "copy" };
        let outcome = gated.done(folder, args);
        assert!(!outcome.text().is_empty(), "{outcome}");
    }
    let released = gated.cvs(".", &["release", "-d", "copy"]).input("y\n").run();
    assert!(!gated.here("copy").exists(), "{released}");
}

fn watches_and_edits<F: Front>() {
    let gated = Gated::<F>::with("--name alice");
    gated.check_out();
    let _ = gated.done("copy", &["-Q", "watch", "on"]);
    let _ = gated.done("copy", &["-Q", "watch", "add", "README"]);
    let _ = gated.done("copy", &["-Q", "edit", "README"]);
    let editors = gated.done("copy", &["editors"]).text();
    assert!(editors.contains("README") && editors.contains("alice"), "{editors}");
    assert!(gated.done("copy", &["watchers"]).text().contains("alice"));
    let _ = gated.cvs("copy", &["unedit", "README"]).input("y\n").run().ok();
    assert!(!gated.done("copy", &["editors"]).text().contains("README"));
    let _ = gated.done("copy", &["-Q", "watch", "off"]);
    let _ = gated.done("copy", &["-Q", "watch", "remove", "README"]);
}

/// The client says that nothing is compressed, and goes on.
fn compression_is_declined<F: Front>() {
    let gated = Gated::<F>::with("--name alice");
    let _ = gated.done(".", &["-z9", "-q", "checkout", "-d", "copy", "project"]).says("gzip");
    fs::write(gated.here("copy/README"), "words\n".repeat(10_000)).expect("a file");
    let _ = gated.done("copy", &["-z3", "-q", "commit", "-m", "x"]);
    let _ = gated.done(".", &["-z6", "-q", "checkout", "-d", "again", "project"]);
    assert_eq!(fs::read(gated.here("again/README")).expect("a file").len(), 60_000);
}

fn paths_above_the_working_directory<F: Front>() {
    let gated = Gated::<F>::with("--name alice");
    gated.check_out();
    fs::write(gated.here("copy/README"), "changed\n").expect("a file");
    let _ = gated.done("copy/src", &["-Q", "commit", "-m", "x", "../README"]);
}

fn binary_contents_pass_as_they_are<F: Front>() {
    let gated = Gated::<F>::with("--name alice");
    gated.check_out();
    let noise = xssh_tests::noise::Noise { seed: 5, length: 3_000_000 };
    xssh_tests::tree::plant_file(&gated.here("copy/binary"), noise);
    let _ = gated.done("copy", &["-Q", "add", "-kb", "binary"]);
    let _ = gated.done("copy", &["-Q", "commit", "-m", "x"]);
    let _ = gated.done(".", &["-Q", "checkout", "-d", "again", "project"]);
    noise.check(fs::File::open(gated.here("again/binary")).expect("a file"));
}
