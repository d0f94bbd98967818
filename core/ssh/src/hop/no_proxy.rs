//! NO_PROXY as curl reads it (CURLOPT_NOPROXY(3)), and entries with a port, which curl does not know.

use std::net::IpAddr;

/// Whether `host` is to be reached without a proxy.
///
/// The list is parted by commas or blanks. `*` means every host. A name stands for itself and for all names below it,
/// with or without a dot before it. A numeric host is compared with addresses and networks (`10.0.0.0/8`, `fd00::/8`)
/// only. An entry may end in `:port` (an IPv6 address then stands in brackets), and is for that port alone.
pub(super) fn lists(list: &str, host: &str, port: u16) -> bool {
    let entries = list.split([',', ' ', '\t']).filter(|entry| !entry.is_empty());
    entries.into_iter().any(|entry| matches(entry, host, port))
}

fn matches(entry: &str, host: &str, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    let (entry, only) = without_port(entry);
    if only.is_some_and(|only| only != port) {
        return false;
    }
    match host.parse::<IpAddr>() {
        Ok(address) => is_in_network(entry, address),
        Err(_) => is_in_domain(entry, host),
    }
}

fn without_port(entry: &str) -> (&str, Option<u16>) {
    if let Some((address, rest)) = entry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (address, rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match entry.split_once(':') {
        Some((name, port)) if !port.contains(':') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

fn is_in_domain(entry: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
    let domain = entry.strip_suffix('.').unwrap_or(entry);
    let domain = domain.strip_prefix('.').unwrap_or(domain).as_bytes();
    let Some(above) = host.len().checked_sub(domain.len()).filter(|_| !domain.is_empty()) else {
        return false;
    };
    let (below, tail) = host.split_at(above);
    tail.eq_ignore_ascii_case(domain) && (below.is_empty() || below.ends_with(b"."))
}

fn is_in_network(entry: &str, address: IpAddr) -> bool {
    let (network, bits) = match entry.split_once('/') {
        Some((network, bits)) => (network, Some(bits.parse::<u32>().ok())),
        None => (entry, None),
    };
    let (network, address, width) = match (network.parse(), address) {
        (Ok(IpAddr::V4(network)), IpAddr::V4(address)) => {
            (u128::from(network.to_bits()), u128::from(address.to_bits()), 32)
        }
        (Ok(IpAddr::V6(network)), IpAddr::V6(address)) => (network.to_bits(), address.to_bits(), 128),
        _ => return false,
    };
    // As curl, a network of no bits is a single address, and not everything.
    let bits = match bits {
        None | Some(Some(0)) => width,
        Some(Some(bits)) if bits <= width => bits,
        Some(_) => return false,
    };
    (network ^ address) >> (width - bits) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_stand_for_themselves_and_below() {
        for entry in
            ["example.com", ".example.com", "example.com.", "EXAMPLE.com", "a.b, ,example.com", "x example.com"]
        {
            assert!(lists(entry, "example.com", 22), "{entry}");
            assert!(lists(entry, "www.example.com.", 22), "{entry}");
            assert!(!lists(entry, "nonexample.com", 22), "{entry}");
            assert!(!lists(entry, "com", 22), "{entry}");
        }
        assert!(!lists(".", "host", 22));
        assert!(!lists("", "host", 22));
    }

    #[test]
    fn an_asterisk_is_everything() {
        assert!(lists("*", "host", 22) && lists("*", "10.0.0.1", 22));
        assert!(!lists("*.example.com", "www.example.com", 22));
    }

    #[test]
    fn addresses_and_networks() {
        assert!(lists("10.0.0.1", "10.0.0.1", 22));
        assert!(lists("192.168.0.0/16,10.0.0.0/8", "10.9.8.7", 22));
        assert!(!lists("10.0.0.0/8", "11.0.0.0", 22));
        assert!(!lists("10.0.0.0/33", "10.0.0.0", 22));
        assert!(!lists("10.0.0.0/x", "10.0.0.0", 22));
        assert!(!lists("0.0.0.0/0", "10.0.0.0", 22));
        assert!(lists("fd00::/8", "fd12::1", 22) && lists("[::1]", "::1", 22) && lists("::1", "0::1", 22));
        assert!(!lists("0.0.1", "10.0.0.1", 22));
        assert!(!lists("10.0.0.1", "10.0.0.1.example", 22));
    }

    #[test]
    fn an_entry_with_a_port_is_for_that_port() {
        assert!(lists("host:22", "host", 22) && !lists("host:22", "host", 443));
        assert!(lists("[::1]:22", "::1", 22) && !lists("[::1]:22", "::1", 443));
        assert!(lists("10.0.0.1:22", "10.0.0.1", 22));
    }

    proptest! {
        #[test]
        fn no_list_panics(list in "[-*.,:/ \\[\\]0-9a-fx]{0,30}|\\PC{0,20}", host in "[0-9a-f.:]{0,9}|\\PC{0,9}") {
            let _ = lists(&list, &host, 22);
        }
    }
}
