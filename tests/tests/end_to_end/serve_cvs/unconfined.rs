//! A host on which Landlock is denied, as a sandbox around sshd does it: strace(1) answers its call with an error.

use std::fs;

use xssh_tests::peer;
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;

use super::Gated;
use crate::sync::text;

/// The repository, granted where Landlock is denied like this.
fn denied(error: &str, options: &str) -> Gated {
    let gated = Gated::<Sshd>::with_nothing();
    let (strace, program) = (peer::require("strace"), &Subject::get().path);
    let call = "landlock_create_ruleset";
    gated.force(
        gated.home.key(),
        &format!(
            "{} -f -o /dev/null -e trace={call} -e inject={call}:error={error} {} serve --cvs-root {} --name alice {options}",
            text(&strace),
            text(program),
            gated.repository().display()
        ),
    );
    gated
}

#[test]
fn where_landlock_is_required_nothing_is_served_without_it() {
    for error in ["ENOSYS", "EPERM", "EOPNOTSUPP"] {
        let gated = denied(error, "--require-landlock");
        let before = gated.snapshot();
        let outcome = gated.cvs(".", &["checkout", "project"]).run();
        gated.assert_refused(&outcome, "Landlock is not to be had on this host");
        assert!(!gated.here("project/README").exists());
        assert_eq!(gated.snapshot(), before);
    }
}

#[test]
fn where_it_is_not_required_that_is_logged_and_the_gate_holds() {
    let gated = denied("EOPNOTSUPP", "");
    gated.check_out();
    assert_eq!(gated.journal().pop().expect("a line")["landlock"], "none");
    fs::write(gated.here("copy/README"), "changed\n").expect("a file");
    let _ = gated.done("copy", &["-Q", "commit", "-m", "x"]);
    let before = gated.snapshot();
    let other = gated.server.folder().join("other");
    for (words, why) in [
        (format!("Directory .\n{}/project\nupdate\n", other.display()), "is not inside the repository"),
        ("Argument ../other/project\nco\n".to_owned(), "is not inside the repository"),
        ("Directory .\nproject\nModified ../x\nu=rw\n0\nnoop\n".to_owned(), "is no name for a file"),
        ("init /tmp/x\n".to_owned(), "the request init is not passed on"),
        ("Directory .\nCVSROOT\nArgument x\ntag\n".to_owned(), "this key may not change CVSROOT"),
    ] {
        let outcome = gated.say(&words);
        gated.assert_refused(&outcome, why);
        assert!(!outcome.text().contains("main.c"), "{outcome}");
    }
    assert_eq!(gated.snapshot(), before);
    // A root that is not the key's is not reached whatever confines the server.
    let outcome = gated.say_bare(&format!("Root {}\nnoop\n", other.display()));
    gated.assert_refused(&outcome, "this key does not reach the repository");
}

/// It is there and fails: that is no fallback.
#[test]
fn a_domain_that_does_not_take_effect_is_an_error() {
    let gated = denied("EOPNOTSUPP", "");
    let (strace, program) = (peer::require("strace"), &Subject::get().path);
    let key = gated.key("second");
    for call in ["landlock_restrict_self", "landlock_add_rule"] {
        gated.force(
            &key,
            &format!(
                "{} -f -o /dev/null -e trace={call} -e inject={call}:error=EPERM {} serve --cvs-root {}",
                text(&strace),
                text(program),
                gated.repository().display()
            ),
        );
        let outcome = gated.cvs_with(&key, ".", &["checkout", "project"]).run();
        gated.assert_refused(&outcome, "Landlock failed");
    }
}
