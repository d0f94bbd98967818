//! SOCKS, spoken with curl: a proxy here (`-D`), and one on the host (`-R port`).

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread;

use xssh_tests::call::Outcome;
use xssh_tests::over_both_routes;
use xssh_tests::peer;
use xssh_tests::port::Port;
use xssh_tests::service::{self, Half as _, talk};
use xssh_tests::subject::Subject;
use xssh_tests::tunnel::Tunnel;
use xssh_tests::world::World;

over_both_routes!(every_version_reaches_a_server);

const PAGE: &str = "the page\n";

/// A web server of one page, on both families where the machine has both.
fn web() -> u16 {
    let listener = TcpListener::bind(("::", 0)).or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let listener = listener.expect("a port");
    let port = listener.local_addr().expect("its number").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
                    request.push(byte[0]);
                }
                let length = PAGE.len();
                let _ = write!(stream, "HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n{PAGE}");
            });
        }
    });
    port
}

fn curl(world: &World, proxy: &str, url: &str) -> Outcome {
    let call = world.home.call(peer::require("curl")).args(["--silent", "--show-error", "--fail", "--noproxy", ""]);
    call.args(["--proxy", proxy, url]).run()
}

fn every_version_reaches_a_server(world: &World) {
    let (web, port) = (web(), Port::lease());
    let tunnel = Tunnel::up(world, &["-D", &port.number().to_string()]);
    for (scheme, hosts) in [
        ("socks4", &["127.0.0.1"][..]),
        ("socks4a", &["127.0.0.1", "localhost"]),
        ("socks5", &["127.0.0.1", "[::1]"]),
        ("socks5h", &["127.0.0.1", "localhost", "[::1]"]),
    ] {
        for host in hosts {
            let proxy = format!("{scheme}://127.0.0.1:{}", port.number());
            let outcome = curl(world, &proxy, &format!("http://{host}:{web}/")).ok();
            assert_eq!(outcome.text(), PAGE, "{proxy} to {host}");
        }
    }
    let _ = tunnel.down().ok();
}

#[test]
fn a_proxy_listens_where_it_is_told() {
    let mut world = World::direct();
    let (web, port) = (web(), Port::lease());
    let path = world.home.path().join("proxy");
    world.home.configure(&format!("DynamicForward [::1]:{}", port.number()));
    let tunnel = Tunnel::up(&world, &["-D", path.to_str().expect("text")]);
    let url = format!("http://127.0.0.1:{web}/");
    assert_eq!(curl(&world, &format!("socks5h://[::1]:{}", port.number()), &url).ok().text(), PAGE);
    let refused = curl(&world, &format!("socks5h://127.0.0.1:{}", port.number()), &url);
    assert_eq!(refused.code(), Some(7), "{refused}");
    let mut stream = UnixStream::connect(&path).expect("the proxy");
    let service = service::on_a_port().to_be_bytes();
    stream.write_all(&[&[4, 1][..], &service, &[127, 0, 0, 1, b'm', b'e', 0]].concat()).expect("a request");
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(answer[..2], [0, 90]);
    assert_eq!(talk(stream, "hello").expect("the service"), "hello<5>");
    let _ = tunnel.down().ok();
}

/// A client that waits for no answer loses nothing, and one that is cut into bytes neither.
#[test]
fn clients_may_be_hasty_or_slow() {
    let world = World::direct();
    let (service, port) = (service::on_a_port(), Port::lease());
    let tunnel = Tunnel::up(&world, &["-D", &port.number().to_string()]);
    let request = [b"\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01", &service.to_be_bytes()[..], b"hello "].concat();
    for step in [1, request.len()] {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port.number())).expect("the proxy");
        stream.set_nodelay(true).expect("an option");
        let mut stream = stream.patient().expect("a time limit");
        for piece in request.chunks(step) {
            stream.write_all(piece).expect("a request");
        }
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("an answer");
        assert_eq!(answer, *b"\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00");
        assert_eq!(talk(stream, "again").expect("the service"), "hello again<11>");
    }
    let _ = tunnel.down().ok();
}

/// The client hears why: that is more than ssh tells it.
#[test]
fn what_cannot_be_reached_is_said_to_the_client() {
    if !Subject::is_xssh_or_say("it grants every wish, and then closes") {
        return;
    }
    let world = World::direct();
    let (port, nowhere) = (Port::lease(), Port::lease());
    let tunnel = Tunnel::up(&world, &["-D", &port.number().to_string()]);
    let url = format!("http://127.0.0.1:{}/", nowhere.number());
    let outcome = curl(&world, &format!("socks5h://127.0.0.1:{}", port.number()), &url);
    // CURLE_PROXY: the proxy's own answer.
    let _ = outcome.ends(97).says("SOCKS5");
    let outcome = curl(&world, &format!("socks4a://127.0.0.1:{}", port.number()), &url);
    let _ = outcome.ends(97).says("SOCKS4");
    let _ = tunnel.down().ok().says("open failed: connect failed");
}

#[test]
fn the_host_is_a_proxy_for_what_is_here() {
    let world = World::direct();
    let (web, port) = (web(), Port::lease());
    let tunnel = Tunnel::up(&world, &["-R", &port.number().to_string()]);
    for scheme in ["socks4a", "socks5h", "socks5"] {
        let proxy = format!("{scheme}://127.0.0.1:{}", port.number());
        assert_eq!(curl(&world, &proxy, &format!("http://localhost:{web}/")).ok().text(), PAGE, "{scheme}");
    }
    let _ = tunnel.down().ok();
}

#[test]
fn its_clients_go_only_where_they_may() {
    let world = World::direct();
    let [one, two] = [web(), web()];
    for (permitted, reached) in [
        (format!("127.0.0.1:{one}"), [true, false]),
        (format!("*:{two}"), [false, true]),
        ("localhost:* 127.0.0.1:*".to_owned(), [true, true]),
        ("none".to_owned(), [false, false]),
        ("any".to_owned(), [true, true]),
    ] {
        let port = Port::lease();
        let option = format!("PermitRemoteOpen={permitted}");
        let tunnel = Tunnel::up(&world, &["-o", &option, "-R", &port.number().to_string()]);
        let proxy = format!("socks5h://127.0.0.1:{}", port.number());
        let found = [one, two].map(|web| curl(&world, &proxy, &format!("http://127.0.0.1:{web}/")).code() == Some(0));
        assert_eq!(found, reached, "{permitted}");
        let _ = tunnel.down().ok();
    }
}
