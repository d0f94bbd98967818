//! Ports of loopback that nobody else takes.
//!
//! A server is told its port before it binds it, so the port must be kept free in between, also from other tests in other
//! processes. The lease is an abstract unix socket named after the port: only one process can bind it, and the kernel
//! gives it back however the process ends. The range lies below the one for outgoing connections.

use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::atomic::{AtomicU32, Ordering};

const FIRST: u16 = 20_000;
const LAST: u16 = 31_999;

/// A port that is ours until this is dropped.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lease: UnixListener,
}

impl Port {
    /// A free port of 127.0.0.1.
    ///
    /// # Panics
    /// If all are taken.
    #[must_use]
    pub fn lease() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let range = u32::from(LAST - FIRST) + 1;
        // Processes start at different places; pids of one run are near each other.
        let start = std::process::id().wrapping_mul(37);
        for _ in 0..range {
            let offset = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % range;
            let number = FIRST + u16::try_from(offset).expect("below the range");
            if let Some(port) = Self::try_lease(number) {
                return port;
            }
        }
        panic!("no free port from {FIRST} to {LAST}");
    }

    fn try_lease(number: u16) -> Option<Self> {
        let name = SocketAddr::from_abstract_name(format!("xssh-tests-port-{number}")).ok()?;
        let lease = UnixListener::bind_addr(&name).ok()?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        Some(Self { number, _lease: lease })
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_leased_twice() {
        let first = Port::lease();
        assert!(Port::try_lease(first.number()).is_none());
        let number = first.number();
        drop(first);
        assert_eq!(Port::try_lease(number).expect("free again").number(), number);
    }
}
