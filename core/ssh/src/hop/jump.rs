//! The elements of `-J` and ProxyJump: ssh hosts and proxies, in any mixture.

use super::proxy::Passwords;
use super::{HopError, Proxy};
use crate::destination::Destination;
use crate::limits;
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

/// Splits the argument of `-J` or ProxyJump at its commas, nearest hop first. `none` is no hop at all.
///
/// # Errors
/// [`HopError::Asked`] for an empty element, [`HopError::Limit`] past [`limits::HOPS`].
pub fn split(list: &str) -> Result<Vec<Jump>, HopError> {
    if list.eq_ignore_ascii_case("none") {
        return Ok(Vec::new());
    }
    let jumps: Vec<Jump> = list.split(',').take(limits::HOPS + 1).map(|part| Jump(part.to_owned())).collect();
    within_limit(&jumps)?;
    match jumps.iter().any(|jump| jump.0.is_empty()) {
        true => Err(HopError::Asked {
            hop: format!("list \"{}\"", visible(list.as_bytes())),
            reason: "there is nothing between two of its commas, or at an end".into(),
        }),
        false => Ok(jumps),
    }
}

/// Reads every element of a way.
///
/// # Errors
/// As [`parse`], and [`HopError::Limit`] past [`limits::HOPS`].
pub fn parse_all(jumps: &[Jump]) -> Result<Vec<Hop>, HopError> {
    within_limit(jumps)?;
    jumps.iter().map(parse).collect()
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

fn within_limit(jumps: &[Jump]) -> Result<(), HopError> {
    match jumps.len() > limits::HOPS {
        true => Err(HopError::Limit { hop: "ProxyJump".to_owned(), what: "the number of hops", limit: limits::HOPS }),
        false => Ok(()),
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

    fn hop(text: &str) -> Result<Hop, HopError> {
        parse(&Jump(text.to_owned()))
    }

    #[test]
    fn hosts_and_proxies_mix() {
        let jumps = split("bastion,http://proxy:3128,u@[::1]:2222,ssh://h:1,socks5h://s").unwrap();
        let hops = parse_all(&jumps).unwrap();
        let kinds: Vec<bool> = hops.iter().map(|hop| matches!(hop, Hop::Proxy(_))).collect();
        assert_eq!(kinds, [false, true, false, false, true]);
        let Hop::Ssh(third) = &hops[2] else { panic!() };
        assert_eq!((third.user.as_deref(), third.host.as_str(), third.port), (Some("u"), "::1", Some(2222)));
        let Hop::Proxy(last) = &hops[4] else { panic!() };
        assert_eq!((last.scheme, last.port), (Scheme::Socks5h, 1080));
    }

    #[test]
    fn none_is_no_hop() {
        assert_eq!(split("none").unwrap(), []);
        assert_eq!(split("NONE").unwrap(), []);
    }

    #[test]
    fn empty_elements_are_refused() {
        for list in ["", "a,", ",a", "a,,b"] {
            assert!(matches!(split(list), Err(HopError::Asked { .. })), "{list}");
        }
    }

    #[test]
    fn a_way_has_an_end() {
        let most = vec!["h"; limits::HOPS].join(",");
        assert_eq!(parse_all(&split(&most).unwrap()).unwrap().len(), limits::HOPS);
        assert!(matches!(split(&format!("{most},h")), Err(HopError::Limit { .. })));
    }

    #[test]
    fn a_password_never_passes_here() {
        let error = hop("http://u:hunter2@proxy").unwrap_err().to_string();
        assert!(error.contains("netrc") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn an_unknown_scheme_is_named() {
        assert!(hop("gopher://h").unwrap_err().to_string().contains("gopher://h"));
    }

    proptest! {
        #[test]
        fn no_text_panics(list in "\\PC{0,40}") {
            if let Ok(jumps) = split(&list) {
                let _ = parse_all(&jumps);
            }
        }
    }
}
