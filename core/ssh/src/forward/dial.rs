//! Connecting from here, for who comes in on the far side.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

use tokio::net::{TcpStream, UnixStream};

use super::Target;
use crate::settings::AddressFamily;

/// A connection to `target`, non-blocking.
///
/// # Errors
/// What the system says of the last address that was tried.
pub(super) async fn dial(target: &Target, family: AddressFamily) -> io::Result<OwnedFd> {
    match target {
        Target::Port { host, port } => port_of(host, *port, family).await,
        Target::Path(path) => Ok(UnixStream::connect(path).await?.into_std()?.into()),
        Target::Socks => Err(io::ErrorKind::Unsupported.into()),
    }
}

async fn port_of(host: &str, port: u16, family: AddressFamily) -> io::Result<OwnedFd> {
    let addresses = match host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => tokio::net::lookup_host((host, port)).await?.collect(),
    };
    let mut last = io::Error::other("no address of the wanted family");
    for address in addresses.into_iter().filter(|address| family.takes(address.ip())) {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream.into_std()?.into());
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
