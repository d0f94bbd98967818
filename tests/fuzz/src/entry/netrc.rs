use xssh_ssh::hop::credentials::{Store, stored};
use xssh_ssh::hop::{Hop, jump};
use xssh_ssh::settings::Jump;

/// A file with proxies' passwords.
pub(super) fn netrc(data: &[u8]) {
    for uri in ["http://proxy:3128", "socks5://someone@proxy"] {
        let Ok(Hop::Proxy(proxy)) = jump::parse(&Jump(uri.to_owned())) else {
            panic!("{uri} is no proxy");
        };
        super::scratch::file("netrc", data, |path| {
            let _ = stored(&proxy, Some(Store::Netrc(path)));
            let _ = stored(&proxy, Some(Store::Named(path)));
        });
    }
}
