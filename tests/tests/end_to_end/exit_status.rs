//! The exit status: the remote program's, or 255.

use std::io::Read as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rustix::process::Signal;
use xssh_tests::port::Port;
use xssh_tests::subject::Subject;
use xssh_tests::wait::until;
use xssh_tests::world::{HOST, World};
use xssh_tests::{over_both_routes, peer, service};

over_both_routes!(some_statuses, a_signal_is_255);

fn some_statuses(world: &World) {
    for code in [0, 1, 2, 42, 127, 128, 130, 254, 255] {
        let outcome = world.home.xssh(&[HOST, &format!("exit {code}")]).run();
        assert!(outcome.ends(code).stdout.is_empty());
    }
}

#[test]
fn every_status() {
    let world = World::direct();
    let next = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let code = next.fetch_add(1, Ordering::Relaxed);
                    if code > 255 {
                        return;
                    }
                    let outcome = world.home.xssh(&[HOST, &format!("exit {code}")]).run();
                    let _ = outcome.ends(i32::try_from(code).expect("a small number"));
                }
            });
        }
    });
}

fn a_signal_is_255(world: &World) {
    for signal in ["TERM", "KILL", "SEGV", "USR1", "PIPE"] {
        let command = format!("echo before; kill -{signal} $$; echo after");
        let outcome = world.home.xssh(&[HOST, &command]).run().ends(255);
        assert_eq!(outcome.text(), "before\n", "{outcome}");
    }
}

#[test]
fn a_missing_program_is_127() {
    let world = World::direct();
    let outcome = world.home.xssh(&[HOST, "/no/such/program"]).run();
    let _ = outcome.ends(127).says("/no/such/program");
}

#[test]
fn a_failure_of_ours_is_255_and_prints_nothing() {
    let world = World::direct();
    for args in [&["no-such-host.invalid", "true"][..], &["-p", "1", "127.0.0.1", "true"], &["-o", "NoSuch=1", HOST]] {
        let outcome = world.home.xssh(args).run().ends(255);
        assert!(outcome.stdout.is_empty() && !outcome.stderr.is_empty(), "{outcome}");
    }
}

/// What a call is there for that is ended by a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Forwards,
    Stream,
    Program,
}

/// Without a program that could have a status, SIGTERM is the way to end a call, and no failure. With one, and for any other signal, it
/// is 255.
#[test]
fn a_call_that_is_ended_by_a_signal() {
    let world = World::direct();
    let service = service::on_a_port();
    let cases = [
        (Purpose::Forwards, Signal::TERM, 0),
        (Purpose::Stream, Signal::TERM, 0),
        (Purpose::Program, Signal::TERM, 255),
        (Purpose::Forwards, Signal::INT, 255),
        (Purpose::Forwards, Signal::HUP, 255),
        (Purpose::Stream, Signal::QUIT, 255),
    ];
    for (purpose, signal, code) in cases {
        for own in [true, false] {
            let port = Port::lease();
            let spec = format!("{}:127.0.0.1:{service}", port.number());
            let address = format!("127.0.0.1:{}", world.target.port());
            let args = match purpose {
                Purpose::Forwards => vec!["-N", "-L", &spec, HOST],
                Purpose::Stream => vec!["-W", &address, HOST],
                Purpose::Program => vec![HOST, "echo SSH-2.0-; cat"],
            };
            let call = match own {
                true => world.home.xssh(&args),
                false => world.home.call(peer::require("ssh")).arg("-F").arg(world.home.config()).args(&args),
            };
            let mut running = call.start();
            // Only a call that is under way takes signals in its own way.
            let stdin = running.stdin.take();
            if purpose == Purpose::Forwards {
                until("the forward does not stand", || {
                    service::answers((std::net::Ipv4Addr::LOCALHOST, port.number()).into())
                });
            } else {
                let mut greeting = [0; 8];
                running.stdout.as_mut().expect("its output").read_exact(&mut greeting).expect("a greeting");
                assert_eq!(&greeting, b"SSH-2.0-");
            }
            running.signal(signal);
            let outcome = running.end_by_itself().ends(code);
            assert_eq!(outcome.errors(), "", "{purpose:?} {signal:?}");
            drop(stdin);
        }
    }
}

/// Where there are few descriptors, a call takes what it may have; where that is too little it says so, and what to do.
#[test]
fn a_limit_of_open_files() {
    let world = World::direct();
    let under = |limit: &str| {
        let call = world.home.call(peer::require("prlimit")).args([&format!("--nofile={limit}"), "--"]);
        let call = call.arg(&Subject::get().path).arg("-F").arg(world.home.config());
        call.args([HOST, "echo there"]).run()
    };
    for few in ["8:1000", "16:16"] {
        assert_eq!(under(few).ok().text(), "there\n", "{few}");
    }
    for limit in 4..16 {
        let _ = under(&format!("{limit}:{limit}")).ends(255).says("ulimit -n");
    }
}
