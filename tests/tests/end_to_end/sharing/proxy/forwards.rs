//! Forwards that a client in proxy mode serves by itself. Ours has none.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use xssh_tests::port::Port;
use xssh_tests::service::{self, answers, talk};
use xssh_tests::world::{HOST, World};

use super::{OpenSsh, Standing, Xssh, logins, proxied, text, until};

fn v4(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Ports and sockets, many connections at once, each end of input by itself; what nobody serves is refused.
#[test]
fn local_ones() {
    let world = World::direct();
    let standing = Standing::start(Xssh, &world.home, &[]);
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
    let running = proxied(OpenSsh, &world.home, &standing, &args).stdin(Stdio::null()).start();
    until("no forward", || answers(v4(port.number())));
    talk_at_once(&near, v4(port.number()));
    assert!(!answers(v4(dead.number())));
    assert!(answers(v4(port.number())));
    running.signal(rustix::process::Signal::TERM);
    let _ = running.finish();
    assert_eq!(logins(&world.target), 1);
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
    let running = proxied(OpenSsh, &world.home, &standing, &args).stdin(Stdio::null()).start();
    until("no forward", || answers(v4(port.number())) && UnixStream::connect(&far).is_ok());
    // Another client is refused what one has, and has its own.
    let taken = format!("{}:127.0.0.1:1", port.number());
    let args = ["-o", "ExitOnForwardFailure=yes", "-N", "-R", &taken, HOST];
    let outcome = proxied(OpenSsh, &world.home, &standing, &args).run().ends(255);
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

/// The host chooses a port, the client hears which, and the forward is its own.
#[test]
fn a_port_that_the_host_chooses() {
    let world = World::direct();
    let standing = Standing::start(Xssh, &world.home, &[]);
    let spec = format!("0:127.0.0.1:{}", service::on_a_port());
    let log = world.home.path().join("log");
    let file = std::fs::File::create(&log).expect("a log");
    let call = proxied(OpenSsh, &world.home, &standing, &["-N", "-R", &spec, HOST]).stdin(Stdio::null()).stderr(file);
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
