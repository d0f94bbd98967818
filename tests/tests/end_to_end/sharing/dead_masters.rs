//! Masters that are dead, hang, or whose host is gone: the next call connects by itself.

use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use xssh_tests::world::{HOST, World};

use super::{OpenSsh, Standing, Xssh, logins};

fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a process")).expect("a process");
    kill_process(pid, signal).expect("a process of ours");
}

#[test]
fn killed() {
    let world = World::direct();
    let standing = Standing::start(Xssh, &world.home, &[]);
    signal(standing.pid(), Signal::KILL);
    let options = ["-o", "ControlMaster=auto", "-S", &standing.path, HOST, "echo alone"];
    super::until("the process stays", || UnixStream::connect(&standing.path).is_err());
    let outcome = world.home.xssh(&options).run().ok();
    assert_eq!((outcome.text(), outcome.errors()), ("alone\n".into(), String::new()));
    assert_eq!(logins(&world.target), 2);
}

/// In the middle of a session: 255, as for a connection that is lost, and not for ever.
#[test]
fn killed_under_a_client() {
    for client in [Xssh, OpenSsh] {
        let world = World::direct();
        let standing = Standing::start(Xssh, &world.home, &[]);
        let mut running = client.call(&world.home, &["-S", &standing.path, HOST, "echo there; cat"]).start();
        let stdin = running.stdin.take();
        // Before anything is carried the client has heard that its session is open; without one it would connect by itself.
        running.stdout.as_mut().expect("its output").read_exact(&mut [0; 6]).expect("a word");
        signal(standing.pid(), Signal::KILL);
        let _ = running.finish().ends(255);
        drop(stdin);
    }
}

/// A process that is stopped has a socket that takes connections.
#[test]
fn hanging() {
    for master in [Xssh, OpenSsh] {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        signal(standing.pid(), Signal::STOP);
        let told = world.home.xssh(&["-S", &standing.path, "-O", "check", HOST]).run().ends(255);
        let _ = told.says(&format!("Control socket {}: the master does not answer; if it hangs", standing.path));
        let outcome = world.home.xssh(&["-S", &standing.path, HOST, "echo alone"]).run().ok();
        assert_eq!(outcome.text(), "alone\n", "{master:?}");
        let _ = outcome.says("the master does not answer; connecting by ourselves");
        assert_eq!(logins(&world.target), 2);
        signal(standing.pid(), Signal::CONT);
    }
}

/// The master lives, and its host does not answer, as after a night's sleep behind a router that forgot us.
#[test]
fn with_a_host_that_is_gone() {
    let world = World::direct();
    let standing = Standing::start(Xssh, &world.home, &[]);
    let _ = world.home.xssh(&["-S", &standing.path, HOST, "true"]).run().ok();
    world.target.await_log("Close session");
    let serving = world.target.serving();
    for pid in &serving {
        signal(*pid, Signal::STOP);
    }
    // Shorter, and the host counts as there without being asked.
    thread::sleep(Duration::from_secs(6));
    let outcome = world.home.xssh(&["-S", &standing.path, HOST, "echo alone"]).run().ok();
    assert_eq!(outcome.text(), "alone\n");
    super::until("the socket stays", || !Path::new(&standing.path).exists());
    for pid in serving {
        signal(pid, Signal::CONT);
    }
}
