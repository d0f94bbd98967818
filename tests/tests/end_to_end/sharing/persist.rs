//! ControlPersist: a master that stays when the call that started it is over.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use xssh_tests::call::{Call, Outcome};
use xssh_tests::home::Home;
use xssh_tests::port::Port;
use xssh_tests::service::{self, Half, answers};
use xssh_tests::sshd::Sshd;
use xssh_tests::world::{HOST, World};

use super::{OpenSsh, Program, Xssh, logins, socket, until};

/// The options of a call that starts a master where there is none.
fn options(home: &Home, persist: &str) -> [String; 6] {
    let path = format!("ControlPath={}", socket(home));
    let persist = format!("ControlPersist={persist}");
    ["-o".to_owned(), "ControlMaster=auto".to_owned(), "-o".to_owned(), path, "-o".to_owned(), persist]
}

fn call(program: Program, home: &Home, persist: &str, rest: &[&str]) -> Call {
    let options = options(home, persist);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    program.call(home, &[&options, rest].concat())
}

fn run(program: Program, home: &Home, persist: &str, rest: &[&str]) -> Outcome {
    call(program, home, persist, rest).run()
}

/// The process of the master, as `-O check` says.
fn master(home: &Home) -> Option<u32> {
    let outcome = home.xssh(&["-S", &socket(home), "-O", "check", HOST]).run();
    let said = outcome.errors();
    let (_, pid) = said.split_once("(pid=")?;
    pid.split(')').next()?.parse().ok()
}

/// The call ends, and with it every pipe of its caller's: a master that kept one would let this wait for ever.
#[test]
fn it_holds_nothing_of_its_callers() {
    let world = World::direct();
    let outcome = run(Xssh, &world.home, "yes", &[HOST, "echo out; echo err >&2; exit 7"]).ends(7);
    assert_eq!((outcome.text(), outcome.errors()), ("out\n".into(), "err\n".into()));
    let pid = master(&world.home).expect("a master");
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors");
    let targets: Vec<String> = open
        .filter_map(|entry| Some(std::fs::read_link(entry.ok()?.path()).ok()?.to_string_lossy().into_owned()))
        .collect();
    assert!(!targets.iter().any(|target| target.starts_with("pipe:")), "{targets:?}");
    // In a session of its own: what ends the caller's terminal does not end it.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("its state");
    let session = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(3)).expect("its session");
    assert_eq!(session, pid.to_string());
    for program in [Xssh, OpenSsh] {
        let outcome = run(program, &world.home, "yes", &[HOST, "echo again"]).ok();
        assert_eq!((outcome.text(), outcome.errors()), ("again\n".into(), String::new()));
    }
    assert_eq!(logins(&world.target), 1);
    let _ = world.home.xssh(&["-S", &socket(&world.home), "-O", "exit", HOST]).run().ok().says("Exit request sent.");
    until("the master goes on", || !Path::new(&format!("/proc/{pid}/exe")).exists());
    assert!(!Path::new(&socket(&world.home)).exists());
}

/// Whatever ends it, the next call finds no name that nobody answers to.
#[test]
fn a_signal_takes_the_socket_with_it() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let world = World::direct();
        let _ = run(Xssh, &world.home, "yes", &[HOST, "true"]).ok();
        let pid = master(&world.home).and_then(|pid| Pid::from_raw(pid.try_into().ok()?)).expect("a master");
        kill_process(pid, signal).expect("a running master");
        until("the master goes on", || !Path::new(&format!("/proc/{}/exe", pid.as_raw_nonzero())).exists());
        assert!(!Path::new(&socket(&world.home)).exists(), "{signal:?}");
        let _ = run(Xssh, &world.home, "1", &[HOST, "true"]).ok();
    }
}

#[test]
fn it_ends_when_it_was_unused_for_long_enough() {
    let world = World::direct();
    let _ = run(Xssh, &world.home, "1", &[HOST, "true"]).ok();
    until("the socket stays", || !Path::new(&socket(&world.home)).exists());
    let _ = run(Xssh, &world.home, "1", &[HOST, "true"]).ok();
    assert_eq!(logins(&world.target), 2);
}

/// Sessions are not cut short by the end of the one that began, nor by the time that nobody new came.
#[test]
fn a_long_session_outlives_the_time() {
    let world = World::direct();
    // Both are there before the time begins.
    let [first, long] = ["echo up; cat", "echo up; sleep 3; echo whole"].map(|command| {
        let mut running = call(Xssh, &world.home, "1", &[HOST, command]).start();
        running.stdout.as_mut().expect("its output").read_exact(&mut [0; 3]).expect("a word");
        running
    });
    let _ = first.finish().ok();
    assert_eq!(long.finish().ok().text(), "whole\n");
    assert_eq!(logins(&world.target), 1);
}

/// Who cannot log in says so once, with the code of every failure, and leaves nothing.
#[test]
fn no_login_no_master() {
    let target = Sshd::plan().start();
    let mut home = Home::new();
    home.know(&target.known_as(&format!("[127.0.0.1]:{}", target.port())));
    home.host(HOST, &format!("HostName 127.0.0.1\nPort {}", target.port()));
    let outcome = run(Xssh, &home, "yes", &[HOST, "true"]).ends(255).says("Permission denied");
    assert_eq!(outcome.errors().matches("Permission denied (").count(), 1, "{outcome}");
    assert!(!Path::new(&socket(&home)).exists());
}

/// A call in the foreground serves others until they are done (`ControlMaster auto` without ControlPersist).
#[test]
fn a_call_serves_others_as_long_as_they_need() {
    for client in [Xssh, OpenSsh] {
        let world = World::direct();
        let mut first = call(Xssh, &world.home, "no", &[HOST, "cat"]).start();
        let stdin = first.stdin.take();
        until("no control socket", || Path::new(&socket(&world.home)).exists());
        let path = socket(&world.home);
        let mut second = client.call(&world.home, &["-S", &path, HOST, "echo there; cat"]).start();
        let second_stdin = second.stdin.take();
        until("no second session", || world.target.log().matches("Starting session").count() == 2);
        drop(stdin);
        // The first session is over; its process serves the second.
        world.target.await_log("Close session");
        drop(second_stdin);
        assert_eq!(second.finish().ok().text(), "there\n");
        let _ = first.finish().ok();
        assert_eq!(logins(&world.target), 1, "{client:?}");
        assert!(!Path::new(&path).exists());
    }
}

/// Two at once where there is no master: one becomes it, and neither fails.
#[test]
fn two_that_start_at_once() {
    let world = World::direct();
    let start = |number: usize| call(Xssh, &world.home, "30", &[HOST, &format!("echo {number}")]).start();
    let running: Vec<_> = (0..6).map(start).collect();
    for (number, running) in running.into_iter().enumerate() {
        assert_eq!(running.finish().ok().text(), format!("{number}\n"));
    }
    let _ = world.home.xssh(&["-S", &socket(&world.home), "-O", "exit", HOST]).run().ok();
}

/// A connection that passes a forward of the master's is not cut because no client is there.
#[test]
fn it_stays_while_a_forwarded_connection_is_open() {
    let world = World::direct();
    let port = Port::lease();
    let spec = format!("{}:127.0.0.1:{}", port.number(), service::on_a_port());
    let options = options(&world.home, "1");
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let mut first = Xssh.call(&world.home, &[&options, &["-L", &spec, HOST, "cat"][..]].concat()).start();
    let stdin = first.stdin.take();
    until("no forward", || answers((Ipv4Addr::LOCALHOST, port.number()).into()));
    let mut stream =
        TcpStream::connect((Ipv4Addr::LOCALHOST, port.number())).and_then(Half::patient).expect("the forward");
    let mut echo = || -> std::io::Result<()> {
        stream.write_all(b"x")?;
        stream.read_exact(&mut [0])
    };
    echo().expect("an echo");
    drop(stdin);
    let _ = first.finish().ok();
    // Longer than it would stay without.
    thread::sleep(Duration::from_secs(4));
    echo().expect("an echo");
    drop(stream);
    until("it stays", || !Path::new(&socket(&world.home)).exists());
}
