//! Forwards that cannot be had, and what does not take the session with it.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use xssh_tests::home::Home;
use xssh_tests::peer;
use xssh_tests::port::Port;
use xssh_tests::service;
use xssh_tests::sshd::Sshd;
use xssh_tests::tunnel::{Backgrounds, Tunnel};
use xssh_tests::world::{HOST, World};

const STRICT: &str = "ExitOnForwardFailure=yes";

/// A port on which somebody listens.
fn taken() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("its number").port();
    (listener, port.to_string())
}

#[test]
fn a_port_that_is_taken_here() {
    let world = World::direct();
    let (_listener, port) = taken();
    for spec in [["-L", &format!("127.0.0.1:{port}:localhost:1")], ["-D", &format!("127.0.0.1:{port}")]] {
        let [letter, spec] = spec;
        let outcome = world.home.xssh(&["-o", STRICT, letter, spec, HOST, "echo ran"]).run().ends(255);
        assert!(outcome.stdout.is_empty(), "{outcome}");
        let outcome = outcome.says("Address already in use").says(&format!("cannot listen to port: {port}"));
        let _ = outcome.says("Could not request local forwarding.");
        let outcome = world.home.xssh(&[letter, spec, HOST, "echo ran"]).run().ok();
        assert_eq!(outcome.text(), "ran\n");
        let _ = outcome.says("Address already in use").says("Could not request local forwarding.");
    }
}

/// Who connects to the other address reaches somebody else: that is said, by both programs, and is no failure.
#[test]
fn one_address_of_a_port_is_taken_here() {
    let world = World::direct();
    let _ends = Backgrounds(&world.home);
    for (address, ssh_too) in [("127.0.0.1", true), ("::1", false)] {
        let port = Port::lease();
        let _taken = TcpListener::bind((address, port.number())).expect("a port");
        let said = format!("bind [{address}]:{}: Address already in use", port.number());
        let spec = format!("{}:localhost:1", port.number());
        for args in [
            ["-L", &spec],
            ["-D", &port.number().to_string()],
            ["-o", &format!("LocalForward {} localhost:1", port.number())],
        ] {
            let args = [&["-o", STRICT], &args[..], &[HOST, "echo ran"]].concat();
            let outcome = world.home.xssh(&args).run().ok();
            assert_eq!((outcome.text().as_str(), outcome.errors().trim_end()), ("ran\n", said.as_str()));
            // OpenSSH names the last address that it tried, and no other.
            let ssh = world.home.call(peer::require("ssh")).arg("-F").arg(world.home.config()).args(&args).run().ok();
            assert!(!ssh_too || ssh.errors().trim_end().ends_with(&said), "{ssh}");
        }
        let outcome = world.home.xssh(&["-f", "-N", "-o", STRICT, "-L", &spec, HOST]).run().ok();
        assert_eq!(outcome.errors().trim_end(), said);
    }
}

#[test]
fn a_port_that_is_taken_there() {
    let world = World::direct();
    let (_listener, port) = taken();
    let spec = format!("127.0.0.1:{port}:localhost:1");
    let said = format!("remote port forwarding failed for listen port {port}");
    let outcome = world.home.xssh(&["-o", STRICT, "-R", &spec, HOST, "sleep 60"]).run().ends(255);
    let _ = outcome.says(&format!("Error: {said}"));
    let outcome = world.home.xssh(&["-R", &spec, HOST, "echo ran; sleep 1"]).run().ok();
    assert_eq!(outcome.text(), "ran\n");
    let _ = outcome.says(&format!("Warning: {said}"));
}

#[test]
fn a_host_that_forwards_nothing() {
    let target = Sshd::plan().with("AllowTcpForwarding no\nAllowStreamLocalForwarding no").start();
    let home = Home::facing(HOST, &target);
    let (service, port) = (service::on_a_port(), Port::lease());
    let path = home.path().join("socket");
    let outcome = home.xssh(&["-R", &format!("{}:localhost:1", path.display()), HOST, "sleep 1"]).run().ok();
    let _ = outcome.says(&format!("Warning: remote port forwarding failed for listen path {}", path.display()));
    let spec = format!("{}:127.0.0.1:{service}", port.number());
    let tunnel = Tunnel::start(home.xssh(&["-L", &spec, HOST, "echo up; cat"]));
    assert!(!service::answers((Ipv4Addr::LOCALHOST, port.number()).into()));
    let _ = tunnel.down().ok().says("open failed: administratively prohibited");
    // A SOCKS client hears that it may not, and not that nobody is there (RFC 1928, section 6).
    let proxy = Port::lease();
    let tunnel = Tunnel::start(home.xssh(&["-D", &proxy.number().to_string(), HOST, "echo up; cat"]));
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.number())).expect("a proxy");
    let [high, low] = service.to_be_bytes();
    stream.write_all(&[5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, high, low]).expect("a wish");
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(answer, [5, 0, 5, 2]);
    drop(stream);
    let _ = tunnel.down().ok();
}

/// What another ssh that goes through it looks for.
#[test]
fn a_stream_that_leads_nowhere() {
    let world = World::direct();
    let nowhere = Port::lease();
    let args = ["-W", &format!("127.0.0.1:{}", nowhere.number()), HOST];
    let ssh = world.home.call(peer::require("ssh")).arg("-F").arg(world.home.config()).args(args);
    for call in [world.home.xssh(&args), ssh] {
        let outcome = call.run().ends(255);
        let outcome = outcome.says("channel 0: open failed: connect failed: Connection refused");
        let _ = outcome.says("stdio forwarding failed");
    }
}

#[test]
fn specifications_that_are_none() {
    let world = World::direct();
    for (letter, spec, kind) in [
        ("-L", "8080", "local"),
        ("-L", "0:host:1", "local"),
        ("-L", "1:host:0", "local"),
        ("-L", "[::1:1:host:1", "local"),
        ("-R", "1:host:99999", "remote"),
        ("-D", "host", "dynamic"),
        ("-D", "1:2:3", "dynamic"),
    ] {
        let outcome = world.home.xssh(&[letter, spec, HOST, "true"]).run().ends(255);
        let _ = outcome.says(&format!("Bad {kind} forwarding specification '{spec}'"));
    }
}

/// A host whose key is not the one known is let in by `StrictHostKeyChecking no` alone: nothing is forwarded to it.
#[test]
fn nothing_is_forwarded_to_a_host_that_is_not_the_one_known() {
    let mut world = World::direct();
    let other = Sshd::plan().start();
    world.home.know(&other.known_as("impostor"));
    world.home.configure("Match originalhost impostor\nHostKeyAlias impostor\nStrictHostKeyChecking no\nHost *");
    let port = world.target.port();
    world.home.host("impostor", &format!("HostName 127.0.0.1\nPort {port}"));
    let (service, near, far) = (service::on_a_port(), Port::lease(), Port::lease());
    let specs = [&near, &far].map(|port| format!("{}:127.0.0.1:{service}", port.number()));
    let args = ["-L", &specs[0], "-R", &specs[1], "impostor", "echo up; cat"];
    let tunnel = Tunnel::start(world.home.xssh(&args));
    for port in [near, far] {
        assert!(!service::answers((Ipv4Addr::LOCALHOST, port.number()).into()));
    }
    let _ = tunnel.down().ok().says("Port forwarding is disabled");
}
