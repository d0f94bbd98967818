//! Forwards that a client in proxy mode serves by itself: ours over both masters, and OpenSSH's over ours.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use xssh_tests::peer;
use xssh_tests::port::Port;
use xssh_tests::service::{self, answers, talk};
use xssh_tests::tunnel::{Backgrounds, running as in_the_background};
use xssh_tests::world::{HOST, World};

use super::{OpenSsh, PAIRS, Standing, Xssh, logins, proxied, text, until};

fn v4(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Ports and sockets, many connections at once, each end of input by itself; what nobody serves is refused.
#[test]
fn local_ones() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let folder = world.home.path().to_owned();
        let (near, far) = (text(&folder.join("near")).to_owned(), text(&folder.join("far")).to_owned());
        service::on_a_socket(far.as_ref());
        let (port, dead, service) = (Port::lease(), Port::lease(), service::on_a_port());
        let specs = [
            format!("{}:127.0.0.1:{service}", port.number()),
            format!("{near}:{far}"),
            format!("{}:127.0.0.1:1", dead.number()),
        ];
        let args = ["-N", "-L", &specs[0], "-L", &specs[1], "-L", &specs[2], HOST];
        let running = proxied(client, &world.home, &standing, &args).stdin(Stdio::null()).start();
        until("no forward", || answers(v4(port.number())));
        talk_at_once(&near, v4(port.number()));
        // OpenSSH's own master ends where the host opens nothing.
        assert!(master == OpenSsh || !answers(v4(dead.number())));
        assert!(answers(v4(port.number())));
        running.signal(rustix::process::Signal::TERM);
        let _ = running.finish();
        let outcome = proxied(client, &world.home, &standing, &[HOST, "echo sound"]).run().ok();
        assert_eq!(outcome.text(), "sound\n", "{master:?} {client:?}");
        assert_eq!(logins(&world.target), 1, "{master:?} {client:?}");
    }
}

/// A SOCKS proxy, beside a program, in the background, and none where its port is taken.
#[test]
fn a_proxy_in_the_background() {
    for master in [Xssh, OpenSsh] {
        let world = World::direct();
        let _ends = Backgrounds(&world.home);
        let standing = Standing::start(master, &world.home, &[]);
        let port = Port::lease().number().to_string();
        let options = ["-f", "-N", "-o", "ExitOnForwardFailure=yes", "-D", port.as_str(), HOST];
        let call = || proxied(Xssh, &world.home, &standing, &options).run();
        let before = in_the_background(&world.home).len();
        let _ = call().ok();
        assert_eq!(in_the_background(&world.home).len(), before + 1);
        let _ = call().ends(255).says("Address already in use");
        let curl =
            world.home.call(peer::require("curl")).args(["--silent", "--noproxy", "", "--http0.9", "--max-time", "60"]);
        let (proxy, url) =
            (format!("socks5h://127.0.0.1:{port}"), format!("telnet://localhost:{}", world.target.port()));
        let outcome = curl.args(["--proxy", &proxy, &url]).input("x\n").run();
        assert!(outcome.stdout.starts_with(b"SSH-2.0-"), "{master:?}: {outcome}");
        assert_eq!(logins(&world.target), 1, "{master:?}");
    }
}

/// More than a master of ours lets a client have at once, one after the other.
#[test]
fn hundreds_of_connections() {
    for master in [Xssh, OpenSsh] {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let (port, service) = (Port::lease(), service::on_a_port());
        let spec = format!("{}:127.0.0.1:{service}", port.number());
        let running = proxied(Xssh, &world.home, &standing, &["-N", "-L", &spec, HOST]).stdin(Stdio::null()).start();
        until("no forward", || answers(v4(port.number())));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..50).for_each(|_| assert!(answers(v4(port.number())))));
            }
        });
        running.signal(rustix::process::Signal::TERM);
        let _ = running.finish().ok();
        let outcome = proxied(Xssh, &world.home, &standing, &[HOST, "echo sound"]).run().ok();
        assert_eq!(outcome.text(), "sound\n", "{master:?}");
    }
}

/// Many connections at once, each to its end.
fn talk_at_once(socket: &str, port: SocketAddr) {
    std::thread::scope(|scope| {
        for number in 0..50_usize {
            scope.spawn(move || {
                let said = number.to_string().repeat(20_000);
                let heard = if number % 2 == 0 {
                    talk(UnixStream::connect(socket).expect("the socket"), &said)
                } else {
                    talk(std::net::TcpStream::connect(port).expect("the port"), &said)
                };
                let (heard, due) = (heard.expect("an answer"), format!("{said}<{}>", said.len()));
                let end = heard.get(heard.len().saturating_sub(20)..);
                assert!(heard == due, "{number}: {} bytes, which end with {end:?}", heard.len());
            });
        }
    });
}

/// Ports and sockets on the host, many connections at once; with their client they are gone.
#[test]
fn remote_ones() {
    for client in [Xssh, OpenSsh] {
        let world = World::direct();
        let standing = Standing::start(Xssh, &world.home, &[]);
        let folder = world.home.path().to_owned();
        let (far, here) = (text(&folder.join("far")).to_owned(), text(&folder.join("here")).to_owned());
        service::on_a_socket(here.as_ref());
        let (port, dead, service) = (Port::lease(), Port::lease(), service::on_a_port());
        let specs = [
            format!("{}:127.0.0.1:{service}", port.number()),
            format!("{far}:{here}"),
            format!("{}:127.0.0.1:1", dead.number()),
        ];
        let args = ["-N", "-R", &specs[0], "-R", &specs[1], "-R", &specs[2], HOST];
        let running = proxied(client, &world.home, &standing, &args).stdin(Stdio::null()).start();
        until("no forward", || answers(v4(port.number())) && UnixStream::connect(&far).is_ok());
        // Another client is refused what one has, and has its own.
        let taken = format!("{}:127.0.0.1:1", port.number());
        let args = ["-o", "ExitOnForwardFailure=yes", "-N", "-R", &taken, HOST];
        let outcome = proxied(client, &world.home, &standing, &args).run().ends(255);
        let _ = outcome.says(&format!("remote port forwarding failed for listen port {}", port.number()));
        talk_at_once(&far, v4(port.number()));
        assert!(!answers(v4(dead.number())));
        assert!(answers(v4(port.number())));
        running.signal(rustix::process::Signal::KILL);
        let _ = running.wait();
        until("the host still listens", || std::net::TcpStream::connect(v4(port.number())).is_err());
        until("the host still listens", || UnixStream::connect(&far).is_err());
        assert_eq!(logins(&world.target), 1);
    }
}

/// OpenSSH's master passes on what the host opens, and no answers: a port stands all the same, and one that the host is to choose is
/// told to be of no use. Whoever wants to be sure is not.
#[test]
fn remote_ones_of_openssh() {
    let world = World::direct();
    let standing = Standing::start(OpenSsh, &world.home, &[]);
    let (port, service) = (Port::lease(), service::on_a_port());
    let spec = format!("{}:127.0.0.1:{service}", port.number());
    let running = proxied(Xssh, &world.home, &standing, &["-N", "-R", &spec, HOST]).stdin(Stdio::null()).start();
    until("no forward", || answers(v4(port.number())));
    running.signal(rustix::process::Signal::TERM);
    let _ = running.finish().ok();
    let untold = "the master does not pass on what the host answers";
    let _ = proxied(Xssh, &world.home, &standing, &["-f", "-R", "0:127.0.0.1:1", HOST, "true"]).run().ok().says(untold);
    let args = ["-o", "ExitOnForwardFailure=yes", "-N", "-R", "0:127.0.0.1:1", HOST];
    let _ = proxied(Xssh, &world.home, &standing, &args).run().ends(255).says(untold);
    let outcome = proxied(Xssh, &world.home, &standing, &[HOST, "echo sound"]).run().ok();
    assert_eq!(outcome.text(), "sound\n");
}

/// The host chooses a port, the client hears which, and the forward is its own.
#[test]
fn a_port_that_the_host_chooses() {
    for client in [Xssh, OpenSsh] {
        let world = World::direct();
        let standing = Standing::start(Xssh, &world.home, &[]);
        let spec = format!("0:127.0.0.1:{}", service::on_a_port());
        let log = world.home.path().join("log");
        let file = std::fs::File::create(&log).expect("a log");
        let call =
            proxied(client, &world.home, &standing, &["-N", "-R", &spec, HOST]).stdin(Stdio::null()).stderr(file);
        let running = call.start();
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        until("no port", || said().contains("for remote forward to"));
        let port = said().split("Allocated port ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
        let port: u16 = port.unwrap_or_else(|| panic!("{}", said()));
        assert!(answers(v4(port)));
        running.signal(rustix::process::Signal::TERM);
        let _ = running.wait();
        until("the host still listens", || std::net::TcpStream::connect(v4(port)).is_err());
    }
}
