//! From a wire to a proxy to a wire through it.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::proxy::host_port;
use super::{BoxedWire, Credentials, HopError, Proxy, Scheme, Trust, http, socks, tls};
use crate::limits;
use crate::settings::AddressFamily;
use crate::terminal::visible::visible;

/// What a proxy is asked for.
#[derive(Debug)]
pub struct Tunnel<'a> {
    /// Host (without brackets) and port behind the proxy.
    pub target: (&'a str, u16),
    /// What to say when it asks who we are; sent at once where the protocol allows.
    pub credentials: Option<&'a Credentials>,
    /// Which of the target's addresses will do, where we resolve it ourselves (`socks5://`).
    pub address_family: AddressFamily,
    /// Who may sign the certificate of an `https://` proxy.
    pub trust: &'a Trust,
    /// When to give up.
    pub deadline: Instant,
}

/// When a hop that starts now has to be done: after ConnectTimeout, or after [`limits::PROXY_WAIT`] where there is none.
#[must_use]
pub fn deadline(connect_timeout: Option<Duration>) -> Instant {
    Instant::now() + connect_timeout.unwrap_or(limits::PROXY_WAIT)
}

/// Has `proxy`, at the other end of `wire`, connect us to the target. The first byte of the wire that is given back is
/// the target's own first byte.
///
/// # Errors
/// [`HopError::NeedsCredentials`] where the proxy wants a password and `tunnel` has none: get some from
/// [`super::credentials`], open a new wire, and call again. All others are final. The wire is spent in any case.
pub async fn through_proxy(wire: BoxedWire, proxy: &Proxy, tunnel: &Tunnel<'_>) -> Result<BoxedWire, HopError> {
    check_target(proxy, tunnel.target.0)?;
    let wire = match proxy.scheme {
        Scheme::Https => {
            let secured = timeout_at(tunnel.deadline, tls::secure(wire, proxy, tunnel.trust));
            secured.await.map_err(|_| {
                late(
                    proxy,
                    "in the TLS handshake; if it is a plain proxy, write http:// instead of https://".to_owned(),
                )
            })??
        }
        _ => wire,
    };
    let opening = async {
        match proxy.scheme {
            Scheme::Http | Scheme::Https => http::connect(wire, proxy, tunnel).await,
            Scheme::Socks4a => socks::connect_4a(wire, proxy, tunnel).await,
            Scheme::Socks5 | Scheme::Socks5h => socks::connect_5(wire, proxy, tunnel).await,
        }
    };
    let opened = timeout_at(tunnel.deadline, opening).await;
    opened.map_err(|_| {
        let target = host_port(tunnel.target.0, tunnel.target.1);
        late(proxy, format!("waiting to be connected to {target}"))
    })?
}

fn late(proxy: &Proxy, doing: String) -> HopError {
    HopError::TimedOut { hop: proxy.to_string(), doing }
}

/// A name with a space, a line's end or a NUL in it could say something else in the proxy's protocol.
fn check_target(proxy: &Proxy, host: &str) -> Result<(), HopError> {
    let strange = |c: char| !c.is_ascii_graphic() || matches!(c, '/' | '@' | '[' | ']' | '?' | '#' | '"' | '\\');
    match host.is_empty() || host.contains(strange) {
        true => Err(HopError::Asked {
            hop: format!("\"{}\" behind {proxy}", visible(host.as_bytes())),
            reason: "its name has characters that no proxy can be asked for".into(),
        }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::proxy::Passwords;
    use super::*;

    fn attempt(uri: &str, target: &str, limit: Duration) -> HopError {
        let proxy = Proxy::parse(uri, Passwords::Refused).unwrap();
        let (near, _far) = tokio::io::duplex(64 << 10);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let tunnel = Tunnel {
                target: (target, 22),
                credentials: None,
                address_family: AddressFamily::Any,
                trust: &Trust::Only(Vec::new()),
                deadline: Instant::now() + limit,
            };
            through_proxy(Box::new(near), &proxy, &tunnel).await.map(|_| ()).unwrap_err()
        })
    }

    #[test]
    fn a_silent_proxy_is_given_up() {
        for scheme in ["http", "socks4a", "socks5", "socks5h"] {
            let error = attempt(&format!("{scheme}://p"), "127.0.0.1", Duration::from_millis(10));
            assert!(matches!(error, HopError::TimedOut { .. }), "{scheme}: {error}");
        }
    }

    #[test]
    fn a_target_cannot_smuggle_lines_into_a_request() {
        for target in ["a\r\nX: y", "a b", "", "a\0b", "b@c", "\u{202e}x"] {
            let error = attempt("http://p", target, Duration::from_secs(20));
            assert!(matches!(error, HopError::Asked { .. }), "{target:?}: {error}");
        }
    }
}
