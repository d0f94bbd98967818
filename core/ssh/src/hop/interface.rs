//! The addresses of a network interface, for BindInterface.

use std::io;
use std::net::{IpAddr, SocketAddr};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// An address of the interface that is up and of the same family as `peer`, with port 0. Addresses that reach further
/// than this host or link come first, as ssh_config(5) has BindInterface.
pub(super) fn address_towards(peer: &SocketAddr, interface: &str) -> io::Result<Option<SocketAddr>> {
    let candidates: Vec<SocketAddr> = getifaddrs()?
        .filter(|entry| entry.interface_name == interface && entry.flags.contains(InterfaceFlags::IFF_UP))
        .filter_map(|entry| entry.address)
        .filter_map(|address| {
            let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::from(*v4));
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddr::from(*v6)))
        })
        .filter(|address| address.is_ipv4() == peer.is_ipv4())
        .collect();
    let far = candidates.iter().find(|address| !is_near(address.ip()));
    Ok(far.or(candidates.first()).copied())
}

fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_has_its_address() {
        let peer = SocketAddr::from(([127, 0, 0, 1], 22));
        let found = address_towards(&peer, "lo").unwrap().unwrap();
        assert!(found.ip().is_loopback() && found.is_ipv4());
        assert_eq!(found.port(), 0);
    }

    #[test]
    fn an_unknown_interface_has_none() {
        assert_eq!(address_towards(&SocketAddr::from(([127, 0, 0, 1], 22)), "nosuch0").unwrap(), None);
    }
}
