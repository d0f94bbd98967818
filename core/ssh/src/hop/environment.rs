//! The proxy that the environment names, for those who turned that on (XsshProxyFromEnvironment): ssh itself reads none
//! of these variables.

use log::debug;
use zeroize::Zeroizing;

use super::proxy::Passwords;
use super::{HopError, Proxy, no_proxy};

/// Which variables name a proxy, the first one that is not empty. As curl, what is for all protocols serves those that
/// have no variable of their own, and small letters come first; a proxy meant for https can carry anything that is
/// encrypted.
const PROXY: [&str; 4] = ["all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY"];
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// The proxy on the way to `host`:`port`, if the environment names one and does not except this host.
///
/// `variable` looks up one variable of the environment. A value without scheme is an HTTP proxy; a password in it is
/// taken, since no other user can see it there, and is neither logged nor repeated in an error.
///
/// # Errors
/// [`HopError::Asked`] where the variable holds no proxy that xssh can use.
pub fn proxy_for(variable: impl Fn(&str) -> Option<String>, host: &str, port: u16) -> Result<Option<Proxy>, HopError> {
    let first = |names: &[&'static str]| {
        let mut values = names.iter().filter_map(|name| Some((*name, Zeroizing::new(variable(name)?))));
        values.find(|(_, value)| !value.is_empty())
    };
    let Some((name, uri)) = first(&PROXY) else {
        return Ok(None);
    };
    if let Some((exception, list)) = first(&NO_PROXY)
        && no_proxy::lists(&list, host, port)
    {
        debug!("No proxy for this host, by {exception}.");
        return Ok(None);
    }
    let proxy = Proxy::parse(&uri, Passwords::Accepted).map_err(|error| match error {
        HopError::Asked { hop, reason } => HopError::Asked { hop: format!("{name}={hop}"), reason },
        other => other,
    })?;
    debug!("Going through {proxy}, by {name}.");
    Ok(Some(proxy))
}

#[cfg(test)]
mod tests {
    use super::super::Scheme;
    use super::*;

    fn found(variables: &[(&str, &str)], host: &str) -> Result<Option<Proxy>, HopError> {
        let value = |name: &str| {
            let found = variables.iter().find(|(have, _)| *have == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        proxy_for(value, host, 22)
    }

    fn host_of(variables: &[(&str, &str)]) -> Option<String> {
        found(variables, "target").unwrap().map(|proxy| proxy.host)
    }

    #[test]
    fn nothing_named_is_no_proxy() {
        assert_eq!(host_of(&[]), None);
        assert_eq!(host_of(&[("ALL_PROXY", ""), ("HTTP_PROXY", "http://p")]), None);
    }

    #[test]
    fn the_first_variable_that_says_something_wins() {
        let all = [("HTTPS_PROXY", "d"), ("https_proxy", "c"), ("ALL_PROXY", "b"), ("all_proxy", "a")];
        assert_eq!(host_of(&all).as_deref(), Some("a"));
        assert_eq!(host_of(&all[..3]).as_deref(), Some("b"));
        assert_eq!(host_of(&all[..2]).as_deref(), Some("c"));
        assert_eq!(host_of(&[("all_proxy", ""), ("HTTPS_PROXY", "d")]).as_deref(), Some("d"));
    }

    #[test]
    fn a_value_may_lack_its_scheme_and_hold_a_password() {
        let proxy = found(&[("ALL_PROXY", "me:pw@p:8080")], "target").unwrap().unwrap();
        assert_eq!((proxy.scheme, proxy.port, proxy.user.as_deref()), (Scheme::Http, 8080, Some("me")));
        assert_eq!(proxy.password.as_deref().map(String::as_str), Some("pw"));
    }

    #[test]
    fn exceptions_hold() {
        let variables = [("ALL_PROXY", "socks5h://p"), ("NO_PROXY", "inner.example,10.0.0.0/8")];
        assert_eq!(found(&variables, "host.inner.example").unwrap(), None);
        assert_eq!(found(&variables, "10.1.1.1").unwrap(), None);
        assert!(found(&variables, "outer.example").unwrap().is_some());
    }

    #[test]
    fn an_error_names_the_variable_and_no_password() {
        let text = found(&[("ALL_PROXY", "gopher://me:hunter2@p")], "target").unwrap_err().to_string();
        assert!(text.contains("ALL_PROXY=gopher://me:***@p") && !text.contains("hunter2"), "{text}");
    }
}
