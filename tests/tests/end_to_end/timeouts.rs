//! Hosts that do not answer.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
use xssh_tests::call::Outcome;
use xssh_tests::home::Home;
use xssh_tests::port::Port;

/// A port whose connections are neither taken nor refused: the queue of its listener is full. It lasts as long as what is
/// returned.
fn blackhole() -> (u16, Vec<TcpStream>, rustix::fd::OwnedFd) {
    let listener = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&listener, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a port");
    listen(&listener, 0).expect("a listener");
    let address = SocketAddr::try_from(getsockname(&listener).expect("its address")).expect("its address");
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(500)) {
        waiting.push(stream);
        assert!(waiting.len() < 10, "the queue does not fill");
    }
    (address.port(), waiting, listener)
}

fn connect(port: u16, option: &str) -> Outcome {
    let port = port.to_string();
    Home::new().xssh(&["-p", &port, "-o", option, "127.0.0.1", "true"]).run().ends(255)
}

#[track_caller]
fn assert_took_about(outcome: &Outcome, seconds: u64) {
    let least = Duration::from_millis(seconds * 1000 - 100);
    assert!(outcome.took >= least && outcome.took < Duration::from_secs(seconds + 15), "{outcome}");
}

#[test]
fn connecting_takes_too_long() {
    let (port, _waiting, _listener) = blackhole();
    let outcome = connect(port, "ConnectTimeout=2");
    assert_took_about(&outcome, 2);
    let _ = outcome.says(&format!("connect to host 127.0.0.1 port {port}: Connection timed out"));
}

#[test]
fn the_server_never_says_its_banner() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let port = listener.local_addr().expect("its address").port();
    let outcome = connect(port, "ConnectTimeout=2");
    assert_took_about(&outcome, 2);
    let _ = outcome.says("Connection timed out");
}

#[test]
fn nobody_listens() {
    let port = Port::lease();
    let begun = Instant::now();
    let outcome = connect(port.number(), "ConnectTimeout=20");
    assert!(begun.elapsed() < Duration::from_secs(15), "{outcome}");
    let _ = outcome.says(&format!("connect to host 127.0.0.1 port {}: Connection refused", port.number()));
}

/// A second between attempts.
#[test]
fn several_attempts() {
    let port = Port::lease();
    let outcome = connect(port.number(), "ConnectionAttempts=3");
    assert_took_about(&outcome, 2);
}

#[test]
fn the_server_hangs_up_at_once() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            drop(stream);
        }
    });
    let outcome = connect(port, "ConnectTimeout=20");
    assert!(outcome.errors().contains("127.0.0.1") && outcome.took < Duration::from_secs(15), "{outcome}");
}
