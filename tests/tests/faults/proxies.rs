//! Proxies that answer what they like: HTTP (RFC 9110, section 9.3.6), SOCKS 5 (RFC 1928, RFC 1929), SOCKS 4a.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use xssh_tests::hostile::{Outcome, Proxy, Server, Session, VERSION, Victim};

use crate::says;

const BOUNDS: &str = "ConnectTimeout 2";

/// One client that reaches its host through this proxy.
fn face<F>(scheme: &str, script: F) -> io::Result<Outcome>
where
    F: Fn(&mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
{
    let proxy = Proxy::start(script)?;
    let jump = format!("ProxyJump {scheme}://127.0.0.1:{}\n{BOUNDS}", proxy.port());
    Victim::facing(22)?.with(&jump).run()
}

/// Reads a request for a tunnel, and answers with this.
fn http(answer: impl Into<Vec<u8>>) -> impl Fn(&mut TcpStream) -> io::Result<()> + Send + Sync {
    let answer = answer.into();
    move |stream| {
        Proxy::read_head(stream)?;
        stream.write_all(&answer)
    }
}

/// Reads a request of SOCKS, whatever it is, and answers with this; then the next, and so on.
fn socks(answers: &'static [&'static [u8]]) -> impl Fn(&mut TcpStream) -> io::Result<()> + Send + Sync {
    move |stream| {
        for answer in answers {
            let mut request = [0; 1024];
            if stream.read(&mut request)? == 0 {
                break;
            }
            stream.write_all(answer)?;
        }
        Ok(())
    }
}

/// Sends the same for ever.
fn pour(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    let bytes = bytes.repeat(8192 / bytes.len() + 1);
    loop {
        stream.write_all(&bytes)?;
    }
}

#[test]
fn refusals_name_the_proxy_and_its_answer() -> io::Result<()> {
    for (answer, word) in [
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "403"),
        ("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\n\r\n", "NTLM"),
        ("HTTP/1.0 502 Bad\x1b[2J Gateway\x07\r\n\r\n", "502"),
    ] {
        let line = face("http", http(answer))?.assert_failed().join("\n");
        assert!(says(&line, &[word]) && says(&line, &["127.0.0.1"]), "{line}");
    }
    Ok(())
}

#[test]
fn answers_that_are_not_http_are_refused() -> io::Result<()> {
    for answer in [
        &b""[..],
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 \r\n\r\n",
        b"HTTP/1.1 20\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 +200 OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1 99999999999999999999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK\r\nHalf-a-he",
        b"\0\0\0\0\0\0\0\0\0\0\0\0",
        b"\xff\xfe\xfd\xfc\r\n\r\n",
        b"\x1b[2J\x1b]0;owned\x07\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        face("http", http(answer))?.assert_failed();
    }
    Ok(())
}

#[test]
fn an_answer_cut_anywhere_is_refused() -> io::Result<()> {
    let whole = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n";
    for length in 0..=whole.len() {
        face("http", http(&whole[..length]))?.assert_failed();
    }
    Ok(())
}

#[test]
fn headers_end_somewhere() -> io::Result<()> {
    for (start, more) in [
        ("HTTP/1.1 200 OK\r\n", "X-More: and more\r\n"),
        ("HTTP/1.1 200 OK\r\nX-Long: ", "longer"),
        ("HTTP/1.1 200 ", "O"),
        ("", "x"),
        ("", "\r\n"),
        ("HTTP/1.1 407 No\r\n", "Proxy-Authenticate: Basic\r\n"),
    ] {
        let outcome = face("http", move |stream| {
            Proxy::read_head(stream)?;
            stream.write_all(start.as_bytes())?;
            pour(stream, more.as_bytes())
        })?;
        outcome.assert_failed();
        assert!(outcome.wall < Duration::from_secs(10), "{outcome}");
    }
    Ok(())
}

#[test]
fn a_tunnel_that_ends_at_once_is_a_closed_connection() -> io::Result<()> {
    face("http", http("HTTP/1.1 200 OK\r\n\r\n"))?.assert_failed();
    Ok(())
}

/// RFC 9110, section 9.3.6: no content follows a 2xx, whatever the headers say; here a page does.
#[test]
fn a_page_behind_a_tunnel_is_no_version() -> io::Result<()> {
    let page = "<html>\x1b[2J<body>Please log in to use the network</body></html>\r\n";
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len());
    face("http", http(answer))?.assert_failed();
    Ok(())
}

#[test]
fn informational_answers_without_end_are_given_up() -> io::Result<()> {
    face("http", |stream| {
        Proxy::read_head(stream)?;
        pour(stream, b"HTTP/1.1 100 Continue\r\n\r\n")
    })?
    .assert_failed();
    Ok(())
}

#[test]
fn proxies_that_stall_are_given_up() -> io::Result<()> {
    for scheme in ["http", "socks5", "socks5h", "socks4a"] {
        let outcome = face(scheme, |stream| stream.read_to_end(&mut Vec::new()).map(|_| ()))?;
        outcome.assert_failed();
        assert!(outcome.wall < Duration::from_secs(10), "{outcome}");
    }
    Ok(())
}

/// A byte now and then must not begin the wait anew.
#[test]
fn proxies_that_drip_are_given_up() -> io::Result<()> {
    let outcome = face("http", |stream| {
        Proxy::read_head(stream)?;
        for byte in "HTTP/1.1 200 OK\r\n".bytes().chain("X-More: and more\r\n".repeat(100).bytes()) {
            stream.write_all(&[byte])?;
            thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    })?;
    outcome.assert_failed();
    assert!(outcome.wall < Duration::from_secs(10), "{outcome}");
    Ok(())
}

#[test]
fn answers_that_are_not_socks_5_are_refused() -> io::Result<()> {
    const ANSWERS: &[&[&[u8]]] = &[
        &[b""],
        &[b"\x05"],
        &[b"\x05\xff"],
        &[b"\x05\x7f"],
        &[b"\x04\x00"],
        &[b"HTTP/1.1 400 Bad Request\r\n\r\n"],
        &[b"\x05\x00", b""],
        &[b"\x05\x00", b"\x05"],
        &[b"\x05\x00", b"\x05\x00\x00"],
        &[b"\x05\x00", b"\x05\x02\x00\x01\0\0\0\0\0\0"],
        &[b"\x05\x00", b"\x05\xee\x00\x01\0\0\0\0\0\0"],
        &[b"\x05\x00", b"\x04\x00\x00\x01\0\0\0\0\0\0"],
        &[b"\x05\x00", b"\x05\x00\x00\x09\0\0\0\0\0\0"],
        &[b"\x05\x00", b"\x05\x00\x00\x03\xffshort"],
        &[b"\x05\x00", b"\x05\x00\x00\x03\x04\x1b[2J\0\x16"],
        &[b"\x05\x00", b"\x05\x00\x00\x04\0\0"],
        &[b"\x05\x02", b"\x01\x01"],
        &[b"\x05\x02", b"\x09\x00"],
    ];
    for answers in ANSWERS {
        for scheme in ["socks5", "socks5h"] {
            face(scheme, socks(answers))?.assert_failed();
        }
    }
    Ok(())
}

#[test]
fn answers_that_are_not_socks_4_are_refused() -> io::Result<()> {
    const ANSWERS: &[&[&[u8]]] = &[
        &[b""],
        &[b"\x00"],
        &[b"\x00\x5b\0\0\0\0\0\0"],
        &[b"\x00\x5a\0\0"],
        &[b"\x04\x5a\0\0\0\0\0\0"],
        &[b"\x00\xff\0\0\0\0\0\0"],
        &[b"HTTP/1.1 400 Bad Request\r\n\r\n"],
    ];
    for answers in ANSWERS {
        face("socks4a", socks(answers))?.assert_failed();
    }
    Ok(())
}

#[test]
fn noise_without_end_is_given_up() -> io::Result<()> {
    for scheme in ["http", "https", "socks5", "socks5h", "socks4a"] {
        face(scheme, |stream| pour(stream, &[0x5a, 0xa5, 0x0a]))?.assert_failed();
    }
    Ok(())
}

/// A proxy that is only odd: it sends its head in pieces of this size, and the last one together with what the host says
/// first.
fn odd_but_good(piece: usize) -> io::Result<Outcome> {
    let server = Server::start(|wire| Session::establish(wire)?.finish(wire))?;
    let port = server.port();
    let proxy = Proxy::start(move |stream| {
        Proxy::read_head(stream)?;
        let mut host = TcpStream::connect(("127.0.0.1", port))?;
        let mut version = [0; VERSION.len() + 2];
        host.read_exact(&mut version)?;
        let answer = [b"HTTP/1.1 200 OK\r\nVia: proxy\r\n\r\n", &version[..]].concat();
        for piece in answer.chunks(piece) {
            stream.write_all(piece)?;
        }
        Proxy::join(stream, &host)
    })?;
    let jump = format!("ProxyJump http://127.0.0.1:{}\n{BOUNDS}", proxy.port());
    Victim::facing(port)?.with(&jump).run()
}

#[test]
fn what_follows_the_head_at_once_is_kept() -> io::Result<()> {
    odd_but_good(1000)?.assert_served();
    odd_but_good(1)?.assert_served();
    Ok(())
}
