//! The value of `-W`.

use xssh_os::names::service_port;

/// Reads `host:port` or `[v6]:port`; the port may be a service's name. None for anything else.
pub(super) fn parse(text: &str) -> Option<(String, u16)> {
    let text = text.trim_start();
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once("]:")?,
        None => text.split_once(':')?,
    };
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let port = if is_number { port.parse().ok()? } else { service_port(port)? };
    (!host.is_empty() && port > 0).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn hosts_and_addresses() {
        assert_eq!(parse("host:22"), Some(("host".to_owned(), 22)));
        assert_eq!(parse("host:ssh"), Some(("host".to_owned(), 22)));
        assert_eq!(parse("[fe80::1%lo]:65535"), Some(("fe80::1%lo".to_owned(), 65535)));
        for bad in ["", "host", "host:", ":22", "host:0", "host:+1", "host:65536", "::1:22", "[::1]", "[::1]22", "[]:1"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
