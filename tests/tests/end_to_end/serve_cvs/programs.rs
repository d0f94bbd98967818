//! Programs that the repository names: they run as they always did, or not at all.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use xssh_tests::peer;

use super::Gated;
use crate::over_both_servers;
use crate::served::Front;

over_both_servers!(
    a_check_before_a_commit,
    a_program_sees_little_and_reaches_nothing_else,
    mail_about_a_commit,
    what_would_run_a_program_is_refused_by_choice,
);

/// A script in `CVSROOT`, as administrators keep them there.
fn script<F: Front>(gated: &Gated<F>, name: &str, body: &str) -> PathBuf {
    let path = gated.repository().join("CVSROOT").join(name);
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a script");
    path
}

fn change<F: Front>(gated: &Gated<F>) {
    fs::write(gated.here("copy/README"), "changed\n").expect("a file");
}

fn revisions<F: Front>(gated: &Gated<F>) -> String {
    gated.locally("repository", &["-q", "rlog", "-h", "project/README"]).text()
}

fn a_check_before_a_commit<F: Front>() {
    let gated = Gated::<F>::with("--name alice");
    let check =
        script(&gated, "check", "grep -q forbidden README && { echo 'no such words here' >&2; exit 1; }; exit 0");
    gated.administer("commitinfo", &format!("ALL {} %p %s\n", check.display()));
    gated.check_out();
    fs::write(gated.here("copy/README"), "forbidden\n").expect("a file");
    let outcome = gated.cvs("copy", &["commit", "-m", "x"]).run().ends(1);
    let _ = outcome.says("no such words here");
    assert!(revisions(&gated).contains("head: 1.1\n"));
    change(&gated);
    let _ = gated.done("copy", &["-Q", "commit", "-m", "x"]);
    assert!(revisions(&gated).contains("head: 1.2\n"));
}

fn a_program_sees_little_and_reaches_nothing_else<F: Front>() {
    let gated = Gated::<F>::with("--name alice");
    // Not below /tmp, which programs may use.
    let outside = tempfile::tempdir_in("/var/tmp").expect("a folder");
    let outside = outside.path();
    fs::write(outside.join("secret"), "the canary sings").expect("a file");
    let body = format!(
        "env > $TMPDIR/env; cat $TMPDIR/env; cat {0}/secret; echo x > {0}/new; cat ~/.ssh/id_rsa; exit 0",
        outside.display()
    );
    let look = script(&gated, "look", &body);
    gated.administer("commitinfo", &format!("ALL {}\n", look.display()));
    gated.check_out();
    change(&gated);
    let outcome = gated.done("copy", &["commit", "-m", "x"]);
    let said = format!("{}{}", outcome.text(), outcome.errors());
    assert!(said.contains("LOGNAME=alice") && said.contains("Permission denied"), "{said}");
    for word in ["SSH_", "the canary sings", "LD_PRELOAD"] {
        assert!(!said.contains(word), "{word}: {said}");
    }
    assert!(!outside.join("new").exists());
}

/// A server of mail for one message: each line of what it was told.
fn mail_server() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (send, messages) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut lines = BufReader::new(stream.try_clone().expect("a connection")).lines();
            let (mut all, mut is_message) = (String::new(), false);
            stream.write_all(b"220 here\r\n").expect("a greeting");
            while let Some(Ok(line)) = lines.next() {
                all += &format!("{line}\n");
                let answer = match line.as_str() {
                    "." if is_message => "250 taken",
                    _ if is_message => continue,
                    "DATA" => "354 go on",
                    "QUIT" => "221 bye",
                    _ => "250 fine",
                };
                is_message = line == "DATA";
                if stream.write_all(format!("{answer}\r\n").as_bytes()).is_err() || line == "QUIT" {
                    break;
                }
            }
            let _ = send.send(all);
        }
    });
    (port, messages)
}

fn mail_about_a_commit<F: Front>() {
    let gated = Gated::<F>::with("--name alice");
    let (port, messages) = mail_server();
    let mailer = peer::require("msmtp");
    let mailer = format!("{} --host=127.0.0.1 --port={port} --from=cvs@example.org all@example.org", mailer.display());
    gated.administer("loginfo", &format!("ALL (echo Subject: %p by $USER; echo; cat) | {mailer}\n"));
    let _ = messages.recv_timeout(Duration::from_secs(60)).expect("a message about loginfo itself");
    gated.check_out();
    change(&gated);
    let _ = gated.done("copy", &["commit", "-m", "words about it"]);
    let message = messages.recv_timeout(Duration::from_secs(60)).expect("a message");
    assert!(message.contains("all@example.org") && message.contains("Subject: project by alice"), "{message}");
    assert!(message.contains("words about it"), "{message}");
}

fn what_would_run_a_program_is_refused_by_choice<F: Front>() {
    let gated = Gated::<F>::with("--name alice --cvs-hooks refuse");
    gated.check_out();
    change(&gated);
    let ran = gated.repository().join("ran");
    // cvs takes it ill where loginfo's program does not read what it says.
    let run = script(&gated, "run", &format!("touch {}; cat > /dev/null", ran.display()));
    let _ = gated.done("copy", &["-Q", "tag", "before"]);
    for (file, line, args) in [
        ("commitinfo", "ALL", &["commit", "-m", "x"][..]),
        ("loginfo", "ALL", &["commit", "-m", "x"]),
        ("verifymsg", "ALL", &["commit", "-m", "x"]),
        ("taginfo", "ALL", &["tag", "x"]),
        ("posttag", "ALL", &["tag", "x"]),
        ("postwatch", "ALL", &["watch", "on"]),
    ] {
        gated.administer(file, &format!("# words\n{line} {}\n", run.display()));
        let _ = fs::remove_file(&ran);
        let outcome = gated.cvs("copy", args).run();
        gated.assert_refused(&outcome, &format!("would run what is in CVSROOT/{file}"));
        assert!(!ran.exists(), "{file}");
        gated.administer(file, "# words\n");
    }
    gated.administer("modules", &format!("short -o {} project\n", run.display()));
    let _ = fs::remove_file(&ran);
    let outcome = gated.cvs(".", &["checkout", "short"]).run();
    gated.assert_refused(&outcome, "would run what is in CVSROOT/modules");
    // With nothing to run, all works; and nothing could be run.
    gated.administer("modules", "");
    let _ = fs::remove_file(&ran);
    let _ = gated.done("copy", &["-Q", "commit", "-m", "x"]);
    assert!(revisions(&gated).contains("head: 1.2\n") && !ran.exists());
}
