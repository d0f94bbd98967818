use std::net::TcpListener;
use std::time::{Duration, Instant};

use rustix::net::sockopt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use xssh_ssh::hop::tcp;
use xssh_ssh::settings::{AddressFamily, Connection};

use crate::servers::Port;

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

async fn words(host: &str, port: u16, connection: &Connection) -> String {
    tcp::connect(host, port, connection).await.map(|_| ()).unwrap_err().to_string()
}

#[tokio::test]
async fn a_name_and_its_address_both_lead_there() {
    let (_listener, port) = listener();
    for host in ["127.0.0.1", "localhost", "127.1"] {
        let connection = Connection { address_family: AddressFamily::Inet, ..Connection::default() };
        let (stream, address) = tcp::connect(host, port, &connection).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        assert_eq!(address, ([127, 0, 0, 1], port).into());
    }
}

#[tokio::test]
async fn the_options_of_the_socket_are_set() {
    let (_listener, port) = listener();
    let (stream, _) = tcp::connect("127.0.0.1", port, &Connection::default()).await.unwrap();
    assert!(stream.nodelay().unwrap());
    assert!(sockopt::socket_keepalive(&stream).unwrap());
    assert_eq!(sockopt::ip_tos(&stream).unwrap(), 0x48);
    tcp::set_ip_qos(&stream, 0x20).unwrap();
    assert_eq!(sockopt::ip_tos(&stream).unwrap(), 0x20);

    let quiet = Connection { tcp_keep_alive: false, ip_qos: (None, None), ..Connection::default() };
    let (stream, _) = tcp::connect("127.0.0.1", port, &quiet).await.unwrap();
    assert!(!sockopt::socket_keepalive(&stream).unwrap());
    assert_eq!(sockopt::ip_tos(&stream).unwrap(), 0);
}

#[tokio::test]
async fn ipv6_has_a_traffic_class() {
    let Ok(listener) = TcpListener::bind(("::1", 0)) else {
        eprintln!("this machine has no IPv6 loopback: nothing tested");
        return;
    };
    let port = listener.local_addr().unwrap().port();
    let (stream, _) = tcp::connect("::1", port, &Connection::default()).await.unwrap();
    assert_eq!(sockopt::ipv6_tclass(&stream).unwrap(), 0x48);
}

#[tokio::test]
async fn the_socket_is_bound_where_it_should_be() {
    let (_listener, port) = listener();
    let by_address = Connection { bind_address: Some("127.0.0.9".into()), ..Connection::default() };
    let (stream, _) = tcp::connect("127.0.0.1", port, &by_address).await.unwrap();
    assert_eq!(stream.local_addr().unwrap().ip().to_string(), "127.0.0.9");

    let by_interface = Connection { bind_interface: Some("lo".into()), ..Connection::default() };
    let (stream, _) = tcp::connect("127.0.0.1", port, &by_interface).await.unwrap();
    assert_eq!(stream.local_addr().unwrap().ip().to_string(), "127.0.0.1");
}

#[tokio::test]
async fn failures_have_openssh_words() {
    let nowhere = Port::free();
    let port = nowhere.number;
    let refused = words("127.0.0.1", port, &Connection::default()).await;
    assert_eq!(refused, format!("connect to host 127.0.0.1 port {port}: Connection refused"));
    for connection in [
        Connection { bind_address: Some("203.0.113.5".into()), ..Connection::default() },
        Connection { bind_address: Some("::1".into()), ..Connection::default() },
        Connection { bind_interface: Some("nosuch0".into()), ..Connection::default() },
    ] {
        assert_eq!(
            words("127.0.0.1", port, &connection).await,
            format!("connect to host 127.0.0.1 port {port}: failure")
        );
    }
    let unknown = words("no-such-host.invalid", port, &Connection::default()).await;
    assert!(unknown.starts_with("Could not resolve hostname no-such-host.invalid: "), "{unknown}");
}

#[tokio::test]
async fn attempts_are_a_second_apart() {
    let nowhere = Port::free();
    let port = nowhere.number;
    let twice = Connection { attempts: 2, ..Connection::default() };
    let start = Instant::now();
    words("127.0.0.1", port, &twice).await;
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_host_that_does_not_answer_times_out() {
    // A full queue of connections that nobody accepts: Linux then drops what else arrives.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let full = socket.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        queued.push(stream.unwrap());
    }
    let patience = Connection { connect_timeout: Some(Duration::from_millis(300)), ..Connection::default() };
    let text = words("127.0.0.1", address.port(), &patience).await;
    assert_eq!(text, format!("connect to host 127.0.0.1 port {}: Connection timed out", address.port()));
}
