//! `-R` with ports: where the host listens, and which port it chose.

use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr};

use xssh_tests::home::Home;
use xssh_tests::over_both_routes;
use xssh_tests::port::Port;
use xssh_tests::service::{self, answers};
use xssh_tests::sshd::Sshd;
use xssh_tests::tunnel::Tunnel;
use xssh_tests::world::{HOST, World};

over_both_routes!(the_host_listens);

fn v4(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn elsewhere(port: u16) -> SocketAddr {
    (Ipv4Addr::new(127, 0, 0, 2), port).into()
}

fn the_host_listens(world: &World) {
    let (service, port) = (service::on_a_port(), Port::lease());
    let tunnel = Tunnel::up(world, &["-R", &format!("{}:127.0.0.1:{service}", port.number())]);
    assert!(answers(v4(port.number())));
    let _ = tunnel.down().ok();
    assert!(!answers(v4(port.number())));
}

#[test]
fn the_host_listens_where_it_is_told() {
    let target = Sshd::plan().with("GatewayPorts clientspecified").start();
    let home = Home::facing(HOST, &target);
    let service = service::on_a_port();
    for (spec, heard) in [
        ("P:localhost:S", [true, false]),
        ("*:P:localhost:S", [true, true]),
        (":P:localhost:S", [true, true]),
        ("127.0.0.2:P:[127.0.0.1]:S", [false, true]),
    ] {
        let port = Port::lease();
        let spec = spec.replace('P', &port.number().to_string()).replace('S', &service.to_string());
        let args = ["-o", "ExitOnForwardFailure=yes", "-R", &spec, HOST, "echo up; cat"];
        let tunnel = Tunnel::start(home.xssh(&args));
        assert_eq!([v4, elsewhere].map(|address| answers(address(port.number()))), heard, "-R {spec}");
        let _ = tunnel.down().ok();
    }
}

/// Several ports of the host's choice: each is told, and each leads to its own place.
#[test]
fn a_port_that_the_host_chooses_is_told() {
    let world = World::direct();
    let [one, two] = [service::on_a_port(), service::on_a_port()];
    let specs = [one, two].map(|service| format!("0:127.0.0.1:{service}"));
    let args = ["-o", "ExitOnForwardFailure=yes", "-R", &specs[0], "-R", &specs[1], HOST, "echo up; cat"];
    let log = world.home.path().join("log");
    let file = std::fs::File::create(&log).expect("a log");
    let tunnel = Tunnel::start(world.home.xssh(&args).stderr(file));
    let mut said = String::new();
    std::fs::File::open(&log).expect("a log").read_to_string(&mut said).expect("a log");
    for service in [one, two] {
        let told = format!(" for remote forward to 127.0.0.1:{service}");
        let line = said.lines().find(|line| line.ends_with(&told)).unwrap_or_else(|| panic!("{told:?} in {said:?}"));
        let port = line.strip_prefix("Allocated port ").and_then(|rest| rest.split(' ').next()?.parse().ok());
        assert!(answers(v4(port.expect("a port"))), "{said}");
    }
    let _ = tunnel.down().ok();
}

/// The host says that nobody is there as soon as we know.
#[test]
fn a_connection_that_leads_nowhere_is_closed() {
    let world = World::direct();
    let port = Port::lease();
    let nowhere = Port::lease();
    let tunnel = Tunnel::up(&world, &["-R", &format!("{}:127.0.0.1:{}", port.number(), nowhere.number())]);
    assert!(!answers(v4(port.number())));
    let _ = tunnel.down().ok().says("connect_to 127.0.0.1 port").says("failed");
}
