//! What the user typed as a host: `[user@]host`, `ssh://[user@]host[:port]`, and with a port where a jump allows one.

use std::net::Ipv6Addr;

use thiserror::Error;

/// A destination, split but not resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The part before the last `@`.
    pub user: Option<String>,
    /// The host, without brackets.
    pub host: String,
    /// The port of a URI or of `host:port` in a jump.
    pub port: Option<u16>,
}

/// Why a text is no destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Defect {
    /// Nothing stands before the `@`.
    #[error("the user name is empty")]
    EmptyUser,
    /// Nothing stands where the host should.
    #[error("the host name is empty")]
    EmptyHost,
    /// The host of a URI holds what no host name has, or a bracket is not closed.
    #[error("the host name is not valid")]
    BadHost,
    /// The port is not a number from 1 to 65535, nor a service.
    #[error("the port is not a number from 1 to 65535")]
    BadPort,
    /// A `%` without two hexadecimal digits, or one that decodes to no text.
    #[error("a %-escape in the user name is not valid")]
    BadEscape,
    /// A URI that goes on after the host.
    #[error("an ssh:// address has no path")]
    Path,
}

/// A text that is no destination.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("Bad destination \"{text}\": {defect}")]
pub struct DestinationError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub defect: Defect,
}

impl Destination {
    /// Reads the destination of a command line: `[user@]host`, where the last `@` counts and colons belong to the host
    /// (an IPv6 address), or an `ssh://` URI.
    ///
    /// # Errors
    /// Where the user or host is empty, or the URI is malformed.
    pub fn parse(text: &str) -> Result<Self, DestinationError> {
        let parsed = match text.strip_prefix("ssh://") {
            Some(rest) => parse_uri(rest),
            None => parse_plain(text),
        };
        parsed.map_err(|defect| DestinationError { text: text.to_owned(), defect })
    }

    /// Reads one ssh hop of a jump list: like [`Destination::parse`], and also `host:port` and `[v6]:port`.
    ///
    /// # Errors
    /// Where the user or host is empty, or the port or URI is malformed.
    pub fn parse_jump(text: &str) -> Result<Self, DestinationError> {
        let parsed = match text.strip_prefix("ssh://") {
            Some(rest) => parse_uri(rest),
            None => parse_with_port(text),
        };
        parsed.map_err(|defect| DestinationError { text: text.to_owned(), defect })
    }
}

fn parse_plain(text: &str) -> Result<Destination, Defect> {
    let (user, host) = split_user(text)?;
    if host.is_empty() {
        return Err(Defect::EmptyHost);
    }
    Ok(Destination { user, host: without_brackets(host).to_owned(), port: None })
}

fn parse_with_port(text: &str) -> Result<Destination, Defect> {
    let (user, rest) = split_user(text)?;
    let (host, after) = split_host(rest)?;
    let port = match after {
        None | Some((':', "")) => None,
        Some((':', port)) => Some(parse_port(port)?),
        Some(_) => return Err(Defect::BadHost),
    };
    Ok(Destination { user, host: host.to_owned(), port })
}

/// What follows `ssh://` (draft-ietf-secsh-scp-sftp-ssh-uri-04): the first `@` ends the user, whose `;` parameters are
/// ignored.
fn parse_uri(text: &str) -> Result<Destination, Defect> {
    let (user, rest) = match text.split_once('@') {
        None => (None, text),
        Some((info, rest)) => {
            let user = info.split(';').next().unwrap_or_default();
            if user.is_empty() {
                return Err(Defect::EmptyUser);
            }
            (Some(percent_decode(user)?), rest)
        }
    };
    let (host, after) = split_host(rest)?;
    let port = match after {
        None | Some((_, "")) => None,
        Some((':', tail)) => {
            let (port, path) = tail.split_once('/').unwrap_or((tail, ""));
            if !path.is_empty() {
                return Err(Defect::Path);
            }
            Some(parse_port(port)?)
        }
        Some(_) => return Err(Defect::Path),
    };
    Ok(Destination { user, host: uri_host(host)?.to_owned(), port })
}

/// Splits at the last `@`: a user may hold one (`me@my.org@host`), a host may not.
fn split_user(text: &str) -> Result<(Option<String>, &str), Defect> {
    match text.rsplit_once('@') {
        None => Ok((None, text)),
        Some(("", _)) => Err(Defect::EmptyUser),
        Some((user, rest)) => Ok((Some(user.to_owned()), rest)),
    }
}

/// What follows a host: its `:` or `/`, and the rest.
type After<'a> = Option<(char, &'a str)>;

/// Splits a host, plain or in brackets, from what follows it.
fn split_host(text: &str) -> Result<(&str, After<'_>), Defect> {
    let (host, rest) = if let Some(inner) = text.strip_prefix('[') {
        inner.split_once(']').ok_or(Defect::BadHost)?
    } else {
        text.split_at(text.find([':', '/']).unwrap_or(text.len()))
    };
    if host.is_empty() {
        return Err(Defect::EmptyHost);
    }
    let mut after = rest.chars();
    match after.next() {
        None => Ok((host, None)),
        Some(mark @ (':' | '/')) => Ok((host, Some((mark, after.as_str())))),
        Some(_) => Err(Defect::BadHost),
    }
}

/// Checks the host of a URI: an IPv6 address, or letters, digits, `-`, `_` and single dots, of which a last one goes.
fn uri_host(host: &str) -> Result<&str, Defect> {
    if is_ipv6(host) {
        return Ok(host);
    }
    let starts_well = host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_');
    let spelled_well = host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if !starts_well || !spelled_well || host.contains("..") {
        return Err(Defect::BadHost);
    }
    Ok(host.strip_suffix('.').unwrap_or(host))
}

fn without_brackets(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) if is_ipv6(inner) => inner,
        _ => host,
    }
}

/// Whether this is an IPv6 address, with or without a `%scope`.
fn is_ipv6(host: &str) -> bool {
    host.split('%').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

/// Reads a port from 1 to 65535, or a service's name. Blanks and a sign before the number are let through, as in ssh.
pub(crate) fn parse_port(text: &str) -> Result<u16, Defect> {
    let number = text.trim_start();
    let number = number.strip_prefix('+').unwrap_or(number);
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return xssh_os::names::service_port(text).filter(|port| *port > 0).ok_or(Defect::BadPort);
    }
    number.parse().ok().filter(|port| *port > 0).ok_or(Defect::BadPort)
}

/// Decodes `%41` to `A` and `+` to a blank, as ssh does in the user of a URI.
fn percent_decode(text: &str) -> Result<String, Defect> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = bytes.next().and_then(hex_value).ok_or(Defect::BadEscape)?;
                let low = bytes.next().and_then(hex_value).ok_or(Defect::BadEscape)?;
                high << 4 | low
            }
            other => other,
        });
    }
    if decoded.contains(&0) {
        return Err(Defect::BadEscape);
    }
    String::from_utf8(decoded).map_err(|_| Defect::BadEscape)
}

fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(parsed: Result<Destination, DestinationError>) -> String {
        match parsed {
            Ok(d) => format!(
                "{}|{}|{}",
                d.user.unwrap_or_else(|| "-".into()),
                d.host,
                d.port.map_or_else(|| "-".into(), |port| port.to_string())
            ),
            Err(error) => format!("{:?}", error.defect),
        }
    }

    #[test]
    fn destinations_of_a_command_line() {
        for (text, expected) in [
            ("host", "-|host|-"),
            ("u@host", "u|host|-"),
            ("a@b@host", "a@b|host|-"),
            ("::1", "-|::1|-"),
            ("u@fe80::1%lo", "u|fe80::1%lo|-"),
            ("[::1]", "-|::1|-"),
            ("[x]", "-|[x]|-"),
            ("host:22", "-|host:22|-"),
            ("SSH://h", "-|SSH://h|-"),
            ("ssh://h", "-|h|-"),
            ("ssh://h.", "-|h|-"),
            ("ssh://u@h:2222", "u|h|2222"),
            ("ssh://u@h:2222/", "u|h|2222"),
            ("ssh://h:", "-|h|-"),
            ("ssh://u;fingerprint=x@h", "u|h|-"),
            ("ssh://a+b%41%40@h", "a bA@|h|-"),
            ("ssh://u@[::1]:22", "u|::1|22"),
            ("ssh://[fe80::1%lo]", "-|fe80::1%lo|-"),
            ("@host", "EmptyUser"),
            ("u@", "EmptyHost"),
            ("", "EmptyHost"),
            ("ssh://@h", "EmptyUser"),
            ("ssh://", "EmptyHost"),
            ("ssh://h/path", "Path"),
            ("ssh://h:22/path", "Path"),
            ("ssh://-h", "BadHost"),
            ("ssh://a..b", "BadHost"),
            ("ssh://[::1", "BadHost"),
            ("ssh://h:0", "BadPort"),
            ("ssh://h:65536", "BadPort"),
            ("ssh://h:nosuchservice", "BadPort"),
            ("ssh://u%00@h", "BadEscape"),
            ("ssh://u%4@h", "BadEscape"),
            ("ssh://u%ff@h", "BadEscape"),
        ] {
            assert_eq!(shown(Destination::parse(text)), expected, "{text}");
        }
    }

    #[test]
    fn destinations_of_a_jump() {
        for (text, expected) in [
            ("host", "-|host|-"),
            ("u@host:2222", "u|host|2222"),
            ("u@host:", "u|host|-"),
            ("a@b@host:1", "a@b|host|1"),
            ("[::1]:2222", "-|::1|2222"),
            ("[::1]", "-|::1|-"),
            ("ssh://u@h:1", "u|h|1"),
            ("::1", "EmptyHost"),
            ("h/x", "BadHost"),
            ("[::1]x", "BadHost"),
            ("h:0", "BadPort"),
            ("@h", "EmptyUser"),
            ("", "EmptyHost"),
        ] {
            assert_eq!(shown(Destination::parse_jump(text)), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_a_host_is_never_empty(text in "(ssh://)?[a@:/%+;.\\[\\]0-9]{0,12}|\\PC{0,20}") {
            for parsed in [Destination::parse(&text), Destination::parse_jump(&text)].into_iter().flatten() {
                prop_assert!(!parsed.host.is_empty());
                prop_assert!(parsed.user.as_deref() != Some(""));
                prop_assert!(parsed.port != Some(0));
            }
        }
    }
}
