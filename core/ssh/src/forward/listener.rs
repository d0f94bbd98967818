//! What listens here: a TCP port on one or more addresses, or a unix socket.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use log::debug;
use rustix::fs::{Mode, fchmod};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily as Family, SocketAddrAny, SocketAddrUnix, SocketFlags, SocketType, acceptfrom_with, bind, listen,
    socket_with, sockopt,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use xssh_os::readiness::watch;

use crate::limits::FORWARD_BACKLOG;
use crate::settings::AddressFamily;

const FLAGS: SocketFlags = SocketFlags::CLOEXEC.union(SocketFlags::NONBLOCK);

/// A socket that listens. A unix socket's file goes with it.
pub(super) struct Listener {
    socket: AsyncFd<OwnedFd>,
    file: Option<SocketFile>,
}

/// A connection that was accepted.
pub(super) struct Accepted {
    pub(super) socket: OwnedFd,
    /// Whose it is; nothing for a unix socket.
    pub(super) peer: Option<SocketAddr>,
}

/// How unix sockets are made.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SocketRules {
    /// What stands in the way is removed (`StreamLocalBindUnlink`).
    pub(super) unlink: bool,
    /// The rights that the socket does not get (`StreamLocalBindMask`).
    pub(super) mask: u32,
}

/// A socket's name in the file system, removed when dropped unless it is another's by then.
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|found| found == self.identity) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = std::fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

/// Where a local forward's port listens: `bind` as written (ssh_config(5), LocalForward and GatewayPorts).
pub(super) async fn addresses(
    bind: Option<&str>,
    port: u16,
    gateway_ports: bool,
    family: AddressFamily,
) -> io::Result<Vec<SocketAddr>> {
    let both = |v4: Ipv4Addr, v6: Ipv6Addr| vec![IpAddr::V4(v4), IpAddr::V6(v6)];
    let found = match bind {
        None if gateway_ports => both(Ipv4Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED),
        // The name is deliberately not looked up: all families are meant.
        None | Some("localhost") => both(Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST),
        Some("" | "*") => both(Ipv4Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED),
        Some(name) => match name.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => tokio::net::lookup_host((name, port)).await?.map(|address| address.ip()).collect(),
        },
    };
    let mut found: Vec<_> = found
        .into_iter()
        .filter(|address| family.takes(*address))
        .map(|address| SocketAddr::new(address, port))
        .collect();
    found.dedup();
    Ok(found)
}

impl Listener {
    /// Listens on one address. Must be called inside a runtime.
    pub(super) fn tcp(address: SocketAddr) -> io::Result<Self> {
        let family = if address.is_ipv4() { Family::INET } else { Family::INET6 };
        let socket = socket_with(family, SocketType::STREAM, FLAGS, None)?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        if address.is_ipv6() {
            // The same port of IPv4 has a socket of its own.
            sockopt::set_ipv6_v6only(&socket, true)?;
        }
        bind(&socket, &address)?;
        Self::listening(socket, None)
    }

    /// Listens on a path. Must be called inside a runtime.
    pub(super) fn unix(path: &Path, rules: SocketRules) -> io::Result<Self> {
        let socket = socket_with(Family::UNIX, SocketType::STREAM, FLAGS, None)?;
        let mode = 0o777 & !rules.mask;
        // On Linux the file gets the socket's own rights, less our umask: never, not for a moment, more than it may have.
        fchmod(&socket, Mode::from_raw_mode(mode))?;
        let address = SocketAddrUnix::new(path)?;
        if let Err(error) = bind(&socket, &address) {
            if error != Errno::ADDRINUSE || !rules.unlink {
                return Err(error.into());
            }
            debug!("removing {} to listen in its place", path.display());
            std::fs::remove_file(path)?;
            bind(&socket, &address)?;
        }
        let file = SocketFile { path: path.to_owned(), identity: identity(path)? };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        Self::listening(socket, Some(file))
    }

    fn listening(socket: OwnedFd, file: Option<SocketFile>) -> io::Result<Self> {
        listen(&socket, FORWARD_BACKLOG)?;
        let socket = watch(socket, Interest::READABLE).map_err(|_| io::ErrorKind::Unsupported)?;
        Ok(Self { socket, file })
    }

    /// The address, where it is a port.
    #[cfg(test)]
    pub(super) fn address(&self) -> Option<SocketAddr> {
        rustix::net::getsockname(self.socket.get_ref()).ok()?.try_into().ok()
    }

    /// The next connection. Dropping the future loses none.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        let take = |fd: &OwnedFd| loop {
            match acceptfrom_with(fd, FLAGS) {
                // The client has left while it waited (accept(2)).
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                other => return other.map_err(io::Error::from),
            }
        };
        let (socket, peer) = self.socket.async_io(Interest::READABLE, take).await?;
        let peer = peer.and_then(|peer: SocketAddrAny| SocketAddr::try_from(peer).ok());
        if self.file.is_none() {
            let _ = sockopt::set_tcp_nodelay(&socket, true);
        }
        Ok(Accepted { socket, peer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[tokio::test]
    async fn the_addresses_are_those_that_were_written() {
        let of = async |bind, gateway, family| {
            let found = addresses(bind, 80, gateway, family).await.unwrap();
            found.iter().map(SocketAddr::to_string).collect::<Vec<_>>()
        };
        let any = AddressFamily::Any;
        assert_eq!(of(None, false, any).await, ["127.0.0.1:80", "[::1]:80"]);
        assert_eq!(of(None, true, any).await, ["0.0.0.0:80", "[::]:80"]);
        assert_eq!(of(Some("*"), false, any).await, ["0.0.0.0:80", "[::]:80"]);
        assert_eq!(of(Some(""), false, AddressFamily::Inet6).await, ["[::]:80"]);
        assert_eq!(of(Some("localhost"), true, any).await, ["127.0.0.1:80", "[::1]:80"]);
        assert_eq!(of(Some("127.0.0.2"), true, any).await, ["127.0.0.2:80"]);
        assert_eq!(of(Some("::1"), true, AddressFamily::Inet).await, [""; 0]);
    }

    #[tokio::test]
    async fn a_port_is_listened_on() {
        let listener = Listener::tcp("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.address().unwrap();
        let client = std::net::TcpStream::connect(address).unwrap();
        let accepted = listener.accept().await.unwrap();
        assert_eq!(accepted.peer, Some(client.local_addr().unwrap()));
        assert!(Listener::tcp(address).is_err());
    }

    #[tokio::test]
    async fn a_socket_has_the_rights_that_were_asked_for_and_goes_with_us() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("socket");
        for (mask, mode) in [(0o177, 0o600), (0o111, 0o666), (0o077, 0o700)] {
            let listener = Listener::unix(&path, SocketRules { unlink: false, mask }).unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, mode, "{mask:o}");
            let _client = UnixStream::connect(&path).unwrap();
            assert!(listener.accept().await.unwrap().peer.is_none());
            drop(listener);
            assert!(!path.exists());
        }
    }

    #[tokio::test]
    async fn what_is_in_the_way_is_removed_only_where_that_was_asked_for() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("socket");
        let left = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let keep = SocketRules { unlink: false, mask: 0o177 };
        let error = Listener::unix(&path, keep).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let listener = Listener::unix(&path, SocketRules { unlink: true, ..keep }).unwrap();
        UnixStream::connect(&path).unwrap();
        listener.accept().await.unwrap();
        // A socket that has taken our place is another's.
        let next = Listener::unix(&path, SocketRules { unlink: true, ..keep }).unwrap();
        drop(listener);
        UnixStream::connect(&path).unwrap();
        drop((next, left));
        assert!(Listener::unix(&place.path().join("x".repeat(108)), keep).is_err());
    }
}
