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
    std::thread::scope(|scope| {
        for number in 0..50_usize {
            let (near, port) = (&near, v4(port.number()));
            scope.spawn(move || {
                let said = number.to_string().repeat(20_000);
                let heard = if number % 2 == 0 {
                    talk(UnixStream::connect(near).expect("the socket"), &said)
                } else {
                    talk(std::net::TcpStream::connect(port).expect("the port"), &said)
                };
                assert_eq!(heard.expect("an answer"), format!("{said}<{}>", said.len()));
            });
        }
    });
    assert!(!answers(v4(dead.number())));
    assert!(answers(v4(port.number())));
    running.signal(rustix::process::Signal::TERM);
    let _ = running.finish();
    assert_eq!(logins(&world.target), 1);
}
