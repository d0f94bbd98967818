//! A proxy as its URI names it: `scheme://[user[:password]@]host[:port]`.

use std::fmt;

use zeroize::Zeroizing;

use super::HopError;
use crate::terminal::visible::visible;

/// What the proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// CONNECT (RFC 9110, section 9.3.6).
    Http,
    /// CONNECT inside TLS.
    Https,
    /// SOCKS 4a: the proxy resolves the name.
    Socks4a,
    /// SOCKS 5 (RFC 1928): we resolve the name.
    Socks5,
    /// SOCKS 5: the proxy resolves the name.
    Socks5h,
}

impl Scheme {
    const ALL: [Self; 5] = [Self::Http, Self::Https, Self::Socks4a, Self::Socks5, Self::Socks5h];

    /// The scheme as a URI names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks4a => "socks4a",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    /// The port where a URI names none, the same as curl's: 443 for `https`, 1080 for all others.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            _ => 1080,
        }
    }

    /// Whether the proxy takes a user's password.
    #[must_use]
    pub fn takes_password(self) -> bool {
        self != Self::Socks4a
    }

    fn named(name: &str) -> Result<Self, &'static str> {
        let found = Self::ALL.into_iter().find(|scheme| scheme.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| match name.to_ascii_lowercase().as_str() {
            "socks4" => "xssh does not speak plain SOCKS 4; write socks4a:// and the proxy resolves the name",
            "socks" => "write socks5h://, or socks5:// to resolve names here, or socks4a://",
            _ => "a hop is [user@]host[:port], ssh://, http://, https://, socks4a://, socks5:// or socks5h://",
        })
    }
}

/// A proxy to go through.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// What it speaks.
    pub scheme: Scheme,
    /// The user to name to it, percent-decoded.
    pub user: Option<String>,
    /// Its host, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The password of an environment variable's URI; never one from an argument or a configuration file.
    pub(super) password: Option<Zeroizing<String>>,
}

/// Whether a URI may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passwords {
    Refused,
    Accepted,
}

impl fmt::Display for Proxy {
    /// `proxy scheme://host:port`: what log lines and errors call it. Neither user nor password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proxy {}://{}", self.scheme.name(), host_port(&self.host, self.port))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = self.password.as_ref().map(|_| "***");
        write!(f, "Proxy({self}, user: {:?}, password: {secret:?})", self.user)
    }
}

impl Proxy {
    /// Reads a URI whose scheme is given.
    pub(super) fn parse(uri: &str, passwords: Passwords) -> Result<Self, HopError> {
        let (scheme, rest) = uri.split_once("://").unwrap_or(("http", uri));
        Self::from_parts(scheme, rest, passwords)
            .map_err(|reason| HopError::Asked { hop: without_password(uri), reason: reason.into() })
    }

    fn from_parts(scheme: &str, rest: &str, passwords: Passwords) -> Result<Self, &'static str> {
        let scheme = Scheme::named(scheme)?;
        // As curl, a password may hold a slash or an @ that was not encoded.
        let (userinfo, address) = match rest.rsplit_once('@') {
            Some((userinfo, address)) => (Some(userinfo), address),
            None => (None, rest),
        };
        let (user, password) = match userinfo {
            Some(userinfo) => user_and_password(userinfo, passwords)?,
            None => (None, None),
        };
        let (host, port) = address_of(address)?;
        Ok(Self { scheme, user, host, port: port.unwrap_or(scheme.default_port()), password })
    }
}

type UserAndPassword = (Option<String>, Option<Zeroizing<String>>);

fn user_and_password(userinfo: &str, passwords: Passwords) -> Result<UserAndPassword, &'static str> {
    let (user, password) = match userinfo.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (userinfo, None),
    };
    if password.is_some() && passwords == Passwords::Refused {
        return Err("a password here would show in ps and in histories; leave it out and xssh asks for it, \
                    or takes it from ~/.netrc (machine HOST login USER password WORD)");
    }
    let decoded = percent_decoded(user).ok_or("the user is not well encoded: write %XX for UTF-8 only")?;
    let user = (!decoded.is_empty()).then(|| decoded.to_string());
    let password = password.map(|text| percent_decoded(text).ok_or("the password is not well encoded"));
    Ok((user, password.transpose()?))
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`, and a slash at the end as browsers write it.
fn address_of(address: &str) -> Result<(String, Option<u16>), &'static str> {
    let address = address.strip_suffix('/').unwrap_or(address);
    let (host, port) = match address.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or("the bracket of its address is not closed")?;
            if !is_v6_literal(host) {
                return Err("there is no IPv6 address in its brackets");
            }
            match port {
                "" => (host.replacen("%25", "%", 1), None),
                _ => (
                    host.replacen("%25", "%", 1),
                    Some(port.strip_prefix(':').ok_or("a port needs a colon before it")?),
                ),
            }
        }
        None => match address.split_once(':') {
            Some((_, port)) if port.contains(':') => return Err("an IPv6 address needs brackets: [::1]"),
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (address.to_owned(), None),
        },
    };
    if !address.starts_with('[') && !is_host_name(&host) {
        return Err("its host is empty or holds a character that no host name has");
    }
    Ok((host, port.map(port_number).transpose()?))
}

fn is_host_name(host: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    !host.is_empty() && !host.starts_with('-') && host.chars().all(allowed)
}

/// An IPv6 address, with or without a zone (RFC 6874 writes its percent sign as `%25`).
fn is_v6_literal(host: &str) -> bool {
    let (address, zone) = host.split_once('%').unwrap_or((host, "0"));
    let zone_is_fine =
        !zone.is_empty() && zone.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    zone_is_fine && address.parse::<std::net::Ipv6Addr>().is_ok()
}

fn port_number(text: &str) -> Result<u16, &'static str> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port != 0);
    port.ok_or("its port is no number from 1 to 65535")
}

/// RFC 3986, section 2.1. None where it is malformed, or not UTF-8.
fn percent_decoded(text: &str) -> Option<Zeroizing<String>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                out.push(u8::try_from(high << 4 | low).ok()?);
            }
            _ => out.push(byte),
        }
    }
    std::str::from_utf8(&out).ok().map(|decoded| Zeroizing::new(decoded.to_owned()))
}

/// The URI for an error: what may be a password is hidden, however malformed the rest is.
fn without_password(uri: &str) -> String {
    let start = uri.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = uri.split_at(start);
    let (userinfo, address) = rest.rsplit_once('@').map_or((rest, None), |(user, address)| (user, Some(address)));
    let text = match (userinfo.split_once(':'), address) {
        (Some((user, _)), Some(address)) => format!("{scheme}{user}:***@{address}"),
        // Cut off at a comma of the list: what looks like a bad port may be half a password.
        (Some((user, port)), None) if !rest.starts_with('[') && !port.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{scheme}{user}:***")
        }
        _ => uri.to_owned(),
    };
    visible(text.as_bytes())
}

/// `host:port`, with an IPv6 address in brackets.
pub(super) fn host_port(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(uri: &str) -> Proxy {
        Proxy::parse(uri, Passwords::Accepted).unwrap()
    }

    fn reason(uri: &str) -> String {
        Proxy::parse(uri, Passwords::Refused).unwrap_err().to_string()
    }

    #[test]
    fn every_part_is_read() {
        let proxy = parsed("http://al%40ice:p%2Fw:@proxy.example:3128/");
        assert_eq!((proxy.scheme, proxy.port), (Scheme::Http, 3128));
        assert_eq!(proxy.host, "proxy.example");
        assert_eq!(proxy.user.as_deref(), Some("al@ice"));
        assert_eq!(proxy.password.as_deref().map(String::as_str), Some("p/w:"));
    }

    #[test]
    fn ports_default_as_curls_do() {
        assert_eq!(parsed("http://p").port, 1080);
        assert_eq!(parsed("HTTPS://p").port, 443);
        assert_eq!(parsed("socks5h://p").port, 1080);
        assert_eq!(parsed("p:3128"), parsed("http://p:3128"));
    }

    #[test]
    fn an_ipv6_address_stands_in_brackets() {
        assert_eq!((parsed("socks5://[::1]:9").host.as_str(), parsed("socks5://[::1]:9").port), ("::1", 9));
        assert_eq!(parsed("http://[fe80::1%25eth0]").host, "fe80::1%eth0");
        assert_eq!(parsed("http://[::1]:9").to_string(), "proxy http://[::1]:9");
        assert!(reason("http://::1").contains("brackets"));
        assert!(reason("http://[::1]9").contains("colon"));
        assert!(reason("http://[::1").contains("not closed"));
        assert!(reason("http://[proxy]:1").contains("no IPv6 address"));
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        assert!(reason("http://u:hunter2@p").contains("ps"));
        for uri in [
            "http://u:hunter2@p:1",
            "http://u:hunt@er2@p",
            "http://u:h/unter2@p:x",
            "http://:hunter2@p",
            "http://u:hunter2",
        ] {
            let text = reason(uri);
            assert!(!text.contains("unter2") && !text.contains("er2@"), "{text}");
        }
        let bad_port = Proxy::parse("http://u:hunter2@p:x", Passwords::Accepted).unwrap_err();
        assert!(!bad_port.to_string().contains("hunter2"), "{bad_port}");
    }

    #[test]
    fn neither_display_nor_debug_shows_a_password() {
        let proxy = parsed("http://u:hunter2@p:1");
        assert_eq!(proxy.to_string(), "proxy http://p:1");
        assert!(!format!("{proxy:?}").contains("hunter2"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(reason("ftp://p").contains("http://, https://"));
        assert!(reason("socks4://p").contains("socks4a://"));
        for uri in [
            "http://",
            "http://p:",
            "http://p:0",
            "http://p:+1",
            "http://p:65536",
            "http://p q",
            "http://p/x",
            "http://-p",
            "http://%zz@p",
            "http://p\r\nX: y",
        ] {
            assert!(Proxy::parse(uri, Passwords::Accepted).is_err(), "{uri}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_or_leaks(head in "\\PC{0,12}", secret in "[a-z]{12}", tail in "\\PC{0,12}") {
            let _ = Proxy::parse(&head, Passwords::Accepted);
            if let Err(error) = Proxy::parse(&format!("http://u:{head}{secret}@{tail}"), Passwords::Refused) {
                prop_assert!(!error.to_string().contains(&secret));
            }
        }

        #[test]
        fn percent_encoding_is_undone(user in "\\PC{1,8}") {
            let encoded: String = user.bytes().map(|byte| format!("%{byte:02X}")).collect();
            prop_assert_eq!(parsed(&format!("http://{encoded}@p")).user, Some(user));
        }
    }
}
