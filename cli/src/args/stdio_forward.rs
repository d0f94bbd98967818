//! The value of `-W`.

use xssh_os::names::service_port;
use xssh_ssh::session::StreamTo;

/// Reads `host:port` or `[v6]:port`, where the port may be a service's name, or the path of a socket. None for anything else.
pub(super) fn parse(text: &str) -> Option<StreamTo> {
    let text = text.trim_start();
    if text.starts_with('/') {
        return Some(StreamTo::Unix { path: text.to_owned() });
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once("]:")?,
        None => text.split_once(':')?,
    };
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let port = if is_number { port.parse().ok()? } else { service_port(port)? };
    (!host.is_empty() && port > 0).then(|| StreamTo::port(host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_addresses() {
        let port = |host: &str, port| Some(StreamTo::port(host.to_owned(), port));
        assert_eq!(parse("host:22"), port("host", 22));
        assert_eq!(parse("host:ssh"), port("host", 22));
        assert_eq!(parse("[fe80::1%lo]:65535"), port("fe80::1%lo", 65535));
        assert_eq!(parse("/run/a:1"), Some(StreamTo::Unix { path: "/run/a:1".to_owned() }));
        for bad in ["", "host", "host:", ":22", "host:0", "host:+1", "host:65536", "::1:22", "[::1]", "[::1]22", "[]:1"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
