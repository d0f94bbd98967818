//! One element of `ProxyJump` as configuration sees it. What an element may be is [`crate::hop::jump`]'s to say.

use crate::destination::Destination;
use crate::hop::{Hop, HopError, jump};
use crate::settings::Jump;

/// Reads an element.
pub(crate) fn parse(element: &str) -> Result<Hop, HopError> {
    jump::parse(&Jump(element.to_owned()))
}

/// Whether an element names a scheme that is not ssh's: then its complaint says more than ssh would.
pub(crate) fn has_own_scheme(element: &str) -> bool {
    element.contains("://") && !element.starts_with("ssh://")
}

/// The ssh host of an element, unless it is a proxy.
pub(crate) fn ssh_host(element: &str) -> Option<Destination> {
    match parse(element) {
        Ok(Hop::Ssh(destination)) => Some(destination),
        _ => None,
    }
}

/// An element as `-G` prints the last one: the parts put together again, numeric hosts in brackets.
pub(crate) fn normalised(element: &str) -> String {
    let Some(hop) = ssh_host(element) else { return element.to_owned() };
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
    fn the_last_element_is_printed_in_one_form() {
        assert_eq!(normalised("ssh://u@1.2.3.4:9"), "u@[1.2.3.4]:9");
        assert_eq!(normalised("u@h:"), "u@h");
        assert_eq!(normalised("[::1]"), "[::1]");
        assert_eq!(normalised("socks5://p:1080"), "socks5://p:1080");
    }

    #[test]
    fn a_proxy_is_no_ssh_host() {
        assert_eq!(ssh_host("http://p"), None);
        assert_eq!(ssh_host("u@h:1").map(|hop| hop.host).as_deref(), Some("h"));
    }
}
