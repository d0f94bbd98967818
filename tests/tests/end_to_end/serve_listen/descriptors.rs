//! Descriptors: as many as there are, and what happens without.

use std::fs;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use xssh_tests::own_server::OwnServer;
use xssh_tests::peer;

use super::Small;
use super::crowd::idle;
use crate::sync::wait_until;

/// The soft limit, which is too little for [`SESSIONS`].
const FIRST: usize = 30;
/// The hard limit.
const MOST: usize = 150;
/// Two descriptors each.
const SESSIONS: usize = 25;

/// Seconds of processor time that a process has used.
fn used(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    // proc_pid_stat(5): utime and stime, in hundredths.
    fields[11..13].iter().map(|field| field.parse::<f64>().expect("a number") / 100.0).sum()
}

#[test]
fn all_that_there_are_are_used_and_none_left_is_waited_for() {
    let small = Small::facing(OwnServer::with_descriptors(FIRST, MOST));
    assert!(small.server.log().contains("150 descriptors are few"), "{}", small.server.log());
    let mut sessions = Vec::new();
    for number in 0..SESSIONS {
        sessions.push(idle(&small, number));
        wait_until(|| small.server.log().matches("has logged in").count() > number);
    }
    // The rest of them, by others who do not log in.
    let held: Vec<TcpStream> =
        (0..MOST).map(|_| TcpStream::connect(small.server.address()).expect("a connection")).collect();
    small.server.await_log("a connection could not be taken, and waits: Too many open files");
    let before = used(small.server.pid());
    thread::sleep(Duration::from_secs(2));
    let spent = used(small.server.pid()) - before;
    assert!(spent < 1.0, "{spent} s of processor time in 2 s of waiting");
    // Said when it begins, and not each time.
    assert!(small.server.log().matches("could not be taken").count() < 10, "{}", small.server.log());
    drop(held);
    let ssh = small.home.call(peer::require("ssh")).arg("-F").arg(small.home.config());
    let _ = ssh.args(["small", "id"]).run().ends(1).says("xssh: refused: ");
    for session in &mut sessions {
        session.signal(Signal::TERM);
    }
}
