//! What sshd, or a program before ours, leaves in the environment.

use std::fs;

use super::Served;
use crate::served::plant;
use crate::sync::text;

/// ssh sends variables where the server takes them; rsync gets none of them.
#[test]
fn variables_reach_no_program() {
    let served = Served::with("");
    plant(&served.here("here"));
    served.force(&format!(
        "env RSYNC_RSH=/bin/false RSYNC_PROXY=x RSYNC_PARTIAL_DIR=/tmp HOME={0} POPT=x LD_PRELOAD= BASH_ENV=x {1} serve --root {2} --log {0}/journal",
        text(served.folder()),
        text(&xssh_tests::subject::Subject::get().path),
        text(&served.root())
    ));
    fs::write(served.folder().join(".popt"), "rsync alias -r --delete\nrsync alias -a --delete\n").expect("a file");
    fs::create_dir(served.root().join("x")).expect("a folder");
    fs::write(served.root().join("x/kept"), "kept").expect("a file");
    let _ = served.rsync(&["-a", &format!("{}/", text(&served.here("here"))), "target:x"]).run().ok();
    assert!(served.root().join("x/kept").exists());
}

/// What a client has sent stands there too, where AcceptEnv takes it.
#[test]
fn a_client_does_not_choose_where_records_are() {
    let served = Served::with("--append-only");
    plant(&served.here("here"));
    let folder = text(served.folder()).to_owned();
    let evil = served.folder().join("evil");
    let push = |before: &str, to: &str| {
        let (program, root) = (&xssh_tests::subject::Subject::get().path, served.root());
        served.force(&format!("{before} {} serve --root {} --append-only", text(program), text(&root)));
        let _ = served.rsync(&["-a", &format!("{}/", text(&served.here("here"))), &format!("target:{to}")]).run().ok();
    };
    push(&format!("env HOME={folder}/home XDG_STATE_HOME={}", text(&evil)), "1");
    assert!(!evil.exists());
    // There they are.
    assert!(served.folder().join("home/.local/state/xssh/staging").exists());
}
