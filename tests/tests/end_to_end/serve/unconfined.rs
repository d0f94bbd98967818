//! A host on which Landlock is denied, as a sandbox around sshd does it: strace(1) answers its calls with an error.

use std::fs;

use xssh_tests::peer;
use xssh_tests::subject::Subject;

use super::Served;
use crate::served::plant;
use crate::sync::{assert_alike, text};

/// Gives the key the same grant where Landlock's calls, or openat2, fail like this.
fn deny(served: &Served, call: &str, error: &str, options: &str) {
    served.force(&format!(
        "{} -f -o /dev/null -e trace={call} -e inject={call}:error={error} {} serve --root {} --log {}/journal --name alice {options}",
        text(&peer::require("strace")),
        text(&Subject::get().path),
        text(&served.root()),
        text(served.folder()),
    ));
}

#[test]
fn where_landlock_is_required_nothing_is_served_without_it() {
    let served = Served::with("");
    let here = served.here("here");
    plant(&here);
    for error in ["ENOSYS", "EPERM", "EOPNOTSUPP"] {
        deny(&served, "landlock_create_ruleset", error, "--require-landlock");
        let outcome = served.rsync(&["-a", text(&here), "target:"]).run();
        served.assert_refused(&outcome, "Landlock is not to be had");
        let outcome = served.sync(&[text(&here), "target:x"]).run().ends(3);
        assert!(outcome.errors().contains("Landlock is not to be had"), "{outcome}");
    }
    assert_eq!(fs::read_dir(served.root()).expect("the root").count(), 0);
    // A way on is served no more than a tree.
    let (strace, program, folder) = (peer::require("strace"), &Subject::get().path, text(served.folder()));
    served.force(&format!(
        "{} -f -o /dev/null -e trace=landlock_create_ruleset -e inject=landlock_create_ruleset:error=ENOSYS {} serve --relay \
         127.0.0.1:1 --require-landlock --log {folder}/journal",
        text(&strace),
        text(program)
    ));
    served.assert_refused(&served.ask("id").run(), "Landlock is not to be had");
}

#[test]
fn where_it_is_not_required_what_is_left_is_logged_and_keeps_everything_inside() {
    let served = Served::with("");
    let here = served.here("here");
    plant(&here);
    std::os::unix::fs::symlink(served.folder().join("outside"), served.root().join("far")).expect("a link");
    let source = format!("{}/", text(&here));
    for error in ["ENOSYS", "EPERM"] {
        deny(&served, "landlock_create_ruleset", error, "");
        let _ = served.rsync(&["-a", &source, "target:there"]).run().ok();
        assert_eq!(served.journal().pop().expect("a line")["landlock"], "none");
        assert_alike(&here, &served.root().join("there"));
        let _ = served.sync(&["--contents", text(&here), "target:there2"]).run().ok();
        assert_eq!(served.journal().pop().expect("a line")["landlock"], "none");
        for args in [["-a", &source, "target:far"], ["-a", "target:far/", "back"], ["-a", "target:far/canary", "back"]]
        {
            let outcome = served.rsync(&args).run();
            assert_ne!(outcome.code(), Some(0), "{outcome}");
            served.assert_unlearned(&outcome);
            served.assert_unharmed();
        }
    }
}

/// What keeps a growing tree as it is, is Landlock.
#[test]
fn a_tree_that_only_grows_is_not_served_to_rsync_without_it() {
    let served = Served::with("");
    let here = served.here("here");
    plant(&here);
    deny(&served, "landlock_create_ruleset", "ENOSYS", "--append-only");
    let outcome = served.rsync(&["-a", text(&here), "target:"]).run();
    served.assert_refused(&outcome, "cannot be served safely");
    assert_eq!(fs::read_dir(served.root()).expect("the root").count(), 0);
}

/// It is there and fails: that is no fallback.
#[test]
fn a_domain_that_does_not_take_effect_is_an_error() {
    let served = Served::with("");
    let here = served.here("here");
    plant(&here);
    for call in ["landlock_restrict_self", "landlock_add_rule"] {
        deny(&served, call, "EPERM", "");
        let outcome = served.rsync(&["-a", text(&here), "target:"]).run();
        served.assert_refused(&outcome, "Landlock failed");
        let outcome = served.sync(&[text(&here), "target:x"]).run().ends(3);
        assert!(outcome.errors().contains("Landlock failed"), "{outcome}");
    }
    assert_eq!(fs::read_dir(served.root()).expect("the root").count(), 0);
}

#[test]
fn without_openat2_every_path_is_walked_step_by_step() {
    let served = Served::with("");
    let here = served.here("here");
    plant(&here);
    std::os::unix::fs::symlink(served.folder().join("outside"), served.root().join("far")).expect("a link");
    let source = format!("{}/", text(&here));
    deny(&served, "openat2", "ENOSYS", "");
    let _ = served.sync(&["--contents", text(&here), "target:a/b"]).run().ok();
    assert_alike(&here, &served.root().join("a/b"));
    let _ = served.rsync(&["-a", &source, "target:a/c"]).run();
    for args in [["--contents", text(&here), "target:far"], ["--contents", "target:far/new", "back"]] {
        let outcome = served.sync(&args).run();
        assert_ne!(outcome.code(), Some(0), "{outcome}");
        served.assert_unlearned(&outcome);
    }
    for args in [["-a", &source, "target:far"], ["-a", "target:far/", "back"]] {
        let outcome = served.rsync(&args).run();
        assert_ne!(outcome.code(), Some(0), "{outcome}");
        served.assert_unlearned(&outcome);
    }
    served.assert_unharmed();
}
