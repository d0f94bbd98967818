//! A tree that only grows.

use std::fs;
use std::os::unix::fs::symlink;

use crate::over_both_servers;
use crate::served::{Front, Served, plant};
use crate::sync::{assert_alike, text};

over_both_servers!(
    new_names_appear_and_nothing_that_is_there_changes,
    what_would_change_something_is_refused_by_name,
    a_hostile_rsync_in_the_domain_changes_nothing_that_is_there,
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
    let _ = served.rsync(&["-aP", &source, "target:1"]).run().ok();
    let outcome = served.sync(&[text(&here), "target:2"]).run().ends(23);
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
