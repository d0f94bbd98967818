//! The elements of `-J` and ProxyJump: ssh hosts and proxies, in any mixture.

use super::proxy::Passwords;
use super::{HopError, Proxy};
use crate::destination::Destination;
use crate::settings::Jump;
use crate::terminal::visible::visible;

/// One station on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hop {
    /// A host to log in to, with a configuration of its own.
    Ssh(Destination),
    /// A proxy to go through.
    Proxy(Proxy),
}

/// Reads one element.
///
/// # Errors
/// [`HopError::Asked`] where it is malformed, names an unknown scheme, or holds a password.
pub fn parse(jump: &Jump) -> Result<Hop, HopError> {
    let text = jump.0.as_str();
    match text.split_once("://") {
        Some((scheme, _)) if !scheme.eq_ignore_ascii_case("ssh") => {
            Proxy::parse(text, Passwords::Refused).map(Hop::Proxy)
        }
        _ => destination(text).map(Hop::Ssh),
    }
}

fn destination(text: &str) -> Result<Destination, HopError> {
    Destination::parse_jump(text)
        .map_err(|error| HopError::Asked { hop: visible(text.as_bytes()), reason: error.to_string().into() })
}

#[cfg(test)]
mod tests {
    use super::super::Scheme;
    use super::*;
    use proptest::prelude::*;

    fn way(list: &str) -> Result<Vec<Hop>, HopError> {
        let jumps: Vec<Jump> = list.split(',').map(|element| Jump(element.to_owned())).collect();
        jumps.iter().map(parse).collect()
    }

    #[test]
    fn hosts_and_proxies_mix() {
        let hops = way("bastion,http://proxy:3128,u@[::1]:2222,ssh://h:1,socks5h://s").unwrap();
        let kinds: Vec<bool> = hops.iter().map(|hop| matches!(hop, Hop::Proxy(_))).collect();
        assert_eq!(kinds, [false, true, false, false, true]);
        let Hop::Ssh(third) = &hops[2] else { panic!() };
        assert_eq!((third.user.as_deref(), third.host.as_str(), third.port), (Some("u"), "::1", Some(2222)));
        let Hop::Proxy(last) = &hops[4] else { panic!() };
        assert_eq!((last.scheme, last.port), (Scheme::Socks5h, 1080));
    }

    #[test]
    fn empty_elements_are_refused() {
        for list in ["", "a,", ",a", "a,,b", "http://", "ssh://"] {
            assert!(matches!(way(list), Err(HopError::Asked { .. })), "{list}");
        }
    }

    #[test]
    fn a_password_never_passes_here() {
        let error = way("http://u:hunter2@proxy").unwrap_err().to_string();
        assert!(error.contains("netrc") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn an_unknown_scheme_is_named() {
        assert!(way("gopher://h").unwrap_err().to_string().contains("gopher://h"));
    }

    proptest! {
        #[test]
        fn no_text_panics(list in "\\PC{0,40}") {
            let _ = way(&list);
        }
    }
}
