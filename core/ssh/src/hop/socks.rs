//! SOCKS, versions 4a and 5 (RFC 1928, RFC 1929).
//!
//! Written here rather than taken from a crate because those leave copies of the password behind, and refuse a granted
//! connection whose bound name is not UTF-8. Each message is read to its last byte and no further.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use log::debug;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

use super::error::system_words;
use super::proxy::host_port;
use super::{BoxedWire, Credentials, HopError, Proxy, Scheme, Tunnel, tcp};
use crate::socks::{
    CONNECT, GRANTED_4, GRANTED_5, IPV4, IPV6, LONGEST, NAME, NO_AUTHENTICATION, NO_METHOD, REJECTED_4,
    USER_AND_PASSWORD, VERSION_4, VERSION_5,
};

/// SOCKS 4 with a name for the proxy to resolve.
pub(super) async fn connect_4a(wire: BoxedWire, proxy: &Proxy, tunnel: &Tunnel<'_>) -> Result<BoxedWire, HopError> {
    let mut talk = Talk { wire, proxy, tunnel };
    let (host, port) = tunnel.target;
    let user = proxy.user.as_deref().unwrap_or_default();
    if user.len() > LONGEST || host.len() > LONGEST || user.contains('\0') {
        return Err(talk.unsayable());
    }
    let mut request = vec![VERSION_4, CONNECT];
    request.extend_from_slice(&port.to_be_bytes());
    let address = host.parse::<Ipv4Addr>().ok();
    // 0.0.0.x, with x not zero, announces a name behind the user.
    request.extend_from_slice(&address.map_or([0, 0, 0, 1], |address| address.octets()));
    request.extend_from_slice(user.as_bytes());
    request.push(0);
    if address.is_none() {
        request.extend_from_slice(host.as_bytes());
        request.push(0);
    }
    talk.send(&request).await?;
    let [version, code, ..] = talk.receive::<8>(&[0, VERSION_4]).await?;
    // The version of a reply is 0; some proxies repeat the request's.
    match (version, code) {
        (0 | VERSION_4, GRANTED_4) => Ok(talk.granted()),
        (0 | VERSION_4, 92) => Err(talk.refused(code, "the proxy finds no identd on this machine", ASK_CURE)),
        (0 | VERSION_4, 93) => Err(talk.refused(code, "this machine's identd names another user", ASK_CURE)),
        (0 | VERSION_4, REJECTED_4) => Err(talk.refused(code, "request rejected or failed", PORT_CURE)),
        _ => Err(talk.refused(code, "a code that SOCKS 4 does not have", ASK_CURE)),
    }
}

/// SOCKS 5, with the name resolved here or there as the proxy's scheme says.
pub(super) async fn connect_5(wire: BoxedWire, proxy: &Proxy, tunnel: &Tunnel<'_>) -> Result<BoxedWire, HopError> {
    let mut talk = Talk { wire, proxy, tunnel };
    let request = talk.request_5().await?;
    talk.authenticate().await?;
    talk.send(&request).await?;
    let [_, code, _, kind] = talk.receive::<4>(&[VERSION_5]).await?;
    if code != GRANTED_5 {
        return Err(talk.refused_5(code));
    }
    // The address that the proxy bound: of no use to us, but it has to be read.
    match kind {
        IPV4 => talk.skip(4 + 2).await?,
        IPV6 => talk.skip(16 + 2).await?,
        NAME => {
            let [length] = talk.read::<1>().await?;
            talk.skip(usize::from(length) + 2).await?;
        }
        _ => return Err(talk.broke(format!("answered with an address of unknown kind {kind}"))),
    }
    Ok(talk.granted())
}

const PORT_CURE: &str = "the proxy may not allow this host or port: have it allowed, or try port 443";
const ASK_CURE: &str = "its administrator may know why";

/// One conversation.
struct Talk<'a> {
    wire: BoxedWire,
    proxy: &'a Proxy,
    tunnel: &'a Tunnel<'a>,
}

impl Talk<'_> {
    /// Methods, and then user and password if the proxy takes up that offer.
    async fn authenticate(&mut self) -> Result<(), HopError> {
        let offer: &[u8] = match self.tunnel.credentials {
            None => &[VERSION_5, 1, NO_AUTHENTICATION],
            Some(_) => &[VERSION_5, 2, NO_AUTHENTICATION, USER_AND_PASSWORD],
        };
        self.send(offer).await?;
        let [_, method] = self.receive::<2>(&[VERSION_5]).await?;
        match (method, self.tunnel.credentials) {
            (NO_AUTHENTICATION, _) => Ok(()),
            (USER_AND_PASSWORD, Some(credentials)) => self.log_in(credentials).await,
            (NO_METHOD | USER_AND_PASSWORD, None) => Err(HopError::NeedsCredentials {
                hop: self.proxy.to_string(),
                host: self.proxy.host.clone(),
                answer: "no access without authentication".to_owned(),
            }),
            (NO_METHOD, Some(_)) => Err(HopError::PeerUnsupported {
                hop: self.proxy.to_string(),
                what: "takes neither a password nor anonymous users; it may want GSSAPI, which xssh does not speak"
                    .to_owned(),
            }),
            _ => Err(self.broke(format!("chose authentication method {method}, which was not offered"))),
        }
    }

    /// RFC 1929.
    async fn log_in(&mut self, credentials: &Credentials) -> Result<(), HopError> {
        let (user, password) = (credentials.user.as_bytes(), credentials.password.as_bytes());
        let (Ok(user_length), Ok(password_length)) = (u8::try_from(user.len()), u8::try_from(password.len())) else {
            return Err(self.unsayable());
        };
        let mut message = Zeroizing::new(Vec::with_capacity(3 + credentials.len()));
        message.extend_from_slice(&[1, user_length]);
        message.extend_from_slice(user);
        message.push(password_length);
        message.extend_from_slice(password);
        self.send(&message).await?;
        // The version is 1; some proxies answer 5.
        let [_, status] = self.receive::<2>(&[1, 5]).await?;
        match status {
            0 => Ok(()),
            _ => Err(HopError::WrongCredentials { hop: self.proxy.to_string(), answer: format!("status {status}") }),
        }
    }

    async fn request_5(&self) -> Result<Vec<u8>, HopError> {
        let (host, port) = self.tunnel.target;
        let mut address = host.parse::<IpAddr>().ok();
        if address.is_none() && self.proxy.scheme == Scheme::Socks5 {
            let found = tcp::resolve(host, port, self.tunnel.address_family).await?;
            address = found.first().map(std::net::SocketAddr::ip);
        }
        let mut request = vec![VERSION_5, CONNECT, 0];
        match address {
            Some(IpAddr::V4(v4)) => {
                request.push(IPV4);
                request.extend_from_slice(&v4.octets());
            }
            Some(IpAddr::V6(v6)) => {
                request.push(IPV6);
                request.extend_from_slice(&v6.octets());
            }
            None => {
                request.push(NAME);
                request.push(u8::try_from(host.len()).map_err(|_| self.unsayable())?);
                request.extend_from_slice(host.as_bytes());
            }
        }
        request.extend_from_slice(&port.to_be_bytes());
        Ok(request)
    }

    /// RFC 1928, section 6.
    fn refused_5(&self, code: u8) -> HopError {
        let other_name = match self.proxy.scheme {
            Scheme::Socks5 => "let the proxy resolve the name: write socks5h:// instead of socks5://",
            _ => "check the name and the port as the proxy sees them",
        };
        let (words, cure) = match code {
            1 => ("general SOCKS server failure", other_name),
            2 => ("connection not allowed by ruleset", PORT_CURE),
            3 => ("network unreachable", other_name),
            4 => ("host unreachable", other_name),
            5 => ("connection refused", "nothing listens on that port, or a firewall rejects it"),
            6 => ("TTL expired", other_name),
            7 => ("command not supported", "this proxy does not do CONNECT"),
            8 => ("address type not supported", "try socks5h:// for a name, or -4 for an IPv4 address"),
            _ => ("a code that RFC 1928 does not have", ASK_CURE),
        };
        self.refused(code, words, cure)
    }

    fn granted(self) -> BoxedWire {
        let (host, port) = self.tunnel.target;
        debug!("{} connected us to {}.", self.proxy, host_port(host, port));
        self.wire
    }

    async fn send(&mut self, message: &[u8]) -> Result<(), HopError> {
        let sent = self.wire.write_all(message).await;
        let sent = if sent.is_ok() { self.wire.flush().await } else { sent };
        sent.map_err(|error| self.broken_off(&error))
    }

    /// Reads a message that starts with one of the versions.
    async fn receive<const N: usize>(&mut self, versions: &[u8]) -> Result<[u8; N], HopError> {
        let [first] = self.read::<1>().await?;
        if !versions.contains(&first) {
            let cure = match first {
                b'H' => "it may be an HTTP proxy: write http://",
                b'S' => "it may be an ssh server: name it without a scheme",
                4 | 0 => "it may speak SOCKS 4: write socks4a://",
                5 => "it may speak SOCKS 5: write socks5h://",
                _ => "check its host and port",
            };
            return Err(self.broke(format!("answered with {first:#04x}, which is not this version of SOCKS; {cure}")));
        }
        let mut message = [first; N];
        if let [_, rest @ ..] = &mut message[..] {
            self.fill(rest).await?;
        }
        Ok(message)
    }

    async fn read<const N: usize>(&mut self) -> Result<[u8; N], HopError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes).await?;
        Ok(bytes)
    }

    async fn skip(&mut self, count: usize) -> Result<(), HopError> {
        let mut bytes = [0; LONGEST + 2];
        match bytes.get_mut(..count) {
            Some(part) => self.fill(part).await,
            None => Ok(()),
        }
    }

    async fn fill(&mut self, bytes: &mut [u8]) -> Result<(), HopError> {
        let filled = self.wire.read_exact(bytes).await;
        filled.map(|_| ()).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                self.broke("closed the connection without an answer; it may not let this machine in".to_owned())
            }
            _ => self.broken_off(&error),
        })
    }

    fn broken_off(&self, error: &io::Error) -> HopError {
        self.broke(format!("broke the connection off: {}", system_words(error)))
    }

    fn broke(&self, what: String) -> HopError {
        HopError::PeerBroke { hop: self.proxy.to_string(), what }
    }

    fn refused(&self, code: u8, words: &str, cure: &'static str) -> HopError {
        let (host, port) = self.tunnel.target;
        HopError::PeerRefused {
            hop: self.proxy.to_string(),
            target: host_port(host, port),
            answer: format!("{words} (code {code})"),
            cure: cure.into(),
        }
    }

    fn unsayable(&self) -> HopError {
        HopError::Asked {
            hop: self.proxy.to_string(),
            reason: "SOCKS cannot say a user, a password or a host name of more than 255 bytes".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::through;
    use super::*;
    use proptest::prelude::*;

    const ANONYMOUS: &[u8] = &[5, 0];
    const GRANTED_V4: &[u8] = &[5, 0, 0, 1, 10, 0, 0, 1, 0, 22];
    const BEHIND: &[u8] = b"SSH-2.0-server\r\n";

    fn said(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    fn error(uri: &str, says: &[u8]) -> HopError {
        through(uri, None, says, &[]).0.unwrap_err()
    }

    #[test]
    fn socks5h_sends_the_name() {
        let (behind, sent) = through("socks5h://p", None, &said(&[ANONYMOUS, GRANTED_V4, BEHIND]), &[]);
        assert_eq!(behind.unwrap(), BEHIND);
        assert_eq!(sent, b"\x05\x01\x00\x05\x01\x00\x03\x06target\x00\x16");
    }

    #[test]
    fn every_kind_of_bound_address_is_read_to_its_end() {
        let v6 = said(&[&[5, 0, 0, 4], &[0; 18]]);
        let name = said(&[&[5, 0, 0, 3, 255], &[0xff; 257]]);
        for reply in [GRANTED_V4, &v6, &name, &[5, 0, 0, 3, 0, 0, 22]] {
            let (behind, _) = through("socks5h://p", None, &said(&[ANONYMOUS, reply, BEHIND]), &[]);
            assert_eq!(behind.unwrap(), BEHIND);
        }
    }

    #[test]
    fn user_and_password_go_as_rfc_1929_has_it() {
        let says = said(&[&[5, 2], &[1, 0], GRANTED_V4, BEHIND]);
        let (behind, sent) = through("socks5h://p", Some(&Credentials::new("me", "pw!")), &says, &[]);
        assert_eq!(behind.unwrap(), BEHIND);
        assert!(sent.starts_with(b"\x05\x02\x00\x02\x01\x02me\x03pw!\x05\x01\x00"), "{sent:?}");
        let wrong = through("socks5h://p", Some(&Credentials::new("me", "pw!")), &[5, 2, 1, 1], &[]).0.unwrap_err();
        assert!(matches!(wrong, HopError::WrongCredentials { .. }));
    }

    #[test]
    fn a_password_is_asked_for_only_where_there_was_none() {
        assert!(matches!(error("socks5h://p", &[5, 0xff]), HopError::NeedsCredentials { .. }));
        let with = through("socks5h://p", Some(&Credentials::new("me", "pw")), &[5, 0xff], &[]).0.unwrap_err();
        assert!(matches!(with, HopError::PeerUnsupported { .. }));
        assert!(matches!(error("socks5h://p", &[5, 1]), HopError::PeerBroke { .. }));
    }

    #[test]
    fn every_refusal_is_told_in_words() {
        for (code, words) in [
            (1, "general SOCKS server failure"),
            (2, "not allowed by ruleset"),
            (3, "network unreachable"),
            (4, "host unreachable"),
            (5, "connection refused"),
            (6, "TTL expired"),
            (7, "command not supported"),
            (8, "address type not supported"),
            (77, "code 77"),
        ] {
            let text = error("socks5h://p", &[5, 0, 5, code, 0, 1, 0, 0, 0, 0, 0, 0]).to_string();
            assert!(text.contains(words) && text.contains("target:22"), "{text}");
        }
        for (code, words) in [(91, "rejected"), (92, "identd"), (93, "identd"), (0, "code 0")] {
            let text = error("socks4a://p", &[0, code, 0, 0, 0, 0, 0, 0]).to_string();
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn socks4a_sends_name_and_user() {
        let (behind, sent) = through("socks4a://me@p", None, &said(&[&[0, 90, 1, 2, 3, 4, 5, 6], BEHIND]), &[]);
        assert_eq!(behind.unwrap(), BEHIND);
        assert_eq!(sent, b"\x04\x01\x00\x16\x00\x00\x00\x01me\x00target\x00");
    }

    #[test]
    fn another_protocol_is_recognised() {
        assert!(error("socks5h://p", b"HTTP/1.1 400 Bad\r\n").to_string().contains("http://"));
        assert!(error("socks5h://p", &[0, 91]).to_string().contains("socks4a://"));
        assert!(error("socks4a://p", &[5]).to_string().contains("socks5h://"));
        assert!(error("socks4a://p", b"").to_string().contains("without an answer"));
    }

    #[test]
    fn too_long_a_password_is_refused() {
        let long = "x".repeat(256);
        let (result, _) = through("socks5h://p", Some(&Credentials::new("me", &long)), &[5, 2], &[]);
        assert!(matches!(result, Err(HopError::Asked { .. })));
    }

    #[test]
    fn the_answers_may_be_cut_at_any_byte() {
        let says = said(&[&[5, 2], &[1, 0], &[5, 0, 0, 3, 2, b'a', b'b', 0, 22], BEHIND]);
        let credentials = Credentials::new("me", "pw");
        for at in 1..says.len() {
            let (behind, _) = through("socks5h://p", Some(&credentials), &says, &[at, 4096]);
            assert_eq!(behind.unwrap(), BEHIND, "cut at {at}");
        }
    }

    proptest! {
        #[test]
        fn split_reads_change_nothing(pieces in proptest::collection::vec(1usize..5, 1..5)) {
            let says = said(&[&[5, 2], &[1, 0], &[5, 0, 0, 3, 2, b'a', b'b', 0, 22], BEHIND]);
            let credentials = Credentials::new("me", "pw");
            prop_assert_eq!(through("socks5h://p", Some(&credentials), &says, &pieces).0.unwrap(), BEHIND);
            let says = said(&[&[0, 90, 1, 2, 3, 4, 5, 6], BEHIND]);
            prop_assert_eq!(through("socks4a://p", None, &says, &pieces).0.unwrap(), BEHIND);
        }

        #[test]
        fn no_bytes_panic(says in any::<Vec<u8>>(), four in any::<bool>(), polite in any::<bool>()) {
            let says = if polite { said(&[ANONYMOUS, &[5, 0, 0], &says]) } else { says };
            let _ = through(if four { "socks4a://p" } else { "socks5h://p" }, None, &says, &[2]);
        }
    }
}
