//! Much data both ways at once, readers that stall, keys that are renewed under load, and hosts that fall silent.

use std::fs;
use std::io::{Read as _, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use xssh_tests::call::Running;
use xssh_tests::noise::Noise;
use xssh_tests::over_both_routes;
use xssh_tests::peer;
use xssh_tests::subject::{Kind, Subject};
use xssh_tests::tree;
use xssh_tests::world::{HOST, World};

over_both_routes!(two_hundred_megabytes_both_ways, rekeying_under_load);

/// For hundreds of megabytes with a client built for debugging.
const LONG: Duration = Duration::from_secs(240);

/// Sends one stream while another is received and checked.
fn exchange(mut running: Running, sent: Noise, received: Noise) {
    let stdin = running.stdin.take().expect("a pipe");
    let stdout = running.stdout.take().expect("a pipe");
    let writer = thread::spawn(move || sent.write_to(stdin));
    received.check(stdout);
    writer.join().expect("the writer").expect("all was taken");
    let _ = running.wait().ok();
}

fn two_hundred_megabytes_both_ways(world: &World) {
    let up = Noise { seed: 10, length: 200_000_000 };
    let down = Noise { seed: 11, length: 200_000_000 };
    let [source, sink] = ["source", "sink"].map(|name| world.target.folder().join(name));
    tree::plant_file(&source, down);
    let command = format!("cat {} & cat >{}; wait", source.display(), sink.display());
    // A job in the background has /dev/null as its input, so the two do not share one.
    let running = world.home.xssh(&[HOST, &command]).limit(LONG).start();
    exchange(running, up, down);
    up.check(fs::File::open(sink).expect("what was received"));
}

fn rekeying_under_load(world: &World) {
    let noise = Noise { seed: 12, length: 48 << 20 };
    let log = world.home.path().join("log");
    let args = ["-v", "-E", log.to_str().expect("UTF-8"), "-o", "RekeyLimit=1M", HOST, "tee /dev/stderr | sha256sum"];
    let mut running = world.home.xssh(&args).limit(LONG).start();
    let stdin = running.stdin.take().expect("a pipe");
    let writer = thread::spawn(move || noise.write_to(stdin));
    let outcome = running.finish().ok();
    writer.join().expect("the writer").expect("all was taken");
    noise.check(&outcome.stderr[..]);
    let here = world.home.call(peer::require("sha256sum")).input(outcome.stderr.clone()).run();
    assert_eq!(outcome.text(), here.text(), "the sum there and here");
    let log = fs::read_to_string(log).expect("the log");
    let renewed = log.matches("NEWKEYS sent").count();
    assert!(renewed >= 20, "keys were renewed {renewed} times");
}

/// A caller that writes much before it reads anything. OpenSSH holds about 4 MiB on the way, xssh as much as a file does.
#[test]
fn writing_before_reading() {
    let world = World::direct();
    let length = match Subject::get().kind {
        Kind::Xssh => 64 << 20,
        Kind::OpenSsh => 1 << 20,
    };
    let noise = Noise { seed: 13, length };
    let mut running = world.home.xssh(&[HOST, "cat"]).limit(LONG).start();
    let mut stdin = running.stdin.take().expect("a pipe");
    noise.write_to(&mut stdin).expect("all is taken before anything was read");
    drop(stdin);
    noise.check(running.stdout.take().expect("a pipe"));
    let _ = running.wait().ok();
}

/// Nobody reads, and the line is alive: standard input and keepalives go on.
#[test]
fn stalled_output_stops_nothing_else() {
    let world = World::direct();
    let sink = world.target.folder().join("sink");
    let command = format!("exec 3<&0; (cat <&3 >{0}.part; mv {0}.part {0}) & seq 500000; wait", sink.display());
    let options = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=3", HOST];
    let mut running = world.home.xssh(&[&options[..], &[&command]].concat()).start();
    let mut stdin = running.stdin.take().expect("a pipe");
    // More than the time after which a dead line is given up.
    thread::sleep(Duration::from_secs(6));
    stdin.write_all(b"still here").expect("standard input");
    drop(stdin);
    let late = Instant::now() + Duration::from_secs(30);
    while !sink.exists() {
        assert!(Instant::now() < late, "what was written never arrived");
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(fs::read(&sink).expect("what arrived"), b"still here");
    let expected: String = (1..=500_000).map(|i| format!("{i}\n")).collect();
    assert!(running.finish().ok().text() == expected);
}

#[test]
fn a_server_that_stands_still_is_given_up() {
    let world = World::direct();
    let options = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2", HOST];
    let mut running = world.home.xssh(&[&options[..], &["echo up; sleep 100"]].concat()).start();
    let stdin = running.stdin.take();
    running.stdout.as_mut().expect("a pipe").read_exact(&mut [0; 3]).expect("a line");
    let serving = world.target.serving();
    let signal = |signal| {
        for pid in &serving {
            let pid = i32::try_from(*pid).ok().and_then(Pid::from_raw).expect("a process");
            // One that ended by itself in between is no loss.
            let _ = kill_process(pid, signal);
        }
    };
    signal(Signal::STOP);
    let stopped = Instant::now();
    let outcome = running.finish().ends(255);
    signal(Signal::CONT);
    assert!(stopped.elapsed() < Duration::from_secs(20), "{outcome}");
    let _ = outcome.says("Timeout, server 127.0.0.1 not responding.");
    drop(stdin);
}
