//! A tunnel through an HTTP proxy: CONNECT (RFC 9110, section 9.3.6) with Basic authentication (RFC 7617).
//!
//! Credentials are sent at once when there are any, and never twice: a proxy that wants some where there were none ends
//! the matter with [`HopError::NeedsCredentials`], because many proxies close the connection behind a 407, and the caller
//! has to ask a person before it can go on anyway.

use std::borrow::Cow;
use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use log::{debug, trace};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Duration, timeout};
use zeroize::Zeroizing;

use super::error::{shown, system_words};
use super::http_reply::{Reply, end_of_head, may_be_http};
use super::proxy::host_port;
use super::replay::replay;
use super::{BoxedWire, Credentials, HopError, Proxy, Tunnel};
use crate::limits;

/// The most interim replies that may precede the answer.
const INTERIM: usize = 16;
/// How much is read at a time.
const PIECE: usize = 4096;
/// How long someone who does not speak HTTP may take to finish the line that tells what they are.
const STRANGERS_LINE: Duration = Duration::from_secs(1);

/// Asks for the target. The wire that is given back starts with the target's first byte.
pub(super) async fn connect(mut wire: BoxedWire, proxy: &Proxy, tunnel: &Tunnel<'_>) -> Result<BoxedWire, HopError> {
    let target = host_port(tunnel.target.0, tunnel.target.1);
    let request = request(proxy, &target, tunnel.credentials)?;
    wire.write_all(&request).await.map_err(|error| broken_off(proxy, &error))?;
    wire.flush().await.map_err(|error| broken_off(proxy, &error))?;
    drop(request);
    let mut received = Vec::new();
    for _ in 0..=INTERIM {
        let end = read_head(&mut wire, &mut received, proxy).await?;
        let behind = received.split_off(end);
        let reply = Reply::parse(&received).ok_or_else(|| not_http(proxy, &received))?;
        trace!("{proxy} answered: {}", reply.line);
        match reply.status {
            // Interim replies precede the answer (RFC 9110, section 15.2); 101 would be a protocol we did not ask for.
            100 | 102..=199 => received = behind,
            200..=299 => {
                debug!("{proxy} connected us to {target}.");
                return Ok(replay(Bytes::from(behind), wire));
            }
            _ => return Err(refusal(proxy, tunnel, &reply)),
        }
    }
    Err(HopError::Limit { hop: proxy.to_string(), what: "the number of its interim replies", limit: INTERIM })
}

fn request(proxy: &Proxy, target: &str, credentials: Option<&Credentials>) -> Result<Zeroizing<Vec<u8>>, HopError> {
    let mut request = Zeroizing::new(Vec::new());
    // Grown once, so that no copy of the password is left behind.
    request.reserve_exact(target.len() * 2 + 4 * credentials.map_or(0, Credentials::len) + 256);
    request.extend_from_slice(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").as_bytes());
    request.extend_from_slice(concat!("User-Agent: xssh/", env!("CARGO_PKG_VERSION"), "\r\n").as_bytes());
    if let Some(credentials) = credentials {
        request.extend_from_slice(b"Proxy-Authorization: Basic ");
        request.extend_from_slice(basic(proxy, credentials)?.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    Ok(request)
}

fn basic(proxy: &Proxy, credentials: &Credentials) -> Result<Zeroizing<String>, HopError> {
    if credentials.user.contains(':') {
        return Err(HopError::Asked {
            hop: proxy.to_string(),
            reason: "Basic authentication has no way to write a user with a colon".into(),
        });
    }
    let mut pair = Zeroizing::new(String::with_capacity(credentials.len() + 1));
    pair.push_str(&credentials.user);
    pair.push(':');
    pair.push_str(&credentials.password);
    let mut encoded = Zeroizing::new(String::with_capacity(pair.len().div_ceil(3) * 4));
    STANDARD.encode_string(pair.as_bytes(), &mut encoded);
    Ok(encoded)
}

/// Reads until a head is complete, and gives its end. What was received behind it stays in `received`.
async fn read_head(wire: &mut BoxedWire, received: &mut Vec<u8>, proxy: &Proxy) -> Result<usize, HopError> {
    let mut searched = 0;
    loop {
        if !may_be_http(received) {
            let line = read_line(wire, received);
            // Whether the line was finished or not, it is told as far as it came.
            let _ = timeout(STRANGERS_LINE, line).await;
            return Err(not_http(proxy, received));
        }
        if let Some(end) = end_of_head(received, searched) {
            return Ok(end);
        }
        searched = received.len();
        if received.len() >= limits::PROXY_REPLY {
            return Err(HopError::Limit {
                hop: proxy.to_string(),
                what: "the length of its reply",
                limit: limits::PROXY_REPLY,
            });
        }
        match read_piece(wire, received).await {
            Ok(0) => return Err(ended(proxy, received)),
            Ok(_) => {}
            Err(error) => return Err(broken_off(proxy, &error)),
        }
    }
}

async fn read_piece(wire: &mut BoxedWire, received: &mut Vec<u8>) -> io::Result<usize> {
    let room = PIECE.min(limits::PROXY_REPLY.saturating_sub(received.len()));
    received.reserve(room);
    wire.take(room as u64).read_buf(received).await
}

async fn read_line(wire: &mut BoxedWire, received: &mut Vec<u8>) {
    while !received.contains(&b'\n') && received.len() < PIECE {
        match read_piece(wire, received).await {
            Ok(count) if count > 0 => {}
            _ => return,
        }
    }
}

fn ended(proxy: &Proxy, received: &[u8]) -> HopError {
    let what = match received.is_empty() {
        true => {
            "closed the connection without an answer; it may not be an HTTP proxy, or not let this machine in".into()
        }
        false => format!("closed the connection in the middle of its answer: {}", shown(first_line(received))),
    };
    HopError::PeerBroke { hop: proxy.to_string(), what }
}

fn broken_off(proxy: &Proxy, error: &io::Error) -> HopError {
    HopError::PeerBroke { hop: proxy.to_string(), what: format!("broke the connection off: {}", system_words(error)) }
}

fn not_http(proxy: &Proxy, received: &[u8]) -> HopError {
    let cure = match received {
        [b'S', b'S', b'H', b'-', ..] => "it is an ssh server: name it without http://",
        [4 | 5, ..] => "it may be a SOCKS proxy: write socks5h:// instead of http://",
        [0x15, 3, ..] => "it speaks TLS: write https:// instead of http://",
        _ => "check its host and port",
    };
    HopError::PeerBroke {
        hop: proxy.to_string(),
        what: format!("does not speak HTTP, it said \"{}\"; {cure}", shown(first_line(received))),
    }
}

fn first_line(bytes: &[u8]) -> &[u8] {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn refusal(proxy: &Proxy, tunnel: &Tunnel<'_>, reply: &Reply) -> HopError {
    let hop = proxy.to_string();
    let answer = reply.line.clone();
    // tinyproxy says 407 to nobody and 401 to the wrong password.
    if reply.status == 401 && tunnel.credentials.is_some() {
        return HopError::WrongCredentials { hop, answer };
    }
    if reply.status != 407 {
        let (host, port) = tunnel.target;
        return HopError::PeerRefused { hop, target: host_port(host, port), answer, cure: cure(reply.status, port) };
    }
    match (reply.offers("basic"), tunnel.credentials.is_some()) {
        (true, false) => HopError::NeedsCredentials { hop, host: proxy.host.clone(), answer },
        (true, true) => HopError::WrongCredentials { hop, answer },
        (false, _) => HopError::PeerUnsupported { hop, what: unsupported(&reply.schemes, &answer) },
    }
}

fn unsupported(schemes: &[String], answer: &str) -> String {
    let offered = match schemes {
        [] => "offers no way to authenticate".to_owned(),
        _ => format!("offers {} to authenticate, and xssh speaks only Basic", schemes.join(", ")),
    };
    let windows = ["ntlm", "negotiate", "kerberos"];
    let cure = match schemes.iter().any(|scheme| windows.contains(&scheme.to_ascii_lowercase().as_str())) {
        true => "run a local helper that speaks it, such as cntlm, and name that as the hop: http://127.0.0.1:3128",
        false => "ask its administrator for Basic, or for another way in",
    };
    format!("{offered} ({answer}); {cure}")
}

/// What usually helps against a status.
fn cure(status: u16, port: u16) -> Cow<'static, str> {
    match status {
        300..=399 => "it sends browsers to a page, perhaps to log in there first".into(),
        400 | 404 | 405 | 501 if port == 443 => "it may be a web server and no proxy; check its host and port".into(),
        400..=499 | 501 if port == 22 => "many proxies allow CONNECT to port 443 only: let sshd listen on 443 too \
             (Port 443) and use -p 443, or have port 22 allowed (tinyproxy: ConnectPort 22; squid: SSL_ports)"
            .into(),
        400..=499 | 501 => {
            format!("it may not allow port {port}: have it allowed (tinyproxy: ConnectPort {port}), or try port 443")
                .into()
        }
        _ => "it could not reach that host: check the name and the port as the proxy sees them".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::through;
    use super::*;
    use proptest::prelude::*;

    const GRANTED: &[u8] = b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\nSSH-2.0-server\r\n\0\xff";

    fn error(says: &[u8]) -> HopError {
        through("http://proxy:8080", None, says, &[]).0.unwrap_err()
    }

    fn credentials() -> Credentials {
        Credentials::new("Aladdin", "open sesame")
    }

    #[test]
    fn the_request_is_what_rfc_9110_asks_for() {
        let (behind, sent) = through("http://proxy", None, GRANTED, &[]);
        assert_eq!(behind.unwrap(), b"SSH-2.0-server\r\n\0\xff");
        let sent = String::from_utf8(sent).unwrap();
        assert!(sent.starts_with("CONNECT target:22 HTTP/1.1\r\nHost: target:22\r\n"), "{sent}");
        assert!(sent.ends_with("\r\n\r\n") && !sent.contains("Authorization"), "{sent}");
    }

    #[test]
    fn credentials_go_with_the_first_request() {
        let (_, sent) = through("http://proxy", Some(&credentials()), GRANTED, &[]);
        let sent = String::from_utf8(sent).unwrap();
        // The example of RFC 7617, section 2.
        assert!(sent.contains("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"), "{sent}");
    }

    #[test]
    fn any_2xx_grants_and_interim_replies_are_skipped() {
        for head in ["HTTP/1.0 204 x\n\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 299\r\nContent-Length: 5\r\n\r\n"] {
            let says = [head.as_bytes(), b"hello"].concat();
            assert_eq!(through("http://p", None, &says, &[]).0.unwrap(), b"hello", "{head}");
        }
    }

    #[test]
    fn a_407_asks_for_credentials_only_if_there_were_none() {
        let says = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
        assert!(matches!(error(says), HopError::NeedsCredentials { .. }));
        let (result, _) = through("http://p", Some(&credentials()), says, &[]);
        let text = result.unwrap_err().to_string();
        assert!(text.contains("does not accept") && !text.contains("sesame"), "{text}");
        let (result, _) = through("http://p", Some(&credentials()), b"HTTP/1.0 401 Unauthorized\r\n\r\n", &[]);
        assert!(matches!(result, Err(HopError::WrongCredentials { .. })));
    }

    #[test]
    fn a_407_without_basic_names_what_is_offered_and_cntlm() {
        let says = b"HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\n";
        let text = error(says).to_string();
        assert!(text.contains("Negotiate, NTLM") && text.contains("cntlm"), "{text}");
        assert!(!error(b"HTTP/1.1 407 No\r\n\r\n").to_string().contains("cntlm"));
    }

    #[test]
    fn a_refusal_of_port_22_suggests_443() {
        let text = error(b"HTTP/1.1 403 Filtered \x1b[2J\r\n\r\n<html>").to_string();
        assert!(
            text.starts_with("proxy http://proxy:8080 refused a connection to target:22: HTTP/1.1 403 Filtered "),
            "{text}"
        );
        assert!(text.contains("443") && text.contains("ConnectPort 22") && text.contains(r"\033[2J"), "{text}");
    }

    #[test]
    fn what_is_no_http_proxy_is_told_by_what_it_said() {
        let ssh = error(b"SSH-2.0-OpenSSH_9.2p1\r\n").to_string();
        assert!(ssh.contains("SSH-2.0-OpenSSH_9.2p1") && ssh.contains("without http://"), "{ssh}");
        assert!(error(&[5, 0xff]).to_string().contains("socks5h://"));
        assert!(error(&[0x15, 3, 3, 0, 2]).to_string().contains("https://"));
        assert!(error(b"").to_string().contains("without an answer"));
        assert!(error(b"HTTP/1.1 200 OK\r\nX: ").to_string().contains("in the middle"));
        assert!(matches!(error(b"HTTP/9.9 maybe\r\n\r\n"), HopError::PeerBroke { .. }));
    }

    #[test]
    fn a_reply_without_end_is_cut_off() {
        let endless = [b"HTTP/1.1 200 OK\r\n".to_vec(), vec![b'x'; limits::PROXY_REPLY]].concat();
        assert!(matches!(error(&endless), HopError::Limit { .. }));
        let interim = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(INTERIM + 1);
        assert!(matches!(error(&interim), HopError::Limit { .. }));
    }

    #[test]
    fn a_user_with_a_colon_is_refused_before_anything_is_sent() {
        let (result, sent) = through("http://p", Some(&Credentials::new("a:b", "c")), GRANTED, &[]);
        assert!(matches!(result, Err(HopError::Asked { .. })));
        assert!(sent.is_empty());
    }

    #[test]
    fn a_reply_may_be_cut_at_any_byte() {
        let refused = b"HTTP/1.1 403 No\r\nA: b\r\n\r\nbody";
        let told = error(refused).to_string();
        for at in 1..GRANTED.len() {
            let behind = through("http://p", None, GRANTED, &[at, PIECE]).0.unwrap();
            assert_eq!(behind, b"SSH-2.0-server\r\n\0\xff", "cut at {at}");
            let refusal = through("http://proxy:8080", None, refused, &[at, PIECE]).0.unwrap_err();
            assert_eq!(refusal.to_string(), told, "cut at {at}");
        }
    }

    proptest! {
        #[test]
        fn split_reads_change_nothing(pieces in proptest::collection::vec(1usize..9, 1..6)) {
            prop_assert_eq!(through("http://p", None, GRANTED, &pieces).0.unwrap(), b"SSH-2.0-server\r\n\0\xff");
            let refused = b"HTTP/1.1 403 No\r\nA: b\r\n\r\nbody";
            let text = through("http://proxy:8080", None, refused, &pieces).0.unwrap_err().to_string();
            prop_assert_eq!(text, error(refused).to_string());
        }

        #[test]
        fn no_bytes_panic_and_no_control_byte_is_told(says in any::<Vec<u8>>(), http in any::<bool>()) {
            let says = if http { [b"HTTP/1.1 4".as_slice(), &says].concat() } else { says };
            if let Err(error) = through("http://p", None, &says, &[3]).0 {
                prop_assert!(!error.to_string().contains(char::is_control));
            }
        }
    }
}
