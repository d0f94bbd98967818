//! A tree that only grows.

use std::fs;
use std::os::unix::fs::symlink;

use rustix::process::{Pid, Signal, kill_process};

use crate::served::{Front, Served, plant};
use crate::sync::{assert_alike, text, wait_until};
use crate::{by_an_ordinary_account, over_both_servers};

by_an_ordinary_account!(
    a_hostile_rsync_in_the_domain_changes_nothing_that_is_there,
    what_a_killed_session_has_left_is_removed_by_the_next,
);

over_both_servers!(
    nothing_is_said_where_nothing_differs,
    new_names_appear_and_nothing_that_is_there_changes,
    what_would_change_something_is_refused_by_name,
    a_hostile_rsync_in_the_domain_changes_nothing_that_is_there,
    what_a_killed_session_has_left_is_removed_by_the_next,
);

fn new_names_appear_and_nothing_that_is_there_changes<F: Front>() {
    let served = Served::<F>::with("--append-only");
    let here = served.here("here");
    plant(&here);
    let source = format!("{}/", text(&here));
    let _ = served.rsync(&["-aP", &source, "target:1"]).run().ok();
    assert_alike(&here, &served.root().join("1"));
    let _ = served.sync(&[text(&here), "target:2"]).run().ok();
    assert_alike(&here, &served.root().join("2"));
    fs::write(here.join("a"), "changed").expect("a file");
    fs::write(here.join("new"), "new").expect("a file");
    let outcome = served.rsync(&["-aP", &source, "target:1"]).run().ends(23);
    let told = "this key only adds: 1 that are there already and differ were left as they are, the first of them 'a'";
    assert!(outcome.errors().contains(told), "{outcome}");
    assert_eq!(served.journal().pop().expect("a line")["reason"], told);
    // The home directory of a key is its root.
    let outcome = served.sync(&[text(&here), "target:~/2"]).run().ends(23);
    let last = served.journal().pop().expect("a line");
    let why = last["reason"].as_str().unwrap_or_default();
    assert!(why.starts_with("1 could not be done, the first of them a: it is there already"), "{last}");
    assert!(outcome.errors().contains("may not be changed"), "{outcome}");
    for day in ["1", "2"] {
        let day = served.root().join(day);
        assert_eq!(fs::read_to_string(day.join("a")).expect("a file"), "1");
        assert_eq!(fs::read_to_string(day.join("new")).expect("a file"), "new");
    }
    // Nothing of a session is left.
    let left: Vec<_> =
        fs::read_dir(served.root()).expect("the root").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    // Reading is granted, and a snapshot beside the last one.
    let _ = served.rsync(&["-a", "--link-dest=../1", &source, "target:3"]).run().ok();
    let _ = served.rsync(&["-a", "target:1/", text(&served.here("back"))]).run().ok();
    assert_alike(&served.root().join("1"), &served.here("back"));
}

/// Every day, from a script: nothing is said where nothing differs, or where the client itself leaves what is there.
fn nothing_is_said_where_nothing_differs<F: Front>() {
    let served = Served::<F>::with("--append-only");
    let here = served.here("here");
    plant(&here);
    let source = format!("{}/", text(&here));
    for options in [&["-a"][..], &["-aH"], &["-az", "--link-dest=/1"], &["-ac"]] {
        let outcome = served.rsync(&[options, &[&source, "target:1"]].concat()).run().ok();
        assert!(outcome.stdout.is_empty() && outcome.stderr.is_empty(), "{outcome}");
    }
    fs::write(here.join("a"), "changed").expect("a file");
    let outcome = served.rsync(&["-a", "--ignore-existing", &source, "target:1"]).run().ok();
    assert!(outcome.stdout.is_empty() && outcome.stderr.is_empty(), "{outcome}");
    let outcome = served.rsync(&["-ac", &source, "target:1"]).run().ends(23);
    assert!(outcome.errors().contains("this key only adds: 1 that are"), "{outcome}");
}

fn what_would_change_something_is_refused_by_name<F: Front>() {
    let served = Served::<F>::with("--append-only");
    let here = served.here("here");
    plant(&here);
    let source = format!("{}/", text(&here));
    let _ = served.rsync(&["-a", &source, "target:1"]).run().ok();
    for options in [
        &["--delete"][..],
        &["--inplace"],
        &["--append"],
        &["--append-verify"],
        &["--backup"],
        &["--delay-updates"],
        &["--partial-dir=.p"],
        &["--delete", "--force"],
    ] {
        let outcome = served.rsync(&[&["-a"], options, &[&source, "target:1"]].concat()).run();
        served.assert_refused(&outcome, "this key may");
    }
    let outcome = served.rsync(&["-a", "--remove-source-files", "target:1/", text(&served.here("back"))]).run();
    served.assert_refused(&outcome, "this key may not delete");
    assert_alike(&here, &served.root().join("1"));
}

/// A client that sidesteps the options: it speaks to an rsync that was started with the words of a push, and lies. `--ignore-existing`
/// is the server's, so what is left is what rsync itself can be brought to do; here it is replaced by a program that does its worst
/// in the same domain.
fn a_hostile_rsync_in_the_domain_changes_nothing_that_is_there<F: Front>() {
    let served = Served::<F>::with("--append-only");
    fs::create_dir(served.root().join("d")).expect("a folder");
    fs::write(served.root().join("kept"), "kept").expect("a file");
    symlink("kept", served.root().join("link")).expect("a link");
    // Straight into the domain: see core/gate's own tests for each call. Here: every rsync that the gate lets through.
    let here = served.here("here");
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("kept"), "gone").expect("a file");
    fs::create_dir(here.join("link")).expect("a folder");
    fs::write(here.join("d"), "no folder any more").expect("a file");
    let source = format!("{}/", text(&here));
    for options in ["-a", "-aI", "-ac", "-aO", "-aW", "-rlI", "-aHAXI"] {
        let _ = served.rsync(&[options, &source, "target:"]).run();
        assert_eq!(fs::read_to_string(served.root().join("kept")).expect("a file"), "kept", "{options}");
        assert!(served.root().join("link").is_symlink(), "{options}");
        assert!(served.root().join("d").is_dir(), "{options}");
    }
}

fn staging<F: Front>(served: &Served<F>) -> Vec<String> {
    let names = fs::read_dir(served.root()).expect("the root").map(|entry| entry.expect("an entry").file_name());
    names.map(|name| name.to_string_lossy().into_owned()).filter(|name| name.starts_with(".xssh-staging-")).collect()
}

/// The processes that serve this tree.
fn serving<F: Front>(served: &Served<F>) -> Vec<Pid> {
    let root = text(&served.root()).to_owned();
    let all = fs::read_dir("/proc").expect("/proc").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let serves = |pid: &i32| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words);
        // Not the server itself.
        words.contains(&root) && !words.contains("--listen")
    };
    all.filter(serves).filter_map(Pid::from_raw).collect()
}

fn what_a_killed_session_has_left_is_removed_by_the_next<F: Front>() {
    let served = Served::<F>::with("--append-only");
    let here = served.here("here");
    plant(&here);
    // One that a client has backed up is no session's.
    fs::create_dir(here.join(".xssh-staging-0123456789abcdef")).expect("a folder");
    let source = format!("{}/", text(&here));
    let _ = served.rsync(&["-a", &source, "target:"]).run().ok();
    assert_eq!(staging(&served).len(), 1);
    let push = served.rsync(&["-a", "--bwlimit=20", text(&here.join("large")), "target:new"]).start();
    wait_until(|| staging(&served).len() == 2);
    let other = served.rsync(&["-a", "--bwlimit=20", text(&here.join("large")), "target:other"]).start();
    wait_until(|| staging(&served).len() == 3);
    // A session that is at work keeps its own.
    let _ = served.rsync(&["-a", text(&here.join("a")), "target:second"]).run().ok();
    assert_eq!(staging(&served).len(), 3);
    for pid in serving(&served) {
        let _ = kill_process(pid, Signal::KILL);
    }
    let _ = (push.finish(), other.finish());
    wait_until(|| serving(&served).is_empty());
    assert_eq!(staging(&served).len(), 3);
    let _ = served.rsync(&["-a", text(&here.join("a")), "target:third"]).run().ok();
    assert_eq!(staging(&served), [".xssh-staging-0123456789abcdef"]);
    assert!(!served.root().join("new").exists());
}
