//! Many at once: who does nothing costs little, and who is at work is not held up.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use xssh_ssh::limits::PEERS;
use xssh_tests::call::Running;
use xssh_tests::noise::Noise;
use xssh_tests::peer;

use super::{Small, plant};
use crate::sync::{assert_alike, text};

/// Sessions that have logged in and ask for nothing.
const IDLE: usize = 200;
/// Syncs at once.
const BUSY: usize = 20;
/// What all of it may take at the server's side, bytes.
const MEMORY: u64 = 256 << 20;

/// A session that has logged in, and asks for nothing.
pub(super) fn idle(small: &Small, number: usize) -> Running {
    let log = small.home.path().join(format!("idle-{number}"));
    let ssh = small.home.call(peer::require("ssh")).arg("-F").arg(small.home.config());
    ssh.args(["-v", "-N", "-E"]).arg(&log).arg("small").limit(Duration::from_secs(600)).start()
}

/// What the server and its programs take: each page that several share is counted once.
fn memory(server: u32) -> u64 {
    let mut sum = 0;
    for entry in fs::read_dir("/proc").expect("processes").flatten() {
        let path = entry.path();
        let status = fs::read_to_string(path.join("status")).unwrap_or_default();
        let is_its = status.lines().any(|line| line == format!("PPid:\t{server}"));
        if is_its || path.ends_with(server.to_string()) {
            // One that has ended takes nothing.
            let maps = fs::read_to_string(path.join("smaps_rollup")).unwrap_or_default();
            let pss = maps.lines().find_map(|line| line.strip_prefix("Pss:"));
            let kilobytes = pss.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            sum += kilobytes.unwrap_or(0) * 1024;
        }
    }
    sum
}

/// So many sessions that ask for nothing.
fn gather(small: &Small, count: usize) -> Vec<Running> {
    let mut sessions = Vec::new();
    for number in 0..count {
        sessions.push(idle(small, number));
        // So many at a time that nobody is turned away.
        if number % 20 == 19 {
            let begun = Instant::now();
            while small.server.log().matches("has logged in").count() <= number {
                assert!(begun.elapsed() < Duration::from_secs(100), "{}", small.server.log());
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
    sessions
}

/// It ends as soon as it is told, since nobody is at work, and everybody hears it.
fn ends(small: &mut Small, sessions: Vec<Running>) {
    small.server.signal(Signal::TERM);
    assert_eq!(small.server.wait(), Some(0));
    for session in sessions {
        let _ = session.wait().ends(255);
    }
}

#[test]
fn two_hundred_who_do_nothing_and_twenty_at_work() {
    let mut small = Small::with(&[]);
    let here = small.home.path().join("here");
    plant(&here);
    fs::write(here.join("large"), Noise { seed: 8, length: 20_000_000 }.bytes()).expect("a file");
    let sessions = gather(&small, IDLE);
    let target = |number: usize| format!("small:there-{number}");
    let busy: Vec<Running> = (0..BUSY)
        .map(|number| small.sync(&[text(&here), &target(number)]).limit(Duration::from_secs(300)).start())
        .collect();
    let (pid, over) = (small.server.pid(), Arc::new(AtomicBool::new(false)));
    let watched = over.clone();
    let watching = thread::spawn(move || {
        let mut most = 0;
        while !watched.load(Ordering::Relaxed) {
            most = most.max(memory(pid));
        }
        most
    });
    for running in busy {
        let _ = running.finish().ok();
    }
    over.store(true, Ordering::Relaxed);
    let most = watching.join().expect("whoever watches");
    assert!(most < MEMORY, "{} MiB", most >> 20);
    for number in 0..BUSY {
        assert_alike(&here, &small.server.root().join(format!("there-{number}")));
    }
    ends(&mut small, sessions);
}

/// As many as may connect, of which each takes little.
#[test]
#[ignore = "by hand: a thousand processes of ssh take some GiB of memory and some 10 s of two cores"]
fn a_thousand_who_do_nothing() {
    let mut small = Small::with(&[]);
    let before = memory(small.server.pid());
    let sessions = gather(&small, PEERS);
    let each = memory(small.server.pid()).saturating_sub(before) / PEERS as u64;
    assert!(each < 100 << 10, "{each} bytes each");
    let ssh = small.home.call(peer::require("ssh")).arg("-F").arg(small.home.config());
    let _ = ssh.args(["small", "id"]).run().ends(255);
    small.server.await_log("turned away, because too many are connected");
    ends(&mut small, sessions);
}

/// Its own connection stands still, and nobody else's.
#[test]
fn one_who_never_reads_holds_up_nobody() {
    let small = Small::with(&[]);
    let there = small.server.root().join("there");
    plant(&there);
    fs::write(there.join("large"), Noise { seed: 9, length: 80_000_000 }.bytes()).expect("a file");
    // The helper of a pull sends what is asked for; nobody takes it.
    let mut stuck = small.home.xssh(&["small", "rsync --server --sender -logDtpre.iLsfxCIvu . there/large"]).start();
    let stdout = stuck.stdout.take();
    let back = small.home.path().join("back");
    let _ = small.rsync(&["-a", "small:there/", text(&back)]).limit(Duration::from_secs(120)).run().ok();
    assert_alike(&there, &back);
    drop(stdout);
}
