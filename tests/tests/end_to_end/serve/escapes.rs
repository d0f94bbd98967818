//! Everything that a key with a tree is not: each of the ways out by its name.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use xssh_tests::call::Outcome;

use crate::over_every_front;
use crate::served::{Front, Served, plant};
use crate::sync::text;

over_every_front!(
    a_shell_and_an_empty_command,
    scp_and_sftp,
    metacharacters_of_a_shell,
    newlines_and_other_control_characters,
    a_command_of_120_kilobytes,
    unknown_and_bundled_options,
    a_program_for_e_and_another_rsync,
    secluded_arguments_are_refused_with_the_cure,
    paths_that_lead_up_or_begin_at_the_top,
    options_that_name_paths,
    merge_files_outside_the_tree,
    a_link_is_planted_and_then_followed,
    a_hard_link_to_what_is_outside,
    a_fifo_is_waited_for_by_nobody,
    nothing_of_a_key_goes_beside_its_command,
    what_would_be_done_is_explained_and_not_done,
);

fn refused<F: Front>(served: &Served<F>, command: &str, words: &str) -> Outcome {
    let outcome = served.ask(command).run().ends(1);
    served.assert_refused(&outcome, words);
    served.assert_unlearned(&outcome);
    outcome
}

fn a_shell_and_an_empty_command<F: Front>() {
    let served = Served::<F>::with("");
    let login = served.home.call(xssh_tests::peer::require("ssh")).arg("-F").arg(served.home.config());
    let outcome = login.arg("target").run().ends(1);
    served.assert_refused(&outcome, "this key gives no shell; it serves sync and rsync");
    for command in ["/bin/sh", "sh", "bash -i", "sh -c id", "' '", "cat", "env"] {
        let _ = refused(&served, command, "is not served to this key");
    }
    let _ = refused(&served, " ", "gives no shell");
}

fn scp_and_sftp<F: Front>() {
    let served = Served::<F>::with("");
    for command in ["scp -t /etc", "scp -f ../outside/canary", "/usr/lib/openssh/sftp-server", "internal-sftp", "sftp"]
    {
        let _ = refused(&served, command, "is not served to this key");
    }
    let scp = served.home.call(xssh_tests::peer::require("scp")).arg("-F").arg(served.home.config());
    let outcome = scp.args(["target:../outside/canary", "here"]).run();
    assert_ne!(outcome.code(), Some(0));
    served.assert_unlearned(&outcome);
}

fn metacharacters_of_a_shell<F: Front>() {
    let served = Served::<F>::with("");
    for command in [
        "rsync --server . x; cat ../outside/canary",
        "rsync --server --sender -r . $(cat ../outside/canary)",
        "rsync --server --sender -r . `id`",
        "rsync --server -r . x | sh",
        "rsync --server -r . x && sh",
        "rsync --server -r . x > ../outside/new",
        "rsync --server -r . {a,b,c}{a,b,c}{a,b,c}",
        "rsync --server --sender -r . \"x\"",
        "rsync --server -r . x # comment",
        "xssh serve --sync; id",
    ] {
        let _ = refused(&served, command, "there is no shell here");
    }
    let _ = refused(&served, "rsync --server --sender -r . ~/x", "~ is not expanded");
    let _ = refused(&served, "rsync --server -r . 'x", "does not end");
    let _ = refused(&served, "rsync --server -r . x\\", "does not end");
}

fn newlines_and_other_control_characters<F: Front>() {
    let served = Served::<F>::with("");
    for command in
        ["rsync --server -r . a\nid", "rsync --server -r . 'a\nb'", "rsync\t--server -r . x", "rsync --server \\\n. x"]
    {
        let _ = refused(&served, command, "control character");
    }
    let outcome = refused(&served, "\x1b[2J\x1b[1;1Hrsync", "control character");
    assert!(!outcome.errors().contains('\x1b'), "{outcome}");
    let raw = fs::read(served.folder().join("journal")).expect("the log");
    assert!(!raw.contains(&0x1b), "the log holds an escape");
}

fn a_command_of_120_kilobytes<F: Front>() {
    let served = Served::<F>::with("");
    let outcome = refused(&served, &"a".repeat(120_000), "is not served");
    assert!(outcome.errors().len() < 1000, "{}", outcome.errors().len());
    let _ = refused(&served, &format!("rsync --server -r . {}", "a ".repeat(50_000)), "too long");
    let _ = refused(&served, &format!("rsync --server --{} . x", "a".repeat(100_000)), "is not served here");
    assert!(served.journal().iter().all(|line| line.to_string().len() < 2000));
}

fn unknown_and_bundled_options<F: Front>() {
    let served = Served::<F>::with("");
    for (command, words) in [
        ("rsync --server --unknown . x", "--unknown"),
        ("rsync --server -rT . x", "-T"),
        ("rsync --server -rL . x", "-L"),
        ("rsync --server -rvkK . x", "-k"),
        ("rsync --server -r --copy-links . x", "--copy-links"),
        ("rsync --server -r --write-devices . x", "--write-devices"),
        ("rsync --server -r --log-file . x", "it is none"),
        ("rsync --server --daemon . x", "--daemon"),
        ("rsync --server --config=/dev/stdin --daemon .", "--config"),
        ("rsync --daemon", "--server"),
        ("rsync", "--server"),
        ("rsync --server", "not complete"),
        ("rsync --server -r", "not complete"),
        ("rsync --server -r --sender . x", "--sender"),
        ("rsync --server -r . a b", "destinations"),
    ] {
        let _ = refused(&served, command, words);
    }
}

fn a_program_for_e_and_another_rsync<F: Front>() {
    let served = Served::<F>::with("");
    for command in ["rsync --server -e sh . x", "rsync --server -esh . x", "rsync --server -re.iLs/bin/sh . x"] {
        let _ = refused(&served, command, "names a program");
    }
    for command in ["/bin/rsync --server . x", "sudo rsync --server . x", "./rsync --server -r . x"] {
        let _ = refused(&served, command, "--rsync-path");
    }
    let _ = refused(&served, "rsync --server --rsh=sh . x", "--rsh");
    let _ = refused(&served, "rsync --server -M--log-file=x . x", "-M");
}

fn secluded_arguments_are_refused_with_the_cure<F: Front>() {
    let served = Served::<F>::with("");
    plant(&served.here("here"));
    let outcome = served.rsync(&["-as", text(&served.here("here")), "target:x"]).run();
    served.assert_refused(&outcome, "--no-secluded-args");
    let _ = served.rsync(&["-as", "--no-secluded-args", text(&served.here("here")), "target:x"]).run().ok();
}

fn paths_that_lead_up_or_begin_at_the_top<F: Front>() {
    let served = Served::<F>::with("");
    plant(&served.here("here"));
    let here = text(&served.here("here")).to_owned();
    for path in ["../outside", "x/../../outside", "/../outside", "..", "x/../.."] {
        let target = format!("target:{path}");
        let outcome = served.rsync(&["-a", &here, &target]).run();
        served.assert_refused(&outcome, "leads out of the tree");
        let outcome = served.rsync(&["-a", &target, "back"]).run();
        served.assert_refused(&outcome, "leads out of the tree");
    }
    // An absolute path outside is one of the same name inside, which is not there.
    let canary = format!("target:{}", text(&served.folder().join("outside/canary")));
    let outcome = served.rsync(&["-a", &canary, "back"]).run();
    assert_ne!(outcome.code(), Some(0), "{outcome}");
    served.assert_unlearned(&outcome);
    let outcome = served.rsync(&["-a", &here, &canary]).run();
    assert_ne!(outcome.code(), Some(0), "{outcome}");
    served.assert_unharmed();
}

/// CVE-2026-53803, 70460, 53802: paths of options, also through links in the tree.
fn options_that_name_paths<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    plant(&here);
    symlink("../outside", served.root().join("up")).expect("a link");
    symlink("../outside/new", served.root().join("nowhere")).expect("a link");
    let source = format!("{}/", text(&here));
    for option in ["--backup-dir", "--partial-dir", "--temp-dir", "--link-dest", "--copy-dest", "--compare-dest"] {
        for path in ["../../outside", "/up", "../up", "/up/x"] {
            let option = format!("{option}={path}");
            let outcome = served.rsync(&["-ab", &option, &source, "target:there"]).run();
            served.assert_refused(&outcome, "leads out of the tree");
        }
        let option = format!("{option}=/nowhere");
        let outcome = served.rsync(&["-ab", &option, &source, "target:there"]).run();
        served.assert_refused(&outcome, "leads out of the tree");
    }
    for option in ["--partial-dir=/../outside", "--temp-dir /..", "--log-file=/../x", "--link-dest=a/../../../x"] {
        let outcome = served.ask(&format!("rsync --server -r {option} . there")).run();
        served.assert_refused(&outcome, "leads out of the tree");
    }
    for option in ["-M--log-file=../outside/new", "-M--log-file=/up/new", "-M--log-file=nowhere"] {
        let outcome = served.rsync(&["-a", option, &source, "target:there"]).run();
        served.assert_refused(&outcome, "leads out of the tree");
    }
    for list in [":../outside/canary", ":/up/canary", ":up/canary"] {
        let outcome = served.rsync(&["-a", "--files-from", list, "target:", "back"]).run();
        served.assert_refused(&outcome, "leads out of the tree");
        served.assert_unlearned(&outcome);
    }
    // Inside the tree all of them are good.
    let _ = served.rsync(&["-a", "-M--log-file=/log", &source, "target:there"]).run().ok();
    assert!(fs::read_to_string(served.root().join("log")).expect("the client's log").contains("sub/deep/e"));
}

/// CVE-2026-53802 by way of the protocol: filter rules do not stand in the arguments.
fn merge_files_outside_the_tree<F: Front>() {
    let served = Served::<F>::with("");
    plant(&served.root().join("there"));
    symlink("../outside/canary", served.root().join("rules")).expect("a link");
    for rule in [
        "merge ../outside/canary",
        "dir-merge,- /../outside/canary",
        "dir-merge,- ../../outside/canary",
        "dir-merge,- /rules",
    ] {
        let filter = format!("--filter={rule}");
        let outcome = served.rsync(&["-av", &filter, "target:there/", "back"]).run();
        served.assert_unlearned(&outcome);
    }
    served.assert_unharmed();
}

fn a_link_is_planted_and_then_followed<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    fs::create_dir(&here).expect("a folder");
    symlink(served.folder().join("outside"), here.join("planted")).expect("a link");
    let source = format!("{}/", text(&here));
    let _ = served.rsync(&["-a", &source, "target:"]).run().ok();
    assert!(served.root().join("planted").is_symlink());
    fs::remove_file(here.join("planted")).expect("a link");
    fs::create_dir(here.join("planted")).expect("a folder");
    fs::write(here.join("planted/canary"), "overwritten").expect("a file");
    let inside = format!("{}/", text(&here.join("planted")));
    for target in ["target:planted", "target:planted/", "target:planted/new/"] {
        let outcome = served.rsync(&["-a", &inside, target]).run();
        served.assert_refused(&outcome, "leads out of the tree");
        let outcome = served.sync(&["--contents", text(&here.join("planted")), target]).run();
        assert_ne!(outcome.code(), Some(0), "{outcome}");
        served.assert_unharmed();
    }
    // Through the tree: the link is replaced, not followed.
    for options in ["-a", "-aI", "-rI"] {
        let _ = served.rsync(&[options, &source, "target:"]).run();
        served.assert_unharmed();
    }
}

fn a_hard_link_to_what_is_outside<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("canary"), crate::served::SECRET).expect("a file");
    let source = format!("{}/", text(&here));
    let outcome = served.rsync(&["-a", "--link-dest=../../outside", &source, "target:there"]).run();
    served.assert_refused(&outcome, "leads out of the tree");
    assert_eq!(served.root().read_dir().expect("the root").count(), 0);
}

fn a_fifo_is_waited_for_by_nobody<F: Front>() {
    let served = Served::<F>::with("");
    plant(&served.root().join("there"));
    let fifo = served.root().join("there/fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a FIFO");
    for source in ["target:there/fifo", "target:there/"] {
        let _ = served.rsync(&["-r", source, "back"]).limit(Duration::from_secs(60)).run();
        let _ = served.sync(&[source, "back2"]).limit(Duration::from_secs(60)).run();
    }
    let outcome =
        served.rsync(&["-r", "--files-from=:there/fifo", "target:", "back"]).limit(Duration::from_secs(60)).start();
    // It waits for whoever opens the other end; where nobody may, it waits for nobody.
    let _ = std::thread::spawn(move || fs::OpenOptions::new().write(true).open(&fifo));
    let _ = outcome.finish();
}

fn nothing_of_a_key_goes_beside_its_command<F: Front>() {
    let served = Served::<F>::with("");
    for option in ["-W localhost:22", "-tt", "-R 0:localhost:22"] {
        let ssh = served.home.call(xssh_tests::peer::require("ssh")).arg("-F").arg(served.home.config());
        let outcome = ssh.args(option.split(' ')).args(["-o", "ExitOnForwardFailure=yes", "target", "true"]).run();
        if option != "-tt" {
            assert_ne!(outcome.code(), Some(0), "{option}: {outcome}");
        }
    }
    let _ = served.ask("true").run().ok();
}

fn what_would_be_done_is_explained_and_not_done<F: Front>() {
    let served = Served::<F>::with("");
    let xssh = |options: &[&str]| {
        let call = served.home.call(&xssh_tests::subject::Subject::get().path).args(["serve", "--root"]);
        call.arg(served.root()).args(options).run()
    };
    let told = xssh(&["--explain", "rsync --server -logDtpre.iLsfxCIvu --link-dest=../b . a"]).ok();
    for words in ["served: rsync receives into", "--drop-D", "it may read, add, change what is there, delete"] {
        assert!(told.text().contains(words), "{words:?} was due in {told}");
    }
    let told = xssh(&["--append-only", "--explain", "rsync --server -r --delete . a"]).ends(1);
    assert!(told.text().contains("refused: this key may not delete, and --delete does"), "{told}");
    let told = xssh(&["--explain", "xssh serve --sync"]).ok();
    assert!(told.text().contains("the helper of a sync runs in"), "{told}");
    assert_eq!(fs::read_dir(served.root()).expect("the root").count(), 0);
}
