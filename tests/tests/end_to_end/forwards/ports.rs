//! `-L` with ports: where it listens, where it leads, and how a connection through it ends.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use xssh_tests::noise::Noise;
use xssh_tests::over_both_routes;
use xssh_tests::port::Port;
use xssh_tests::service::{self, Half as _, answers, talk};
use xssh_tests::tunnel::Tunnel;
use xssh_tests::world::World;

over_both_routes!(a_port_leads_to_a_port, bulk_both_ways_and_each_end_by_itself);

fn v4(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn v6(port: u16) -> SocketAddr {
    (Ipv6Addr::LOCALHOST, port).into()
}

/// Another address of this machine than the usual one: it is reached only by who listens on all.
fn elsewhere(port: u16) -> SocketAddr {
    (Ipv4Addr::new(127, 0, 0, 2), port).into()
}

fn a_port_leads_to_a_port(world: &World) {
    let (service, port) = (service::on_a_port(), Port::lease());
    let tunnel = Tunnel::up(world, &["-L", &format!("{}:127.0.0.1:{service}", port.number())]);
    assert!(answers(v4(port.number())));
    assert!(answers(v6(port.number())));
    let _ = tunnel.down().ok();
    assert!(!answers(v4(port.number())));
}

/// What listens where, for each way to write it.
#[test]
fn it_listens_where_it_is_told() {
    let world = World::direct();
    let service = service::on_a_port();
    for (options, spec, heard) in [
        (&[][..], "P:127.0.0.1:S", [true, true, false]),
        (&[], "P:localhost:S", [true, true, false]),
        (&[], "localhost:P:127.0.0.1:S", [true, true, false]),
        (&["-g"], "P:127.0.0.1:S", [true, true, true]),
        (&["-o", "GatewayPorts=yes"], "P:127.0.0.1:S", [true, true, true]),
        (&[], "*:P:127.0.0.1:S", [true, true, true]),
        (&[], ":P:127.0.0.1:S", [true, true, true]),
        (&["-4"], "*:P:127.0.0.1:S", [true, false, true]),
        (&["-g"], "127.0.0.1:P:127.0.0.1:S", [true, false, false]),
        (&[], "127.0.0.2:P:[127.0.0.1]:S", [false, false, true]),
        (&[], "[::1]:P:127.0.0.1:S", [false, true, false]),
        (&[], "0.0.0.0:P:127.0.0.1:S", [true, false, true]),
    ] {
        let port = Port::lease();
        let spec = spec.replace('P', &port.number().to_string()).replace('S', &service.to_string());
        let tunnel = Tunnel::up(&world, &[options, &["-L", &spec]].concat());
        let found = [v4, v6, elsewhere].map(|address| answers(address(port.number())));
        assert_eq!(found, heard, "{options:?} -L {spec}");
        let _ = tunnel.down().ok();
    }
}

#[test]
fn a_configuration_forwards_as_letters_do() {
    let mut world = World::direct();
    let (service, [one, two]) = (service::on_a_port(), [Port::lease(), Port::lease()]);
    world.home.configure(&format!("LocalForward {} localhost:{service}", one.number()));
    world.home.configure(&format!("LocalForward 127.0.0.1:{} 127.0.0.1:{service}", two.number()));
    let tunnel = Tunnel::up(&world, &[]);
    assert!(answers(v4(one.number())) && answers(v4(two.number())));
    let _ = tunnel.down().ok();
    let cleared = Tunnel::up(&world, &["-o", "ClearAllForwardings=yes"]);
    assert!(!answers(v4(one.number())) && !answers(v4(two.number())));
    let _ = cleared.down().ok();
}

fn bulk_both_ways_and_each_end_by_itself(world: &World) {
    let (service, port) = (service::on_a_port(), Port::lease());
    let tunnel = Tunnel::up(world, &["-L", &format!("{}:127.0.0.1:{service}", port.number())]);
    let noise = Noise { seed: 3, length: 20_000_000 };
    let mut stream = TcpStream::connect(v4(port.number())).expect("a connection");
    let mut back = stream.try_clone().expect("a connection");
    let writer = std::thread::spawn(move || {
        stream.write_all(&noise.bytes()).expect("written");
        stream.end().expect("its end");
    });
    let mut heard = Vec::new();
    back.read_to_end(&mut heard).expect("read");
    writer.join().expect("the writer");
    assert_eq!(heard.split_off(20_000_000), b"<20000000>");
    noise.check(&heard[..]);
    let _ = tunnel.down().ok();
}

/// As with ssh, a session that is over does not cut what still comes and goes: `ssh -f -L … host sleep 10` counts on it.
#[test]
fn the_end_of_the_session_waits_for_connections() {
    let world = World::direct();
    let (service, port) = (service::on_a_port(), Port::lease());
    let tunnel = Tunnel::up(&world, &["-L", &format!("{}:127.0.0.1:{service}", port.number())]);
    let mut stream = TcpStream::connect(v4(port.number())).expect("a connection").patient().expect("a time limit");
    stream.write_all(b"one ").expect("written");
    let mut heard = [0; 4];
    stream.read_exact(&mut heard).expect("the echo");
    let ending = std::thread::spawn(move || tunnel.down());
    std::thread::sleep(Duration::from_millis(300));
    assert!(!ending.is_finished());
    assert_eq!(talk(stream, "two").expect("the rest"), "two<7>");
    let _ = ending.join().expect("its end").ok();
}
