//! One element of `ProxyJump`: an ssh host, or beyond OpenSSH a proxy.

use crate::destination::Destination;

/// The proxies that may stand in a jump list.
const PROXIES: [&str; 5] = ["http://", "https://", "socks4a://", "socks5://", "socks5h://"];

/// An element that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// It is neither a host nor an address.
    Malformed,
    /// It holds a password.
    Password,
}

/// Whether an element is the address of a proxy, by its scheme.
pub(crate) fn is_proxy(element: &str) -> bool {
    PROXIES.iter().any(|scheme| element.starts_with(scheme))
}

/// Splits an element into user, host and port. What they mean is for the hop to say.
pub(crate) fn parse(element: &str) -> Result<Destination, Complaint> {
    let Some(scheme) = PROXIES.iter().find(|scheme| element.starts_with(**scheme)) else {
        return Destination::parse_jump(element).map_err(|_| Complaint::Malformed);
    };
    let address = element.strip_prefix(scheme).unwrap_or_default();
    let address = address.strip_suffix('/').unwrap_or(address);
    let parsed = Destination::parse_jump(address).map_err(|_| Complaint::Malformed)?;
    if parsed.user.as_ref().is_some_and(|user| user.contains(':')) {
        return Err(Complaint::Password);
    }
    Ok(parsed)
}

/// An element as `-G` prints the last one: the parts put together again, numeric hosts in brackets.
pub(crate) fn normalised(element: &str) -> String {
    let Ok(hop) = parse(element) else {
        return element.to_owned();
    };
    if is_proxy(element) {
        return element.to_owned();
    }
    let numeric = hop.host.contains(':') || hop.host.chars().all(|c| c.is_ascii_digit() || c == '.');
    let user = hop.user.map(|user| format!("{user}@")).unwrap_or_default();
    let host = if numeric { format!("[{}]", hop.host) } else { hop.host };
    let port = hop.port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{user}{host}{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_proxies_are_told_apart() {
        assert!(is_proxy("socks5h://p:1080"));
        assert!(!is_proxy("ssh://p:22"));
        assert!(!is_proxy("p"));
        let proxy = parse("http://me@proxy.example:3128/").unwrap();
        assert_eq!((proxy.user.as_deref(), proxy.host.as_str(), proxy.port), (Some("me"), "proxy.example", Some(3128)));
        assert_eq!(parse("http://me:secret@proxy:3128"), Err(Complaint::Password));
        assert_eq!(parse("http://"), Err(Complaint::Malformed));
        assert_eq!(parse("https://p/x"), Err(Complaint::Malformed));
        assert_eq!(parse("ftp://p"), Err(Complaint::Malformed));
    }

    #[test]
    fn the_last_element_is_printed_in_one_form() {
        assert_eq!(normalised("ssh://u@1.2.3.4:9"), "u@[1.2.3.4]:9");
        assert_eq!(normalised("u@h:"), "u@h");
        assert_eq!(normalised("[::1]"), "[::1]");
        assert_eq!(normalised("socks5://p:1080"), "socks5://p:1080");
    }
}
