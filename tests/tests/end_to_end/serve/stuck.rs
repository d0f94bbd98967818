//! Sessions that would never end: an rsync that waits for what never comes, with a client that stays and with one that is gone.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use rustix::fs::{CWD, FileType, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use xssh_tests::call::Running;
use xssh_tests::hostile::rsync::{Client, LETTERS, VERSION};

use crate::over_every_front;
use crate::served::{Front, Served};
use crate::sync::{text, wait_until};

over_every_front!(
    a_list_or_a_log_is_an_ordinary_file,
    a_log_that_nobody_reads_is_waited_for_by_nobody,
    one_that_reads_and_writes_nothing_is_ended,
    one_whose_client_is_gone_is_ended,
);

/// A tree with a FIFO that nobody writes to.
fn tree<F: Front>(options: &str) -> Served<F> {
    let served = Served::<F>::with(options);
    mknodat(CWD, served.root().join("ff"), FileType::Fifo, 0o600.into(), 0).expect("a FIFO");
    fs::write(served.root().join("a"), "x").expect("a file");
    served.server.give(&served.root());
    served
}

fn a_list_or_a_log_is_an_ordinary_file<F: Front>() {
    let served = tree::<F>("--allow-devices --idle-timeout 3 --max-sessions 1");
    let here = served.here("here");
    fs::create_dir(&here).expect("a folder");
    let source = format!("{}/", text(&here));
    let outcome = served.rsync(&["-a", "--files-from=:ff", "target:", &source]).run();
    served.assert_refused(&outcome, "ff: it is no ordinary file");
    let outcome = served.rsync(&["-a", "-M--log-file=/ff", &source, "target:new"]).run();
    served.assert_refused(&outcome, "ff: it is no ordinary file");
    let outcome = served.rsync(&["-a", "--files-from=:nowhere", "target:", &source]).run();
    served.assert_refused(&outcome, "nowhere: ");
}

fn a_log_that_nobody_reads_is_waited_for_by_nobody<F: Front>() {
    let served = Served::<F>::with("");
    let (folder, log) = (served.folder().join("logs"), served.folder().join("logs/fifo"));
    fs::create_dir(&folder).expect("a folder");
    mknodat(CWD, &log, FileType::Fifo, 0o600.into(), 0).expect("a FIFO");
    served.server.give(&folder);
    let (program, root) = (served.server.program(), served.root());
    served.force(&format!("{} serve --root {} --log {}", text(&program), text(&root), text(&log)));
    let ask = || served.rsync(&["-a", "target:/", text(&served.here("back"))]).run();
    let outcome = ask();
    assert_ne!(outcome.code(), Some(0), "{outcome}");
    let _ = outcome.says("refused: the log cannot be written");
    // Whoever reads has the line.
    let mut reader = fs::OpenOptions::new().read(true).write(true).open(&log).expect("a FIFO");
    let _ = ask().ok();
    let mut line = vec![0; 4096];
    let length = reader.read(&mut line).expect("a line");
    assert!(line[..length].ends_with(b"}\n"), "{}", String::from_utf8_lossy(&line[..length]));
}

/// A session whose rsync does not go on, whatever comes: it is stopped.
fn stopped<F: Front>(served: &Served<F>) -> Running {
    let command = format!("rsync --server --sender {LETTERS} . .");
    let mut session = served.ask(&command).stdin(Stdio::piped()).start();
    let words = Client::new(VERSION).bytes();
    session.stdin.as_mut().expect("its input").write_all(&words).expect("its input");
    let root = format!("--confine-root={}", served.root().canonicalize().expect("the root").display());
    let rsync = || {
        let all = fs::read_dir("/proc").expect("/proc").filter_map(|entry| Some(entry.ok()?.path()));
        all.filter_map(|process| {
            let words = fs::read(process.join("cmdline")).ok()?;
            let is_it = words.starts_with(b"/usr/bin/rsync\0") && String::from_utf8_lossy(&words).contains(&root);
            is_it.then(|| process.file_name()?.to_str()?.parse().ok()).flatten().and_then(Pid::from_raw)
        })
        .next()
    };
    wait_until(|| rsync().is_some_and(|pid| kill_process(pid, Signal::STOP).is_ok()));
    session
}

fn one_that_reads_and_writes_nothing_is_ended<F: Front>() {
    let served = tree::<F>("--idle-timeout 1 --max-sessions 1");
    let session = stopped(&served);
    wait_until(|| !served.journal().is_empty());
    let last = served.journal().pop().expect("a line");
    let why = "rsync read and wrote nothing for 1 seconds";
    assert_eq!((&last["verdict"], &last["reason"]), (&"failed".into(), &why.into()));
    assert!(session.finish().errors().contains(why));
    // Its place is free.
    let _ = served.rsync(&["-a", "target:a", text(&served.here("back"))]).run().ok();
}

fn one_whose_client_is_gone_is_ended<F: Front>() {
    let served = tree::<F>("--max-sessions 1");
    let session = stopped(&served);
    let outcome = served.rsync(&["-a", "target:a", text(&served.here("back"))]).run();
    assert!(outcome.errors().contains("this key has 1 sessions already"), "{outcome}");
    let before = served.journal().len();
    session.signal(Signal::KILL);
    let _ = session.wait();
    wait_until(|| served.journal().len() > before);
    let last = served.journal().pop().expect("a line");
    assert_eq!((&last["verdict"], &last["reason"]), (&"failed".into(), &"its client was gone, and it went on".into()));
    wait_until(|| served.rsync(&["-a", "target:a", text(&served.here("back"))]).run().code() == Some(0));
}
