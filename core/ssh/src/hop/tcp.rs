//! A TCP connection, opened as ssh_config(5) wants it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::time::Duration;

use log::{debug, error, trace};
use rustix::io::Errno;
use rustix::net::AddressFamily as SocketFamily;
use rustix::net::sockopt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use super::HopError;
use super::error::system_words;
use super::interface;
use crate::settings::{AddressFamily, Connection};
use crate::terminal::visible::visible;

/// ConnectionAttempts: "the number of tries (one per second)".
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);

/// Connects to the first address of `host` that answers, and says which it was.
///
/// `connection` decides about AddressFamily, BindAddress, BindInterface, ConnectTimeout (for each address, as OpenSSH
/// counts it), ConnectionAttempts, TCPKeepAlive and the interactive half of IPQoS. Nagle's algorithm is off. A numeric
/// host is never looked up; a name is, in a thread of its own.
///
/// # Errors
/// [`HopError::Unresolved`], or [`HopError::Unreachable`] with the words for the last address. Where a socket could not be
/// prepared (an address to bind that is not ours), the reason is logged as an error, as OpenSSH does.
pub async fn connect(host: &str, port: u16, connection: &Connection) -> Result<(TcpStream, SocketAddr), HopError> {
    let addresses = resolve(host, port, connection.address_family).await?;
    let shown_host = visible(host.as_bytes());
    let mut reason = None;
    for attempt in 0..connection.attempts.max(1) {
        if attempt > 0 {
            sleep(BETWEEN_ATTEMPTS).await;
            debug!("Trying again...");
        }
        for address in &addresses {
            debug!("Connecting to {shown_host} [{}] port {port}.", address.ip());
            let Some(socket) = prepared_socket(*address, connection).await else {
                reason = None;
                continue;
            };
            match within(connection.connect_timeout, socket.connect(*address)).await {
                Ok(stream) => {
                    debug!("Connection established.");
                    return Ok((stream, *address));
                }
                Err(error) => {
                    let words = system_words(&error);
                    debug!("connect to address {} port {port}: {words}", address.ip());
                    reason = Some(words);
                }
            }
        }
    }
    Err(HopError::Unreachable { host: shown_host, port, reason: reason.unwrap_or_else(|| "failure".to_owned()) })
}

/// Sets the type of service of a connected socket: IP_TOS, or the traffic class of IPv6. Other sockets are left alone.
///
/// # Errors
/// What the system says.
pub fn set_ip_qos(socket: impl AsFd, tos: u8) -> io::Result<()> {
    match rustix::net::getsockname(&socket)?.address_family() {
        SocketFamily::INET => sockopt::set_ip_tos(&socket, tos)?,
        SocketFamily::INET6 => sockopt::set_ipv6_tclass(&socket, u32::from(tos))?,
        _ => {}
    }
    Ok(())
}

/// The addresses of a host, in the resolver's order, those of the wanted family only. Never empty.
pub(super) async fn resolve(host: &str, port: u16, family: AddressFamily) -> Result<Vec<SocketAddr>, HopError> {
    let unresolved = |reason: &str| HopError::Unresolved { host: visible(host.as_bytes()), reason: reason.to_owned() };
    if let Ok(address) = host.parse::<IpAddr>() {
        return match family.takes(address) {
            true => Ok(vec![SocketAddr::new(address, port)]),
            false => Err(unresolved("Address family for hostname not supported")),
        };
    }
    let found = tokio::net::lookup_host((host, port)).await;
    let found = found.map_err(|error| unresolved(&system_words(&error)))?;
    let addresses: Vec<SocketAddr> = found.filter(|address| family.takes(address.ip())).collect();
    match addresses.is_empty() {
        true => Err(unresolved("No address associated with hostname")),
        false => Ok(addresses),
    }
}

/// A socket with all its options, bound where it should be. None where that failed, which is logged here.
async fn prepared_socket(peer: SocketAddr, connection: &Connection) -> Option<TcpSocket> {
    let socket = match peer {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let socket = socket.map_err(|error| error!("socket: {}", system_words(&error))).ok()?;
    set_options(&socket, connection);
    let Some(local) = local_address(&peer, connection).await.map_err(|words| error!("{words}")).ok()? else {
        return Some(socket);
    };
    match socket.bind(local) {
        Ok(()) => {
            debug!("bound to {}", local.ip());
            Some(socket)
        }
        Err(error) => {
            error!("bind {}: {}", local.ip(), system_words(&error));
            None
        }
    }
}

/// An option that cannot be set is no reason not to connect.
fn set_options(socket: &TcpSocket, connection: &Connection) {
    let report = |option: &str, result: io::Result<()>| {
        if let Err(error) = result {
            error!("setsockopt {option}: {}", system_words(&error));
        }
    };
    report("TCP_NODELAY", socket.set_nodelay(true));
    if connection.tcp_keep_alive {
        report("SO_KEEPALIVE", socket.set_keepalive(true));
    }
    // Until the session is known to be bulk, it counts as interactive.
    if let Some(tos) = connection.ip_qos.0 {
        trace!("set socket IP_TOS 0x{tos:02x}");
        report("IP_TOS", set_ip_qos(socket, tos));
    }
}

/// Where the socket is to be bound: BindAddress, or else an address of BindInterface. `Err` holds the words for the log.
async fn local_address(peer: &SocketAddr, connection: &Connection) -> Result<Option<SocketAddr>, String> {
    if let Some(name) = &connection.bind_address {
        let family = match peer {
            SocketAddr::V4(_) => AddressFamily::Inet,
            SocketAddr::V6(_) => AddressFamily::Inet6,
        };
        return match resolve(name, 0, family).await {
            Ok(addresses) => Ok(addresses.first().copied()),
            Err(HopError::Unresolved { host, reason }) => Err(format!("getaddrinfo: {host}: {reason}")),
            Err(other) => Err(other.to_string()),
        };
    }
    let Some(name) = &connection.bind_interface else {
        return Ok(None);
    };
    let shown_name = visible(name.as_bytes());
    match interface::address_towards(peer, name) {
        Ok(Some(address)) => Ok(Some(address)),
        Ok(None) => Err(format!("getifaddrs: {shown_name}: no suitable addresses")),
        Err(error) => Err(format!("getifaddrs: {shown_name}: {}", system_words(&error))),
    }
}

async fn within<T>(limit: Option<Duration>, connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match limit {
        None => connecting.await,
        Some(limit) => timeout(limit, connecting).await.unwrap_or_else(|_| Err(Errno::TIMEDOUT.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[test]
    fn a_numeric_host_needs_no_resolver() {
        // Without a runtime there is no thread that could ask.
        let found = futures::executor::block_on(resolve("::1", 22, AddressFamily::Any)).unwrap();
        assert_eq!(found, ["[::1]:22".parse().unwrap()]);
    }

    #[test]
    fn a_numeric_host_of_the_wrong_family_is_told_in_getaddrinfos_words() {
        for (host, family) in [("127.0.0.1", AddressFamily::Inet6), ("::1", AddressFamily::Inet)] {
            let error = futures::executor::block_on(resolve(host, 22, family)).unwrap_err();
            let words = format!("Could not resolve hostname {host}: Address family for hostname not supported");
            assert_eq!(error.to_string(), words);
        }
    }

    #[test]
    fn old_notations_are_the_resolvers_to_read() {
        let found = runtime().block_on(resolve("127.1", 22, AddressFamily::Any)).unwrap();
        assert_eq!(found, ["127.0.0.1:22".parse().unwrap()]);
    }

    #[test]
    fn a_name_that_does_not_exist_is_told_in_the_resolvers_words() {
        let error = runtime().block_on(resolve("no such\x1bname", 22, AddressFamily::Any)).unwrap_err().to_string();
        assert!(error.starts_with(r"Could not resolve hostname no such\033name: "), "{error}");
        assert!(!error.contains("failed to lookup"), "{error}");
    }

    #[test]
    fn a_name_with_a_nul_is_no_panic() {
        assert!(runtime().block_on(resolve("a\0b", 22, AddressFamily::Any)).is_err());
    }

    #[test]
    fn a_connection_that_takes_too_long_timed_out() {
        let never = std::future::pending::<io::Result<()>>();
        let error = runtime().block_on(within(Some(Duration::from_millis(5)), never)).unwrap_err();
        assert_eq!(system_words(&error), "Connection timed out");
    }
}
