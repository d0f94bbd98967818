//! `-O`, to a master of either kind, from a client of either kind.

use std::path::Path;

use xssh_tests::world::{HOST, World};

use super::{OpenSsh, PAIRS, Standing, Xssh, logins, socket};

/// An empty path is none: the call goes on without.
#[test]
fn an_empty_path_shares_nothing() {
    for program in [Xssh, OpenSsh] {
        let world = World::direct();
        let outcome = program.call(&world.home, &["-S", "", HOST, "echo alone"]).run().ok();
        assert_eq!(outcome.text(), "alone\n", "{program:?}");
    }
}

#[test]
fn check() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let outcome = client.call(&world.home, &["-S", &standing.path, "-O", "check", HOST]).run().ok();
        assert!(outcome.errors().contains(&format!("Master running (pid={})", standing.pid())), "{outcome}");
        assert!(outcome.stdout.is_empty());
    }
}

#[test]
fn without_a_master() {
    let world = World::direct();
    let path = socket(&world.home);
    for what in ["check", "exit", "stop", "forward", "cancel"] {
        let outcome = world.home.xssh(&["-S", &path, "-O", what, HOST]).run().ends(255);
        let _ = outcome.says(&format!("Control socket connect({path}): No such file or directory"));
    }
    let _ = world.home.xssh(&["-O", "check", HOST]).run().ends(255).says("No ControlPath specified");
    let _ = world.home.xssh(&["-O", "dance", HOST]).run().ends(255).says("Invalid multiplex command.");
}

#[test]
fn exit() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let mut standing = Standing::start(master, &world.home, &[]);
        let outcome = client.call(&world.home, &["-S", &standing.path, "-O", "exit", HOST]).run().ok();
        assert!(outcome.errors().contains("Exit request sent."), "{outcome}");
        let ended = standing.running.take().expect("a master").finish();
        assert!(ended.code().is_some(), "{ended}");
        assert!(!Path::new(&standing.path).exists());
    }
}

/// Nobody new is served, and those who are go on.
#[test]
fn stop() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let mut standing = Standing::start(master, &world.home, &[]);
        let mut first = client.call(&world.home, &["-S", &standing.path, HOST, "echo there; cat"]).start();
        let stdin = first.stdin.take();
        world.target.await_log("Starting session");
        let outcome = client.call(&world.home, &["-S", &standing.path, "-O", "stop", HOST]).run().ok();
        assert!(outcome.errors().contains("Stop listening request sent."), "{outcome}");
        super::until("the socket stays", || !Path::new(&standing.path).exists());
        let _ = client.call(&world.home, &["-S", &standing.path, HOST, "true"]).run().ok();
        assert_eq!(logins(&world.target), 2);
        drop(stdin);
        assert_eq!(first.finish().ok().text(), "there\n");
        // With nobody left to serve, a master without a session of its own ends too.
        let _ = standing.running.take().expect("a master").finish().ends(255);
    }
}

/// A port is opened, used, told, and closed again at run time.
#[test]
fn forward_and_cancel() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let port = xssh_tests::port::Port::lease();
        let local = format!("127.0.0.1:{}:127.0.0.1:{}", port.number(), world.target.port());
        let greets = || {
            let mut greeting = [0; 8];
            let stream = std::net::TcpStream::connect(("127.0.0.1", port.number()));
            stream.and_then(|mut stream| std::io::Read::read_exact(&mut stream, &mut greeting)).map(|()| greeting)
        };
        let control = |what: &str, letter: &str, forward: &str| {
            client.call(&world.home, &["-S", &standing.path, "-O", what, letter, forward, HOST]).run()
        };
        assert!(greets().is_err());
        assert!(control("forward", "-L", &local).ok().stdout.is_empty());
        assert_eq!(&greets().expect("a connection"), b"SSH-2.0-");
        let _ = control("cancel", "-L", &local).ok();
        assert!(greets().is_err(), "{master:?} {client:?}");
        // The host chooses a port and the master says which.
        let remote = format!("127.0.0.1:0:127.0.0.1:{}", world.target.port());
        let chosen = control("forward", "-R", &remote).ok().text();
        let chosen: u16 = chosen.trim().parse().expect("a port");
        let mut greeting = [0; 8];
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", chosen)).expect("a connection");
        std::io::Read::read_exact(&mut stream, &mut greeting).expect("a greeting");
        assert_eq!(&greeting, b"SSH-2.0-");
        // It is taken back as it was asked for, and not one that leads elsewhere.
        let elsewhere = control("cancel", "-R", "127.0.0.1:0:127.0.0.1:1");
        assert!(client == Xssh || elsewhere.code() == Some(0), "{elsewhere}");
        assert!(std::net::TcpStream::connect(("127.0.0.1", chosen)).is_ok(), "{master:?} {client:?}");
        let _ = control("cancel", "-R", &remote).ok();
        // OpenSSH's master does not wait for the host's answer.
        super::until("the host still listens", || std::net::TcpStream::connect(("127.0.0.1", chosen)).is_err());
        let unknown = control("cancel", "-L", "127.0.0.1:1:127.0.0.1:1");
        assert!(client == Xssh || unknown.code() == Some(0), "{unknown}");
        assert!(client != Xssh || unknown.errors().contains("cancel request failed: the master says: "), "{unknown}");
        let taken = format!("127.0.0.1:{}:127.0.0.1:1", world.target.port());
        let failed = control("forward", "-L", &taken).ends(255);
        assert!(failed.errors().contains("forwarding request failed: "), "{failed}");
    }
}
