//! `-f`: into the background once logged in, and nothing of the caller's kept.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use rustix::process::Signal;
use xssh_tests::port::Port;
use xssh_tests::service::{self, answers};
use xssh_tests::tunnel::{Backgrounds, running};
use xssh_tests::world::{HOST, World};

fn v4(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// The call's outcome is there only once both of its pipes are closed: whoever reads them to their end is not held up.
#[test]
fn the_forwards_stand_when_the_caller_goes_on() {
    let world = World::direct();
    let _ends = Backgrounds(&world.home);
    let (service, near, far) = (service::on_a_port(), Port::lease(), Port::lease());
    let specs = [&near, &far].map(|port| format!("{}:127.0.0.1:{service}", port.number()));
    let strict = "ExitOnForwardFailure=yes";
    let outcome = world.home.xssh(&["-f", "-N", "-o", strict, "-L", &specs[0], "-R", &specs[1], HOST]).run().ok();
    assert!(outcome.stdout.is_empty() && outcome.stderr.is_empty(), "{outcome}");
    assert!(answers(v4(near.number())) && answers(v4(far.number())));
    assert_eq!(running(&world.home).len(), 1);
}

/// In a session of its own, with nothing of the caller's open, and its folder kept.
#[test]
fn nothing_of_the_callers_stays_open() {
    let world = World::direct();
    let _ends = Backgrounds(&world.home);
    let extra = world.home.script("caller", "exec 5>extra; exec \"$@\"");
    let shell = world.home.remote_shell();
    let call = world.home.call(extra).arg(shell).args(["-o", "ForkAfterAuthentication=yes", "-N", HOST]);
    let _ = call.run().ok();
    let [pid] = running(&world.home)[..] else { panic!("one is in the background") };
    let number = pid.as_raw_nonzero();
    let of = |fd: &str| std::fs::read_link(format!("/proc/{number}/fd/{fd}")).expect("a descriptor");
    for fd in ["0", "1", "2"] {
        assert_eq!(of(fd).to_str(), Some("/dev/null"));
    }
    let folder = std::fs::read_dir(format!("/proc/{number}/fd")).expect("descriptors");
    for entry in folder.flatten() {
        let open = std::fs::read_link(entry.path()).unwrap_or_default();
        assert!(!open.ends_with("extra"), "{}", open.display());
    }
    assert_eq!(rustix::process::getsid(Some(pid)).expect("its session"), pid);
}

/// What the command says still reaches the caller's output, as with ssh.
#[test]
fn a_command_in_the_background_speaks() {
    let world = World::direct();
    let _ends = Backgrounds(&world.home);
    let outcome = world.home.xssh(&["-f", HOST, "cat; echo out; echo err >&2"]).input("not read\n").run().ok();
    assert_eq!((outcome.text().as_str(), outcome.errors().as_str()), ("out\n", "err\n"));
}

#[test]
fn what_fails_is_told_by_the_one_that_was_called() {
    let world = World::direct();
    let _ends = Backgrounds(&world.home);
    let _ = world.home.xssh(&["-f", HOST]).run().ends(255).says("Cannot fork into background without a command");
    let home = xssh_tests::home::Home::new();
    home.know(&world.target.known_as(&format!("[127.0.0.1]:{}", world.target.port())));
    let port = world.target.port().to_string();
    let outcome = home.xssh(&["-f", "-N", "-p", &port, "127.0.0.1"]).run().ends(255);
    let _ = outcome.says("Permission denied");
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = taken.local_addr().expect("its number").port();
    for (letter, said) in [("-L", "Could not request local forwarding."), ("-R", "remote port forwarding failed")] {
        let spec = format!("127.0.0.1:{port}:localhost:1");
        let outcome = world.home.xssh(&["-f", "-N", "-o", "ExitOnForwardFailure=yes", letter, &spec, HOST]).run();
        let _ = outcome.ends(255).says(said);
    }
    Backgrounds(&world.home).wait_for_end();
}

/// Who kills the process that was called, while it still logs in, means the whole.
#[test]
fn killed_before_it_is_in_the_background_nothing_stays() {
    let world = World::direct();
    let _ends = Backgrounds(&world.home);
    let note = world.home.path().join("asked");
    let way = world.home.script("way", &format!("echo > {}; exec sleep 300", note.display()));
    let command = format!("ProxyCommand={}", way.display());
    // What the way is holds our standard error too.
    let call = world.home.xssh(&["-f", "-N", "-o", &command, HOST]).stderr(std::process::Stdio::null());
    let running = call.start();
    let late = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !note.exists() {
        assert!(std::time::Instant::now() < late, "the way was not taken");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    running.signal(Signal::TERM);
    let outcome = running.wait();
    assert_ne!(outcome.code(), Some(0), "{outcome}");
    Backgrounds(&world.home).wait_for_end();
}
