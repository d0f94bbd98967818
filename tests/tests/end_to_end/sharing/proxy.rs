//! `-O proxy`: a client speaks the connection protocol by itself, and a master passes it on. Ours and OpenSSH's, both ways.

mod forwards;
mod hostile;
mod terminals;

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use xssh_tests::agent::Agent;
use xssh_tests::call::Call;
use xssh_tests::home::Home;
use xssh_tests::key::Key;
use xssh_tests::sshd::Sshd;
use xssh_tests::world::{HOST, World};

use super::{OpenSsh, PAIRS, Program, Standing, Xssh, are_apart, logins, text, until};

/// A call in proxy mode; `args` begin with further options.
fn proxied(client: Program, home: &Home, standing: &Standing, args: &[&str]) -> Call {
    client.call(home, &[&["-S", standing.path.as_str(), "-O", "proxy"], args].concat())
}

#[test]
fn a_command_and_its_pipes() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let call = |args: &[&str]| proxied(client, &world.home, &standing, args);
        let outcome = call(&[HOST, "cat; echo err >&2; exit 42"]).input("in\n").run().ends(42);
        assert_eq!((outcome.text(), outcome.errors()), ("in\n".into(), "err\n".into()), "{master:?} {client:?}");
        // More than any window holds, both ways at once.
        let large: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
        let outcome = call(&[HOST, "cat"]).input(&large[..]).limit(Duration::from_secs(200)).run().ok();
        assert!(outcome.stdout == large, "{} bytes came back", outcome.stdout.len());
        let both = "head -c 3000000 /dev/zero & head -c 3000000 /dev/zero >&2; wait";
        let outcome = call(&[HOST, both]).run().ok();
        assert_eq!((outcome.stdout.len(), outcome.stderr.len()), (3_000_000, 3_000_000));
        let _ = call(&[HOST, "kill -9 $$"]).run().ends(255);
        let _ = call(&["-s", HOST, "nothing"]).run().ends(255).says("subsystem request failed on channel 0");
        assert_eq!(logins(&world.target), 1, "{master:?} {client:?}");
    }
}

/// OpenSSH takes no `-W` with `-O`.
#[test]
fn a_stream_to_a_further_host() {
    for master in [Xssh, OpenSsh] {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let address = format!("127.0.0.1:{}", world.target.port());
        let outcome = proxied(Xssh, &world.home, &standing, &["-W", &address, HOST]).input("x\n").run().ok();
        assert!(outcome.stdout.starts_with(b"SSH-2.0-"), "{outcome}");
        assert_eq!(logins(&world.target), 1);
    }
}

/// A variable that is no text is not passed on by russh, and in nobody's way.
#[test]
fn variables() {
    for (master, client) in PAIRS {
        let target = Sshd::plan().with("AcceptEnv GIT_*").start();
        let home = Home::facing(HOST, &target);
        let standing = Standing::start(master, &home, &[]);
        let call = proxied(client, &home, &standing, &["-o", "SendEnv=GIT_*", HOST, "echo \"$GIT_PROTOCOL\""]);
        let latin = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"caf\xe9");
        let outcome = call.env("GIT_PROTOCOL", "version=2").env("GIT_AUTHOR", latin).run().ok();
        assert_eq!(outcome.text(), "version=2\n", "{master:?} {client:?}");
    }
}

/// It is the master's agent, for whoever asks.
#[test]
fn the_agent() {
    let world = World::direct();
    let key = Key::new(world.home.path().join("agents_key"), "ed25519");
    let agent = Agent::holding(&[&key]);
    let option = format!("ForwardAgent={}", text(agent.socket()));
    let standing = Standing::start(Xssh, &world.home, &["-o", &option]);
    let call = |client, args: &[&str]| proxied(client, &world.home, &standing, args).run().ok().text();
    // Once it has been asked for, sshd tells every later program of the connection where it is.
    assert_eq!(call(Xssh, &[HOST, "echo \"<$SSH_AUTH_SOCK>\""]), "<>\n");
    for client in [Xssh, OpenSsh] {
        let listed = call(client, &["-o", &option, HOST, "ssh-add -L"]);
        assert_eq!(listed.split(' ').nth(1), key.public().split(' ').nth(1), "{client:?}: {listed}");
    }
}

#[test]
fn clients_at_once_are_apart() {
    are_apart(proxied);
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody() {
    for client in [Xssh, OpenSsh] {
        let world = World::direct();
        let standing = Standing::start(Xssh, &world.home, &[]);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let command = "head -c 20000000 /dev/zero";
        let stuck = proxied(client, &world.home, &standing, &[HOST, command]).stdout(writer).start();
        for _ in 0..10 {
            let outcome = proxied(client, &world.home, &standing, &[HOST, "echo free"]).run().ok();
            assert_eq!(outcome.text(), "free\n");
        }
        let read = thread::spawn(move || std::io::copy(&mut { reader }, &mut std::io::sink()).expect("what came"));
        let _ = stuck.wait().ok();
        assert_eq!(read.join().expect("the reader"), 20_000_000);
    }
}

/// Its programs end, and everybody else is served as before.
#[test]
fn a_client_that_is_killed_in_the_middle() {
    for client in [Xssh, OpenSsh] {
        let world = World::direct();
        let standing = Standing::start(Xssh, &world.home, &[]);
        let folder = world.home.path().to_owned();
        for (number, program) in ["cat /dev/zero", "cat > /dev/null"].into_iter().enumerate() {
            let command = format!("echo $$ > {}/pid{number}; exec {program}", text(&folder));
            let call = proxied(client, &world.home, &standing, &[HOST, &command]);
            let zeros = std::fs::File::open("/dev/zero").expect("zeros");
            let running = call.stdin(zeros).stdout(std::process::Stdio::null()).start();
            let pid = || std::fs::read_to_string(folder.join(format!("pid{number}"))).unwrap_or_default();
            until("no program", || pid().ends_with('\n'));
            running.signal(Signal::KILL);
            let _ = running.wait();
            let process = PathBuf::from("/proc").join(pid().trim());
            until("the program goes on", || !process.exists());
        }
        let outcome = proxied(client, &world.home, &standing, &[HOST, "echo sound"]).run().ok();
        assert_eq!(outcome.text(), "sound\n");
        let outcome = client.call(&world.home, &["-S", &standing.path, HOST, "echo sound"]).run().ok();
        assert_eq!(outcome.text(), "sound\n");
        assert_eq!(logins(&world.target), 1);
    }
}

/// The host's words reach the client, and the master goes on. OpenSSH's own ends with this.
#[test]
fn more_sessions_than_the_host_gives() {
    for client in [Xssh, OpenSsh] {
        let target = Sshd::plan().with("MaxSessions 1").start();
        let home = Home::facing(HOST, &target);
        let standing = Standing::start(Xssh, &home, &[]);
        let mut first = proxied(client, &home, &standing, &[HOST, "echo there; cat"]).start();
        let stdin = first.stdin.take();
        target.await_log("Starting session");
        let outcome = proxied(client, &home, &standing, &[HOST, "echo second"]).run().ends(255);
        let _ = outcome.says("open failed: connect failed: open failed");
        drop(stdin);
        assert_eq!(first.finish().ok().text(), "there\n");
        assert_eq!(logins(&target), 1, "{client:?}");
    }
}

#[test]
fn a_master_that_ends() {
    for client in [Xssh, OpenSsh] {
        for how in [Signal::KILL, Signal::TERM] {
            let world = World::direct();
            let standing = Standing::start(Xssh, &world.home, &[]);
            let mut running = proxied(client, &world.home, &standing, &[HOST, "cat"]).start();
            let stdin = running.stdin.take();
            world.target.await_log("Starting session");
            standing.running.as_ref().expect("a master").signal(how);
            let _ = running.finish().ends(255);
            drop(stdin);
        }
    }
}
