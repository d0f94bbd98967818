//! The exit status: the remote program's, or 255.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use xssh_tests::over_both_routes;
use xssh_tests::world::{HOST, World};

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
